//! An interface opened as was asked for, and the rights given up that it took.

use wireseam_capture::{Backend, GoOnAs, LiveError, LiveOptions, LiveSource, RecordError};

use super::{Exit, Failure};
use crate::cli::{BackendAsked, Device};

/// An open interface, and who writes files now.
pub(super) struct Opened {
    pub(super) source: LiveSource,
    pub(super) writer: Writer,
}

/// Whoever writes files once an interface is open.
pub(super) struct Writer(GoOnAs);

impl Opened {
    /// Opens an interface; `live` says all that `device` does not. From here on the command has no rights to speak of.
    pub(super) fn open(live: LiveOptions, device: &Device) -> Result<Self, Failure> {
        let live = LiveOptions {
            backend: device.backend.map(backend),
            snaplen: device.snaplen,
            promiscuous: device.promiscuous,
            ring: u32::try_from(device.ring).unwrap_or(u32::MAX),
            ..live
        };
        let source = LiveSource::open(&live).map_err(failure)?;
        let go_on = give_up_rights(device.as_root)?;
        Ok(Self {
            source,
            writer: Writer(go_on),
        })
    }
}

impl Writer {
    /// What to say of a file that cannot be made.
    pub(super) fn explain(&self, cause: RecordError) -> anyhow::Error {
        let denied = matches!(&cause, RecordError::Create { cause, .. }
            if cause.kind() == std::io::ErrorKind::PermissionDenied);
        match self.0 {
            GoOnAs::User { user, .. } if denied => anyhow::anyhow!(
                "{cause}; files are written as user {user}, who typed sudo: name one where they may, or add --as-root"
            ),
            _ => cause.into(),
        }
    }
}

/// Gives up the rights that opening an interface took: as whom the command goes on.
pub(super) fn give_up_rights(as_root: bool) -> Result<GoOnAs, Failure> {
    let go_on = go_on_as(as_root);
    wireseam_capture::drop_rights(go_on).map_err(|cause| {
        let whose = match go_on {
            GoOnAs::Oneself => String::new(),
            GoOnAs::User { user, .. } => format!(" and go on as user {user}"),
        };
        let failed = format!("failed to give up the rights that capturing took{whose}");
        Exit::Environment.with(anyhow::Error::from(cause).context(failed))
    })?;
    Ok(go_on)
}

/// What a live capture fails with.
pub(super) fn failure(cause: LiveError) -> Failure {
    let exit = match cause {
        LiveError::Filter { .. } | LiveError::Option { .. } => Exit::Usage,
        _ => Exit::Environment,
    };
    exit.with(cause)
}

fn backend(asked: BackendAsked) -> Backend {
    match asked {
        BackendAsked::Libpcap => Backend::Libpcap,
        BackendAsked::AfPacket => Backend::AfPacket,
    }
}

/// The one who runs it: behind a program that is setuid root, or who typed sudo.
///
/// Only root itself may ask to stay it: a program that is setuid root is run by anybody.
fn go_on_as(as_root: bool) -> GoOnAs {
    use rustix::process::{geteuid, getgid, getuid};

    if !geteuid().is_root() {
        return GoOnAs::Oneself;
    }
    if !getuid().is_root() {
        return GoOnAs::User {
            user: getuid().as_raw(),
            group: getgid().as_raw(),
        };
    }
    let number = |name| std::env::var(name).ok()?.parse().ok();
    match (number("SUDO_UID"), number("SUDO_GID")) {
        (Some(user), Some(group))
            if user != 0 && !as_root && is_known("uid_map", user) && is_known("gid_map", group) =>
        {
            GoOnAs::User { user, group }
        }
        _ => GoOnAs::Oneself,
    }
}

/// Whether there is somebody of that number in this user namespace (user_namespaces(7)): whoever made the namespace is root
/// in it and nobody else.
fn is_known(map: &str, number: u32) -> bool {
    let Ok(map) = std::fs::read_to_string(format!("/proc/self/{map}")) else {
        return true;
    };
    map.lines().any(|line| {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(first)), Some(_), Some(Ok(count))) => {
                (first..first.saturating_add(count)).contains(&u64::from(number))
            }
            _ => false,
        }
    })
}
