//! A failing replay made small: the fewest frames, payload bytes, header lines and cuts that still fail in the same way, as a
//! script with its claim.
//!
//! Each attempt is the script that would be written: built, read and replayed as any other fixture, so that what is written
//! fails as it stands. It has a handshake that a script has without being told, where it fails with that; else its own, whose
//! lines go as frames do.

mod claim;
mod script;

use wireseam_analyzer::Role;
use wireseam_fixtures::Script;

use self::{
    claim::claimed,
    script::{Conversation, Head, Heads, Piece},
};
use super::{
    expected::Item,
    fixture::Fixture,
    judge::{Failure, FailureKind},
    segmentation::Segmentation,
    stream::Stream,
    trial::{Failed, Target, Trial, try_fixture},
};

/// No more attempts are made: each is a replay, of a live peer a connection.
const MOST_ATTEMPTS: usize = 1_000;

/// Nor more than so many of a target that hangs: each that still fails takes the whole timeout.
const MOST_SILENT_ATTEMPTS: usize = 60;

/// A script that still fails, with what must be found in it; `None` where it has not failed, or does not fail as a script of
/// one handshake and one end's frames.
pub fn shrink(target: &mut dyn Target, trial: &Trial) -> Option<String> {
    let failed = trial.failed.as_ref()?;
    let mut attempts = Attempts {
        target,
        role: trial.role,
        failure: &failed.failure,
        name: trial.fixture.clone(),
        extensions: failed.stream.extensions.join(", "),
        faults: faults(&failed.stream),
        left: match failed.failure.kind {
            FailureKind::Silent => MOST_SILENT_ATTEMPTS,
            _ => MOST_ATTEMPTS,
        },
    };
    let plain = Conversation {
        heads: None,
        frames: pieces(failed),
    };
    let mut smallest = plain;
    if !attempts.fails(&smallest) {
        smallest.heads = Some(heads(failed)?);
        if !attempts.fails(&smallest) {
            return None;
        }
    }
    loop {
        let before = smallest.clone();
        if smallest.heads.is_some() {
            fewer_lines(&mut smallest, &mut attempts);
        }
        let frames = std::mem::take(&mut smallest.frames);
        smallest.frames = fewest(frames, &mut |frames| {
            attempts.fails(&Conversation {
                frames: frames.to_vec(),
                ..smallest.clone()
            })
        });
        for at in 0..smallest.frames.len() {
            shorten(&mut smallest, at, &mut attempts);
        }
        for at in 0..smallest.frames.len() {
            let cuts = smallest.frames[at].cuts.clone();
            let with = |cuts: &[usize]| {
                let mut with = smallest.clone();
                with.frames[at].cuts = cuts.to_vec();
                with
            };
            let cuts = fewest(cuts, &mut |cuts| attempts.fails(&with(cuts)));
            smallest = with(&cuts);
        }
        if smallest == before || attempts.left == 0 {
            return Some(attempts.with_claim(&smallest));
        }
    }
}

fn pieces(failed: &Failed) -> Vec<Piece> {
    let stream: &Stream = &failed.stream;
    let frames = stream.frames.iter().map(|frame| {
        let end = frame.payload.end.max(frame.header.end);
        Piece {
            frame: frame.clone(),
            header: stream
                .bytes
                .get(frame.header.clone())
                .unwrap_or_default()
                .to_vec(),
            payload: stream.payload(frame),
            cuts: within(failed, frame.header.start..end),
        }
    });
    frames.collect()
}

/// The heads of the handshake as they are; `None` where they are no text.
fn heads(failed: &Failed) -> Option<Heads> {
    let stream: &Stream = &failed.stream;
    let own = stream.bytes.get(stream.head.clone())?;
    Some(Heads {
        own: Head::new(own, &within(failed, stream.head.clone()))?,
        other: Some(Head::new(&stream.other_head, &[])?),
    })
}

/// The cuts in a range, as so many bytes behind its begin.
fn within(failed: &Failed, range: std::ops::Range<usize>) -> Vec<usize> {
    let cuts = failed.cuts.places.iter();
    let cuts = cuts.filter(|place| range.contains(*place));
    cuts.map(|place| place - range.start).collect()
}

/// What is wrong with its handshake.
fn faults(stream: &Stream) -> Vec<&'static str> {
    let faults = stream.items.iter().filter_map(|item| match item {
        Item::Fault(fault) if fault.in_handshake => Some(fault.rule),
        _ => None,
    });
    faults.collect()
}

/// Scripts that are tried.
struct Attempts<'a> {
    target: &'a mut dyn Target,
    role: Role,
    failure: &'a Failure,
    name: String,
    extensions: String,
    faults: Vec<&'static str>,
    left: usize,
}

