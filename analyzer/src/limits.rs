//! What an analyzer is told: every cap on what grows with the traffic, its default and its reason, and what to keep.

/// How an [`Analyzer`](crate::Analyzer) works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// How much of each message to keep.
    pub payload: PayloadPolicy,
    /// How much to say of what goes well.
    pub detail: Detail,
    /// What it may hold on to.
    pub limits: Limits,
}

/// What the analyzer may hold on to.
///
/// Each says what tells that it was reached: a finding, where the report then says less than the capture holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are followed at once, lingering ones included; a busy proxy has some 100,000, at about 1 KiB each.
    /// Finding `limit.connections`.
    pub connections: usize,
    /// How many connections are kept that never got beyond a SYN or an acknowledgement: a flood leaves millions. Finding
    /// `limit.connections`.
    pub half_open: usize,
    /// How many frames [`Alignment::shares_with`](crate::Alignment::shares_with) names; a segment of empty frames holds 32,747.
    /// [`Alignment::shared_frames`](crate::Alignment::shared_frames) counts all.
    pub shared_frames: usize,
    /// How many places of an open message are kept, and how many frames: each segment is one, at 90 bytes. Of a longer message the
    /// report leaves the first ones out and counts them. Finding `limit.places`.
    pub places: usize,
    /// How many bytes of a message [`PayloadPolicy::Preview`] keeps; its length says how many there were.
    pub preview: usize,
    /// How many bytes of a proxy's header are waited for; one has 232 at the most, and what else the proxy knows, such as a name.
    /// Finding `limit.proxy`.
    pub proxy_header: usize,
    /// How many bytes of an HTTP head are waited for; servers refuse heads of 8 to 64 KiB. Finding `limit.head`; of a response
    /// among frames, whose end is then not known, `ws.http`.
    pub http_head: usize,
    /// How many bytes behind an upgrade request are kept until it is answered; a client should send none. Finding `limit.early`.
    pub early_bytes: usize,
    /// How many requests wait for their response; clients that pipeline send a few. Finding `limit.requests`.
    pub pending_requests: usize,
    /// How many bytes of one direction are held behind a hole; more than a fast path has in flight while it repairs one. Finding
    /// `limit.held`.
    pub held_bytes: u64,
    /// How many segments of one direction are held behind a hole. Finding `limit.held`.
    pub held_segments: usize,
    /// How many of the bytes read last, of all connections together, are kept to be compared with copies of them: a forged
    /// segment comes within a round trip of the true one, and more would leave the processor's cache. 0 compares none, which
    /// counting messages takes a twentieth less for. Nothing tells of a copy that came later: that nothing was found is not
    /// to say that it is the same.
    pub compared_bytes: usize,
    /// How long, in nanoseconds of capture time, a hole is kept open after the receiver acknowledged it: as long as a capture may
    /// put packets out of order. The [`Gap`](crate::Gap) tells.
    pub hole_patience: i64,
    /// How many segments are held behind a hole that the receiver acknowledged. The [`Gap`](crate::Gap) tells.
    pub hole_patience_segments: usize,
    /// How many bytes are kept while frames are searched for, so that they can be decoded once they are found: a quarter of a
    /// second of a fast stream, and more than most messages. Finding `ws.resync` says from where to where bytes were passed over.
    pub search_window: usize,
    /// After how many bytes without a frame the search is given up. Finding `limit.search`.
    pub search_bytes: u64,
    /// How large a message may become by inflation; one packet can hold a thousand times its size. Finding `deflate.limit`.
    pub inflated_message: u64,
    /// How large a message may become by inflation however small it was sent: this much takes some ten milliseconds. Finding
    /// `deflate.limit`, beyond the ratio.
    pub inflated_at_any_ratio: u64,
    /// How many times its size on the wire a message may become beyond that; text reaches 100, DEFLATE ends at 1,032. Finding
    /// `deflate.limit`.
    pub inflation_ratio: u64,
    /// How many findings of one rule are listed in each direction of a connection; the last one listed says that there are more,
    /// and all are counted.
    pub findings_per_rule: u64,
    /// How long, in nanoseconds of capture time, an ended connection is kept for what still belongs to it; RFC 9293 3.6.1 waits as
    /// long. What comes later opens another connection, picked up mid-stream.
    pub linger: i64,
    /// How many ended connections are kept; what comes later for one of them opens another, picked up mid-stream.
    pub lingering: usize,
    /// How many messages of one direction wait for their acknowledgement: more small ones than a fast path has in flight. Finding
    /// `limit.unacknowledged`, where one that was forgotten is acknowledged.
    pub unacknowledged: usize,
    /// How many Pings of one direction wait for their Pong; an endpoint sends one after the other. Finding `limit.pings`, where a
    /// Pong may answer one that was forgotten.
    pub unanswered_pings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1 << 20,
            half_open: 1 << 15,
            shared_frames: 64,
            places: 1 << 16,
            preview: 64,
            proxy_header: 4 << 10,
            http_head: 64 << 10,
            early_bytes: 1 << 20,
            pending_requests: 1_024,
            held_bytes: 16 << 20,
            held_segments: 16_384,
            compared_bytes: 1 << 20,
            hole_patience: 1_000_000_000,
            hole_patience_segments: 64,
            search_window: 256 << 10,
            search_bytes: 64 << 20,
            inflated_message: 1 << 30,
            inflated_at_any_ratio: 64 << 20,
            inflation_ratio: 256,
            findings_per_rule: 100,
            linger: 60_000_000_000,
            lingering: 16_384,
            unacknowledged: 4_096,
            unanswered_pings: 16,
        }
    }
}

/// How much is said of segments, frames and messages; the more comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// All of it: every segment, frame, message and acknowledgement, and which bytes lie where.
    #[default]
    Map,
    /// Messages and which bytes of them lie where, but neither segments nor frames nor acknowledgements, nor what was said
    /// in HTTP: for a list of messages, at half the cost.
    Messages,
    /// Messages only, each in a few numbers ([`Counted`](crate::Counted)): for totals, at a third of the cost.
    Counts,
}

/// How much of each message's application data to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadPolicy {
    /// Nothing.
    None,
    /// The first [`Limits::preview`] bytes.
    #[default]
    Preview,
    /// SHA-256 only.
    Sha256,
    /// All of it, and its SHA-256.
    Full,
}

impl Config {
    /// How many bytes of a message are kept.
    pub(crate) fn kept_bytes(&self) -> usize {
        match self.payload {
            _ if self.detail == Detail::Counts => 0,
            PayloadPolicy::None | PayloadPolicy::Sha256 => 0,
            PayloadPolicy::Preview => self.limits.preview,
            PayloadPolicy::Full => usize::MAX,
        }
    }

    /// Whether a message is hashed.
    pub(crate) fn hashes(&self) -> bool {
        self.detail != Detail::Counts
            && matches!(self.payload, PayloadPolicy::Sha256 | PayloadPolicy::Full)
    }
}
