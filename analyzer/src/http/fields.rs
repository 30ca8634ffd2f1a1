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

    /// The field that a line begins with, its name in any case, and where its colon stands. A letter or two tell which one it
    /// can be.
    fn of(line: &[u8]) -> Option<(Self, usize)> {
        let begun = line.trim_ascii_start();
        let letter = |at: usize| begun.get(at).map(u8::to_ascii_lowercase);
        let (field, name) = match letter(0)? {
            b'c' => match letter(3)? {
                b'n' => (Self::Connection, "Connection"),
                b't' => (Self::ContentLength, "Content-Length"),
                _ => return None,
            },
            b'h' => (Self::Host, "Host"),
            b'o' => (Self::Origin, "Origin"),
            b's' => match letter("Sec-WebSocket-".len())? {
                b'a' => (Self::SecWebSocketAccept, "Sec-WebSocket-Accept"),
                b'e' => (Self::SecWebSocketExtensions, "Sec-WebSocket-Extensions"),
                b'k' => (Self::SecWebSocketKey, "Sec-WebSocket-Key"),
                b'p' => (Self::SecWebSocketProtocol, "Sec-WebSocket-Protocol"),
                b'v' => (Self::SecWebSocketVersion, "Sec-WebSocket-Version"),
                _ => return None,
            },
            b't' => (Self::TransferEncoding, "Transfer-Encoding"),
            b'u' => (Self::Upgrade, "Upgrade"),
            _ => return None,
        };
        let (word, behind) = begun.split_at_checked(name.len())?;
        let behind = match behind.first()? {
            b':' => behind,
            _ => behind.trim_ascii_start(),
        };
        let is_named = behind.first() == Some(&b':') && is_same(word, name);
        is_named.then_some((field, line.len() - behind.len()))
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
    /// Reads the lines behind the first one, which begin at `start`, up to the empty line or as many as are there; and says where
    /// the empty line ends.
    pub(crate) fn parse(head: &'a [u8], start: usize) -> (Self, Option<usize>) {
        let (values, end) = Values::parse(head, start);
        #[cfg(test)]
        crate::work::note(end.unwrap_or(head.len()));
        let head = Cow::Borrowed(head.get(..end.unwrap_or(head.len())).unwrap_or(head));
        (Self { head, values }, end)
    }

    /// The same with a head of their own.
    pub(crate) fn with_own_head(&self) -> Fields<'static> {
        Fields {
            head: Cow::Owned(self.head.to_vec()),
            values: self.values.clone(),
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
            .find_map(|value| {
                let is_one = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                let number = if is_one {
                    Some(&*value)
                } else {
                    members(&value).next()
                };
                number.map(parse)
            })
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
    /// Notes the values in the lines of a head from `start` on, and where the empty line behind them ends.
    fn parse(head: &[u8], mut start: usize) -> (Self, Option<usize>) {
        let mut values = Self::default();
        let mut latest = Latest::default();
        let first = start;
        let ends = memchr::memchr_iter(b'\n', head.get(first..).unwrap_or_default());
        for end in ends.map(|end| first + end).chain([head.len()]) {
            let line = head.get(start..end).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                return (values, Some(end + 1).filter(|end| *end <= head.len()));
            }
            if matches!(line.first(), Some(b' ' | b'\t'))
                && let Some(field) = latest.before(head, start)
            {
                values.fold(field, end);
            } else if let Some((field, colon)) = Field::of(line) {
                let value = line.get(colon + 1..).unwrap_or_default();
                values.add(field, start + colon + 1, value);
                latest = Latest::of(field);
            } else {
                latest.pass(start);
            }
            start = end + 1;
        }
        (values, None)
    }

    /// A value that stands at `start`, white space around it included.
    fn add(&mut self, field: Field, start: usize, value: &[u8]) {
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

/// The field that a folded line goes on.
#[derive(Debug, Default)]
struct Latest {
    /// The outer `None` before any field, the inner one for a field not read here.
    field: Option<Option<Field>>,
    /// Where the lines behind it begin that may be fields not read here: only a folded line makes it worth to look.
    others: Option<usize>,
}

impl Latest {
    fn of(field: Field) -> Self {
        Self {
            field: Some(Some(field)),
            others: None,
        }
    }

    /// A line that begins at `start` is no field that is read here.
    fn pass(&mut self, start: usize) {
        self.others.get_or_insert(start);
    }

    /// The field that a line at `end` goes on; `None` before any.
    fn before(&mut self, head: &[u8], end: usize) -> Option<Option<Field>> {
        let others = self.others.take().and_then(|start| head.get(start..end));
        if others.is_some_and(|others| others.contains(&b':')) {
            self.field = Some(None);
        }
        self.field
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
        let line = memchr::memchr(b'\n', head).expect("a first line");
        Fields::parse(head, line + 1).0
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
    fn a_folded_line_behind_a_field_that_is_not_read_is_not_read_either() {
        let fields = fields(
            b"GET / HTTP/1.1\r\n Host: a\r\nOrigin: b\r\nno field\r\nX: c\r\nno field\r\n d\r\n e:f\r\n\r\n",
        );
        assert_eq!(fields.text(Field::Host).as_deref(), Some("a"));
        assert_eq!(fields.text(Field::Origin).as_deref(), Some("b"));
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
            let of = |name: &str| Field::of(format!("{name}: x").as_bytes());
            let field = of(name);
            assert!(field.is_some(), "{name}");
            assert_eq!(of(&name.to_uppercase()), field);
            assert_eq!(of(&name.to_lowercase()), field);
            assert_eq!(of(&format!("{name}s")), None);
            assert_eq!(of(&format!("{name} s")), None);
            let other = name.replace(|letter: char| letter.is_lowercase(), "x");
            assert_eq!(of(&other), None, "{other}");
            assert_eq!(of(&format!("{name}:")), field, "the first colon ends it");
            let spaced = Field::of(format!(" {name} \t: x").as_bytes());
            assert_eq!(spaced, field.map(|(field, colon)| (field, colon + 3)));
        }
    }

    #[test]
    fn text_is_latin_1() {
        let fields = fields(b"GET / HTTP/1.1\r\nHost: caf\xe9\r\n\r\n");
        assert_eq!(fields.text(Field::Host).as_deref(), Some("caf\u{e9}"));
    }
}
