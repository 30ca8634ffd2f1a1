//! Frames found without knowing where one begins: after bytes the capture lacks, or without the handshake.
//!
//! Every offset at which a header could stand is a candidate. A candidate gains bits of evidence with each header that
//! could follow and with what is in the payloads, and dies at the first that could not. A candidate whose evidence
//! exceeds what chance would bring over the bytes searched is believed, and how sure it is, is reported.
//!
//! ```text
//!   lost | ...........F.........F.....F.......   believed: where the first believed frame begins
//!        ^ searched from   ^ a false start dies where its next header would be
//! ```

use super::frame::FrameHeader;
use super::message::in_clear;
use super::utf8::Utf8;
use crate::finding::bytes;
use crate::span_map::SpanMap;
use crate::{Direction, Limits, Offset, Opcode, Span};

/// The evidence asked for on top of what the number of offsets searched takes away, in bits.
const NEEDED: u32 = 24;
/// A header's worth: opcode, FIN, RSV, MASK and length form all as they may be.
const HEADER: u32 = 6;
/// A compressed message's header could be more.
const COMPRESSED_HEADER: u32 = 4;
/// A header at a segment's start, or a frame's end at a segment's end.
const EDGE: u32 = 6;
/// The first offset behind an upgrade request.
const EXPECTED: u32 = 12;
/// What is asked for less where the connection is known to be a WebSocket.
const CERTAIN: u32 = 8;
/// A Close frame with a status code that may be sent.
const CLOSE: u32 = 10;
/// The most that one text payload can add.
const TEXT: u32 = 30;
/// A frame announced larger than this is not believed.
const LARGEST_FRAME: u64 = 1 << 30;
/// How many candidates are followed at once; the ones with the most evidence stay.
const CANDIDATES: usize = 256;

/// A search in one direction.
#[derive(Debug)]
pub(crate) struct Search {
    masked: bool,
    /// The bytes kept, and where they begin.
    window: Vec<u8>,
    start: Offset,
    /// Where it began.
    origin: Offset,
    /// Offsets before this one have been tried.
    tried: Offset,
    searched: u64,
    candidates: Vec<Candidate>,
    /// Whether something else says that frames begin at the first offset.
    expected: bool,
    /// Whether something else says that this is a WebSocket.
    certain: bool,
}

#[derive(Clone, Debug)]
struct Candidate {
    start: Offset,
    /// Where its next header has to stand.
    next: Offset,
    bits: u32,
    /// What of it the first frame brings besides the place where it ends.
    own: u32,
    /// Where the second frame begins.
    second: Option<Offset>,
    /// Whether a message is open; `None` before any frame tells.
    open: Option<bool>,
    /// The latest header, and whether it said anything.
    header: Option<FrameHeader>,
    telling: bool,
    /// The latest frame whose payload has not been looked at.
    payload: Option<(FrameHeader, Offset)>,
}

/// Frames were found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The bytes that were passed over before; none where they end as an HTTP head does (RFC 9112 2.1), which is no frame's rest.
    pub(crate) passed: Span,
    /// Those of them that are still kept.
    pub(crate) rest: Span,
    /// Where the first one begins.
    pub(crate) start: Offset,
    /// The evidence for it.
    pub(crate) bits: u32,
    /// The bytes from there on, as far as the search has read.
    pub(crate) bytes: Vec<u8>,
}

/// What came of more bytes.
#[derive(Debug)]
pub(crate) enum Fed {
    /// Nothing yet, or nothing any more.
    More,
    /// Frames.
    Found(Found),
    /// These were the last of so many bytes that the search is given up.
    GivenUp(Span),
}

/// What is said of a search that was given up.
pub(crate) fn given_up(limits: &Limits) -> String {
    format!(
        "no frame in {} (limit search-bytes)",
        bytes(limits.search_bytes)
    )
}

