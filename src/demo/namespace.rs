//! A user and network namespace of this process's own, in which an ordinary user may set up loopback and capture on it
//! (user_namespaces(7), network_namespaces(7), rtnetlink(7)).

use std::{fs, io};

use nix::{
    net::if_::if_nametoindex,
    sched::{CloneFlags, unshare},
};
use rustix::{
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink::SocketAddrNetlink,
        recv, sendto, socket_with,
    },
    process::{getgid, getuid},
};

/// What cannot be done here, and why.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {}", said(cause))]
pub(super) struct Forbidden {
    what: &'static str,
    cause: io::Error,
}

/// A loopback interface that is nobody else's.
#[derive(Debug)]
pub(super) struct Loopback {
    index: u32,
}

/// Whether the interface takes segments larger than its MTU, to cut them later than the capture sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offload {
    On,
    Off,
}

impl Loopback {
    /// Goes into namespaces of its own and brings their loopback up.
    ///
    /// The process must have no other thread yet: the kernel refuses it then.
    pub(super) fn enter() -> Result<Self, Forbidden> {
        // root needs no other user's rights for it, and would lose its own over files
        if unshare(CloneFlags::CLONE_NEWNET).is_err() {
            become_root_of_a_namespace()?;
        }
        let index = if_nametoindex("lo")
            .map_err(|cause| fail("the namespace has no loopback")(cause.into()))?;
        let loopback = Self { index };
        loopback
            .set(&[], IFF_UP)
            .map_err(fail("loopback cannot be brought up"))?;
        loopback
            .set(&[(IFLA_MTU, MTU)], 0)
            .map_err(fail("the MTU cannot be set"))?;
        Ok(loopback)
    }

    /// Has connections that are opened from now on send with or without segmentation offload.
    pub(super) fn offload(&self, offload: Offload) -> io::Result<()> {
        let segments = match offload {
            Offload::On => MOST_SEGMENTS,
            Offload::Off => 1,
        };
        self.set(&[(IFLA_GSO_MAX_SEGS, segments)], 0)
    }

    /// Changes the interface: some of its attributes, and flags that are to be set.
    fn set(&self, attributes: &[(u16, u32)], flags: u32) -> io::Result<()> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            // 0: NETLINK_ROUTE
            None,
        )?;
        let message = self.message(attributes, flags);
        sendto(
            &socket,
            &message,
            SendFlags::empty(),
            &SocketAddrNetlink::new(0, 0),
        )?;
        let mut answer = [0; 1024];
        let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
        match error_code(answer.get(..length).unwrap_or_default()) {
            Some(0) => Ok(()),
            Some(code) => Err(io::Error::from_raw_os_error(-code)),
            None => Err(io::Error::other("the kernel's answer is none")),
        }
    }

    /// A request to change a link, to be acknowledged: header, `ifinfomsg`, attributes of four bytes.
    fn message(&self, attributes: &[(u16, u32)], flags: u32) -> Vec<u8> {
        let length = 32 + 8 * attributes.len();
        let mut bytes = Vec::with_capacity(length);
        bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
        bytes.extend(RTM_NEWLINK.to_ne_bytes());
        bytes.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
        // number and sender: there is one request, and the kernel knows its sender
        bytes.extend([0; 8]);
        // family and type: any
        bytes.extend([0; 4]);
        bytes.extend(self.index.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        // which flags are meant
        bytes.extend(flags.to_ne_bytes());
        for (kind, value) in attributes {
            bytes.extend(8_u16.to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value.to_ne_bytes());
        }
        bytes
    }
}

/// Makes both namespaces, and maps whoever runs this into them.
fn become_root_of_a_namespace() -> Result<(), Forbidden> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET)
        .map_err(|cause| fail("no namespace can be made")(cause.into()))?;
    // a group can only be mapped by who cannot change groups any more; files go on to belong to who runs it
    for (file, line) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("{user} {user} 1")),
        ("/proc/self/gid_map", format!("{group} {group} 1")),
    ] {
        fs::write(file, line).map_err(fail("nobody can be mapped into a namespace"))?;
    }
    Ok(())
}

fn fail(what: &'static str) -> impl Fn(io::Error) -> Forbidden {
    move |cause| Forbidden { what, cause }
}

/// What the kernel means: it has no word of its own for too many namespaces.
fn said(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::StorageFull => "user.max_user_namespaces allows no more".to_owned(),
        _ => cause.to_string(),
    }
}

/// The code in an answer of type `NLMSG_ERROR`: 0 is an acknowledgement.
fn error_code(answer: &[u8]) -> Option<i32> {
    let kind = answer.get(4..6)?.try_into().map(u16::from_ne_bytes).ok()?;
    let code = answer
        .get(16..20)?
        .try_into()
        .map(i32::from_ne_bytes)
        .ok()?;
    (kind == NLMSG_ERROR).then_some(code)
}

/// That of Ethernet: loopback's own is 65536, in which no segment would ever have to be cut.
const MTU: u32 = 1500;

/// What the kernel has as its default.
const MOST_SEGMENTS: u32 = 65_535;

const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const RTM_NEWLINK: u16 = 16;
const IFF_UP: u32 = 1;
const IFLA_MTU: u16 = 4;
const IFLA_GSO_MAX_SEGS: u16 = 40;
