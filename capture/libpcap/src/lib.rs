//! libpcap, found when the program runs.
//!
//! The `pcap` crate wants to be linked with libpcap, so a program with it neither builds nor starts where there is none.
//! On Linux this crate stands in its way: it defines the functions that `pcap` calls, and each goes on to the function of
//! that name in the shared library, once that is found. Where it is not, they fail as libpcap's own do, and
//! [`available`] says so beforehand.
//!
//! ```text
//!   pcap crate --pcap_create--> forward.rs --dlsym--> libpcap.so.0.8, where there is one
//!        |                                        \--> an error value, where there is none
//!        +--- -lpcap: the empty archive that build.rs wrote
//! ```
//!
//! Elsewhere it is empty: macOS brings libpcap along.

#[cfg(target_os = "linux")]
mod forward;
#[cfg(target_os = "linux")]
mod library;

#[cfg(target_os = "linux")]
pub use library::available;