impl Search {
    /// A search in bytes that travel in `direction`: a client masks, a server does not (RFC 6455 5.1).
    pub(crate) fn new(direction: Direction) -> Self {
        let masked = direction == Direction::ClientToServer;
        Self {
            masked,
            window: Vec::new(),
            start: Offset(0),
            origin: Offset(0),
            tried: Offset(0),
            searched: 0,
            candidates: Vec::new(),
            expected: false,
            certain: false,
        }
    }

    /// A search right behind an upgrade request, where frames begin if its answer was a 101.
    pub(crate) fn behind_request(direction: Direction) -> Self {
        Self {
            expected: true,
            ..Self::new(direction)
        }
    }

    /// It is known by other means that this direction is one of a WebSocket.
    pub(crate) fn be_certain(&mut self) {
        self.certain = true;
    }

    /// What the bytes read so far come to.
    pub(crate) fn conclude(&self) -> Option<Found> {
        let certain = if self.certain { CERTAIN } else { 0 };
        let needed = NEEDED + self.searched.max(1).ilog2().saturating_sub(6) - certain;
        let believed = self
            .candidates
            .iter()
            .filter(|candidate| candidate.bits >= needed);
        let best = believed.min_by_key(|candidate| candidate.start)?;
        self.found(best.first_sure_start(), best.bits)
    }

    /// Reads on; the bytes stand at `at`.
    pub(crate) fn feed(&mut self, at: Offset, bytes: &[u8], map: &SpanMap, limits: &Limits) -> Fed {
        if self.searched > limits.search_bytes {
            self.restart(at.plus(bytes.len() as u64));
            return Fed::More;
        }
        if self.end() != at {
            self.restart(at);
        }
        self.window.extend_from_slice(bytes);
        self.searched += bytes.len() as u64;
        self.try_offsets(map);
        self.follow(map);
        let found = self.conclude();
        self.forget(limits);
        match found {
            Some(found) => Fed::Found(found),
            None if self.searched > limits.search_bytes => {
                Fed::GivenUp(Span::of_length(at, bytes.len() as u64))
            }
            None => Fed::More,
        }
    }

    /// The capture lacks bytes: frames that reach over them are not followed, and none is expected behind them.
    pub(crate) fn gap(&mut self, span: Span) {
        self.expected = false;
        self.restart(span.end);
    }

    /// From where on the search needs the map.
    pub(crate) fn keep_from(&self) -> Offset {
        self.start
    }

    fn end(&self) -> Offset {
        self.start.plus(self.window.len() as u64)
    }

    fn restart(&mut self, at: Offset) {
        self.window = Vec::new();
        self.candidates = Vec::new();
        self.start = at;
        self.origin = at;
        self.tried = at;
    }

    fn bytes_from(&self, at: Offset) -> Option<&[u8]> {
        self.window
            .get(usize::try_from(at.0.checked_sub(self.start.0)?).ok()?..)
    }

    /// Makes a candidate of each new offset at which a whole header could stand.
    fn try_offsets(&mut self, map: &SpanMap) {
        while let Some(bytes) = self
            .bytes_from(self.tried)
            .filter(|bytes| !bytes.is_empty())
        {
            let at = self.tried;
            if !could_begin(bytes, self.masked) {
                self.tried = at.plus(1);
                continue;
            }
            let Some(header) = FrameHeader::parse(bytes) else {
                break;
            };
            self.tried = at.plus(1);
            if !may_be_first(&header, self.masked) {
                continue;
            }
            let bits = if self.expected && at == self.origin {
                EXPECTED
            } else {
                0
            };
            let candidate = Candidate {
                start: at,
                next: at,
                bits,
                own: bits,
                second: None,
                open: None,
                header: None,
                telling: false,
                payload: None,
            };
            let candidate = candidate.after_header(&header, self.masked, || is_edge(map, at));
            self.candidates.extend(candidate);
        }
        if self.candidates.len() > CANDIDATES {
            self.candidates
                .sort_by_key(|candidate| (std::cmp::Reverse(candidate.bits), candidate.start));
            self.candidates.truncate(CANDIDATES);
        }
    }

