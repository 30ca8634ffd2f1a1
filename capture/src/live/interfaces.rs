//! The interfaces of this machine: name, addresses, state, link type.

use std::{io, net::IpAddr};

use nix::{ifaddrs::getifaddrs, net::if_::InterfaceFlags, sys::socket::SockaddrStorage};
use wireseam_wire::LinkType;

/// An interface of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalInterface {
    /// Its name.
    pub name: String,
    /// Its IP addresses.
    pub addresses: Vec<IpAddr>,
    /// Its hardware address, where it has one.
    pub hardware: Option<[u8; 6]>,
    /// What its packets begin with; `None` where only libpcap knows.
    pub link: Option<LinkType>,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether it has what it needs to carry packets, a cable for example.
    pub running: bool,
    /// Whether it is the machine's way to itself.
    pub loopback: bool,
}

/// The interfaces, in the kernel's order.
///
/// # Errors
///
/// What the operating system says when it does not list them.
pub fn interfaces() -> io::Result<Vec<LocalInterface>> {
    let mut found: Vec<LocalInterface> = Vec::new();
    for entry in getifaddrs()? {
        let at = found
            .iter()
            .position(|known| known.name == entry.interface_name);
        let at = at.unwrap_or_else(|| {
            found.push(LocalInterface::new(entry.interface_name, entry.flags));
            found.len() - 1
        });
        if let (Some(interface), Some(address)) = (found.get_mut(at), entry.address) {
            interface.add(&address);
        }
    }
    Ok(found)
}

impl LocalInterface {
    fn new(name: String, flags: InterfaceFlags) -> Self {
        Self {
            name,
            addresses: Vec::new(),
            hardware: None,
            link: None,
            up: flags.contains(InterfaceFlags::IFF_UP),
            running: flags.contains(InterfaceFlags::IFF_RUNNING),
            loopback: flags.contains(InterfaceFlags::IFF_LOOPBACK),
        }
    }

    fn add(&mut self, address: &SockaddrStorage) {
        if let Some(ip) = address.as_sockaddr_in() {
            self.addresses.push(IpAddr::V4(ip.ip()));
        } else if let Some(ip) = address.as_sockaddr_in6() {
            self.addresses.push(IpAddr::V6(ip.ip()));
        } else if let Some(link) = address.as_link_addr() {
            self.link = link_type(link.hatype());
            self.hardware = link
                .addr()
                .filter(|_| self.link == Some(LinkType::Ethernet));
        }
    }
}

/// What the packets of a kind of hardware begin with when a packet socket reads them (ARPHRD_ in linux/if_arp.h).
fn link_type(hardware: u16) -> Option<LinkType> {
    match hardware {
        ARPHRD_ETHER | ARPHRD_LOOPBACK => Some(LinkType::Ethernet),
        ARPHRD_NONE | ARPHRD_RAWIP => Some(LinkType::RawIp),
        _ => None,
    }
}

const ARPHRD_ETHER: u16 = 1;
const ARPHRD_RAWIP: u16 = 519;
const ARPHRD_LOOPBACK: u16 = 772;
/// No link header at all: a `tun` device.
const ARPHRD_NONE: u16 = 0xfffe;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_listed_wherever_there_is_a_network() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|interface| interface.loopback).unwrap();
        assert_eq!(lo.name, "lo");
        assert_eq!(lo.link, Some(LinkType::Ethernet));
    }
}
