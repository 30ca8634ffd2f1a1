//! A failing replay made small: the fewest frames, payload bytes and cuts that still fail in the same way, as a script.
//!
//! Each attempt is the script that would be written: built, read and replayed as any other fixture, so that what is written
//! fails as it stands. Only what lies behind the handshake is made smaller.

use wireseam_analyzer::{Opcode, Role};
use wireseam_fixtures::Script;

use super::{
    fixture::Fixture,
    judge::FailureKind,
    segmentation::Segmentation,
    stream::{FramePlace, Stream},
    trial::{Failed, Target, Trial, try_fixture},
};

/// No more attempts are made: each is a replay, of a live peer a connection.
const MOST_ATTEMPTS: usize = 1_000;

/// A script that still fails, with what failed; `None` where it has not failed, or not without its own handshake.
pub fn shrink(target: &mut dyn Target, trial: &Trial) -> Option<String> {
    let failed = trial.failed.as_ref()?;
    let pieces = pieces(failed);
    let mut attempts = Attempts {
        target,
        role: trial.role,
        kind: failed.failure.kind,
        name: trial.fixture.clone(),
        extensions: failed.stream.extensions.join(", "),
        left: MOST_ATTEMPTS,
    };
    if !attempts.fails(&pieces) {
        return None;
    }
    let mut smallest = pieces;
    loop {
        let before = smallest.clone();
        smallest = fewest(smallest, &mut |pieces| attempts.fails(pieces));
        for at in 0..smallest.len() {
            shorten(&mut smallest, at, &mut attempts);
        }
        for at in 0..smallest.len() {
            let cuts = smallest[at].cuts.clone();
            let frames = smallest.clone();
            let with = |cuts: &[usize]| {
                let mut frames = frames.clone();
                frames[at].cuts = cuts.to_vec();
                frames
            };
            let cuts = fewest(cuts, &mut |cuts| attempts.fails(&with(cuts)));
            smallest = with(&cuts);
        }
        if smallest == before || attempts.left == 0 {
            return Some(attempts.script(&smallest));
        }
    }
}

/// A frame, and where it is cut: 0 is in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    frame: FramePlace,
    header: Vec<u8>,
    payload: Vec<u8>,
    cuts: Vec<usize>,
}

fn pieces(failed: &Failed) -> Vec<Piece> {
    let stream: &Stream = &failed.stream;
    let frames = stream.frames.iter().map(|frame| {
        let end = frame.payload.end.max(frame.header.end);
        let cuts = failed.cuts.places.iter();
        let cuts = cuts.filter(|place| (frame.header.start..end).contains(*place));
        Piece {
            frame: frame.clone(),
            header: stream
                .bytes
                .get(frame.header.clone())
                .unwrap_or_default()
                .to_vec(),
            payload: stream.payload(frame),
            cuts: cuts.map(|place| place - frame.header.start).collect(),
        }
    });
    frames.collect()
}

/// Scripts that are tried.
struct Attempts<'a> {
    target: &'a mut dyn Target,
    role: Role,
    kind: FailureKind,
    name: String,
    extensions: String,
    left: usize,
}

impl Attempts<'_> {
    fn fails(&mut self, pieces: &[Piece]) -> bool {
        let Some(left) = self.left.checked_sub(1) else {
            return false;
        };
        self.left = left;
        let script = Script::parse(&self.script(pieces), &self.name);
        let Some(fixture) = script
            .ok()
            .and_then(|script| Fixture::of_script(&script).ok())
        else {
            return false;
        };
        let trials = try_fixture(
            self.target,
            &fixture,
            &[self.role],
            &[Segmentation::Original],
        );
        let trials = trials.unwrap_or_default();
        let mut failed = trials.iter().filter_map(|trial| trial.failed.as_ref());
        failed.any(|failed| failed.failure.kind == self.kind)
    }

    fn script(&self, pieces: &[Piece]) -> String {
        let (from, kind) = (
            match self.role {
                Role::Server => "client",
                Role::Client => "server",
            },
            self.kind,
        );
        let name = quoted(&format!("Shrunk from {}", self.name));
        let shows = quoted(&format!(
            "A decoder that gets it as a {} fails: {kind}.",
            self.role
        ));
        let upgrade = match self.extensions.is_empty() {
            true => "upgrade = {}".to_owned(),
            false => format!("upgrade = {{ extensions = {} }}", quoted(&self.extensions)),
        };
        // what the client sends has to wait for the answer; what the server sends may come with it
        let is_joined = |at: usize| pieces.get(at).is_some_and(|piece| !piece.cuts.contains(&0));
        let join = |joined: bool| if joined { ", join = true" } else { "" };
        let joins_head = self.role == Role::Client && is_joined(0);
        let mut text = format!(
            "title = {name}\nshows = {shows}\n\nstep = [\n    {{ {upgrade}{} }},\n",
            join(joins_head)
        );
        for (at, piece) in pieces.iter().enumerate() {
            let joined = join(is_joined(at + 1));
            text += &format!("    {{ from = \"{from}\", {}{joined} }},\n", piece.step());
        }
        text + "]\n"
    }
}

