//! Any bytes behind an upgrade, in any segments: the same is said, and tungstenite says so too.

use wireseam::analyzer::Direction;

use super::{
    conversation::{Conversation, cuts, is_searched},
    input::Input,
    oracle::hold_against_tungstenite,
};

/// The input: places of cuts, then turns.
pub(crate) fn frames(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = cuts(&mut input);
    let upgraded = Conversation::upgraded([b"", b""]);
    let heads = upgraded.turns.len();
    let conversation = upgraded.continue_with(&mut input);
    let events = conversation.says_the_same_however_it_is_cut(&cuts);
    assert!(
        !is_searched(&events),
        "nothing is missing, and frames were lost"
    );
    let behind = Conversation {
        turns: conversation.turns[heads..].to_vec(),
    };
    for direction in Direction::BOTH {
        hold_against_tungstenite(&events, direction, &behind.stream(direction));
    }
}
