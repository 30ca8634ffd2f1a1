//! Packets of the most common shape, read at once: Ethernet, at most one VLAN tag, IP without options, whole TCP.
//!
//! ```text
//! | Ethernet, 14 | VLAN, 4 | IPv4, 20 or IPv6, 40 | TCP, 20 | options | payload |  padding |
//!                                                |<------ the IP length ------>|
//! ```
//!
//! Nearly all packets of nearly all captures look like this, and reading one takes less than half of what it takes header by
//! header, where each hands on what every other header may need. `layer` and what it calls is what decides: whatever
//! is unusual here, or wrong, is left to it, so that no packet is read otherwise than it would be there.

use crate::{
    Address, Checksum, Endpoint, LinkType, Packet, Segment, TcpOptions, checksum,
    ether_type::{IPV4, IPV6, VLAN},
    tcp,
};

/// Between whom a packet of the most common shape travels, sender first, without decoding the rest: it is in no tunnel and no
/// fragment.
///
/// What any [`Decoder`](crate::Decoder) says of such a packet, and counts, depends on no other packet. A segment that
/// decoding finds in it has these ends; it may find none. `None` where decoding has to tell.
#[must_use]
#[inline]
pub fn plain_ends(packet: &Packet<'_>) -> Option<(Endpoint, Endpoint)> {
    let plain = Plain::find(packet)?;
    let [s0, s1, d0, d1] = *plain.segment.first_chunk()?;
    let [source, destination] = plain.addresses.both();
    let end = |address, port| Endpoint {
        address,
        port: u16::from_be_bytes(port),
    };
    Some((end(source, [s0, s1]), end(destination, [d0, d1])))
}

/// A packet of this shape.
pub(crate) struct Plain<'a> {
    addresses: Addresses<'a>,
    ip_id: Option<u16>,
    /// The whole of the segment.
    segment: &'a [u8],
}

/// Source and destination, one behind the other.
#[derive(Clone, Copy)]
enum Addresses<'a> {
    /// Of an IPv4 packet, whose whole header is this.
    V4(&'a [u8; 20]),
    V6(&'a [u8; 32]),
}

impl<'a> Plain<'a> {
    /// Looks whether a packet has this shape.
    #[inline]
    pub(crate) fn find(packet: &Packet<'a>) -> Option<Self> {
        if packet.link != LinkType::Ethernet {
            return None;
        }
        let ([.., high, low], mut rest) = packet.data.split_first_chunk::<14>()?;
        let mut ether_type = u16::from_be_bytes([*high, *low]);
        if ether_type == VLAN {
            let ([_, _, high, low], behind) = rest.split_first_chunk()?;
            ether_type = u16::from_be_bytes([*high, *low]);
            rest = behind;
        }
        match ether_type {
            IPV4 => Self::in_ipv4(rest),
            IPV6 => Self::in_ipv6(rest),
            _ => None,
        }
    }

    /// An IPv4 packet without options that is no fragment (RFC 791 3.1).
    #[inline]
    fn in_ipv4(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.first_chunk::<20>()?;
        let [0x45, _, l0, l1, i0, i1, f0, f1, _, TCP, ..] = *header else {
            return None;
        };
        if u16::from_be_bytes([f0, f1]) & MORE_OR_OFFSET != 0 {
            return None;
        }
        Some(Self {
            addresses: Addresses::V4(header),
            ip_id: Some(u16::from_be_bytes([i0, i1])),
            segment: bytes.get(header.len()..u16::from_be_bytes([l0, l1]).into())?,
        })
    }

    /// An IPv6 packet without extension headers (RFC 8200 3).
    #[inline]
    fn in_ipv6(bytes: &'a [u8]) -> Option<Self> {
        let (header, behind) = bytes.split_first_chunk::<40>()?;
        let [first, _, _, _, l0, l1, TCP, _, addresses @ ..] = header else {
            return None;
        };
        if first >> 4 != 6 {
            return None;
        }
        Some(Self {
            addresses: Addresses::V6(addresses),
            ip_id: None,
            segment: behind.get(..u16::from_be_bytes([*l0, *l1]).into())?,
        })
    }

    /// Whether the checksum of the segment is right; `None` where that of its IPv4 header is not.
    #[inline(always)]
    pub(crate) fn checksum(&self) -> Option<Checksum> {
        let addresses = match self.addresses {
            Addresses::V4(header) => {
                let (front, addresses) = header.split_at(12);
                let addresses = checksum::sum(addresses);
                if !checksum::is_right(checksum::sum(front) + addresses) {
                    return None;
                }
                addresses
            }
            Addresses::V6(addresses) => checksum::sum(addresses),
        };
        Some(checksum::of_whole_segment(addresses, self.segment))
    }

    /// The parts of the segment; `None` where its header is not what it should be.
    #[inline]
    pub(crate) fn split(&self, checksum: Checksum) -> Option<Parts<'a>> {
        let (fixed, options, payload) = tcp::split(self.segment)?;
        Some(Parts {
            checksum,
            addresses: self.addresses,
            ip_id: self.ip_id,
            fixed,
            options,
            payload,
        })
    }
}

