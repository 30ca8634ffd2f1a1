//! Whether the messages say what was claimed and lie as claimed against the segments.

use sha2::{Digest, Sha256};
use wireseam_fixtures::{MessageClaim, PacketRef, Role, TornClaim, TornPlace};

use super::{
    Number,
    difference::{Judgement, Place},
    words::{self, direction, word},
};
use crate::report::schema::{Message, Slice, Torn, WebSocket};

/// Judges each direction of each WebSocket in its order.
pub(super) fn judge(
    judgement: &mut Judgement,
    claimed: &[MessageClaim],
    number: Number<'_>,
    websockets: &[&WebSocket],
) {
    let last = claimed.iter().map(|claim| claim.websocket).max();
    for which in 1..=websockets.len().max(last.unwrap_or_default()) {
        let messages = websockets
            .get(which - 1)
            .map_or(&[][..], |websocket| &websocket.messages);
        for role in [Role::Client, Role::Server] {
            let claimed: Vec<&MessageClaim> = claimed
                .iter()
                .filter(|claim| claim.websocket == which && claim.from == role)
                .collect();
            let found: Vec<&Message> = messages
                .iter()
                .filter(|message| message.direction.0 == direction(role))
                .collect();
            let from = if websockets.len() > 1 {
                format!("from the {role} of WebSocket {which}")
            } else {
                format!("from the {role}")
            };
            judge_direction(judgement, &from, &claimed, number, &found);
        }
    }
}

fn judge_direction(
    judgement: &mut Judgement,
    from: &str,
    claimed: &[&MessageClaim],
    number: Number<'_>,
    found: &[&Message],
) {
    if claimed.len() != found.len() {
        let brief = |message: &&Message| {
            let opcode = word(message.opcode);
            let length = message
                .length
                .map_or_else(|| "?".to_owned(), |length| length.to_string());
            let incomplete = if message.complete { "" } else { " incomplete" };
            format!("m{} {opcode} {length}{incomplete}", message.id)
        };
        let messages = words::list(found.iter().map(brief));
        judgement.differ(
            from,
            format!("messages {}", claimed.len()),
            format!("{}: {messages}", found.len()),
        );
    }
    for (at, (claim, found)) in claimed.iter().zip(found).enumerate() {
        let packets = packets(&found.slices);
        let packets = match packets.as_slice() {
            [only] => format!("packet {only}"),
            several => format!("packets {}", words::list(several)),
        };
        let about = format!(
            "message {} {from} (bytes {}, {packets})",
            at + 1,
            found.span
        );
        judgement.place = found.slices.first().map(|slice| Place {
            packet: slice.packet,
            direction: found.direction.0,
            offset: found.span.0,
        });
        judge_content(judgement, &about, claim, found);
        judge_alignment(judgement, &about, claim, found);
        judge_packets(judgement, &about, claim, number, found);
    }
    judgement.place = None;
}

fn judge_content(judgement: &mut Judgement, about: &str, claim: &MessageClaim, found: &Message) {
    judgement.compare(
        about,
        "opcode",
        claim.opcode().map(words::opcode),
        word(found.opcode),
    );
    judgement.compare(about, "complete", Some(claim.complete), found.complete);
    judgement.compare(about, "compressed", claim.compressed, found.compressed);
    judgement.compare(about, "length", claim.length(), word(found.length));
    let said = claim.content().map(|content| hex(&Sha256::digest(content)));
    let written = claim.sha256.as_deref().map(|digits| {
        let digits = digits.chars().filter(|digit| !digit.is_whitespace());
        digits.collect::<String>().to_ascii_lowercase()
    });
    for claimed in [said, written] {
        judgement.compare(about, "SHA-256", claimed, word(found.sha256.as_deref()));
    }
}

fn judge_alignment(judgement: &mut Judgement, about: &str, claim: &MessageClaim, found: &Message) {
    let found = &found.alignment;
    judgement.compare(
        about,
        "alignment",
        claim.alignment.map(words::alignment),
        found.kind,
    );
    judgement.compare(about, "segments", claim.segments, found.segments);
    judgement.compare(
        about,
        "with_handshake",
        claim.with_handshake,
        found.with_handshake,
    );
    judgement.compare(
        about,
        "retransmission",
        claim.retransmission,
        found.retransmission,
    );
    judgement.compare(about, "gap", claim.gap, found.gap);
    judgement.compare(
        about,
        "super_segment",
        claim.super_segment,
        found.super_segment,
    );
    if let Some(claimed) = &claim.torn {
        // a place is written as it was claimed: as an offset only where the claim is one
        let places = claimed
            .iter()
            .map(Some)
            .chain(std::iter::repeat(None))
            .zip(&found.torn);
        let found = words::list(places.map(|(claim, cut)| torn(claim, cut)));
        let claimed = words::list(claimed.iter().map(claimed_torn));
        judgement.compare(about, "torn", Some(claimed), found);
    }
}

fn claimed_torn(claim: &TornClaim) -> String {
    match claim.place {
        TornPlace::After(after) => format!("{}+{after}", claim.part),
        TornPlace::At(at) => format!("{}@{at}", claim.part),
    }
}

fn torn(claim: Option<&TornClaim>, cut: &Torn) -> String {
    match claim.map(|claim| claim.place) {
        Some(TornPlace::At(_)) => format!("{}@{}", cut.part, cut.at),
        Some(TornPlace::After(_)) | None => format!("{}+{}", cut.part, cut.after),
    }
}

fn judge_packets(
    judgement: &mut Judgement,
    about: &str,
    claim: &MessageClaim,
    number: Number<'_>,
    found: &Message,
) {
    let number = |reference: &PacketRef| word(number(reference));
    judgement.compare(
        about,
        "packets",
        claim
            .packets
            .as_ref()
            .map(|packets| words::list(packets.iter().map(number))),
        words::list(packets(&found.slices)),
    );
    judgement.compare(
        about,
        "completed_by packet",
        claim.completed_by.as_ref().map(number),
        found.timing.completed_by,
    );
}

/// The packets of these slices, each once, in stream order.
fn packets(slices: &[Slice]) -> Vec<u64> {
    let mut packets = Vec::new();
    for slice in slices {
        if !packets.contains(&slice.packet) {
            packets.push(slice.packet);
        }
    }
    packets
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
