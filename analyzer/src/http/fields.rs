//! The fields of a head (RFC 9112 5), read where they lie.
//!
//! It reads what endpoints send, also what a server would refuse: white space before a colon, folded lines (RFC 9112
//! 5.2). One pass notes where the values of the fields in [`Field`] lie and keeps nothing of the others.

use std::borrow::Cow;
use std::num::NonZeroU32;

use crate::http_list::split_list;

/// A field that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Connection,
    ContentLength,
    Host,
    Origin,
    SecWebSocketAccept,
    SecWebSocketExtensions,
    SecWebSocketKey,
    SecWebSocketProtocol,
    SecWebSocketVersion,
    TransferEncoding,
    Upgrade,
}

impl Field {
    const COUNT: usize = 11;

    /// The field of this name, in any case. Length and first letter tell which one it can be.
    fn of(name: &[u8]) -> Option<Self> {
        let (field, written) = match (name.len(), name.first()?.to_ascii_lowercase()) {
            (4, b'h') => (Self::Host, "Host"),
            (6, b'o') => (Self::Origin, "Origin"),
            (7, b'u') => (Self::Upgrade, "Upgrade"),
            (10, b'c') => (Self::Connection, "Connection"),
            (14, b'c') => (Self::ContentLength, "Content-Length"),
            (17, b's') => (Self::SecWebSocketKey, "Sec-WebSocket-Key"),
            (17, b't') => (Self::TransferEncoding, "Transfer-Encoding"),
            (20, b's') => (Self::SecWebSocketAccept, "Sec-WebSocket-Accept"),
            (21, b's') => (Self::SecWebSocketVersion, "Sec-WebSocket-Version"),
            (22, b's') => (Self::SecWebSocketProtocol, "Sec-WebSocket-Protocol"),
            (24, b's') => (Self::SecWebSocketExtensions, "Sec-WebSocket-Extensions"),
            _ => return None,
        };
        is_same(name, written).then_some(field)
    }
}

/// Whether two words are the same in any case; mostly they are in the usual one.
fn is_same(word: &[u8], usual: &str) -> bool {
    word.len() == usual.len()
        && (word == usual.as_bytes() || word.eq_ignore_ascii_case(usual.as_bytes()))
}

/// The fields of a head. Their text is Latin-1, so that every byte means something.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    /// The whole head.
    head: Cow<'a, [u8]>,
    values: Values,
}

/// Where in a head the values of its fields lie.
#[derive(Clone, Debug, Default)]
struct Values {
    /// Of the first field of each name.
    first: [Option<Place>; Field::COUNT],
    /// Of further ones, in order.
    more: Vec<(Field, Place)>,
    /// Whether any value goes on in a second line; then it is put together when it is asked for.
    folded: bool,
}

/// Where a value lies. Its name stands before it: it does not begin at 0.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: NonZeroU32,
    end: u32,
}

impl<'a> Fields<'a> {
    /// Reads the lines behind the first one, up to the empty line or as many as are there; and says where the empty line
    /// ends.
    pub(crate) fn parse(head: &'a [u8]) -> (Self, Option<usize>) {
        let (values, end) = Values::parse(head);
        #[cfg(test)]
        crate::work::note(end.unwrap_or(head.len()));
        let head = Cow::Borrowed(head.get(..end.unwrap_or(head.len())).unwrap_or(head));
        (Self { head, values }, end)
    }

