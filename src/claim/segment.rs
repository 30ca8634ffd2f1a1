//! Whether a packet's segment is what was claimed.

use wireseam_fixtures::{Built, SegmentClaim};

use super::{difference::Judgement, words};
use crate::report::schema::Report;

/// Judges the packet that the claim names.
pub(super) fn judge(
    judgement: &mut Judgement,
    claim: &SegmentClaim,
    built: &Built,
    report: &Report,
) {
    let number = built.packet_number(&claim.packet);
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
    judgement.compare(&about, "kind", claim.kind.map(words::segment), found.kind);
    judgement.compare(
        &about,
        "super_segment",
        claim.super_segment,
        found.super_segment,
    );
}