/// The parts of a packet with a segment in it, which nothing can be wrong with any more.
pub(crate) struct Parts<'a> {
    /// Whether it is right, as far as that was looked at.
    checksum: Checksum,
    addresses: Addresses<'a>,
    ip_id: Option<u16>,
    fixed: &'a [u8; 20],
    options: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The segment. Where it is built is where it is wanted, since it is large.
    #[inline(always)]
    pub(crate) fn segment(&self, packet: &Packet<'a>) -> Segment<'a> {
        let options = TcpOptions::read(self.options);
        self.build(packet, self.addresses.both(), options)
    }

    /// Adds the segment to others.
    ///
    /// What is in one place for one kind of address or options and elsewhere for the next has to go through memory and be read
    /// back in other pieces than it was written in, which processors wait for. So each usual kind has a path of its own here.
    #[inline(always)]
    pub(crate) fn push_onto(&self, packet: &Packet<'a>, segments: &mut Vec<Segment<'a>>) {
        let Some(timestamps) = TcpOptions::usual(self.options) else {
            return self.push_unusual(packet, segments);
        };
        let options = TcpOptions {
            timestamps,
            ..TcpOptions::default()
        };
        match self.addresses {
            Addresses::V4(header) => segments.push(self.build(packet, of_v4(header), options)),
            Addresses::V6(both) => segments.push(self.build(packet, of_v6(both), options)),
        }
    }

    #[inline(never)]
    fn push_unusual(&self, packet: &Packet<'a>, segments: &mut Vec<Segment<'a>>) {
        segments.push(self.segment(packet));
    }

    #[inline(always)]
    fn build(
        &self,
        packet: &Packet<'a>,
        addresses: [Address; 2],
        options: TcpOptions,
    ) -> Segment<'a> {
        Segment {
            ip_id: self.ip_id,
            checksum: self.checksum,
            ..tcp::segment(packet, addresses, self.fixed, options, self.payload)
        }
    }
}

impl Addresses<'_> {
    #[inline]
    fn both(self) -> [Address; 2] {
        match self {
            Self::V4(header) => of_v4(header),
            Self::V6(both) => of_v6(both),
        }
    }
}

#[inline(always)]
fn of_v4(header: &[u8; 20]) -> [Address; 2] {
    let [.., a, b, c, d, e, f, g, h] = *header;
    [[a, b, c, d].into(), [e, f, g, h].into()]
}

#[inline(always)]
fn of_v6(both: &[u8; 32]) -> [Address; 2] {
    let (halves, _) = both.as_chunks::<16>();
    [0, 1].map(|at| halves.get(at).copied().unwrap_or_default().into())
}

/// The protocol number of TCP.
const TCP: u8 = 6;

