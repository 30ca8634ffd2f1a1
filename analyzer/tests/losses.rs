//! What a capture with losses can say is true: whole messages are those that were sent, and everything has its place.

use wireseam_analyzer::{Direction, Frame, Offset, Span};

use crate::bench::{Numbers, Outcome, frame_bytes, full};
use crate::scene::Scene;

/// A message as it was sent: where it begins and ends in its direction's stream, and what it says.
struct Sent {
    direction: Direction,
    start: u64,
    end: u64,
    content: Vec<u8>,
}

/// Messages of both sides, some in fragments with Pings between, cut into segments of which some are lost or cut short.
fn conversation(numbers: &mut Numbers, scene: &mut Scene) -> (Vec<Sent>, [Vec<bool>; 2]) {
    let mut sent = Vec::new();
    let mut captured = Direction::BOTH.map(|direction| vec![true; scene.at(direction)]);
    for _ in 0..30 {
        let direction = Direction::BOTH[numbers.below(2)];
        let side = direction as usize;
        let mut key = || {
            (direction == Direction::ClientToServer)
                .then(|| numbers.next().to_le_bytes()[..4].try_into().unwrap())
        };
        let (first_key, ping_key, last_key) = (key(), key(), key());
        let content = format!("message {} ", sent.len())
            .repeat(1 + numbers.below(30))
            .into_bytes();
        let bytes = if numbers.below(3) == 0 {
            let (begin, end) = content.split_at(content.len() / 2);
            [
                frame_bytes(0x01, first_key, begin),
                frame_bytes(0x89, ping_key, b"?"),
                frame_bytes(0x80, last_key, end),
            ]
            .concat()
        } else {
            frame_bytes(0x81, first_key, &content)
        };
        let start = scene.at(direction) as u64;
        sent.push(Sent {
            direction,
            start,
            end: start + bytes.len() as u64,
            content,
        });
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (segment, behind) = rest.split_at((1 + numbers.below(200)).min(rest.len()));
            rest = behind;
            match numbers.below(12) {
                0 => {
                    scene.lose(direction, segment.len());
                    captured[side].extend(vec![false; segment.len()]);
                }
                1 => {
                    let kept = numbers.below(segment.len() as u64);
                    let at = scene.at(direction);
                    scene.cut_at(direction, at, &segment[..kept], segment.len());
                    captured[side].extend((0..segment.len()).map(|at| at < kept));
                }
                _ => {
                    scene.send(direction, segment);
                    captured[side].extend(vec![true; segment.len()]);
                }
            }
            if numbers.below(4) == 0 {
                scene.acknowledge(direction, scene.at(direction)).wait(100);
            }
        }
    }
    // A last segment of each side shows how far its stream reaches.
    for direction in Direction::BOTH {
        let bytes = frame_bytes(
            0x8A,
            (direction == Direction::ClientToServer).then_some([1, 2, 3, 4]),
            b"",
        );
        scene.send(direction, &bytes);
        captured[direction as usize].extend(vec![true; bytes.len()]);
    }
    (sent, captured)
}

fn check_messages(outcome: &Outcome, sent: &[Sent], captured: &[Vec<bool>; 2]) {
    for message in outcome.messages() {
        let all = captured[message.direction as usize].as_slice();
        let was_sent = sent.iter().find(|sent| {
            sent.direction == message.direction
                && sent.end == message.span.end.0
                && sent.start == message.span.start.0
        });
        if message.complete {
            let was_sent = was_sent.unwrap_or_else(|| panic!("nobody sent {message:?}"));
            assert_eq!(message.payload.bytes, was_sent.content);
        }
        for slice in &message.slices {
            let range = usize::try_from(slice.span.start.0).unwrap()
                ..usize::try_from(slice.span.end.0).unwrap();
            assert!(
                all[range].iter().all(|captured| *captured),
                "{slice:?} was not captured"
            );
        }
    }
}

/// A frame's slices and the gaps over it tile it.
fn check_tiling(outcome: &Outcome, frame: &Frame, end: u64) {
    let whole = Span::new(frame.header.start, frame.payload.end);
    let mut pieces: Vec<(u64, u64)> = frame
        .slices
        .iter()
        .map(|slice| (slice.span.start.0, slice.span.end.0))
        .collect();
    for (direction, start, end, _) in outcome.gaps() {
        let gap = Span::new(Offset(start), Offset(end)).intersection(whole);
        if direction == frame.direction && !gap.is_empty() {
            pieces.push((gap.start.0, gap.end.0));
        }
    }
    pieces.sort_unstable();
    let mut at = whole.start.0;
    for (start, end) in pieces {
        assert_eq!(start, at, "{frame:?}");
        at = end;
    }
    assert_eq!(at, whole.end.0.min(end), "{frame:?}");
    let is_whole = frame.length.is_some() && !frame.alignment.gap && whole.end.0 <= end;
    assert_eq!(frame.complete, is_whole, "{frame:?}");
}

fn check_gaps(outcome: &Outcome, captured: &[Vec<bool>; 2]) {
    let mut missing = captured.clone().map(|captured| {
        captured
            .into_iter()
            .map(|captured| !captured)
            .collect::<Vec<_>>()
    });
    for (direction, start, end, _) in outcome.gaps() {
        for at in start..end {
            let at = &mut missing[direction as usize][usize::try_from(at).unwrap()];
            assert!(std::mem::take(at), "reported twice, or not missing");
        }
    }
    assert!(
        missing.iter().flatten().all(|missing| !missing),
        "a gap was not reported"
    );
}

#[test]
fn whole_messages_behind_losses_are_those_that_were_sent() {
    let mut whole = 0;
    for seed in 0..150 {
        let mut numbers = Numbers(seed);
        let mut scene = Scene::websocket(full());
        let (sent, captured) = conversation(&mut numbers, &mut scene);
        let ends = captured.each_ref().map(|captured| captured.len() as u64);
        let outcome = scene.finish();
        check_gaps(outcome, &captured);
        check_messages(outcome, &sent, &captured);
        for frame in outcome.frames() {
            check_tiling(outcome, frame, ends[frame.direction as usize]);
        }
        whole += outcome
            .messages()
            .iter()
            .filter(|message| message.complete)
            .count();
    }
    assert!(
        whole > 1_500,
        "of 4,500 messages sent no more than {whole} were read whole"
    );
}
