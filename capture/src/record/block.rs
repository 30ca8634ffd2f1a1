//! The blocks of a pcapng section, little-endian (draft-ietf-opsawg-pcapng 4).

use wireseam_wire::{Packet, Timestamp};

use crate::{Counters, Interface};

/// A Section Header Block (4.1): who made it, and what is to be said of it.
pub(super) fn section(out: &mut Vec<u8>, os: Option<&str>, comment: Option<&str>) {
    block(out, SECTION, |out| {
        out.extend(0x1a2b_3c4d_u32.to_le_bytes());
        out.extend(1_u16.to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        // its length is not known yet
        out.extend((-1_i64).to_le_bytes());
        let maker = concat!("wireseam ", env!("CARGO_PKG_VERSION"));
        text(out, OPT_COMMENT, comment);
        text(out, SHB_OS, os);
        text(out, SHB_USERAPPL, Some(maker));
        end_of_options(out);
    });
}

/// An Interface Description Block (4.2); its clock counts nanoseconds.
pub(super) fn interface(out: &mut Vec<u8>, interface: &Interface) {
    block(out, INTERFACE, |out| {
        let link = u16::try_from(interface.link.number()).unwrap_or(u16::MAX);
        out.extend(link.to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out.extend(interface.snaplen.unwrap_or(0).to_le_bytes());
        text(out, IF_NAME, interface.name.as_deref());
        text(out, IF_DESCRIPTION, interface.description.as_deref());
        option(out, IF_TSRESOL, &[9]);
        if let Some(filter) = &interface.filter {
            // 0: it is a text, as libpcap takes it
            option(out, IF_FILTER, &[&[0], filter.as_bytes()].concat());
        }
        text(out, IF_OS, interface.os.as_deref());
        text(out, IF_HARDWARE, interface.hardware.as_deref());
        end_of_options(out);
    });
}

/// An Enhanced Packet Block (4.3). A packet without a time is written with the time 0.
#[inline]
pub(super) fn packet(out: &mut Vec<u8>, interface: u32, packet: &Packet<'_>) {
    block(out, PACKET, |out| {
        let mut head = [0; 20];
        let captured = u32::try_from(packet.data.len()).unwrap_or(u32::MAX);
        let (high, low) = time(packet.at);
        let fields = [interface, high, low, captured, packet.original_len];
        for (place, field) in head.chunks_exact_mut(4).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        out.extend_from_slice(&head);
        padded(out, packet.data);
    });
}

/// How long the block of a packet is.
pub(super) fn packet_len(data: usize) -> u64 {
    u64::try_from(32 + data.next_multiple_of(4)).unwrap_or(u64::MAX)
}

/// An Interface Statistics Block (4.6); what is unknown is left out.
pub(super) fn statistics(
    out: &mut Vec<u8>,
    interface: u32,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    counters: &Counters,
) {
    block(out, STATISTICS, |out| {
        let (high, low) = time(to);
        for field in [interface, high, low] {
            out.extend(field.to_le_bytes());
        }
        for (code, at) in [(ISB_STARTTIME, from), (ISB_ENDTIME, to)] {
            if at.is_some() {
                let (high, low) = time(at);
                option(out, code, &[high.to_le_bytes(), low.to_le_bytes()].concat());
            }
        }
        for (code, counted) in [
            (ISB_IFRECV, counters.received),
            (ISB_IFDROP, counters.dropped_by_interface),
            (ISB_FILTERACCEPT, counters.accepted),
            (ISB_OSDROP, counters.dropped_by_kernel),
            (ISB_USRDELIV, counters.delivered),
        ] {
            if let Some(counted) = counted {
                option(out, code, &counted.to_le_bytes());
            }
        }
        end_of_options(out);
    });
}

/// Whole blocks in the first `len` bytes of `blocks`: how many bytes they have, and how many of them are packets.
pub(super) fn whole(blocks: &[u8], len: usize) -> (usize, u64) {
    let number = |at: usize| {
        let bytes = blocks.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    };
    let (mut end, mut packets) = (0, 0);
    while let (Some(kind), Some(block_len)) = (number(end), number(end + 4)) {
        let next = usize::try_from(block_len).map_or(usize::MAX, |block_len| end + block_len);
        if next > len || next <= end {
            break;
        }
        end = next;
        packets += u64::from(kind == PACKET);
    }
    (end, packets)
}

/// A block around what `body` writes (3.1): its length stands before and behind.
#[inline]
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    body(out);
    let len = u32::try_from(out.len() - start + 4)
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    out.extend_from_slice(&len);
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&len);
    }
}

fn text(out: &mut Vec<u8>, code: u16, text: Option<&str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        option(out, code, text.as_bytes());
    }
}

/// An option (3.5); one too long for its length field is cut.
fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
    out.extend(code.to_le_bytes());
    out.extend(len.to_le_bytes());
    padded(out, value.get(..usize::from(len)).unwrap_or(value));
}

fn end_of_options(out: &mut Vec<u8>) {
    out.extend([0; 4]);
}

#[inline]
fn padded(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
    let padding = bytes.len().next_multiple_of(4) - bytes.len();
    out.extend_from_slice([0_u8; 3].get(..padding).unwrap_or_default());
}

/// The upper and the lower half of a time; there is none before 1970.
fn time(at: Option<Timestamp>) -> (u32, u32) {
    let ticks = at.map_or(0, |at| u64::try_from(at.0).unwrap_or(0));
    let half = |bits: u64| u32::try_from(bits & 0xffff_ffff).unwrap_or(0);
    (half(ticks >> 32), half(ticks))
}

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;

const OPT_COMMENT: u16 = 1;
const SHB_OS: u16 = 3;
const SHB_USERAPPL: u16 = 4;
const IF_NAME: u16 = 2;
const IF_DESCRIPTION: u16 = 3;
const IF_TSRESOL: u16 = 9;
const IF_FILTER: u16 = 11;
const IF_OS: u16 = 12;
const IF_HARDWARE: u16 = 15;
const ISB_STARTTIME: u16 = 2;
const ISB_ENDTIME: u16 = 3;
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_FILTERACCEPT: u16 = 6;
const ISB_OSDROP: u16 = 7;
const ISB_USRDELIV: u16 = 8;
