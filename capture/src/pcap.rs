//! The pcap format: one file header, then a record a packet (draft-ietf-opsawg-pcap 4 and 5).
//!
//! Records are read by hand: their length must be known before they are whole, and then little is left to read.

use pcap_parser::PcapHeader;
use wireseam_wire::{LinkType, Timestamp};

use crate::block::{ByteOrder, Front, Kind, Record};

/// What the file header says about all records.
#[derive(Debug)]
pub(crate) struct Pcap {
    order: ByteOrder,
    record_header_len: u8,
    nanoseconds_each: u32,
    link: LinkType,
    interface: u32,
}

impl Pcap {
    /// Takes the file header in (4). All packets are of one interface, whose number in the capture is given.
    ///
    /// The link type is the lower half of its field; the upper half tells of frame check sequences. Records of the
    /// "modified" format (magic 0xa1b2cd34) have eight bytes more in their header.
    pub(crate) fn new(header: &PcapHeader, interface: u32) -> Self {
        Self {
            order: ByteOrder::big_if(header.is_bigendian()),
            record_header_len: if header.is_modified_format() { 24 } else { 16 },
            nanoseconds_each: if header.is_nanosecond_precision() {
                1
            } else {
                1_000
            },
            link: LinkType::from(header.network.0.cast_unsigned() & 0xffff),
            interface,
        }
    }

    /// The record at the front of the buffer (5).
    pub(crate) fn front(&self, buffered: &[u8]) -> Front {
        self.packet(buffered)
            .map_or_else(|| self.part(buffered), Front::Packet)
    }

    /// The record at the front of the buffer, where all of it is there.
    #[inline]
    pub(crate) fn packet(&self, buffered: &[u8]) -> Option<Record> {
        let start = usize::from(self.record_header_len);
        let (fields, _) = buffered.as_chunks::<4>();
        let fields = fields.first_chunk::<4>()?;
        let [seconds, fraction, captured, original] = fields.map(|field| self.order.u32(field));
        let len = start.checked_add(usize::try_from(captured).ok()?)?;
        if len > buffered.len() {
            return None;
        }
        let seconds = i64::from(seconds) * 1_000_000_000;
        let fraction = i64::from(fraction) * i64::from(self.nanoseconds_each);
        Some(Record {
            len,
            at: Some(Timestamp(seconds + fraction)),
            interface: self.interface,
            link: self.link,
            original_len: original,
            data: start..len,
            options: len..len,
        })
    }

    pub(crate) fn next_interface(&self) -> u32 {
        self.interface.saturating_add(1)
    }

    /// A record that goes on behind the buffer. The twelfth byte of its header ends what says how long the packet is.
    fn part(&self, buffered: &[u8]) -> Front {
        let header_len = u64::from(self.record_header_len);
        match buffered.first_chunk::<12>() {
            Some([.., a, b, c, d]) => Front::Part {
                needs: header_len + u64::from(self.order.u32([*a, *b, *c, *d])),
                kind: Kind::Packet,
            },
            None => Front::Part {
                needs: header_len,
                kind: Kind::Unknown,
            },
        }
    }
}
