//! Whether a replay brought what it had to bring: the verdict on one run, and whether two runs of a stream agree.

use std::{fmt, ops::Range};

use super::{
    decoder::{About, Begins, Event, Kind, Refusal},
    expected::{Binding, Fault, Item, POLICY, TOO_BIG, Wanted},
    run::{Found, Run},
    stream::Stream,
};

/// A verdict, in the words of the Autobahn test suite; a worse one is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it must be.
    #[default]
    Ok,
    /// It did one of several things that the RFC leaves open.
    Informational,
    /// It came to the right end in a way that the RFC does not ask for.
    NonStrict,
    /// It does not know an extension that the fixture uses, or does not play that role.
    Unimplemented,
    /// It broke a MUST, or its events hang on how the bytes were cut.
    Failed,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "OK",
            Self::Informational => "INFORMATIONAL",
            Self::NonStrict => "NON-STRICT",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Failed => "FAILED",
        })
    }
}

/// What is to be said of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not `OK`, where it has not failed: a sentence each.
    pub notes: Vec<String>,
    /// Where it has failed: the first thing that is not as it must be.
    pub failure: Option<Failure>,
}

/// The first thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In which way.
    pub kind: FailureKind,
    /// The offset that it is about: of an event, behind its last byte; of a fault, its first byte.
    pub at: usize,
    /// The number of the chunk, from 1, that should have brought the event, or brought the wrong one.
    pub number: usize,
    /// That chunk.
    pub chunk: Range<usize>,
    /// What had to come.
    pub expected: String,
    /// What came.
    pub found: String,
}

/// In which way a replay fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// An event never came.
    Missing,
    /// Another event came.
    Different,
    /// An event came with a later chunk than the one that completes it.
    Late,
    /// An event came before its last byte.
    Early,
    /// An event came for which there are no bytes.
    Extra,
    /// The connection was failed where nothing is wrong.
    Refused,
    /// It was not failed where it must be.
    NotRefused,
    /// Something came after a Close frame, or after the connection was failed.
    AfterTheEnd,
    /// Other events, or another error, than in another segmentation.
    Inconsistent,
    /// No answer came.
    Silent,
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "event missing",
            Self::Different => "another event",
            Self::Late => "event late",
            Self::Early => "event early",
            Self::Extra => "event too many",
            Self::Refused => "refused, and nothing is wrong",
            Self::NotRefused => "not refused",
            Self::AfterTheEnd => "event after the end",
            Self::Inconsistent => "differs with the segmentation",
            Self::Silent => "no answer",
        })
    }
}

/// Judges a run of a stream by an implementation that begins there.
pub(super) fn judge(stream: &Stream, about: &About, begins: Begins, run: &Run) -> Judgement {
    let mut judge = Judge {
        judgement: Judgement::default(),
        stream,
        run,
        next: 0,
    };
    let from = stream.begin(begins);
    let items = stream.items.iter().filter(|item| match item {
        Item::Event(wanted) => {
            about.reports.contains(&wanted.what.kind()) && wanted.complete > from
        }
        Item::Fault(fault) => {
            about.reports.contains(&Kind::Error)
                && (!fault.in_handshake || begins == Begins::AtHandshake)
        }
    });
    let items: Vec<&Item> = items.collect();
    let ended = judge.walk(&items);
    judge.rest(ended);
    judge.judgement
}

/// What a run comes down to, whatever the chunks: for comparing it with another of the same stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    events: Vec<Event>,
    /// The bytes in whose chunk the connection was failed, and with which code.
    refusal: Option<(Option<u16>, Range<usize>)>,
}

impl Outcome {
    /// Whether it hangs on more than the bytes: on limits of the decoder's own.
    pub(super) fn is_limited(run: &Run) -> bool {
        let mut refused = run.found.iter().filter_map(refusal);
        refused.any(is_own_limit)
    }

    pub(super) fn of(run: &Run) -> Self {
        // what follows a Close frame is discarded or refused: either will do
        let open = run.found.iter();
        let refused = open
            .take_while(|found| !matches!(found.event, Event::Close(_)))
            .find_map(|found| Some((refusal(found)?.code, found.chunk.clone())));
        let events = run.found.iter().map(|found| found.event.clone());
        Self {
            events: events
                .take_while(|event| !matches!(event, Event::Error(_)))
                .collect(),
            refusal: refused,
        }
    }

    /// Where another run differs from this one; where it does not, what both know of the place of an error is kept.
    pub(super) fn differs(&mut self, other: &Self) -> Option<(String, String)> {
        for at in 0..self.events.len().max(other.events.len()) {
            let (ours, theirs) = (self.events.get(at), other.events.get(at));
            if ours != theirs {
                let say = |event: Option<&Event>| {
                    event.map_or_else(|| "no further event".to_owned(), Event::to_string)
                };
                return Some((say(ours), say(theirs)));
            }
        }
        match (&mut self.refusal, &other.refusal) {
            (Some((code, place)), Some((other_code, other_place))) => {
                let both = place.start.max(other_place.start)..place.end.min(other_place.end);
                if code != other_code || both.is_empty() {
                    return Some((
                        say_refused(*code, place),
                        say_refused(*other_code, other_place),
                    ));
                }
                *place = both;
                None
            }
            (None, None) => None,
            (Some((code, place)), None) => Some((say_refused(*code, place), "no error".to_owned())),
            (None, Some((code, place))) => Some(("no error".to_owned(), say_refused(*code, place))),
        }
    }