    /// Follows each candidate through the bytes that are there.
    fn follow(&mut self, map: &SpanMap) {
        let candidates = std::mem::take(&mut self.candidates);
        self.candidates = candidates
            .into_iter()
            .filter_map(|candidate| self.followed(candidate, map))
            .collect();
    }

    fn followed(&self, mut candidate: Candidate, map: &SpanMap) -> Option<Candidate> {
        while candidate.next <= self.end() {
            if let Some((header, payload)) = candidate.payload.take() {
                let bits = self.payload_bits(&header, payload)?;
                candidate.bits += bits;
                candidate.own += if candidate.second.is_none() { bits } else { 0 };
                let at_edge = candidate.next == self.end() || is_edge(map, candidate.next);
                candidate.bits += if at_edge && candidate.telling {
                    EDGE
                } else {
                    0
                };
            }
            let Some(header) = self.bytes_from(candidate.next).and_then(FrameHeader::parse) else {
                break;
            };
            candidate = candidate.after_header(&header, self.masked, || false)?;
        }
        Some(candidate)
    }

    /// What a payload says; `None` where it cannot be one.
    fn payload_bits(&self, header: &FrameHeader, at: Offset) -> Option<u32> {
        let length = usize::try_from(header.length).ok()?;
        let Some(payload) = self.bytes_from(at).and_then(|bytes| bytes.get(..length)) else {
            return Some(0);
        };
        match header.opcode {
            Opcode::Text if header.fin && !header.rsv[0] => text_bits(payload, header.masking_key),
            Opcode::Close => close_bits(payload, header.masking_key),
            _ => Some(0),
        }
    }

    fn found(&self, start: Offset, bits: u32) -> Option<Found> {
        let bytes = self.bytes_from(start)?.to_vec();
        let passed = self.window.len() - bytes.len();
        let behind_head = self.window[..passed].ends_with(b"\r\n\r\n");
        let passed_from = if behind_head { start } else { self.origin };
        Some(Found {
            passed: Span::new(passed_from, start),
            rest: Span::new(passed_from.max(self.start), start),
            start,
            bits,
            bytes,
        })
    }

    /// Forgets the oldest bytes beyond the window; candidates that began in them begin at their next header.
    fn forget(&mut self, limits: &Limits) {
        let surplus = self.window.len().saturating_sub(limits.search_window);
        if surplus < limits.search_window / 4 {
            return;
        }
        self.window.drain(..surplus);
        self.start = self.start.plus(surplus as u64);
        for candidate in self
            .candidates
            .iter_mut()
            .filter(|candidate| candidate.start < self.start)
        {
            candidate.start = candidate.next;
            candidate.own = 0;
            candidate.second = None;
            candidate.payload = None;
        }
    }
}

impl Candidate {
    /// The candidate after the header at its next place, `None` where a frame like this cannot stand there. `at_edge` tells
    /// whether a segment begins there.
    fn after_header(
        mut self,
        header: &FrameHeader,
        masked: bool,
        at_edge: impl FnOnce() -> bool,
    ) -> Option<Self> {
        if !is_plausible(header, masked) || (tells_nothing(header) && self.open.is_none()) {
            return None;
        }
        if self.next != self.start {
            self.second.get_or_insert(self.next);
        }
        self.telling = !tells_nothing(header) && !self.is_repeated_by(header);
        let compressed = header.rsv[0];
        self.open = match (header.opcode, self.open) {
            (Opcode::Text | Opcode::Binary, Some(true)) => return None,
            (Opcode::Continuation, Some(false)) => return None,
            (Opcode::Text | Opcode::Binary | Opcode::Continuation, _) => Some(!header.fin),
            (_, open) => open,
        };
        self.bits += match (self.telling, compressed) {
            (false, _) => 0,
            (true, true) => COMPRESSED_HEADER,
            (true, false) => HEADER,
        };
        let edge = if self.telling && at_edge() { EDGE } else { 0 };
        self.bits += edge;
        self.own += edge;
        self.header = Some(*header);
        let payload = self.next.plus(header.size());
        self.next = payload.plus(header.length);
        self.payload = Some((*header, payload));
        Some(self)
    }

