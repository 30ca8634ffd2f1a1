//! Whether a packet's segment is what was claimed.

use wireseam_fixtures::SegmentClaim;

use super::{
    Number,
    difference::{Judgement, Place},
    words,
};
use crate::report::schema::Report;

/// Judges the packet that the claim names.
pub(super) fn judge(
    judgement: &mut Judgement,
    claim: &SegmentClaim,
    number: Number<'_>,
    report: &Report,
) {
    let number = number(&claim.packet);
    let mut segments = report
        .connections
        .iter()
        .flat_map(|connection| &connection.segments);
    let found = segments.find(|segment| Some(segment.packet) == number);
    let about = match number {
        Some(number) if number.to_string() != claim.packet.to_string() => {
            format!("packet {number} ({})", claim.packet)
        }
        _ => format!("packet {}", claim.packet),
    };
    let Some(found) = found else {
        judgement.differ(&about, "a segment".to_owned(), "none".to_owned());
        return;
    };
    judgement.place = Some(Place {
        packet: found.packet,
        direction: found.direction.0,
        offset: found.span.0,
    });
    judgement.compare(&about, "kind", claim.kind.map(words::segment), found.kind);
    judgement.compare(
        &about,
        "super_segment",
        claim.super_segment,
        found.super_segment,
    );
    judgement.place = None;
}
