//! The pcapng format: sections and the blocks in them (draft-ietf-opsawg-pcapng 3 and 4).
//!
//! A section has its own byte order and counts its interfaces from 0; a capture counts them on over all its sections:
//!
//! ```text
//! SHB IDB(0) IDB(1) EPB.. | SHB IDB(0) EPB..          in the file
//!     0      1            |     2                     in a Packet
//! ```

mod interface;
mod options;
mod packet;
mod text;

use pcap_parser::{Block, parse_block_be, parse_block_le};

use crate::{
    Dropped, Notes,
    block::{ByteOrder, Front, Kind},
    notes::CommentOn,
};
use interface::Interface;

/// What the blocks read so far say about those to come.
#[derive(Debug)]
pub(crate) struct Pcapng {
    order: ByteOrder,
    /// Interfaces of this section.
    interfaces: Vec<Interface>,
    /// How many interfaces the sections before this one had.
    interfaces_before: u32,
    /// What all interfaces of all sections so far lost.
    dropped: Dropped,
}

impl Pcapng {
    /// Before the first section header; interfaces are counted from `first_interface`.
    pub(crate) fn new(first_interface: u32) -> Self {
        Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            interfaces_before: first_interface,
            dropped: Dropped::default(),
        }
    }

    /// The block at the front of the buffer (3.1).
    pub(crate) fn front(&self, buffered: &[u8]) -> Front {
        let Some(first) = buffered.first_chunk::<12>() else {
            return Front::Part {
                needs: 12,
                kind: Kind::Unknown,
            };
        };
        let (block_type, len, order) = self.type_and_len(first);
        if len < 12 {
            return Front::Damaged("has a length below that of any block");
        }
        if len % 4 != 0 {
            return Front::Damaged("has a length that is not a multiple of 4");
        }
        let kind = kind(block_type);
        let whole = usize::try_from(len)
            .ok()
            .and_then(|len| buffered.get(..len));
        let Some(block) = whole else {
            return Front::Part {
                needs: u64::from(len),
                kind,
            };
        };
        let again = block.last_chunk::<4>().map(|again| order.u32(*again));
        match kind {
            Kind::Packet if again == Some(len) => self.in_block(block_type, block),
            Kind::Packet | Kind::Description if again != Some(len) => Front::Damaged(CONTRADICTION),
            _ => Front::Block {
                len: block.len(),
                kind,
            },
        }
    }

    /// Block type, total length and byte order. A section header may turn the order round; its magic stands behind the length.
    #[inline]
    fn type_and_len(&self, first: &[u8; 12]) -> (u32, u32, ByteOrder) {
        let [t0, t1, t2, t3, l0, l1, l2, l3, magic @ ..] = *first;
        let block_type = self.order.u32([t0, t1, t2, t3]);
        let order = match block_type {
            SECTION_HEADER => ByteOrder::of_section(magic).unwrap_or(self.order),
            _ => self.order,
        };
        (block_type, order.u32([l0, l1, l2, l3]), order)
    }

    /// Takes in a block that is no packet; `Err` says what is wrong with it. One that packets do not need may be unreadable.
    pub(crate) fn take(
        &mut self,
        block: &[u8],
        kind: Kind,
        notes: &mut Notes,
    ) -> Result<(), &'static str> {
        let parsed = match self.order {
            ByteOrder::Little => parse_block_le(block),
            ByteOrder::Big => parse_block_be(block),
        };
        match parsed {
            Ok((_, Block::SectionHeader(header))) => {
                self.begin_section(ByteOrder::big_if(header.big_endian()));
                let number = notes.section(text::section(&header));
                text::comments(&header.options, |text| {
                    notes.comment(CommentOn::Section(number), text);
                });
            }
            Ok((_, Block::InterfaceDescription(description))) => {
                let number = self.next_interface();
                self.describe(Interface::new(&description, self.order))?;
                notes.interface(text::interface(&description, number));
                text::comments(&description.options, |text| {
                    notes.comment(CommentOn::Interface(number), text);
                });
            }
            Ok((_, Block::InterfaceStatistics(statistics))) => {
                let number = self.interfaces_before.saturating_add(statistics.if_id);
                if let Some(interface) = find_mut(&mut self.interfaces, statistics.if_id) {
                    let before = interface.dropped();
                    interface.count(&statistics, self.order);
                    self.dropped = self.dropped.with(before, interface.dropped());
                    notes.count(number, interface.counters);
                    text::comments(&statistics.options, |text| {
                        notes.comment(CommentOn::Interface(number), text);
                    });
                }
            }
            Ok((_, Block::DecryptionSecrets(secrets))) => {
                let len = usize::try_from(secrets.secrets_len).unwrap_or(usize::MAX);
                let data = secrets.data.get(..len).unwrap_or(secrets.data);
                notes.secrets(secrets.secrets_type.0, data);
            }
            Err(_) if kind == Kind::Description => return Err(CONTRADICTION),
            Ok(_) | Err(_) => {}
        }
        Ok(())
    }

    /// The number in the capture of the interface behind all described so far.
    pub(crate) fn next_interface(&self) -> u32 {
        let described = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.interfaces_before.saturating_add(described)
    }

    /// What was lost so far, by all interfaces of all sections.
    pub(crate) fn dropped(&self) -> Dropped {
        self.dropped
    }

    fn begin_section(&mut self, order: ByteOrder) {
        self.interfaces_before = self.next_interface();
        self.interfaces.clear();
        self.order = order;
    }

    fn describe(&mut self, interface: Interface) -> Result<(), &'static str> {
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err("describes more interfaces than a section may have, 65536");
        }
        self.interfaces.push(interface);
        Ok(())
    }

    /// The interface that a packet of this section names.
    #[inline]
    fn interface(&self, number: u32) -> Result<&Interface, &'static str> {
        usize::try_from(number)
            .ok()
            .and_then(|number| self.interfaces.get(number))
            .ok_or("holds a packet of an interface that no block before it describes")
    }
}

fn find_mut(interfaces: &mut [Interface], number: u32) -> Option<&mut Interface> {
    interfaces.get_mut(usize::try_from(number).ok()?)
}

#[inline]
fn kind(block_type: u32) -> Kind {
    match block_type {
        ENHANCED_PACKET | SIMPLE_PACKET | PACKET => Kind::Packet,
        SECTION_HEADER | INTERFACE_DESCRIPTION => Kind::Description,
        _ => Kind::Other,
    }
}

/// Block types (section 4, appendix A); the section header reads the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

const CONTRADICTION: &str = "holds lengths that contradict each other";

/// Interfaces are what packets need of a section, so a cap on them bounds the memory that a file can claim.
const MOST_INTERFACES: usize = 1 << 16;