    /// The same with a head of their own.
    pub(crate) fn into_owned(self) -> Fields<'static> {
        Fields {
            head: Cow::Owned(self.head.into_owned()),
            values: self.values,
        }
    }

    /// The head that they stand in.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The values of all fields of this name, in order.
    pub(crate) fn values(&self, field: Field) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let more = self.values.more.iter();
        let more = more.filter_map(move |(name, place)| (*name == field).then_some(*place));
        self.values.first[field as usize]
            .into_iter()
            .chain(more)
            .map(|place| self.value_at(place))
    }

    /// The value of the first field of this name.
    pub(crate) fn value(&self, field: Field) -> Option<Cow<'_, [u8]>> {
        self.values.first[field as usize].map(|place| self.value_at(place))
    }

    /// The same as text.
    pub(crate) fn text(&self, field: Field) -> Option<String> {
        self.value(field).map(|value| latin1(&value))
    }

    /// The members of the comma-separated lists in all fields of this name (RFC 9110 5.6.1); commas in quotes do not separate.
    pub(crate) fn list(&self, field: Field) -> Vec<String> {
        let mut list = Vec::new();
        self.for_each_member(field, |member| list.push(latin1(member)));
        list
    }

    /// The same where they lie.
    pub(crate) fn for_each_member(&self, field: Field, mut take: impl FnMut(&[u8])) {
        for value in self.values(field) {
            members(&value).for_each(&mut take);
        }
    }

    /// Whether a list field has a member that passes `test`.
    pub(crate) fn has_member(&self, field: Field, test: impl Fn(&[u8]) -> bool) -> bool {
        self.values(field).any(|value| members(&value).any(&test))
    }

    /// Whether a list field has this token, in any case.
    pub(crate) fn has_token(&self, field: Field, token: &str) -> bool {
        self.values(field).any(|value| {
            is_same(&value, token)
                || value.len() > token.len() && members(&value).any(|member| is_same(member, token))
        })
    }

    /// Content-Length (RFC 9110 8.6), where it is a number.
    pub(crate) fn content_length(&self) -> Option<u64> {
        let parse = |member: &[u8]| std::str::from_utf8(member).ok()?.parse().ok();
        self.values(Field::ContentLength)
            .find_map(|value| members(&value).next().map(parse))
            .flatten()
    }

    /// Whether the body comes in chunks (RFC 9112 7.1).
    pub(crate) fn is_chunked(&self) -> bool {
        self.has_token(Field::TransferEncoding, "chunked")
    }

    fn value_at(&self, place: Place) -> Cow<'_, [u8]> {
        let place = place.start.get() as usize..place.end as usize;
        let value = self.head.get(place).unwrap_or_default();
        if self.values.folded {
            unfolded(value)
        } else {
            Cow::Borrowed(value)
        }
    }
}

impl Place {
    /// `None` where it is too far behind to be noted; no head is that long.
    fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self {
            start: NonZeroU32::new(u32::try_from(start).ok()?)?,
            end: u32::try_from(end).ok()?,
        })
    }
}

impl Values {
    /// Notes the values in a head behind its first line, and where the empty line behind them ends.
    fn parse(head: &[u8]) -> (Self, Option<usize>) {
        let mut values = Self::default();
        let mut ends = memchr::memchr_iter(b'\n', head);
        let Some(mut start) = ends.next().map(|end| end + 1) else {
            return (values, None);
        };
        // The field that a folded line goes on; the outer `None` before any field, the inner one for a field not read here.
        let mut latest: Option<Option<Field>> = None;
        for end in ends.chain([head.len()]) {
            let line = head.get(start..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match (line.first(), latest) {
                (None, _) => return (values, Some(end + 1).filter(|end| *end <= head.len())),
                (Some(b' ' | b'\t'), Some(field)) => values.fold(field, end),
                _ => {
                    if let Some(colon) = memchr::memchr(b':', line) {
                        let (name, value) = line.split_at(colon);
                        let field = Field::of(name.trim_ascii());
                        values.add(field, start + colon + 1, value.get(1..).unwrap_or_default());
                        latest = Some(field);
                    }
                }
            }
            start = end + 1;
        }
        (values, None)
    }

    /// A value that stands at `start`, white space around it included.
    fn add(&mut self, field: Option<Field>, start: usize, value: &[u8]) {
        let Some(field) = field else { return };
        let value = value.trim_ascii_end();
        let end = start + value.len();
        let Some(place) = Place::new(end - value.trim_ascii_start().len(), end) else {
            return;
        };
        match &mut self.first[field as usize] {
            first @ None => *first = Some(place),
            Some(_) => self.more.push((field, place)),
        }
    }

    /// The value that was added last goes on up to `end`.
    fn fold(&mut self, field: Option<Field>, end: usize) {
        let Some(field) = field else { return };
        let place = match self.more.last_mut() {
            Some((name, place)) if *name == field => Some(place),
            _ => self.first[field as usize].as_mut(),
        };
        if let (Some(place), Ok(end)) = (place, u32::try_from(end)) {
            place.end = end;
            self.folded = true;
        }
    }
}

/// A value whose lines that begin with white space are joined to the first one; those between that are no field's go.
fn unfolded(value: &[u8]) -> Cow<'_, [u8]> {
    let mut lines = value.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default().trim_ascii();
    let mut joined = Cow::Borrowed(first);
    for line in lines.filter(|line| matches!(line.first(), Some(b' ' | b'\t'))) {
        let joined = joined.to_mut();
        joined.push(b' ');
        joined.extend_from_slice(line.trim_ascii());
    }
    joined
}

