//! IP packets in fragments (RFC 791 3.1, RFC 8200 4.5).

use std::ops::Range;

use super::{ether_type, ethernet, ipv4, ipv6};

/// A fragment in Ethernet: these bytes of what the whole packet carries.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    pub(crate) v6: bool,
    pub(crate) protocol: u8,
    pub(crate) identification: u16,
    /// In units of eight bytes.
    pub(crate) offset: u16,
    pub(crate) more: bool,
    pub(crate) payload: Vec<u8>,
}

impl Fragment {
    pub(crate) fn frame(&self) -> Vec<u8> {
        let more = u16::from(self.more);
        if self.v6 {
            let [high, low] = (self.offset << 3 | more).to_be_bytes();
            let [id_high, id_low] = self.identification.to_be_bytes();
            let extension = (44, vec![high, low, 0, 0, id_high, id_low]);
            let packet = ipv6::build(&[extension], self.protocol, &self.payload);
            ethernet::frame(&[], ether_type::IPV6, &packet)
        } else {
            let packet = ipv4::Builder::new(self.protocol, self.payload.clone())
                .identification(self.identification)
                .fragment(self.offset | more << 13)
                .build();
            ethernet::frame(&[], ether_type::IPV4, &packet)
        }
    }
}

/// One range of a packet's content; ranges but the last begin and end at multiples of eight.
pub(crate) fn piece(v6: bool, protocol: u8, whole: &[u8], range: Range<usize>) -> Fragment {
    Fragment {
        v6,
        protocol,
        identification: 77,
        offset: u16::try_from(range.start / 8).unwrap(),
        more: range.end < whole.len(),
        payload: whole[range].to_vec(),
    }
}

/// A packet's content in pieces that end at these places.
pub(crate) fn pieces(v6: bool, protocol: u8, whole: &[u8], ends: &[usize]) -> Vec<Fragment> {
    let starts = [0].into_iter().chain(ends.iter().copied());
    let ends = ends.iter().copied().chain([whole.len()]);
    starts
        .zip(ends)
        .map(|(start, end)| piece(v6, protocol, whole, start..end))
        .collect()
}
