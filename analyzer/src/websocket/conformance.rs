//! What a frame's header must not say (RFC 6455 5.1, 5.2, 5.4, 5.5; RFC 7692 6.1).

use super::extension::Agreement;
use super::frame::FrameHeader;
use crate::finding::{self, Rule};
use crate::{Direction, Opcode};

/// A control frame's longest payload (RFC 6455 5.5).
pub(super) const LONGEST_CONTROL: u64 = 125;

/// How the reserved bits are read in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// No extension was agreed that uses them.
    None,
    /// permessage-deflate, as the sender has to use it.
    Deflate(Agreement),
    /// An extension not known here may use them.
    Unknown,
    /// The handshake is not in the capture: it may be permessage-deflate with a window kept.
    Assumed,
}

impl Compression {
    /// Whether a message whose first frame has RSV1 set is compressed by permessage-deflate.
    pub(super) fn is_deflate(self) -> bool {
        matches!(self, Self::Deflate(_) | Self::Assumed)
    }

    /// How messages are compressed, where they are.
    pub(super) fn agreement(self) -> Agreement {
        match self {
            Self::Deflate(agreement) => agreement,
            _ => Agreement::default(),
        }
    }
}

/// What a header breaks, in the order of the frame's bytes.
pub(super) fn faults(
    header: &FrameHeader,
    direction: Direction,
    compression: Compression,
) -> Vec<(&'static Rule, String)> {
    let mut faults = Vec::new();
    let opcode = header.opcode;
    reserved_bits(header, compression, &mut faults);
    if let Opcode::Reserved(bits) = opcode {
        faults.push((
            &finding::WS_OPCODE_RESERVED,
            format!("opcode 0x{bits:x} is reserved"),
        ));
    }
    if opcode.is_control() && !header.fin {
        faults.push((
            &finding::WS_CONTROL_FRAGMENTED,
            format!("a {opcode} frame without FIN"),
        ));
    }
    if opcode.is_control() && header.length > LONGEST_CONTROL {
        faults.push((
            &finding::WS_CONTROL_LENGTH,
            format!("a {opcode} frame of {} bytes", header.length),
        ));
    }
    if header.length >> 63 != 0 {
        faults.push((
            &finding::WS_LENGTH_MSB,
            format!("announced length 0x{:016x}", header.length),
        ));
    }
    if !header.is_minimal() {
        faults.push((
            &finding::WS_LENGTH_FORM,
            format!(
                "length {} in {} bytes",
                header.length, header.extended_length
            ),
        ));
    }
    match (direction, header.masking_key) {
        (Direction::ClientToServer, None) => faults.push((
            &finding::WS_MASK_MISSING,
            format!("the client's {opcode} frame is not masked"),
        )),
        (Direction::ServerToClient, Some(_)) => faults.push((
            &finding::WS_MASK_UNEXPECTED,
            format!("the server's {opcode} frame is masked"),
        )),
        _ => {}
    }
    faults
}

fn reserved_bits(
    header: &FrameHeader,
    compression: Compression,
    faults: &mut Vec<(&'static Rule, String)>,
) {
    if header.rsv == [false; 3] {
        return;
    }
    let [rsv1, rsv2, rsv3] = header.rsv;
    let names = [
        (rsv1 && !compression.is_deflate(), "RSV1"),
        (rsv2, "RSV2"),
        (rsv3, "RSV3"),
    ];
    let set: Vec<&str> = names
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| *name)
        .collect();
    if !set.is_empty() && compression != Compression::Unknown {
        faults.push((
            &finding::WS_RSV,
            format!(
                "{} set and no extension agreed that defines it",
                set.join(", ")
            ),
        ));
    }
    if rsv1 && compression.is_deflate() && !matches!(header.opcode, Opcode::Text | Opcode::Binary) {
        faults.push((
            &finding::DEFLATE_RSV1,
            format!("RSV1 set on a {} frame", header.opcode),
        ));
    }
}