/// The members of a comma-separated list, empty ones left out.
fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    split_list(value)
        .map(trim)
        .filter(|member| !member.is_empty())
}

/// Without the white space at both ends, of Latin-1 as a whole.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !char::from(*byte).is_whitespace();
    let end = text.iter().rposition(is_text).map_or(0, |last| last + 1);
    let start = text.iter().position(is_text).unwrap_or(end);
    text.get(start..end).unwrap_or_default()
}

/// Text in which each byte is a character.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    if bytes.is_ascii() {
        String::from_utf8_lossy(bytes).into_owned()
    } else {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(head: &[u8]) -> Fields<'_> {
        Fields::parse(head).0
    }

    #[test]
    fn folded_line_and_space_before_colon_are_read() {
        let fields = fields(b"GET / HTTP/1.1\r\nConnection : keep-alive,\r\n Upgrade\r\n\r\n");
        assert!(fields.has_token(Field::Connection, "upgrade"));
    }

    #[test]
    fn a_folded_line_belongs_to_the_field_before_it() {
        let fields = fields(
            b"GET / HTTP/1.1\r\nHost: a\r\n\tb \r\nno field\r\n  c\r\nHost: d\r\n e\r\nX: f\r\n g\r\nOrigin:\r\n h\r\n\r\n",
        );
        let values: Vec<_> = fields.values(Field::Host).map(Cow::into_owned).collect();
        assert_eq!(values, [b"a b c".as_slice(), b"d e"]);
        assert_eq!(fields.text(Field::Origin).as_deref(), Some(" h"));
    }

    #[test]
    fn several_fields_of_one_name_are_one_list() {
        let fields = fields(b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nupgrade: WebSocket\r\n\r\n");
        assert_eq!(fields.list(Field::Upgrade), ["h2c", "WebSocket"]);
    }

    #[test]
    fn every_name_is_told_in_any_case_and_from_those_like_it() {
        for name in [
            "Connection",
            "Content-Length",
            "Host",
            "Origin",
            "Sec-WebSocket-Accept",
            "Sec-WebSocket-Extensions",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Version",
            "Transfer-Encoding",
            "Upgrade",
        ] {
            let field = Field::of(name.as_bytes());
            assert!(field.is_some(), "{name}");
            assert_eq!(Field::of(name.to_uppercase().as_bytes()), field);
            assert_eq!(Field::of(name.to_lowercase().as_bytes()), field);
            assert_eq!(Field::of(format!("{name}s").as_bytes()), None);
            let other = name.replace(|letter: char| letter.is_lowercase(), "x");
            assert_eq!(Field::of(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn text_is_latin_1() {
        let fields = fields(b"GET / HTTP/1.1\r\nHost: caf\xe9\r\n\r\n");
        assert_eq!(fields.text(Field::Host).as_deref(), Some("caf\u{e9}"));
    }
}
