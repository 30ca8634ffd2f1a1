//! The bytes around a place in a stream, as they stand in its packet.

use std::fmt;

use wireseam_analyzer::Direction;
use wireseam_capture::Source;
use wireseam_wire::Decoder;

use crate::case::Case;
use crate::claim::Place;
use crate::report::schema::Report;

/// How many bytes are shown on each side.
const SHOWN: usize = 8;

/// Some bytes of a packet's payload.
///
/// ```text
/// byte 161 from the client, packet 8: 0a 0d 0a | 81 85 00 01
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// The place.
    pub place: Place,
    /// The bytes in front of it, in the same packet.
    pub before: Vec<u8>,
    /// The byte there and those behind it.
    pub from: Vec<u8>,
}

impl Around {
    pub(super) fn find(case: &Case, report: &Report, place: Place) -> Option<Self> {
        let segments = report
            .connections
            .iter()
            .flat_map(|connection| &connection.segments);
        let span = segments
            .filter(|segment| segment.packet == place.packet)
            .map(|segment| segment.span)
            .next()?;
        let payload = payload(case, place.packet)?;
        // a place in front of the packet's first byte is where the packet begins
        let at = place.offset.saturating_sub(span.0);
        let (before, from) = payload.split_at_checked(usize::try_from(at).ok()?)?;
        Some(Self {
            place,
            before: before.get(before.len().saturating_sub(SHOWN)..)?.to_vec(),
            from: from.get(..from.len().min(SHOWN))?.to_vec(),
        })
    }
}

/// The payload of the segment in a packet.
fn payload(case: &Case, number: u64) -> Option<Vec<u8>> {
    let mut source = case.source().ok()?;
    let mut decoder = Decoder::default();
    while let Ok(Some(packet)) = source.next_packet() {
        match decoder.decode(&packet) {
            Ok(segment) if segment.packet.0 == number => return Some(segment.payload.to_vec()),
            _ => {}
        }
    }
    None
}

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            packet,
            direction,
            offset,
        } = self.place;
        let from = match direction {
            Direction::ClientToServer => "client",
            Direction::ServerToClient => "server",
        };
        write!(f, "byte {offset} from the {from}, packet {packet}:")?;
        for byte in &self.before {
            write!(f, " {byte:02x}")?;
        }
        f.write_str(" |")?;
        for byte in &self.from {
            write!(f, " {byte:02x}")?;
        }
        Ok(())
    }
}
