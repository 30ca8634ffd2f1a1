//! Cuts in words: "packet 12 ends after mask byte 2 of frame 3".

use std::collections::BTreeMap;

use wireseam_analyzer::{Direction, Part};

use crate::report::schema::{Connection, Frame, Torn};

/// The sentences to put under a packet, for the cuts that its bracket does not show: those outside the payload or at its
/// start, and inside a code point.
pub(super) fn by_packet(connection: &Connection) -> BTreeMap<(Direction, u64), Vec<String>> {
    let mut sentences: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for websocket in &connection.websockets {
        let mut cuts: BTreeMap<(u64, u64), Torn> = BTreeMap::new();
        let of_frames = websocket
            .frames
            .iter()
            .flat_map(|frame| &frame.alignment.torn);
        let of_messages = websocket
            .messages
            .iter()
            .flat_map(|message| &message.alignment.torn);
        cuts.extend(
            of_frames
                .chain(of_messages)
                .map(|cut| ((cut.frame, cut.at), *cut)),
        );
        for cut in cuts.values().filter(|cut| is_told(cut)) {
            let Ok(at) = websocket
                .frames
                .binary_search_by_key(&cut.frame, |frame| frame.id)
            else {
                continue;
            };
            let frame = &websocket.frames[at];
            if let Some((packet, sentence)) = sentence(frame, cut) {
                sentences
                    .entry((frame.direction.0, packet))
                    .or_default()
                    .push(sentence);
            }
        }
    }
    sentences
}

/// Whether a cut has a sentence of its own.
pub(super) fn is_told(cut: &Torn) -> bool {
    cut.part.0 != Part::Payload || cut.after == 0
}

/// The packet that ends at the cut and the sentence about it; nothing where the bytes before the cut were not captured.
pub(super) fn sentence(frame: &Frame, cut: &Torn) -> Option<(u64, String)> {
    let packet = frame
        .slices
        .iter()
        .find(|slice| slice.span.1 == cut.at)?
        .packet;
    let place = match (cut.part.0, cut.after) {
        (Part::CodePoint, _) => {
            format!(
                "inside a code point, after payload byte {}",
                cut.at.saturating_sub(frame.payload.0)
            )
        }
        (part, 0) => format!("before the {}", words(part)),
        (part, after) => format!("after {} byte {after}", words(part)),
    };
    Some((
        packet,
        format!("packet {packet} ends {place} of frame {}", frame.id),
    ))
}

fn words(part: Part) -> &'static str {
    match part {
        Part::Header => "header",
        Part::ExtendedLength => "extended length",
        Part::Mask => "mask",
        Part::Payload | Part::CodePoint => "payload",
    }
}
