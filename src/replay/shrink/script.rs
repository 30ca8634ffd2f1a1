//! A conversation as a script: one handshake, and what one end sends behind it.

use wireseam_analyzer::{Opcode, Role};

use crate::replay::stream::FramePlace;

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conversation {
    /// Its handshake; `None` is the usual one.
    pub(super) heads: Option<Heads>,
    /// The frames of the end whose bytes are replayed.
    pub(super) frames: Vec<Piece>,
}

/// A handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heads {
    /// The head of the end whose bytes are replayed.
    pub(super) own: Head,
    /// The other end's; `None` is the usual one.
    pub(super) other: Option<Head>,
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The first line.
    first: Line,
    /// The fields.
    pub(super) lines: Vec<Line>,
    /// The blank line.
    last: Line,
}

/// A line, without its CRLF, and where it is cut: 0 is in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    text: String,
    cuts: Vec<usize>,
}

/// A frame, and where it is cut: 0 is in front of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) frame: FramePlace,
    /// Its bytes; of a frame that ends only how many there are counts, which its other fields say.
    pub(super) header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) cuts: Vec<usize>,
}

impl Conversation {
    /// The script, without a claim.
    pub(super) fn script(&self, title: &str, shows: &str, role: Role, extensions: &str) -> String {
        let (title, shows) = (quoted(title), quoted(shows));
        // what the client sends has to wait for the answer; what the server sends may come with it
        let is_joined = |at: usize| {
            self.frames
                .get(at)
                .is_some_and(|piece| !piece.cuts.contains(&0))
        };
        let join = |joined: bool| if joined { ", join = true" } else { "" };
        let joins_head = join(role == Role::Client && is_joined(0));
        let handshake = match &self.heads {
            Some(heads) => heads.steps(role, extensions, joins_head),
            None => {
                let upgrade = with_extensions("upgrade", extensions);
                format!("    {{ {upgrade}{joins_head} }},\n")
            }
        };
        let mut text = format!("title = {title}\nshows = {shows}\n\nstep = [\n{handshake}");
        let (from, _) = ends(role);
        for (at, piece) in self.frames.iter().enumerate() {
            let joined = join(is_joined(at + 1));
            text += &format!("    {{ from = \"{from}\", {}{joined} }},\n", piece.step());
        }
        text + "]\n"
    }
}

impl Heads {
    fn steps(&self, role: Role, extensions: &str, joins_head: &str) -> String {
        let (from, other_from) = ends(role);
        let own = format!("{}{joins_head}", self.own.step(from));
        let other = match (&self.other, role) {
            (Some(other), _) => other.step(other_from),
            (None, Role::Server) => with_extensions("response", extensions),
            (None, Role::Client) => with_extensions("request", extensions),
        };
        let [first, second] = match role {
            Role::Server => [own, other],
            Role::Client => [other, own],
        };
        format!("    {{ {first} }},\n    {{ {second} }},\n")
    }
}

impl Head {
    /// That of these bytes, cut at these places; `None` where they are no lines of printable ASCII.
    pub(super) fn new(bytes: &[u8], cuts: &[usize]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
        let is_plain = |line: &&str| {
            let begins_well = !line.starts_with([' ', '\t']) && !line.is_empty();
            begins_well && line.chars().all(|c| (' '..='~').contains(&c) || c == '\t')
        };
        let mut lines: Vec<Line> = Vec::new();
        let mut at = 0;
        for line in text.split("\r\n").chain([""]) {
            if lines.len() < text.split("\r\n").count() && !is_plain(&line) {
                return None;
            }
            let end = at + line.len() + CRLF;
            let inside = cuts.iter().filter(|cut| (at..end).contains(*cut));
            lines.push(Line {
                text: line.to_owned(),
                cuts: inside.map(|cut| cut - at).collect(),
            });
            at = end;
        }
        let last = lines.pop()?;
        let fields = lines.split_off(1.min(lines.len()));
        Some(Self {
            first: lines.pop()?,
            lines: fields,
            last,
        })
    }

    /// The same with these fields.
    pub(super) fn with(&self, lines: &[Line]) -> Self {
        Self {
            lines: lines.to_vec(),
            ..self.clone()
        }
    }

    /// Whether a request names its host (RFC 9112 3.2): without, any server refuses it.
    pub(super) fn has_what_it_must(&self) -> bool {
        let is_response = self.first.text.starts_with("HTTP/");
        let mut names = self
            .lines
            .iter()
            .filter_map(|line| line.text.split(':').next());
        is_response || names.any(|name| name.eq_ignore_ascii_case("host"))
    }

