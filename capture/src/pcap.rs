//! The pcap format: one file header, then a record a packet (draft-ietf-opsawg-pcap 4 and 5).

use pcap_parser::{LegacyPcapBlock, PcapHeader};
use wireseam_wire::{LinkType, Timestamp};

use crate::block::{ByteOrder, Front, Kind, Record};

/// What the file header says about all records.
#[derive(Debug)]
pub(crate) struct Pcap {
    order: ByteOrder,
    record_header_len: u8,
    nanoseconds_each: u32,
    link: LinkType,
}

impl Pcap {
    /// Takes the file header in (4).
    ///
    /// The link type is the lower half of its field; the upper half tells of frame check sequences. Records of the
    /// "modified" format (magic 0xa1b2cd34) have eight bytes more in their header.
    pub(crate) fn new(header: &PcapHeader) -> Self {
        Self {
            order: ByteOrder::big_if(header.is_bigendian()),
            record_header_len: if header.is_modified_format() { 24 } else { 16 },
            nanoseconds_each: if header.is_nanosecond_precision() {
                1
            } else {
                1_000
            },
            link: LinkType::from(header.network.0.cast_unsigned() & 0xffff),
        }
    }

    /// The record at the front of the buffer.
    pub(crate) fn front(&self, buffered: &[u8]) -> Front {
        let header_len = u64::from(self.record_header_len);
        let Some([.., a, b, c, d]) = buffered.first_chunk::<12>() else {
            return Front::Part {
                needs: header_len,
                kind: Kind::Unknown,
            };
        };
        let captured = self.order.u32([*a, *b, *c, *d]);
        Front::of_len(header_len + u64::from(captured), Kind::Packet, buffered)
    }

    /// A record as a packet (5).
    pub(crate) fn record(&self, block: &LegacyPcapBlock<'_>) -> Record {
        let start = usize::from(self.record_header_len);
        let seconds = i64::from(block.ts_sec) * 1_000_000_000;
        let fraction = i64::from(block.ts_usec) * i64::from(self.nanoseconds_each);
        Record {
            at: Some(Timestamp(seconds + fraction)),
            interface: 0,
            link: self.link,
            original_len: block.origlen,
            data: start..start + block.data.len(),
        }
    }
}
