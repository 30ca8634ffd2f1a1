//! The rights of this process (capabilities(7)): whether it may capture, and giving up what it needs no longer.

use std::{ffi::CString, fs, io};

use nix::unistd::{Gid, Uid, User, initgroups, setgroups, setresgid, setresuid};
use rustix::{
    io::Errno,
    process::geteuid,
    thread::{
        CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities,
    },
};

/// As whom a process goes on once it has opened what it needed rights for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoOnAs {
    /// As whoever runs it. Root keeps the right to write files anywhere (`CAP_DAC_OVERRIDE`), and no other.
    Oneself,
    /// As another user, who has no rights.
    User {
        /// The user.
        user: u32,
        /// The user's group; the other groups are those of the user.
        group: u32,
    },
}

/// Whether this process has the capability that capturing needs, `CAP_NET_RAW`.
///
/// Where that cannot be told it is said to have it: opening the interface will tell.
#[must_use]
pub fn may_capture() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    effective(&status).is_none_or(|capabilities| capabilities >> CAP_NET_RAW & 1 == 1)
}

/// Gives up every right but those that `go_on` names, for good. An interface that is open stays open.
///
/// To be called when [`LiveSource::open`](crate::LiveSource::open) is done, before a packet is looked at, and before there
/// is a second thread: capabilities are a thread's own.
///
/// # Errors
///
/// What the operating system says where it does not let go. Some of the rights may be gone then; it is not safe to go on.
pub fn drop_rights(go_on: GoOnAs) -> io::Result<()> {
    if let GoOnAs::User { user, group } = go_on {
        become_user(Uid::from_raw(user), Gid::from_raw(group))?;
    }
    let kept = if geteuid().is_root() {
        CapabilitySet::DAC_OVERRIDE
    } else {
        CapabilitySet::empty()
    };
    match clear_ambient_capability_set() {
        // a kernel that has none
        Ok(()) | Err(Errno::INVAL) => {}
        Err(cause) => return Err(cause.into()),
    }
    let had = capabilities(None)?;
    set_capabilities(
        None,
        CapabilitySets {
            effective: had.effective & kept,
            permitted: had.permitted & kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    Ok(())
}

/// Takes a user's numbers for the real, effective and saved ones: there is no way back.
fn become_user(user: Uid, group: Gid) -> io::Result<()> {
    let name = User::from_uid(user).ok().flatten().map(|user| user.name);
    match name.and_then(|name| CString::new(name).ok()) {
        Some(name) => initgroups(&name, group)?,
        None => setgroups(&[group])?,
    }
    setresgid(group, group, group)?;
    setresuid(user, user, user)?;
    Ok(())
}

/// The effective capabilities in a status file.
fn effective(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

const CAP_NET_RAW: u32 = 13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_as_the_kernel_writes_them() {
        let status = "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t0000000000003000\n";
        assert_eq!(effective(status), Some(1 << 12 | 1 << 13));
        assert_eq!(effective("Name:\tx\n"), None);
    }
}
