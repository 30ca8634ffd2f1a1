//! The last lesson: one layer more. Socket.IO packets in Engine.IO packets in WebSocket messages; recorded, not played.

use wireseam::report::schema::{Bytes, Message};

use super::super::{
    lesson::{Part, Told, claim},
    picture::{Cell, Kind, Picture},
    rows::quoted,
    take::{Take, text},
};

pub(in super::super) fn tell(take: &Take) -> anyhow::Result<Told> {
    let stream = take.client(2)?;
    let messages: Vec<_> = stream.messages().collect();
    let events = events(&messages);
    claim(
        events.len() == 8,
        "the recording does not hold eight events",
    )?;
    let window = Bytes(FROM, events.last().map_or(FROM, |(bytes, _)| bytes.1));
    let cells = events
        .into_iter()
        .map(|(bytes, labels)| Cell::new(bytes, labels));
    Ok(Told {
        scene: "A recording of Socket.IO. Each of its packets is a WebSocket message that begins with two digits: 42 is an \
                event, 45 an event whose binary data follow in messages of their own."
            .to_owned(),
        parts: vec![Part::Picture(
            Picture::new("from the client, the last three events", window)
                .segments(stream)
                .frames(stream)
                .messages(stream)
                .counted("event", "events", Kind::Meant, cells.collect()),
        )],
        notice: "One event is one message, or several; one message is one segment, or several. Each layer has its own edges \
                 and writes them into its own bytes."
            .to_owned(),
        belief: "one event is one message is one packet",
    })
}

/// Events with their bytes, and what to call them; an event takes along the binary messages that it announces.
fn events(messages: &[&Message]) -> Vec<(Bytes, Vec<String>)> {
    let mut rest = messages.iter();
    let mut events = Vec::new();
    while let Some(message) = rest.next() {
        let Some(packet) =
            text(message).filter(|text| text.starts_with("42") || text.starts_with("45"))
        else {
            continue;
        };
        let attachments = packet
            .strip_prefix("45")
            .and_then(|rest| rest.split_once('-'));
        let attachments = attachments
            .and_then(|(count, _)| count.parse().ok())
            .unwrap_or(0);
        let last = rest.by_ref().take(attachments).last().unwrap_or(message);
        let name = packet.split('"').nth(1).unwrap_or_default();
        let kind = if attachments > 0 {
            "binary event"
        } else {
            "event"
        };
        events.push((
            Bytes(message.span.0, last.span.1),
            vec![
                format!("{kind} {}", quoted(name)),
                kind.to_owned(),
                "e".to_owned(),
            ],
        ));
    }
    events
}

/// Where the first event shown begins.
const FROM: u64 = 472;
