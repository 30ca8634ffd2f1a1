//! An HTTP response that stands inside the WebSocket's bytes, read past (RFC 9112 2.1, 6.3).
//!
//! As a frame its first two bytes, `HT`, would be a fragmented Close with RSV1 set: no endpoint sends that.

use crate::http::{Body, Head, begins_like_response, end_of_head};
use crate::{Limits, Offset, Span};

/// A response that is being read past.
#[derive(Debug)]
pub(super) struct HttpInside {
    start: Offset,
    length: u64,
    head: Vec<u8>,
    scanned: usize,
    body: Option<Body>,
}

impl HttpInside {
    /// So many bytes tell a response: `HTTP/1.`.
    pub(super) const TELLING: usize = 7;

    /// Whether these bytes can begin a response.
    pub(super) fn may_begin(bytes: &[u8]) -> bool {
        begins_like_response(bytes)
    }

    pub(super) fn new(start: Offset, begun: &[u8]) -> Self {
        Self {
            start,
            length: begun.len() as u64,
            head: begun.to_vec(),
            scanned: 0,
            body: None,
        }
    }

    /// Reads on, and says how many bytes belong to it.
    pub(super) fn feed(&mut self, input: &[u8], limits: &Limits) -> usize {
        let read = match &mut self.body {
            Some(body) => body.skip(input),
            None => self.feed_head(input, limits),
        };
        self.length += read as u64;
        read
    }

    /// Whether its end was read.
    pub(super) fn is_done(&self) -> bool {
        self.body.is_some_and(Body::is_done)
    }

    /// Skips bytes that the capture lacks; `false` where it can then not be told where it ends.
    pub(super) fn skip_gap(&mut self, span: Span) -> bool {
        self.length += span.length();
        self.body
            .as_mut()
            .is_some_and(|body| body.skip_gap(span.length()))
    }

    pub(super) fn start(&self) -> Offset {
        self.start
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Its first line, for people.
    pub(super) fn first_line(&self) -> String {
        let line = self
            .head
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    }

    fn feed_head(&mut self, input: &[u8], limits: &Limits) -> usize {
        let before = self.head.len();
        self.head.extend_from_slice(input);
        let Some(end) = end_of_head(&self.head, self.scanned)
            .or((self.head.len() > limits.http_head).then_some(self.head.len()))
        else {
            self.scanned = self.head.len();
            return input.len();
        };
        self.head.truncate(end);
        let head = Head::parse(&self.head);
        let chunked = head.as_ref().is_some_and(|head| head.fields.is_chunked());
        let length = head
            .as_ref()
            .and_then(|head| head.fields.content_length())
            .unwrap_or(0);
        self.body = Some(if chunked {
            Body::CHUNKED
        } else {
            Body::Length(length)
        });
        end.saturating_sub(before)
    }
}