impl Piece {
    /// The keys of its step.
    fn step(&self) -> String {
        let inside: Vec<String> = self
            .cuts
            .iter()
            .filter(|cut| **cut > 0)
            .map(usize::to_string)
            .collect();
        let cut = match inside.is_empty() {
            true => String::new(),
            false => format!(", cut = [{}]", inside.join(", ")),
        };
        if !self.frame.complete {
            let key = self.frame.key.unwrap_or_default();
            let masked = self
                .payload
                .iter()
                .zip(key.iter().cycle())
                .map(|(byte, key)| byte ^ key);
            let bytes: Vec<u8> = self.header.iter().copied().chain(masked).collect();
            return format!("hex = \"{}\"{cut}", hex(&bytes));
        }
        let frame = &self.frame;
        let said = match std::str::from_utf8(&self.payload) {
            Ok(text) if text.chars().all(|c| (' '..='~').contains(&c)) => quoted(text),
            _ => format!("{{ hex = \"{}\" }}", hex(&self.payload)),
        };
        let what = match frame.opcode {
            Opcode::Text => format!("text = {said}"),
            Opcode::Continuation => format!("continuation = {said}"),
            Opcode::Ping => format!("ping = {said}"),
            Opcode::Pong => format!("pong = {said}"),
            Opcode::Close => format!("close = {{ hex = \"{}\" }}", hex(&self.payload)),
            Opcode::Binary => format!("binary = \"{}\"", hex(&self.payload)),
            Opcode::Reserved(bits) => {
                format!("binary = \"{}\", opcode = {bits}", hex(&self.payload))
            }
        };
        let fin = if frame.fin { "" } else { ", fin = false" };
        let rsv = (1..)
            .zip(frame.rsv)
            .filter(|(_, set)| *set)
            .map(|(bit, _): (u8, bool)| bit.to_string());
        let rsv: Vec<String> = rsv.collect();
        let rsv = match rsv.is_empty() {
            true => String::new(),
            false => format!(", rsv = [{}]", rsv.join(", ")),
        };
        let mask = match frame.key {
            Some(key) => format!(", mask = \"{}\"", hex(&key)),
            None => ", mask = false".to_owned(),
        };
        format!("{what}{fin}{rsv}{mask}{cut}")
    }
}

/// Makes the payload of one frame as short as it can be; its cuts stay as far from its end as they were, or from its begin.
fn shorten(pieces: &mut Vec<Piece>, at: usize, attempts: &mut Attempts<'_>) {
    let mut less = pieces.get(at).map_or(0, |piece| piece.payload.len());
    while less > 0 {
        let mut shorter = pieces.clone();
        let Some(piece) = shorter.get_mut(at) else {
            return;
        };
        let length = piece.payload.len().saturating_sub(less);
        let is_shorter = length < piece.payload.len() && piece.frame.complete;
        piece.payload.truncate(length);
        let end = piece.header.len() + length;
        piece.cuts.retain(|cut| *cut < end);
        if is_shorter && attempts.fails(&shorter) {
            *pieces = shorter;
        } else {
            less /= 2;
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

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let escaped: String = text
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => vec!['?'],
            c => vec![c],
        })
        .collect();
    format!("\"{escaped}\"")
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}
