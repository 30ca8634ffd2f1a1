//! Any bytes where heads of requests and responses should be, in any segments.

use super::{
    conversation::{Conversation, cuts},
    input::Input,
};

/// The input: places of cuts, then turns.
pub(crate) fn http_head(data: &[u8]) {
    let mut input = Input::new(data);
    let cuts = cuts(&mut input);
    let conversation = Conversation::default().continue_with(&mut input);
    conversation.says_the_same_however_it_is_cut(&cuts);
}
