//! The pcapng format: sections and the blocks in them (draft-ietf-opsawg-pcapng 3 and 4).
//!
//! A section has its own byte order and counts its interfaces from 0; a capture counts them on over all its sections:
//!
//! ```text
//! SHB IDB(0) IDB(1) EPB.. | SHB IDB(0) EPB..          in the file
//!     0      1            |     2                     in a Packet
//! ```

mod interface;
mod packet;

use pcap_parser::Block;

use crate::{
    Dropped,
    block::{ByteOrder, Content, Front, Kind},
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
    /// What the sections before this one lost.
    dropped_before: Dropped,
}

impl Pcapng {
    /// Before the first section header.
    pub(crate) fn new() -> Self {
        Self {
            order: ByteOrder::Little,
            interfaces: Vec::new(),
            interfaces_before: 0,
            dropped_before: Dropped::default(),
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
        let (block_type, len) = self.type_and_len(first);
        if len < 12 {
            return Front::Damaged("has a length below that of any block");
        }
        if len % 4 != 0 {
            return Front::Damaged("has a length that is not a multiple of 4");
        }
        Front::of_len(u64::from(len), kind(block_type), buffered)
    }

    /// Block type and total length. A section header may turn the byte order round; its magic stands behind the length.
    fn type_and_len(&self, first: &[u8; 12]) -> (u32, u32) {
        let [t0, t1, t2, t3, l0, l1, l2, l3, magic @ ..] = *first;
        let block_type = self.order.u32([t0, t1, t2, t3]);
        let order = match block_type {
            SECTION_HEADER => ByteOrder::of_section(magic).unwrap_or(self.order),
            _ => self.order,
        };
        (block_type, order.u32([l0, l1, l2, l3]))
    }

    /// Takes a block in; `Err` says what is wrong with it.
    pub(crate) fn take(&mut self, block: &Block<'_>) -> Result<Content, &'static str> {
        match block {
            Block::SectionHeader(header) => {
                self.begin_section(ByteOrder::big_if(header.big_endian()))
            }
            Block::InterfaceDescription(description) => {
                self.describe(Interface::new(description, self.order))?;
            }
            Block::InterfaceStatistics(statistics) => {
                if let Some(interface) = find_mut(&mut self.interfaces, statistics.if_id) {
                    interface.count(statistics, self.order);
                }
                return Ok(Content::Dropped(self.dropped()));
            }
            Block::EnhancedPacket(packet) => return self.enhanced(packet).map(Content::Packet),
            Block::SimplePacket(packet) => return self.simple(packet).map(Content::Packet),
            Block::Unknown(block) if self.order.u32(block.block_type.to_le_bytes()) == PACKET => {
                return self.obsolete(block).map(Content::Packet);
            }
            _ => {}
        }
        Ok(Content::Nothing)
    }

    fn begin_section(&mut self, order: ByteOrder) {
        let interfaces = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        self.dropped_before = self.dropped();
        self.interfaces_before = self.interfaces_before.saturating_add(interfaces);
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
    fn interface(&self, number: u32) -> Result<&Interface, &'static str> {
        usize::try_from(number)
            .ok()
            .and_then(|number| self.interfaces.get(number))
            .ok_or("holds a packet of an interface that no block before it describes")
    }

    /// What all interfaces of all sections so far lost.
    fn dropped(&self) -> Dropped {
        self.interfaces
            .iter()
            .fold(self.dropped_before, |sum, interface| {
                interface.add_dropped(sum)
            })
    }
}

fn find_mut(interfaces: &mut [Interface], number: u32) -> Option<&mut Interface> {
    interfaces.get_mut(usize::try_from(number).ok()?)
}

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

/// Interfaces are the only thing kept of a section, so a cap on them bounds the memory that a file can claim.
const MOST_INTERFACES: usize = 1 << 16;
