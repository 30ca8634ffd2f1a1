//! What connections have in common: none needs it while another one is looked at.

use wireseam_wire::Segment;

use super::held::Holder;
use crate::http::Http;
use crate::span_map::SpanMap;
use crate::spare::Spare;
use crate::tcp::{Past, Recent, Stream, fingerprint};
use crate::websocket::Spares as SocketSpares;
use crate::{Config, ConnectionId, Direction};

/// What all connections share: buffers nobody uses, the latest bytes, and the latest segments.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) spares: Spares,
    pub(super) past: Past,
    pub(super) recent: Recent,
    pub(super) held: Holder,
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            spares: Spares::default(),
            past: Past::new(config.limits.compared_bytes),
            recent: Recent::default(),
            held: Holder::default(),
        }
    }

    /// Remembers a segment with data that was read, so that copies of it are known.
    #[inline]
    pub(super) fn remember(
        &mut self,
        connection: ConnectionId,
        direction: Direction,
        segment: &Segment<'_>,
    ) {
        self.recent
            .note(fingerprint(connection, direction, segment));
        if self.past.is_kept() {
            let (seq, packet) = (segment.seq, segment.packet);
            let ends = (segment.source, segment.destination);
            let stream = Stream::new(connection, direction, ends);
            self.past.keep(stream, seq, segment.payload, packet);
        }
    }
}

/// Buffers of connections that are at rest.
#[derive(Debug, Default)]
pub(super) struct Spares {
    pub(super) maps: Spare<SpanMap>,
    pub(super) https: Spare<Http>,
    pub(super) socket: SocketSpares,
}