    /// Where it is cut.
    pub(super) fn cuts(&self) -> Vec<usize> {
        let (mut cuts, mut at) = (Vec::new(), 0);
        for line in self.all() {
            cuts.extend(line.cuts.iter().map(|cut| at + cut));
            at += line.text.len() + CRLF;
        }
        cuts
    }

    /// The same, cut at these places.
    pub(super) fn cut_at(&self, cuts: &[usize]) -> Self {
        let mut head = self.clone();
        let mut at = 0;
        for line in head.all_mut() {
            let end = at + line.text.len() + CRLF;
            let inside = cuts.iter().filter(|cut| (at..end).contains(*cut));
            line.cuts = inside.map(|cut| cut - at).collect();
            at = end;
        }
        head
    }

    fn all(&self) -> impl Iterator<Item = &Line> {
        [&self.first]
            .into_iter()
            .chain(&self.lines)
            .chain([&self.last])
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        [&mut self.first]
            .into_iter()
            .chain(&mut self.lines)
            .chain([&mut self.last])
    }

    fn step(&self, from: &str) -> String {
        let lines = self.all().map(|line| match line.text.as_str() {
            "" => "\n".to_owned(),
            text => {
                let quoted = quoted_with_tabs(text);
                format!("        {quoted}\n")
            }
        });
        let lines: String = lines.collect();
        let cuts: Vec<usize> = self.cuts().into_iter().filter(|cut| *cut > 0).collect();
        format!(
            "from = \"{from}\", http = \"\"\"\n{lines}        \"\"\"{}",
            cut_key(&cuts)
        )
    }
}

impl Piece {
    /// The same without the last bytes of its payload; `None` where there are not so many, or the frame does not end.
    pub(super) fn without_end(&self, less: usize) -> Option<Self> {
        let length = self.shorter(less)?;
        Some(self.with_payload(self.payload.get(..length)?, 0))
    }

    /// The same without the first bytes of its payload: cuts behind them stay as far from its end.
    pub(super) fn without_begin(&self, less: usize) -> Option<Self> {
        self.shorter(less)?;
        Some(self.with_payload(self.payload.get(less..)?, less))
    }

    fn shorter(&self, less: usize) -> Option<usize> {
        let length = self.payload.len().checked_sub(less)?;
        self.frame.complete.then_some(length)
    }

    /// With this payload, which begins so many bytes behind the begin of the old one. Its header may be shorter then.
    fn with_payload(&self, payload: &[u8], from: usize) -> Self {
        let extended = match payload.len() {
            ..126 => 0,
            126..65_536 => 2,
            _ => 8,
        };
        let key = if self.frame.key.is_some() { 4 } else { 0 };
        let (old, new) = (self.header.len(), 2 + extended + key);
        let cuts = self
            .cuts
            .iter()
            .filter_map(|cut| match cut.checked_sub(old) {
                None => Some((*cut).min(new)),
                Some(inside) => inside.checked_sub(from).map(|inside| new + inside),
            });
        let mut cuts: Vec<usize> = cuts.filter(|cut| *cut < new + payload.len()).collect();
        cuts.dedup();
        Self {
            header: vec![0; new],
            payload: payload.to_vec(),
            cuts,
            ..self.clone()
        }
    }

    /// The keys of its step.
    fn step(&self) -> String {
        let inside: Vec<usize> = self.cuts.iter().copied().filter(|cut| *cut > 0).collect();
        let cut = cut_key(&inside);
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

/// Who sends to a decoder of this role, and who to its peer.
fn ends(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Server => ("client", "server"),
        Role::Client => ("server", "client"),
    }
}

fn with_extensions(step: &str, extensions: &str) -> String {
    match extensions.is_empty() {
        true => format!("{step} = {{}}"),
        false => format!("{step} = {{ extensions = {} }}", quoted(extensions)),
    }
}

/// The key for cuts; none where there are none.
fn cut_key(cuts: &[usize]) -> String {
    let cuts: Vec<String> = cuts.iter().map(usize::to_string).collect();
    match cuts.is_empty() {
        true => String::new(),
        false => format!(", cut = [{}]", cuts.join(", ")),
    }
}

/// Printable text as it stands in a string of several lines in TOML.
fn quoted_with_tabs(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\t', "\\t")
}

/// A basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
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

pub(super) fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

/// What ends a line (RFC 9112 2.2).
const CRLF: usize = 2;