/// Of the flags and the fragment offset, what makes a fragment.
const MORE_OR_OFFSET: u16 = 0x3fff;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Checksum, Checksums, Config, Decoder, PacketIndex, Timestamp};

    /// What a decoder answers and counts, by the short cut and header by header, which must be the same.
    fn check(data: &[u8], original_len: u32, link: LinkType) {
        let packet = Packet {
            index: PacketIndex(7),
            at: Some(Timestamp(8)),
            interface: 9,
            link,
            original_len,
            data,
        };
        for checksums in [Checksums::Ignore, Checksums::Count, Checksums::Require] {
            let decoder = || {
                Decoder::new(Config {
                    checksums,
                    ..Config::default()
                })
            };
            let (mut short, mut long) = (decoder(), decoder());
            let answer = format!("{:?}", short.decode(&packet));
            assert_eq!(
                answer,
                format!("{:?}", long.by_layers(&packet)),
                "{packet:?}"
            );
            assert_eq!(short.statistics(), long.statistics(), "{packet:?}");
        }
        if let Some((source, destination)) = plain_ends(&packet) {
            let mut decoder = Decoder::default();
            if let Ok(segment) = decoder.decode(&packet) {
                assert_eq!((segment.source, segment.destination), (source, destination));
            }
            assert_eq!(decoder.statistics().fragments, Default::default());
        }
    }

    /// A packet of the usual shape, with the checksums that the sum of its bytes needs.
    fn packet(tags: usize, v6: bool, options: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut tcp = vec![0x9c, 0x40, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8];
        let words = u8::try_from(5 + options.len() / 4).unwrap();
        tcp.extend([words << 4, 0x18, 1, 0, 0, 0, 0, 0]);
        tcp.extend(options);
        tcp.extend(payload);
        let length = u16::try_from(tcp.len()).unwrap();
        let addresses = [3; 32].split_at(if v6 { 32 } else { 8 }).0;
        let pseudo_header = [addresses, &[0, 6], &length.to_be_bytes()].concat();
        let sum = checksum::sum(&pseudo_header) + checksum::sum(&tcp);
        tcp[16..18].copy_from_slice(&unfilled(sum));
        let mut bytes = vec![2; 12];
        (0..tags).for_each(|_| bytes.extend([0x81, 0, 0, 5]));
        if v6 {
            bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            bytes.extend(length.to_be_bytes());
            bytes.extend([6, 64]);
        } else {
            let mut header = vec![0x45, 0];
            header.extend((length + 20).to_be_bytes());
            header.extend([0, 1, 0x40, 0, 64, 6, 0, 0]);
            let sum = checksum::sum(&header) + checksum::sum(addresses);
            header[10..12].copy_from_slice(&unfilled(sum));
            bytes.extend([8, 0]);
            bytes.extend(header);
        }
        bytes.extend(addresses);
        bytes.extend(tcp);
        bytes
    }

    /// The checksum of what has this sum without it.
    fn unfilled(sum: u128) -> [u8; 2] {
        (!u16::try_from(sum % 0xffff).unwrap()).to_le_bytes()
    }

    fn length(data: &[u8]) -> u32 {
        u32::try_from(data.len()).unwrap()
    }

    fn packets() -> impl Strategy<Value = Vec<u8>> {
        let options = prop_oneof![
            Just(vec![]),
            Just(vec![1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6]),
            prop::collection::vec(0_u8..12, 0..40).prop_map(|mut bytes| {
                bytes.truncate(bytes.len() / 4 * 4);
                bytes
            }),
        ];
        let payload = prop::collection::vec(any::<u8>(), 0..200);
        (0..3_usize, any::<bool>(), options, payload)
            .prop_map(|(tags, v6, options, payload)| packet(tags, v6, &options, &payload))
    }

    /// Somewhere in the headers, half of the time where they say what follows, and how long it is.
    fn place() -> impl Strategy<Value = usize> {
        let telling = vec![12, 13, 14, 16, 17, 18, 19, 20, 21, 23, 46];
        prop_oneof![0_usize..90, prop::sample::select(telling)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn usual_packets_are_read_at_once_and_right(data in packets()) {
            let has_at_most_one_tag = data[16..18] != [0x81, 0];
            let usual = Packet {
                index: PacketIndex(1),
                at: None,
                interface: 0,
                link: LinkType::Ethernet,
                original_len: length(&data),
                data: &data,
            };
            let plain = Plain::find(&usual);
            prop_assert_eq!(plain.is_some(), has_at_most_one_tag);
            prop_assert_eq!(plain_ends(&usual).is_some(), has_at_most_one_tag);
            if let Some(plain) = plain {
                prop_assert_eq!(plain.checksum(), Some(Checksum::Good));
                prop_assert!(plain.split(Checksum::Good).is_some());
            }
            check(&data, length(&data), LinkType::Ethernet);
        }

        #[test]
        fn changed_packets_are_read_as_header_by_header(
            mut data in packets(),
            changes in prop::collection::vec((place(), any::<u8>(), any::<bool>()), 0..4),
            padding in 0_usize..8,
            cut in prop::option::of(0_usize..300),
            missing in 0_u32..100,
        ) {
            for (at, value, is_bit) in changes {
                if let Some(byte) = data.get_mut(at) {
                    *byte = if is_bit { *byte ^ (1 << (value & 7)) } else { value };
                }
            }
            data.resize(data.len() + padding, 0);
            data.truncate(cut.unwrap_or(data.len()));
            check(&data, length(&data) + missing, LinkType::Ethernet);
            check(&data, 0, LinkType::Ethernet);
            check(&data, length(&data), LinkType::RawIp);
        }

        #[test]
        fn any_bytes_are_read_as_header_by_header(
            tag in any::<bool>(),
            ether_type in prop_oneof![Just([8, 0]), Just([0x86, 0xdd]), any::<[u8; 2]>()],
            rest in prop::collection::vec(any::<u8>(), 0..120),
            fixed in any::<bool>(),
        ) {
            let mut data = vec![2; 12];
            if tag {
                data.extend([0x81, 0, 0, 5]);
            }
            data.extend(ether_type);
            let start = data.len();
            data.extend(rest);
            if fixed && let Some(first) = data.get_mut(start) {
                *first = if ether_type == [8, 0] { 0x45 } else { 0x60 };
            }
            if fixed && let Some(protocol) = data.get_mut(start + if ether_type == [8, 0] { 9 } else { 6 }) {
                *protocol = 6;
            }
            if fixed && let Some(length) = data.get_mut(start + 2..start + 6) {
                length.copy_from_slice(&[0, 60, 0, 30]);
            }
            check(&data, length(&data), LinkType::Ethernet);
        }
    }
}
