//! The three pcapng blocks that hold a packet (draft-ietf-opsawg-pcapng 4.3, 4.4 and appendix A).

use pcap_parser::{EnhancedPacketBlock, SimplePacketBlock, UnknownBlock};

use super::Pcapng;
use crate::block::Record;

/// The fields that the two blocks with a time share, as the block has them.
struct Stamp {
    interface: u32,
    high: u32,
    low: u32,
    captured: u32,
    original: u32,
}

impl Pcapng {
    /// Enhanced Packet Block (4.3).
    pub(super) fn enhanced(&self, block: &EnhancedPacketBlock<'_>) -> Result<Record, &'static str> {
        let stamp = Stamp {
            interface: block.if_id,
            high: block.ts_high,
            low: block.ts_low,
            captured: block.caplen,
            original: block.origlen,
        };
        self.stamped(&stamp, block.data.len())
    }

    /// Packet Block (appendix A): obsolete, yet still met. Its interface number has 16 bits, a drop count the other 16.
    pub(super) fn obsolete(&self, block: &UnknownBlock<'_>) -> Result<Record, &'static str> {
        let too_short = "is too short to hold a packet";
        let (fields, rest) = block.data.split_first_chunk::<20>().ok_or(too_short)?;
        let ([[i0, i1, ..], high, low, captured, original], []) = fields.as_chunks::<4>() else {
            return Err(too_short);
        };
        let stamp = Stamp {
            interface: u32::from(self.order.u16([*i0, *i1])),
            high: self.order.u32(*high),
            low: self.order.u32(*low),
            captured: self.order.u32(*captured),
            original: self.order.u32(*original),
        };
        self.stamped(&stamp, rest.len())
    }

    /// A packet with a time. Its bytes follow 28 bytes of block header, and `room` of them are there.
    fn stamped(&self, stamp: &Stamp, room: usize) -> Result<Record, &'static str> {
        let interface = self.interface(stamp.interface)?;
        let captured = usize::try_from(stamp.captured).unwrap_or(usize::MAX);
        if captured > room {
            return Err(CLAIMS_TOO_MUCH);
        }
        let ticks = u64::from(stamp.high) << 32 | u64::from(stamp.low);
        Ok(Record {
            at: Some(interface.clock.at(ticks)),
            interface: self.interfaces_before.saturating_add(stamp.interface),
            link: interface.link,
            original_len: stamp.original,
            data: STAMPED_HEADER_LEN..STAMPED_HEADER_LEN + captured,
        })
    }

    /// Simple Packet Block (4.4): of the section's first interface, without a time, and without its captured length,
    /// which is the original one unless the interface's snapshot length is smaller.
    pub(super) fn simple(&self, block: &SimplePacketBlock<'_>) -> Result<Record, &'static str> {
        let interface = self.interface(0)?;
        let captured = match interface.snaplen {
            0 => block.origlen,
            snaplen => snaplen.min(block.origlen),
        };
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        if captured > block.data.len() {
            return Err(CLAIMS_TOO_MUCH);
        }
        Ok(Record {
            at: None,
            interface: self.interfaces_before,
            link: interface.link,
            original_len: block.origlen,
            data: SIMPLE_HEADER_LEN..SIMPLE_HEADER_LEN + captured,
        })
    }
}

/// What stands before the packet: type, length, interface, time (8), captured and original length.
const STAMPED_HEADER_LEN: usize = 28;
/// What stands before the packet: type, length, original length.
const SIMPLE_HEADER_LEN: usize = 12;

const CLAIMS_TOO_MUCH: &str = "holds fewer bytes than the packet in it claims";