    /// Where its first frame begins, unless little speaks for it but that it ends where others begin: of the offsets in a
    /// payload one in some thousands does, and the frames behind it would make it believed.
    fn first_sure_start(&self) -> Offset {
        self.second
            .filter(|_| self.own < EDGE)
            .unwrap_or(self.start)
    }

    /// Whether a header is the same as the one before, masking key included: keys are random (RFC 6455 5.3), and runs of one
    /// byte look like that. Some clients use the key 0 throughout.
    fn is_repeated_by(&self, header: &FrameHeader) -> bool {
        header.masking_key.is_some_and(|key| key != [0; 4]) && self.header == Some(*header)
    }
}

fn is_edge(map: &SpanMap, at: Offset) -> bool {
    map.piece_at(at).is_some_and(|piece| piece.span.start == at)
}

/// A quick look at the first two bytes, so that few offsets are looked at closely.
fn could_begin(bytes: &[u8], masked: bool) -> bool {
    let Some(first) = bytes.first() else {
        return false;
    };
    let opcode_fits = matches!(first & 0x0F, 0 | 1 | 2 | 8 | 9 | 10) && first & 0x30 == 0;
    opcode_fits
        && bytes
            .get(1)
            .is_none_or(|second| (second & 0x80 != 0) == masked)
}

/// Whether frames can begin with this header, as far as anything tells.
fn may_be_first(header: &FrameHeader, masked: bool) -> bool {
    !tells_nothing(header) && is_plausible(header, masked)
}

/// Whether a conforming endpoint can have sent this header.
fn is_plausible(header: &FrameHeader, masked: bool) -> bool {
    let control = header.opcode.is_control();
    let compressible = matches!(header.opcode, Opcode::Text | Opcode::Binary);
    header.masking_key.is_some() == masked
        && !matches!(header.opcode, Opcode::Reserved(_))
        && !(header.rsv[1] || header.rsv[2])
        && (!header.rsv[0] || compressible)
        && (!control || (header.fin && header.extended_length == 0))
        && header.is_minimal()
        && header.length <= LARGEST_FRAME
}

/// An unmasked fragment in the middle of a message begins with a zero byte, of which files and length fields are full: it tells nothing.
fn tells_nothing(header: &FrameHeader) -> bool {
    header.opcode == Opcode::Continuation && !header.fin && header.masking_key.is_none()
}

/// Text has to be UTF-8, which random bytes hardly ever are. Text with control characters tells nothing: bytes of masked text
/// that are unmasked with four others of them look like that.
fn text_bits(payload: &[u8], masking_key: Option<[u8; 4]>) -> Option<u32> {
    let mut utf8 = Utf8::default();
    let mut controls = false;
    in_clear(payload, masking_key, 0, |data| {
        utf8.feed(data);
        controls |= data
            .iter()
            .any(|byte| *byte < 0x20 && !byte.is_ascii_whitespace());
    });
    let bits = u32::try_from(payload.len()).unwrap_or(TEXT).min(TEXT);
    utf8.first_invalid()
        .is_none()
        .then_some(if controls { 0 } else { bits })
}

/// A Close is empty or begins with a status code (RFC 6455 5.5.1).
fn close_bits(payload: &[u8], masking_key: Option<[u8; 4]>) -> Option<u32> {
    let mut clear = Vec::new();
    in_clear(payload, masking_key, 0, |data| {
        clear.extend_from_slice(data)
    });
    match clear.split_first_chunk::<2>() {
        None if clear.is_empty() => Some(0),
        Some((code, _)) if super::close::may_be_sent(u16::from_be_bytes(*code)) => Some(CLOSE),
        _ => None,
    }
}