    /// Where the connection was failed, as far as that is known.
    pub(super) fn refused_at(&self) -> Option<&Range<usize>> {
        self.refusal.as_ref().map(|(_, place)| place)
    }
}

fn say_refused(code: Option<u16>, place: &Range<usize>) -> String {
    let code = code.map_or_else(String::new, |code| format!(" {code}"));
    format!("error{code} at a byte in {}..{}", place.start, place.end)
}

/// A walk through what must come and what came, side by side.
struct Judge<'a> {
    judgement: Judgement,
    stream: &'a Stream,
    run: &'a Run,
    next: usize,
}

/// How the walk ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The stream ends, and the connection is open.
    Open,
    /// With a Close frame.
    Closed,
    /// With a failed connection.
    Refused,
    /// Judged already.
    Judged,
}

impl<'a> Judge<'a> {
    fn walk(&mut self, items: &[&Item]) -> End {
        for (at, item) in items.iter().enumerate() {
            let end = match item {
                Item::Event(wanted) => self.event(wanted),
                Item::Fault(fault) => self.fault(fault, items.get(at + 1..).unwrap_or_default()),
            };
            if let Some(end) = end {
                return end;
            }
        }
        End::Open
    }

    /// What comes next has to be this event.
    fn event(&mut self, wanted: &Wanted) -> Option<End> {
        let expected = wanted.what.to_string();
        let Some(found) = self.run.found.get(self.next) else {
            return self.fail(
                FailureKind::Missing,
                wanted.complete,
                None,
                expected,
                "nothing",
            );
        };
        if let Some(refusal) = refusal(found) {
            return self.refused(found, refusal, wanted.complete, expected);
        }
        if !wanted.what.matches(&found.event) {
            let comes_later = self.run.found[self.next..]
                .iter()
                .any(|found| wanted.what.matches(&found.event));
            let kind = match comes_later {
                true => FailureKind::Extra,
                false => FailureKind::Different,
            };
            let (found, text) = (Some(found), found.event.to_string());
            return self.fail(kind, wanted.complete, found, expected, &text);
        }
        if found.chunk.start >= wanted.complete {
            let came = match found.chunk.is_empty() {
                true => "only when the stream ended".to_owned(),
                false => format!("only with chunk {}", found.number),
            };
            return self.fail(FailureKind::Late, wanted.complete, None, expected, &came);
        }
        if found.chunk.end < wanted.complete {
            let came = format!("with chunk {} already", found.number);
            return self.fail(
                FailureKind::Early,
                wanted.complete,
                Some(found),
                expected,
                &came,
            );
        }
        self.next += 1;
        matches!(found.event, Event::Close(_)).then_some(End::Closed)
    }

    /// The connection was failed where an event had to come.
    fn refused(
        &mut self,
        found: &Found,
        refusal: &Refusal,
        at: usize,
        expected: String,
    ) -> Option<End> {
        if is_own_limit(refusal) {
            self.note(
                Verdict::Informational,
                format!(
                    "refused by a limit of its own (RFC 6455 10.4): {}",
                    found.event
                ),
            );
            self.next += 1;
            return Some(End::Refused);
        }
        self.fail(
            FailureKind::Refused,
            at,
            Some(found),
            expected,
            &found.event.to_string(),
        )
    }

    /// What comes next may, or has to be, a failed connection.
    fn fault(&mut self, fault: &Fault, behind: &[&Item]) -> Option<End> {
        let Fault { rule, from, .. } = fault;
        let section = fault.reference();
        let next = self.run.found.get(self.next);
        if let Some(found) = next.filter(|found| replaces_code(fault, found)) {
            self.next += 1;
            if fault.binding == Binding::May {
                let note = format!("{rule} at {from}: refused with {}", found.event);
                self.note(Verdict::Informational, note);
            }
            return Some(End::Refused);
        }
        if let Some((found, refusal)) = next.and_then(|found| Some((found, refusal(found)?))) {
            if is_own_limit(refusal) && !fault.codes.is_empty() && found.chunk.end <= *from {
                return self.refused(found, refusal, *from, String::new());
            }
            if found.chunk.end <= *from {
                return self.refused(found, refusal, *from, format!("no error before {from}"));
            }
            let code = refusal.code;
            if fault.binding == Binding::May {
                self.note(Verdict::Informational, format!("{rule} at {from}: refused"));
            } else if let Some(code) = code.filter(|code| !fault.codes.contains(code)) {
                self.note(
                    Verdict::NonStrict,
                    format!(
                        "{rule} at {from}: refused with {code}, {section} has {}",
                        list(fault.codes)
                    ),
                );
            }
            if found.chunk.start >= fault.until {
                self.note(
                    Verdict::NonStrict,
                    format!(
                        "{rule} at {from}: refused only behind the frame, with chunk {}",
                        found.number
                    ),
                );
            }
            self.next += 1;
            return Some(End::Refused);
        }
        match fault.binding {
            Binding::May => {
                self.note(
                    Verdict::Informational,
                    format!("{rule} at {from}: accepted"),
                );
                // four bytes too many stay in the window, and nobody says what later messages refer to
                (*rule == "deflate.tail").then_some(End::Judged)
            }
            Binding::Should => {
                self.note(
                    Verdict::NonStrict,
                    format!("{rule} at {from}: accepted ({section})"),
                );
                None
            }
            Binding::Must => self.not_refused(fault, behind),
        }
    }

