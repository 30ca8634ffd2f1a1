//! Which bytes of a packet decide what was asked of it, as libpcap looks at them.

use std::net::IpAddr;

use wireseam_wire::LinkType;

use super::{
    Expression,
    parse::{Primitive, Protocol, Side},
};

/// A number in the packet, compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) load: Load,
    /// Only these bits of it.
    pub(super) mask: Option<u32>,
    pub(super) compare: Compare,
    pub(super) with: u32,
}

/// Where a number lies, in bytes from the packet's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    Byte(u32),
    Half(u32),
    Word(u32),
    /// Two bytes, `at` bytes behind an IPv4 header that begins at `header`, however long it is.
    Behind {
        header: u32,
        at: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    GreaterOrEqual,
    Greater,
    /// It has a bit of `with`.
    Shares,
}

type Checks = Expression<Check>;

/// What to look at for a primitive.
pub(super) fn lower(primitive: &Primitive, link: LinkType) -> Checks {
    let link = Link { link };
    match primitive {
        Primitive::Protocol(protocol) => link.protocol(*protocol),
        Primitive::Net {
            over,
            side,
            address,
            prefix,
        } => link.net(*over, *side, *address, *prefix),
        Primitive::Port { over, side, ports } => {
            let protocols: &[u32] = match over {
                Some(Protocol::Tcp) => &[TCP],
                Some(Protocol::Udp) => &[UDP],
                _ => &[TCP, UDP, SCTP],
            };
            let (low, high) = (u32::from(*ports.start()), u32::from(*ports.end()));
            link.port_4(protocols, *side, low, high)
                .or(link.port_6(protocols, *side, low, high))
        }
    }
}

/// How packets begin.
#[derive(Clone, Copy)]
struct Link {
    link: LinkType,
}

impl Link {
    /// Where the IP header begins.
    fn ip(self) -> u32 {
        match self.link {
            LinkType::Ethernet => 14,
            _ => 0,
        }
    }

    fn ether_type(self, number: u32) -> Checks {
        match (self.link, number) {
            (LinkType::Ethernet, number) => equal(Load::Half(12), number),
            (_, IPV4) => masked(Load::Byte(0), 0xf0, 0x40),
            (_, IPV6) => masked(Load::Byte(0), 0xf0, 0x60),
            _ => Expression::Never,
        }
    }

    fn protocol(self, protocol: Protocol) -> Checks {
        match protocol {
            Protocol::Ip => self.ether_type(IPV4),
            Protocol::Ip6 => self.ether_type(IPV6),
            Protocol::Arp => self.ether_type(ARP),
            Protocol::Tcp => self.over_both(TCP),
            Protocol::Udp => self.over_both(UDP),
            Protocol::Icmp => self.over_ip(ICMP),
        }
    }

    fn over_ip(self, number: u32) -> Checks {
        let protocol = equal(Load::Byte(self.ip() + 9), number);
        self.ether_type(IPV4).and(protocol)
    }

    /// In IPv6 also behind a fragment header, and behind no other.
    fn over_both(self, number: u32) -> Checks {
        let next = |number| equal(Load::Byte(self.ip() + 6), number);
        let fragment = next(FRAGMENT).and(equal(Load::Byte(self.ip() + 40), number));
        let over_ip6 = self.ether_type(IPV6).and(next(number).or(fragment));
        over_ip6.or(self.over_ip(number))
    }

    fn net(self, over: Option<Protocol>, side: Side, address: IpAddr, prefix: u8) -> Checks {
        let IpAddr::V4(address) = address else {
            return self.net_6(side, address, prefix);
        };
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        let at = |offset| masked(Load::Word(self.ip() + offset), mask, address.to_bits());
        let in_ip = self.ether_type(IPV4).and(either(side, at(12), at(16)));
        let in_arp = |number| self.ether_type(number).and(either(side, at(14), at(24)));
        match over {
            Some(Protocol::Ip) => in_ip,
            Some(Protocol::Arp) => in_arp(ARP),
            _ => in_ip.or(in_arp(ARP)).or(in_arp(RARP)),
        }
    }

    fn net_6(self, side: Side, address: IpAddr, prefix: u8) -> Checks {
        let bits = match address {
            IpAddr::V6(address) => address.to_bits(),
            IpAddr::V4(_) => return Expression::Never,
        };
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        let at = |offset: u32| {
            let words = (0..4u32).map(|n| {
                let word = |bits: u128| u32::try_from(bits >> (96 - 32 * n) & 0xffff_ffff);
                masked(
                    Load::Word(self.ip() + offset + 4 * n),
                    word(mask).unwrap_or(0),
                    word(bits).unwrap_or(0),
                )
            });
            // words of which no bit counts still have to be there, as they have with libpcap's first
            words.reduce(Expression::and).unwrap_or(Expression::Never)
        };
        self.ether_type(IPV6).and(either(side, at(8), at(24)))
    }

    /// Fragments other than the first have no ports.
    fn port_4(self, protocols: &[u32], side: Side, low: u32, high: u32) -> Checks {
        let offset = Expression::Leaf(Check {
            load: Load::Half(self.ip() + 6),
            mask: None,
            compare: Compare::Shares,
            with: 0x1fff,
        });
        let header = self.ip();
        let at = |at| within(Load::Behind { header, at }, low, high);
        self.ether_type(IPV4)
            .and(one_of(Load::Byte(self.ip() + 9), protocols))
            .and(offset.negated())
            .and(either(side, at(0), at(2)))
    }

    fn port_6(self, protocols: &[u32], side: Side, low: u32, high: u32) -> Checks {
        let at = |at| within(Load::Half(self.ip() + 40 + at), low, high);
        self.ether_type(IPV6)
            .and(one_of(Load::Byte(self.ip() + 6), protocols))
            .and(either(side, at(0), at(2)))
    }
}

fn equal(load: Load, with: u32) -> Checks {
    Expression::Leaf(Check {
        load,
        mask: None,
        compare: Compare::Equal,
        with,
    })
}

fn masked(load: Load, mask: u32, with: u32) -> Checks {
    Expression::Leaf(Check {
        load,
        mask: (mask != u32::MAX).then_some(mask),
        compare: Compare::Equal,
        with: with & mask,
    })
}

fn within(load: Load, low: u32, high: u32) -> Checks {
    if low == high {
        return equal(load, low);
    }
    let compared = |compare, with| {
        Expression::Leaf(Check {
            load,
            mask: None,
            compare,
            with,
        })
    };
    compared(Compare::GreaterOrEqual, low).and(compared(Compare::Greater, high).negated())
}

fn one_of(load: Load, numbers: &[u32]) -> Checks {
    let each = numbers.iter().map(|number| equal(load, *number));
    each.reduce(Expression::or).unwrap_or(Expression::Never)
}

fn either(side: Side, source: Checks, destination: Checks) -> Checks {
    match side {
        Side::Source => source,
        Side::Destination => destination,
        Side::Either => source.or(destination),
    }
}

const IPV4: u32 = 0x0800;
const ARP: u32 = 0x0806;
const RARP: u32 = 0x8035;
const IPV6: u32 = 0x86dd;

const ICMP: u32 = 1;
const TCP: u32 = 6;
const UDP: u32 = 17;
/// The fragment header of IPv6.
const FRAGMENT: u32 = 44;
const SCTP: u32 = 132;
