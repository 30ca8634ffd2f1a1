//! The fragments of one IP packet, put together as they come (RFC 791 3.2, RFC 8200 4.5).

use etherparse::IpNumber;

use super::ranges::Ranges;
use crate::{
    Skipped, Timestamp,
    captured::Captured,
    ip::{Datagram, Fragment, Header},
};

/// What was captured of a packet so far.
///
/// ```text
/// told      |###########|           |###########|     what the fragments that came cover
/// captured  |######|                |###########|     what of it the capture holds (snapshot length)
///           0                                  end    known once the last fragment has come
/// ```
#[derive(Debug)]
pub(super) struct Pieces {
    /// When the first of them came.
    pub(super) since: Option<Timestamp>,
    /// Its place in the order of those that wait.
    pub(super) serial: u64,
    /// How many came.
    pub(super) count: u64,
    head: Option<Head>,
    bytes: Vec<u8>,
    captured: Ranges,
    told: Ranges,
    end: Option<usize>,
}

/// What the fragment with the first bytes says of the whole.
#[derive(Debug)]
struct Head {
    header: Vec<u8>,
    protocol: IpNumber,
    has_route: bool,
}

/// A packet of which all fragments came.
#[derive(Debug)]
pub(crate) struct Whole {
    head: Head,
    bytes: Vec<u8>,
    len: u32,
}

/// How a fragment fits to those that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It agrees with them.
    Agrees,
    /// Other bytes came before for a part of it, and stay.
    Differs,
    /// It cannot be a part of the same packet, and was left out.
    Contradicts,
}

impl Pieces {
    pub(super) fn new(since: Option<Timestamp>, serial: u64) -> Self {
        Self {
            since,
            serial,
            count: 0,
            head: None,
            bytes: Vec::new(),
            captured: Ranges::default(),
            told: Ranges::default(),
            end: None,
        }
    }

    /// Adds a fragment; of bytes that come more than once the first copy counts.
    pub(super) fn add(&mut self, fragment: &Fragment<'_>) -> Fit {
        let payload = fragment.datagram.payload;
        let Some((start, end)) = span(fragment) else {
            return Fit::Contradicts;
        };
        let last = if fragment.more { None } else { Some(end) };
        let is_behind_end = self
            .end
            .is_some_and(|known| end > known || last.is_some_and(|last| last != known));
        let ends_too_soon = last.is_some_and(|last| last < self.told.end());
        if is_behind_end || ends_too_soon {
            return Fit::Contradicts;
        }
        self.count += 1;
        self.end = self.end.or(last);
        if start == 0 && self.head.is_none() {
            self.head = Some(Head {
                header: fragment.datagram.header.slice().to_vec(),
                protocol: fragment.datagram.protocol,
                has_route: fragment.datagram.has_route,
            });
        }
        self.told.insert(start..end);
        self.copy(start, payload.bytes)
    }

    /// Copies captured bytes to where no others are yet.
    fn copy(&mut self, start: usize, bytes: &[u8]) -> Fit {
        let range = start..start + bytes.len();
        if self.bytes.len() < range.end {
            self.bytes.resize(range.end, 0);
        }
        for gap in self.captured.gaps(range.clone()) {
            let from = gap.start - start..gap.end - start;
            if let (Some(to), Some(from)) = (self.bytes.get_mut(gap), bytes.get(from)) {
                to.copy_from_slice(from);
            }
        }
        self.captured.insert(range.clone());
        if self.bytes.get(range) == Some(bytes) {
            Fit::Agrees
        } else {
            Fit::Differs
        }
    }

    /// Whether every fragment came.
    pub(super) fn is_complete(&self) -> bool {
        self.end.is_some_and(|end| self.told.first_gap() == end)
    }

    /// The packet; `None` while it is not complete.
    pub(super) fn into_whole(self) -> Option<Whole> {
        let mut bytes = self.bytes;
        bytes.truncate(self.captured.first_gap());
        Some(Whole {
            head: self.head?,
            bytes,
            len: u32::try_from(self.end?).ok()?,
        })
    }

    /// How much memory it takes, in bytes.
    pub(super) fn memory(&self) -> usize {
        let header = self.head.as_ref().map_or(0, |head| head.header.capacity());
        let ranges = self.captured.memory() + self.told.memory();
        size_of::<Self>() + self.bytes.capacity() + header + ranges
    }
}

impl Whole {
    /// The packet as if it had come in one piece.
    pub(crate) fn datagram(&self) -> Result<Datagram<'_>, Skipped> {
        Ok(Datagram {
            header: Header::read(&self.head.header)?,
            unfinished_length: false,
            has_route: self.head.has_route,
            protocol: self.head.protocol,
            payload: Captured {
                bytes: &self.bytes,
                len: self.len,
            },
        })
    }
}

/// Where a fragment lies; `None` where none can lie: beyond the largest packet, or with a length that no fragment has.
fn span(fragment: &Fragment<'_>) -> Option<(usize, usize)> {
    let len = fragment.datagram.payload.len;
    let is_whole_units = len > 0 && len.is_multiple_of(8);
    let end = fragment.offset.checked_add(len)?;
    if end > LARGEST_PACKET || (fragment.more && !is_whole_units) {
        return None;
    }
    let (start, end) = (fragment.offset.try_into().ok()?, end.try_into().ok()?);
    Some((start, end))
}

/// What an IP packet can hold at most (RFC 791 3.1, RFC 8200 4.5).
const LARGEST_PACKET: u32 = 65_535;