impl Attempts<'_> {
    fn fails(&mut self, conversation: &Conversation) -> bool {
        let is_plain = conversation.heads.is_none();
        self.fails_as(&self.script(conversation), is_plain)
    }

    fn fails_as(&mut self, script: &str, is_plain: bool) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        let script = Script::parse(script, &self.name);
        let Some(fixture) = script
            .ok()
            .and_then(|script| Fixture::of_script(&script).ok())
        else {
            return false;
        };
        // a handshake that lacks what it has to have is refused by right
        let mut streams = fixture.streams.iter();
        let is_worse = streams.any(|stream| {
            faults(stream)
                .iter()
                .any(|rule| !self.faults.contains(rule))
        });
        if !is_plain && is_worse {
            return false;
        }
        let trials = try_fixture(
            self.target,
            &fixture,
            &[self.role],
            &[Segmentation::Original],
        );
        let trials = trials.unwrap_or_default();
        let mut failed = trials.iter().filter_map(|trial| trial.failed.as_ref());
        failed.any(|failed| self.is_same(&failed.failure, is_plain))
    }

    /// Whether it fails in the same way: what is not refused is the same fault, and a handshake is refused for the same reason.
    fn is_same(&self, failure: &Failure, is_plain: bool) -> bool {
        let first = self.failure;
        failure.kind == first.kind
            && match first.kind {
                FailureKind::NotRefused => failure.expected == first.expected,
                FailureKind::Refused => is_plain || failure.found == first.found,
                _ => true,
            }
    }

    fn script(&self, conversation: &Conversation) -> String {
        let kind = self.failure.kind;
        let shows = format!("A decoder that gets it as a {} fails: {kind}.", self.role);
        let title = format!("Shrunk from {}", self.name);
        conversation.script(&title, &shows, self.role, &self.extensions)
    }

    /// The script with a claim, where it fails with that as well.
    fn with_claim(&mut self, conversation: &Conversation) -> String {
        let script = self.script(conversation);
        let Some(claim) = claimed(&script, &self.name) else {
            return script;
        };
        // the last attempt is always made
        self.left = self.left.max(1);
        let with_claim = format!("{script}{claim}");
        match self.fails_as(&with_claim, conversation.heads.is_none()) {
            true => with_claim,
            false => script,
        }
    }
}

/// Leaves out lines of the heads, all of one where the usual one will do, and cuts in them.
fn fewer_lines(smallest: &mut Conversation, attempts: &mut Attempts<'_>) {
    let Some(heads) = &smallest.heads else {
        return;
    };
    let frames = smallest.frames.clone();
    let with = |heads: Heads| Conversation {
        heads: Some(heads),
        frames: frames.clone(),
    };
    let mut heads = heads.clone();
    let without = Heads {
        other: None,
        ..heads.clone()
    };
    if heads.other.is_some() && attempts.fails(&with(without.clone())) {
        heads = without;
    }
    let own = heads.own.clone();
    let lines = fewest(own.lines.clone(), &mut |lines| {
        let own = own.with(lines);
        own.has_what_it_must()
            && attempts.fails(&with(Heads {
                own,
                ..heads.clone()
            }))
    });
    heads.own = own.with(&lines);
    if let Some(other) = heads.other.clone() {
        let lines = fewest(other.lines.clone(), &mut |lines| {
            let other = other.with(lines);
            let fewer = Heads {
                other: Some(other.clone()),
                ..heads.clone()
            };
            other.has_what_it_must() && attempts.fails(&with(fewer))
        });
        heads.other = Some(other.with(&lines));
    }
    let cuts = heads.own.cuts();
    let cuts = fewest(cuts, &mut |cuts| {
        let own = heads.own.cut_at(cuts);
        attempts.fails(&with(Heads {
            own,
            ..heads.clone()
        }))
    });
    heads.own = heads.own.cut_at(&cuts);
    smallest.heads = Some(heads);
}

/// Makes the payload of one frame as short as it can be, from its end and from its begin.
fn shorten(smallest: &mut Conversation, at: usize, attempts: &mut Attempts<'_>) {
    let mut less = smallest
        .frames
        .get(at)
        .map_or(0, |piece| piece.payload.len());
    while less > 0 {
        let fewer = [Piece::without_end, Piece::without_begin]
            .into_iter()
            .find_map(|without| {
                let mut shorter = smallest.clone();
                let piece = shorter.frames.get_mut(at)?;
                *piece = without(piece, less)?;
                attempts.fails(&shorter).then_some(shorter)
            });
        match fewer {
            Some(fewer) => *smallest = fewer,
            None => less /= 2,
        }
    }
}

/// The fewest of these, in their order, with which it still fails.
fn fewest<T: Clone>(mut items: Vec<T>, fails: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut size = items.len();
    while size > 0 {
        let mut at = 0;
        while at < items.len() {
            let mut fewer = items.clone();
            fewer.drain(at..items.len().min(at + size));
            if fails(&fewer) {
                items = fewer;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    items
}
