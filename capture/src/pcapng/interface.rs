//! An interface of a pcapng section: its clock, its snapshot length, what it lost (draft-ietf-opsawg-pcapng 4.2, 4.6).
//!
//! pcap-parser reads the numbers in options as little-endian even in a big-endian section, hence the options are taken
//! from it as bytes and read here.

use pcap_parser::{InterfaceDescriptionBlock, InterfaceStatisticsBlock, OptionCode, PcapNGOption};
use wireseam_wire::LinkType;

use crate::{Dropped, block::ByteOrder, clock::Clock};

/// One Interface Description Block, and what the latest statistics say of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    /// The most bytes captured of a packet; 0 is without limit.
    pub(super) snaplen: u32,
    pub(super) clock: Clock,
    dropped: Dropped,
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
            dropped: Dropped::default(),
        }
    }

    /// Reads an Interface Statistics Block (4.6). Its counters run from the start of the capture, so the latest one stands.
    pub(super) fn count(&mut self, block: &InterfaceStatisticsBlock<'_>, order: ByteOrder) {
        let kernel = number(&block.options, OptionCode::IsbOsDrop, order);
        let interface = number(&block.options, OptionCode::IsbIfDrop, order);
        self.dropped.kernel = kernel.or(self.dropped.kernel);
        self.dropped.interface = interface.or(self.dropped.interface);
    }

    /// A sum of losses with this interface's added.
    pub(super) fn add_dropped(&self, sum: Dropped) -> Dropped {
        Dropped {
            kernel: sum_of_known(sum.kernel, self.dropped.kernel),
            interface: sum_of_known(sum.interface, self.dropped.interface),
        }
    }
}

/// Unknown plus unknown stays unknown.
fn sum_of_known(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (known, None) | (None, known) => known,
    }
}

/// The first option of a code, without its padding; options end at `opt_endofopt` (3.5).
fn value<'a>(options: &'a [PcapNGOption<'_>], code: OptionCode) -> Option<&'a [u8]> {
    options
        .iter()
        .take_while(|option| option.code != OptionCode::EndOfOpt)
        .find(|option| option.code == code)
        .and_then(|option| option.as_bytes().ok())
}

fn number(options: &[PcapNGOption<'_>], code: OptionCode, order: ByteOrder) -> Option<u64> {
    let bytes: [u8; 8] = value(options, code)?.try_into().ok()?;
    Some(order.u64(bytes))
}
