//! Why an interface cannot be captured on, with the way out.

use super::Backend;

/// Why an interface cannot be captured on (any longer).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveError {
    /// The kernel lets nobody capture without a capability.
    #[error(
        "failed to capture on {interface}: not permitted; run sudo setcap cap_net_raw,cap_net_admin=eip {program} once, \
         or run it with sudo, or try wireseam demo, which needs no rights"
    )]
    NotPermitted {
        /// The interface.
        interface: String,
        /// This program's path.
        program: String,
    },
    /// There is no interface of that name.
    #[error("failed to capture on {interface}: there is no such interface; there are {}", list(.there_are))]
    NoSuchInterface {
        /// What was asked for.
        interface: String,
        /// The names there are.
        there_are: Vec<String>,
    },
    /// The interface is there and switched off.
    #[error(
        "failed to capture on {interface}: it is down; bring it up with: ip link set dev {interface} up"
    )]
    Down {
        /// The interface.
        interface: String,
    },
    /// libpcap was asked for and not found.
    #[error(
        "failed to capture on {interface} through libpcap: it is not installed; \
         install it ({INSTALL}), or use --backend af-packet"
    )]
    NoLibpcap {
        /// The interface.
        interface: String,
    },
    /// A packet socket of our own cannot do it, and libpcap is needed.
    #[error(
        "failed to capture on {interface} through af-packet: {what}; install libpcap ({INSTALL}), which can{otherwise}"
    )]
    NeedsLibpcap {
        /// The interface.
        interface: String,
        /// What cannot be done: a sentence.
        what: String,
        /// Another way out, behind a comma; may be empty.
        otherwise: &'static str,
    },
    /// The filter is none, or none for this interface.
    #[error("failed to understand the capture filter '{filter}': {what}")]
    Filter {
        /// The filter's text.
        filter: String,
        /// What is wrong with it.
        what: String,
    },
    /// An option has a value that cannot be.
    #[error("failed to capture on {interface}: {what}")]
    Option {
        /// The interface.
        interface: String,
        /// Which one, and what it may be.
        what: String,
    },
    /// The operating system or libpcap refused.
    #[error("failed to capture on {interface} through {backend}: {what}")]
    Refused {
        /// The interface.
        interface: String,
        /// Through what.
        backend: Backend,
        /// What it said.
        what: String,
    },
    /// It worked, and does not any longer.
    #[error("failed to capture on {interface} any longer: {what}")]
    Lost {
        /// The interface.
        interface: String,
        /// What happened.
        what: String,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// How libpcap is installed on the most common systems.
pub(super) const INSTALL: &str = "apt install libpcap0.8, dnf install libpcap";
