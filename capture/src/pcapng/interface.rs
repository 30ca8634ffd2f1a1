//! An interface of a pcapng section as packets need it: its clock, its snapshot length, and what it lost
//! (draft-ietf-opsawg-pcapng 4.2, 4.6).
//!
//! pcap-parser reads the numbers in options as little-endian even in a big-endian section, hence the options are taken
//! from it as bytes and read here.

use pcap_parser::{InterfaceDescriptionBlock, InterfaceStatisticsBlock, OptionCode, PcapNGOption};
use wireseam_wire::LinkType;

use super::text::value;
use crate::{Counters, Dropped, block::ByteOrder, clock::Clock};

/// One Interface Description Block, and what the latest statistics say of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// The most bytes captured of a packet; 0 is without limit.
    pub(super) snaplen: u32,
    pub(super) clock: Clock,
    pub(super) counters: Counters,
}

impl Interface {
    /// Reads an Interface Description Block (4.2).
    pub(super) fn new(block: &InterfaceDescriptionBlock<'_>, order: ByteOrder) -> Self {
        let mut clock = Clock::DEFAULT;
        if let Some([resolution]) = value(&block.options, OptionCode::IfTsresol) {
            clock.set_resolution(*resolution);
        }
        if let Some(offset) = number(&block.options, OptionCode::IfTsoffset, order) {
            clock.set_offset(offset.cast_signed());
        }
        Self {
            link: LinkType::from(block.linktype.0.cast_unsigned()),
            snaplen: block.snaplen,
            clock,
            counters: Counters::default(),
        }
    }

    /// Reads an Interface Statistics Block (4.6). Its counters run from the start of the capture, so the latest one stands.
    pub(super) fn count(&mut self, block: &InterfaceStatisticsBlock<'_>, order: ByteOrder) {
        let latest = |code, before: &mut Option<u64>| {
            *before = number(&block.options, code, order).or(*before);
        };
        latest(OptionCode::IsbIfRecv, &mut self.counters.received);
        latest(
            OptionCode::IsbIfDrop,
            &mut self.counters.dropped_by_interface,
        );
        latest(OptionCode::IsbFilterAccept, &mut self.counters.accepted);
        latest(OptionCode::IsbOsDrop, &mut self.counters.dropped_by_kernel);
        latest(OptionCode::IsbUsrDeliv, &mut self.counters.delivered);
    }

    /// What it lost.
    pub(super) fn dropped(&self) -> Dropped {
        Dropped {
            kernel: self.counters.dropped_by_kernel,
            interface: self.counters.dropped_by_interface,
            between: None,
        }
    }
}

fn number(options: &[PcapNGOption<'_>], code: OptionCode, order: ByteOrder) -> Option<u64> {
    let bytes: [u8; 8] = value(options, code)?.try_into().ok()?;
    Some(order.u64(bytes))
}
