//! What a fixture claims that messages and control frames say, in place of what the analyzer read.
//!
//! A claim was written from the script before anything read it; where the two differ, it counts. What it claims beyond the
//! analyzer's list has no place in the stream, and is expected by its end.

use wireseam_analyzer::Role;
use wireseam_fixtures::{Claim, ControlClaim, ControlOpcode, MessageClaim, MessageOpcode};

use super::{
    decoder::{CloseEvent, Content, MessageType},
    derive::Derived,
    expected::{Pattern, Wanted},
};

/// Puts what is claimed of this direction of the WebSocket with this number, from 1, in the place of what was read.
pub(super) fn apply(claim: &Claim, number: usize, derived: &mut Derived) {
    let (sender, end) = derived.sender_and_end();
    if let Some(messages) = &claim.messages {
        let claimed: Vec<&MessageClaim> = messages
            .iter()
            .filter(|claim| claim.websocket == number && claim.from == sender)
            .collect();
        derived.messages.resize(claimed.len(), None);
        for (wanted, claim) in derived.messages.iter_mut().zip(claimed) {
            *wanted = message(claim, wanted.take(), end);
        }
    }
    if let Some(control) = &claim.control {
        let claimed: Vec<&ControlClaim> = control
            .iter()
            .filter(|claim| claim.websocket == number && claim.from == sender)
            .collect();
        derived.control.truncate(claimed.len());
        for (at, claim) in claimed.iter().enumerate() {
            let read = derived.control.get(at);
            if read.is_some_and(|read| is_of(claim, &read.what)) {
                continue;
            }
            let place = read.map_or(end, |read| read.complete);
            let wanted = Wanted {
                what: control_pattern(claim),
                complete: place,
            };
            match derived.control.get_mut(at) {
                Some(read) => *read = wanted,
                None => derived.control.push(wanted),
            }
        }
    }
}

/// A message as it is claimed; what the claim leaves open is as it was read.
fn message(claim: &MessageClaim, read: Option<Wanted>, end: usize) -> Option<Wanted> {
    if !claim.complete {
        return None;
    }
    let (complete, read) = match read {
        Some(wanted) => (wanted.complete, Some(wanted.what)),
        None => (end, None),
    };
    let (read_kind, read_length, read_content) = match read {
        Some(Pattern::Message {
            kind,
            length,
            content,
        }) => (kind, length, content),
        _ => (None, None, None),
    };
    let kind = claim.opcode().map(|opcode| match opcode {
        MessageOpcode::Text => MessageType::Text,
        MessageOpcode::Binary => MessageType::Binary,
    });
    let length = claim.length();
    let said = claim.content().map(|content| Content::of(&content));
    let hashed = claim
        .sha256
        .as_deref()
        .and_then(digest)
        .map(|sha256| Content {
            sha256,
            length,
            begin: Vec::new(),
        });
    // the same hash says no more than what was read, which also tells how the message begins
    let claimed = said.or(hashed);
    let content = match (claimed, read_content) {
        (Some(claimed), Some(read)) if claimed == read => Some(read),
        (Some(claimed), _) => Some(claimed),
        (None, read) => read.filter(|_| length.is_none() || length == read_length),
    };
    // a message that was read without content and is claimed without any does not say enough to be expected
    if content.is_none() && length.is_none() && read_length.is_none() {
        return None;
    }
    Some(Wanted {
        what: Pattern::Message {
            kind: kind.or(read_kind),
            length: length.or(read_length),
            content,
        },
        complete,
    })
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let digits: String = hex.chars().filter(|digit| !digit.is_whitespace()).collect();
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Whether what was read is what is claimed.
fn is_of(claim: &ControlClaim, read: &Pattern) -> bool {
    let (opcode, length) = match read {
        Pattern::Ping(content) => (ControlOpcode::Ping, content.length),
        Pattern::Pong(content) => (ControlOpcode::Pong, content.length),
        Pattern::Close(close) => {
            let code = if close.code.is_some() { 2 } else { 0 };
            let length = u64::try_from(close.reason.len() + code).ok();
            // one byte is no code, and a reason that is no text has been replaced
            let is_known = claim.length != Some(1) && !close.reason.contains('\u{FFFD}');
            (ControlOpcode::Close, length.filter(|_| is_known))
        }
        Pattern::Message { .. } => return false,
    };
    opcode == claim.opcode
        && claim
            .length
            .zip(length)
            .is_none_or(|(claimed, read)| claimed == read)
}

/// A control frame of which only the claim speaks: its payload is not claimed, and is taken for empty.
fn control_pattern(claim: &ControlClaim) -> Pattern {
    match claim.opcode {
        ControlOpcode::Ping => Pattern::Ping(Content::of(b"")),
        ControlOpcode::Pong => Pattern::Pong(Content::of(b"")),
        ControlOpcode::Close => Pattern::Close(CloseEvent {
            code: None,
            reason: String::new(),
        }),
    }
}

/// The end that sends to a decoder in this role.
pub(super) fn sender(role: Role) -> wireseam_fixtures::Role {
    match role {
        Role::Server => wireseam_fixtures::Role::Client,
        Role::Client => wireseam_fixtures::Role::Server,
    }
}
