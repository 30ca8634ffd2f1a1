//! The segments of one connection in any order, cut anyhow, repeated, with other edges, some of them missing; with
//! acknowledgements, keep-alives and FINs: what is said of it against an array of bytes.

use wireseam::{
    analyzer::{Direction, Event},
    wire::{Flags, Segment, Seq},
};

use super::{
    conversation::{Conversation, Watched, run, segment, seq},
    input::Input,
    model::Model,
    said::{message, messages},
};

/// The input: whether everything is captured in the end, how many steps, the steps (a byte of choices, two numbers, a
/// byte), then turns of frames.
pub(crate) fn reassembly(data: &[u8]) {
    let mut input = Input::new(data);
    let choices = input.byte();
    let steps: Vec<Step> = (0..choices & 0x3F)
        .map(|_| Step::read(&mut input))
        .collect();
    let conversation = Conversation::upgraded([b"", b""]).continue_with(&mut input);
    let mut sending = Sending::new(&conversation);
    if choices & 0x40 == 0 {
        // the heads first, so that most inputs are about frames
        for (direction, head) in &conversation.turns[..2] {
            sending.data(*direction, 0, head.len(), Flags::PSH);
        }
    }
    for step in steps {
        sending.step(&step);
    }
    let is_whole = choices & 0x80 != 0;
    if is_whole {
        for direction in Direction::BOTH {
            sending.send_missing(direction);
        }
    }
    let (events, models) = sending.finish();
    for (direction, model) in Direction::BOTH.into_iter().zip(&models) {
        model.hold(direction, &events);
    }
    let in_order = run(&conversation.whole());
    for (direction, model) in Direction::BOTH.into_iter().zip(&models) {
        let whole = said_in(&in_order, direction);
        let found = said_in(&events, direction);
        if is_whole {
            assert_eq!(found, whole, "messages of {direction}");
        }
        // what ends before the first missing byte cannot be touched by it
        let missing = model.first_missing(conversation.stream(direction).len());
        let before = |said: &[(u64, String)]| -> Vec<(u64, String)> {
            let missing = missing.map_or(u64::MAX, |at| at as u64);
            said.iter()
                .filter(|(end, _)| *end <= missing)
                .cloned()
                .collect()
        };
        let heads_are_there = models
            .iter()
            .zip(&conversation.turns)
            .all(|(model, (_, head))| model.first_missing(head.len()).is_none());
        if heads_are_there {
            assert_eq!(
                before(&found),
                before(&whole),
                "messages of {direction} before {missing:?}"
            );
        }
    }
}

/// The messages of a direction that are complete, and where they end.
fn said_in(events: &[Event], direction: Direction) -> Vec<(u64, String)> {
    messages(events)
        .filter(|message| message.direction == direction && message.complete)
        .map(|it| (it.span.end.0, message(it)))
        .collect()
}

/// One thing that happens.
#[derive(Debug)]
struct Step {
    choices: u8,
    start: usize,
    length: usize,
}

impl Step {
    fn read(input: &mut Input<'_>) -> Self {
        Self {
            choices: input.byte(),
            start: input.number(),
            length: input.number(),
        }
    }
}

/// A connection whose segments are being captured, and the array of bytes beside it.
struct Sending {
    streams: [Vec<u8>; 2],
    models: [Model; 2],
    watched: Watched,
    packet: u64,
    /// How far each direction was sent, captured or not.
    sent: [usize; 2],
}

impl Sending {
    fn new(conversation: &Conversation) -> Self {
        Self {
            streams: Direction::BOTH.map(|direction| conversation.stream(direction)),
            models: Default::default(),
            watched: Watched::opened(),
            packet: 2,
            sent: [0, 0],
        }
    }

    fn step(&mut self, step: &Step) {
        let direction = Direction::BOTH[usize::from(step.choices & 1)];
        let side = direction as usize;
        let length = self.streams[side].len();
        let start = step.start % (length + 1);
        match step.choices >> 1 & 0x0F {
            // the other end has everything up to there
            0 => {
                self.models[side].acknowledged = self.models[side].acknowledged.max(start);
                self.bare(direction.reversed(), Flags::ACK);
            }
            // a keep-alive: the byte before the next, again (RFC 9293 3.8.4)
            1 => {
                if let Some(start) = self.sent[side].checked_sub(1) {
                    self.data(direction, start, 1, Flags::ACK);
                }
            }
            // the end, with what stands before it
            2 => self.data(
                direction,
                start,
                length - start,
                Flags::FIN.with(Flags::ACK),
            ),
            3 => self.data(direction, length, 0, Flags::FIN.with(Flags::ACK)),
            // a reset: what it carries is not stream (RFC 9293 3.10.7.4)
            15 => self.reset(direction, step.length & 0x0F),
            // the next bytes, in order
            4..=8 => self.data(direction, self.sent[side], step.length, Flags::PSH),
            // some bytes
            _ => self.data(
                direction,
                start,
                step.length & 0x3FF,
                Flags::PSH.with(Flags::ACK),
            ),
        }
    }

    /// Sends these bytes, as far as there are any.
    fn data(&mut self, direction: Direction, start: usize, length: usize, flags: Flags) {
        let side = direction as usize;
        let stream = &self.streams[side];
        let end = (start + length).min(stream.len());
        self.packet += 1;
        let segment = Segment {
            seq: seq(direction, start),
            ack: self.ack(direction),
            ..segment(self.packet, direction, flags, &stream[start..end])
        };
        self.watched.handle(&segment);
        self.models[side].carry(self.packet, start, end - start);
        if flags.contains(Flags::FIN) {
            self.models[side].fin = Some(end);
        }
        self.sent[side] = self.sent[side].max(end);
    }

    fn reset(&mut self, direction: Direction, length: usize) {
        self.packet += 1;
        let segment = Segment {
            seq: seq(direction, self.sent[direction as usize]),
            ..segment(self.packet, direction, Flags::RST, &[b'x'; 16][..length])
        };
        self.watched.handle(&segment);
    }

    fn bare(&mut self, direction: Direction, flags: Flags) {
        self.packet += 1;
        let segment = Segment {
            seq: seq(direction, self.sent[direction as usize]),
            ack: self.ack(direction),
            ..segment(self.packet, direction, flags, b"")
        };
        self.watched.handle(&segment);
    }

    /// What an end says that it has of the other direction.
    fn ack(&self, direction: Direction) -> Seq {
        let other = direction.reversed();
        seq(other, self.models[other as usize].acknowledged)
    }

    /// Sends every missing byte, with some behind it that may have been sent.
    fn send_missing(&mut self, direction: Direction) {
        let side = direction as usize;
        let length = self.streams[side].len();
        while let Some(start) = self.models[side].first_missing(length) {
            self.data(direction, start, 97, Flags::PSH);
        }
    }

    fn finish(self) -> (Vec<Event>, [Model; 2]) {
        (self.watched.finish(), self.models)
    }
}
