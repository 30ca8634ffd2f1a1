//! Whether the control frames are those claimed (RFC 6455 5.5).

use wireseam_analyzer::Opcode;
use wireseam_fixtures::{ControlClaim, Role};

use super::{
    difference::Judgement,
    words::{self, direction},
};
use crate::report::schema::{Code, Control, WebSocket};

/// Judges each direction of each WebSocket in its order.
pub(super) fn judge(
    judgement: &mut Judgement,
    claimed: &[ControlClaim],
    websockets: &[&WebSocket],
) {
    let last = claimed.iter().map(|claim| claim.websocket).max();
    for number in 1..=websockets.len().max(last.unwrap_or_default()) {
        let frames = websockets
            .get(number - 1)
            .map_or(&[][..], |websocket| &websocket.control);
        for role in [Role::Client, Role::Server] {
            let claimed: Vec<&ControlClaim> = claimed
                .iter()
                .filter(|claim| claim.websocket == number && claim.from == role)
                .collect();
            let found: Vec<&Control> = frames
                .iter()
                .filter(|frame| frame.direction.0 == direction(role))
                .collect();
            let about = format!("WebSocket {number}, from the {role}");
            judge_direction(judgement, &about, &claimed, &found);
        }
    }
}

fn judge_direction(
    judgement: &mut Judgement,
    about: &str,
    claimed: &[&ControlClaim],
    found: &[&Control],
) {
    let opcodes = |control: &&Control| opcode(control.opcode);
    if claimed.len() != found.len() {
        let opcodes = words::list(found.iter().map(opcodes));
        judgement.differ(
            about,
            format!("control frames {}", claimed.len()),
            format!("{}: {opcodes}", found.len()),
        );
        return;
    }
    for (claim, found) in claimed.iter().zip(found) {
        let about = format!("{about}, control frame F{}", found.frame);
        judgement.compare(
            &about,
            "opcode",
            Some(words::control(claim.opcode)),
            opcode(found.opcode),
        );
        judgement.compare(&about, "length", claim.length, found.length);
        judgement.compare(&about, "answers", claim.answers, found.answers.is_some());
    }
}

fn opcode(code: Code) -> String {
    match code.0 {
        Opcode::Reserved(bits) => bits.to_string(),
        named => named.to_string(),
    }
}