    /// A fault that has to be refused was not, or not yet.
    fn not_refused(&mut self, fault: &Fault, behind: &[&Item]) -> Option<End> {
        let rest = self.run.found.get(self.next..).unwrap_or_default();
        if rest.is_empty() && fault.until > self.stream.bytes.len() {
            self.note(
                Verdict::Informational,
                format!(
                    "{} at {}: waits for a frame that does not end",
                    fault.rule, fault.from
                ),
            );
            return Some(End::Refused);
        }
        let passed = rest.iter().position(|found| refusal(found).is_some());
        let wanted = behind.iter().filter_map(|item| match item {
            Item::Event(wanted) => Some(wanted),
            Item::Fault(_) => None,
        });
        let expected = format!("error, {} ({})", fault.rule, fault.reference());
        if let Some(passed) = passed {
            let before = rest.iter().take(passed);
            let are_as_read = before
                .zip(wanted)
                .filter(|(found, wanted)| wanted.what.matches(&found.event))
                .count();
            if are_as_read == passed {
                self.note(
                    Verdict::NonStrict,
                    format!(
                        "{} at {}: refused late, {passed} events behind it",
                        fault.rule, fault.from
                    ),
                );
                self.next += passed + 1;
                return Some(End::Refused);
            }
        }
        let found = rest.first();
        let text = found.map_or_else(|| "nothing".to_owned(), |found| found.event.to_string());
        self.fail(FailureKind::NotRefused, fault.from, found, expected, &text)
    }

    /// What came beyond all that had to come.
    fn rest(&mut self, ended: End) {
        let Some(found) = self.run.found.get(self.next) else {
            return;
        };
        let (at, text) = (found.chunk.start, found.event.to_string());
        match (ended, refusal(found)) {
            (End::Judged, _) => {}
            // what follows a Close frame is discarded (RFC 6455 1.4), or refused
            (End::Closed, Some(_)) => {
                self.next += 1;
                self.rest(End::Refused);
            }
            (End::Closed | End::Refused, _) => {
                if refusal(found).is_some() {
                    self.next += 1;
                    return self.rest(ended);
                }
                let end = if ended == End::Closed {
                    "the Close frame"
                } else {
                    "the error"
                };
                let expected = format!("nothing after {end}");
                self.fail(FailureKind::AfterTheEnd, at, Some(found), expected, &text);
            }
            (End::Open, Some(refusal)) => {
                self.refused(found, refusal, at, "no error".to_owned());
            }
            (End::Open, None) => {
                let expected = "no further event".to_owned();
                self.fail(FailureKind::Extra, at, Some(found), expected, &text);
            }
        }
    }

    fn note(&mut self, verdict: Verdict, note: String) {
        self.judgement.verdict = self.judgement.verdict.max(verdict);
        self.judgement.notes.push(note);
    }

    /// It has failed: at this offset, with this chunk, or the one that holds the byte before the offset.
    fn fail(
        &mut self,
        kind: FailureKind,
        at: usize,
        found: Option<&Found>,
        expected: String,
        text: &str,
    ) -> Option<End> {
        self.judgement.verdict = Verdict::Failed;
        let (number, chunk) = match found {
            Some(found) => (found.number, found.chunk.clone()),
            None => (0, at.min(self.stream.bytes.len())..at),
        };
        self.judgement.failure = Some(Failure {
            kind,
            at,
            number,
            chunk,
            expected,
            found: text.to_owned(),
        });
        Some(End::Judged)
    }
}

fn refusal(found: &Found) -> Option<&Refusal> {
    match &found.event {
        Event::Error(refusal) => Some(refusal),
        _ => None,
    }
}

/// Whether a decoder refuses by a limit of its own (RFC 6455 10.4), which may hang on how bytes come.
pub(super) fn is_own_limit(refusal: &Refusal) -> bool {
    matches!(refusal.code, Some(TOO_BIG | POLICY))
}

/// Whether a Close frame that may not be sent is passed on as one with the code that refuses it.
fn replaces_code(fault: &Fault, found: &Found) -> bool {
    match &found.event {
        Event::Close(close) => {
            fault.rule.starts_with("ws.close.")
                && close.code.is_some_and(|code| fault.codes.contains(&code))
        }
        _ => false,
    }
}

fn list(codes: &[u16]) -> String {
    let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
    codes.join(" or ")
}
