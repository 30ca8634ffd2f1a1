//! The three pcapng blocks that hold a packet (draft-ietf-opsawg-pcapng 4.3, 4.4 and appendix A), and what they say of it.
//!
//! They are read by hand: nearly all blocks of a file are of these kinds, and pcap-parser's way was measured at twice the time.

use super::{Pcapng, options::Options};
use crate::{
    Notes,
    block::{Front, Record},
    notes::CommentOn,
};

impl Pcapng {
    /// A whole block that holds a packet.
    pub(super) fn in_block(&self, block_type: u32, block: &[u8]) -> Front {
        let record = match block_type {
            super::ENHANCED_PACKET => self.enhanced(block),
            super::SIMPLE_PACKET => self.simple(block),
            _ => self.obsolete(block),
        };
        record.map_or_else(Front::Damaged, Front::Packet)
    }

    /// The packet at the front of the buffer, where it is in a whole and sound Enhanced Packet Block: nearly all are.
    ///
    /// A block of another kind, or one that is faulty, is for [`front`](Self::front) to tell.
    #[inline]
    pub(crate) fn packet(&self, buffered: &[u8]) -> Option<Record> {
        let (fields, _) = buffered.as_chunks::<4>();
        let [block_type, len] = fields.first_chunk()?.map(|field| self.order.u32(field));
        if block_type != super::ENHANCED_PACKET || len % 4 != 0 {
            return None;
        }
        let block = buffered.get(..usize::try_from(len).ok()?)?;
        if self.order.u32(*block.last_chunk()?) != len {
            return None;
        }
        self.enhanced(block).ok()
    }

    /// Enhanced Packet Block (4.3).
    #[inline]
    fn enhanced(&self, block: &[u8]) -> Result<Record, &'static str> {
        let fields = Fields::of(block)?;
        let number = self.order.u32(*fields.interface);
        self.stamped(block, &fields, number)
    }

    /// Packet Block (appendix A): obsolete, yet still met. Its interface number has 16 bits, a drop count the other 16.
    fn obsolete(&self, block: &[u8]) -> Result<Record, &'static str> {
        let fields = Fields::of(block)?;
        let [i0, i1, ..] = *fields.interface;
        let number = u32::from(self.order.u16([i0, i1]));
        self.stamped(block, &fields, number)
    }

    /// A packet with a time, in one of the two blocks that differ in the interface's number only.
    #[inline]
    fn stamped(
        &self,
        block: &[u8],
        fields: &Fields<'_>,
        number: u32,
    ) -> Result<Record, &'static str> {
        let interface = self.interface(number)?;
        let [high, low, captured, original] = fields.others.map(|field| self.order.u32(*field));
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        if captured > fields.room {
            return Err(CLAIMS_TOO_MUCH);
        }
        let ticks = u64::from(high) << 32 | u64::from(low);
        let end = STAMPED_HEADER_LEN + captured;
        let options_end = block.len() - TRAILER_LEN;
        Ok(Record {
            len: block.len(),
            at: Some(interface.clock.at(ticks)),
            interface: self.interfaces_before.saturating_add(number),
            link: interface.link,
            original_len: original,
            data: STAMPED_HEADER_LEN..end,
            options: end.next_multiple_of(4).min(options_end)..options_end,
        })
    }

    /// Simple Packet Block (4.4): of the section's first interface, without a time, and without its captured length,
    /// which is the original one unless the interface's snapshot length is smaller.
    fn simple(&self, block: &[u8]) -> Result<Record, &'static str> {
        let interface = self.interface(0)?;
        let original = block.get(8..).and_then(<[u8]>::first_chunk::<4>);
        let room = block.len().checked_sub(SIMPLE_HEADER_LEN + TRAILER_LEN);
        let (Some(original), Some(room)) = (original, room) else {
            return Err(TOO_SHORT);
        };
        let original_len = self.order.u32(*original);
        let captured = match interface.snaplen {
            0 => original_len,
            snaplen => snaplen.min(original_len),
        };
        let captured = usize::try_from(captured).unwrap_or(usize::MAX);
        if captured > room {
            return Err(CLAIMS_TOO_MUCH);
        }
        let end = SIMPLE_HEADER_LEN + captured;
        Ok(Record {
            len: block.len(),
            at: None,
            interface: self.interfaces_before,
            link: interface.link,
            original_len,
            data: SIMPLE_HEADER_LEN..end,
            options: end..end,
        })
    }

    /// Takes in what a packet's options say (4.3.1); `packet` is its number in the capture.
    pub(crate) fn take_options(&mut self, options: &[u8], packet: u64, notes: &mut Notes) {
        for (code, value) in Options::new(options, self.order) {
            match (code, value) {
                (COMMENT, text) => notes.comment(CommentOn::Packet(packet), text),
                (FLAGS, [a, b, c, d]) => notes.count_flags(self.order.u32([*a, *b, *c, *d])),
                (DROP_COUNT, count) => {
                    if let Ok(count) = count.try_into() {
                        let sum = self.dropped.between.unwrap_or(0);
                        self.dropped.between = Some(sum.saturating_add(self.order.u64(count)));
                    }
                }
                _ => {}
            }
        }
    }
}

/// What the two blocks with a time share.
struct Fields<'a> {
    interface: &'a [u8; 4],
    /// The time's upper and lower half, captured and original length.
    others: [&'a [u8; 4]; 4],
    /// How many bytes there are behind them.
    room: usize,
}

impl<'a> Fields<'a> {
    #[inline]
    fn of(block: &'a [u8]) -> Result<Self, &'static str> {
        let fields = block
            .get(8..)
            .and_then(|body| body.as_chunks().0.first_chunk::<5>());
        let room = block.len().checked_sub(STAMPED_HEADER_LEN + TRAILER_LEN);
        let (Some([interface, high, low, captured, original]), Some(room)) = (fields, room) else {
            return Err(TOO_SHORT);
        };
        Ok(Self {
            interface,
            others: [high, low, captured, original],
            room,
        })
    }
}

/// What stands before the packet: type, length, interface, time (8), captured and original length.
const STAMPED_HEADER_LEN: usize = 28;
/// What stands before the packet: type, length, original length.
const SIMPLE_HEADER_LEN: usize = 12;
/// The length once more.
const TRAILER_LEN: usize = 4;

/// opt_comment, epb_flags, epb_dropcount.
const COMMENT: u16 = 1;
const FLAGS: u16 = 2;
const DROP_COUNT: u16 = 4;

const TOO_SHORT: &str = "is too short to hold a packet";
const CLAIMS_TOO_MUCH: &str = "holds fewer bytes than the packet in it claims";
