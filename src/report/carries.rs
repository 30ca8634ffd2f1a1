//! The map the other way round: which frames and messages have bytes in a segment.

use wireseam_analyzer::Direction;

use super::{
    copies::carries_stream,
    schema::{Bytes, Carried, Connection, Piece, Segment, Word},
};

/// Fills in what each segment carries, once the frames of both directions are known.
pub(super) fn fill(connection: &mut Connection) {
    let frames = Direction::BOTH.map(|direction| frames_in(connection, direction));
    for segment in &mut connection.segments {
        let [up, down] = &frames;
        segment.carries = Some(match segment.direction.0 {
            Direction::ClientToServer => carried(segment, up),
            Direction::ServerToClient => carried(segment, down),
        });
    }
}

/// A frame in its stream, and where it ends for the segments: at the next frame's first byte at the latest.
///
/// One found again behind a gap may begin inside one that was never seen to end.
struct Placed {
    whole: Bytes,
    end: u64,
    /// Whether its last byte is known.
    ends: bool,
    carried: Carried,
}

fn frames_in(connection: &Connection, direction: Direction) -> Vec<Placed> {
    let mut placed = Vec::new();
    for websocket in &connection.websockets {
        for frame in websocket
            .frames
            .iter()
            .filter(|frame| frame.direction.0 == direction)
        {
            let whole = Bytes(frame.header.0, frame.payload.1);
            let carried = Carried {
                websocket: websocket.id,
                frame: frame.id,
                message: frame.message,
                span: whole,
                piece: Word(Piece::Whole),
            };
            placed.push(Placed {
                whole,
                end: whole.1,
                ends: frame.length.is_some(),
                carried,
            });
        }
    }
    placed.sort_by_key(|placed| placed.whole);
    let starts: Vec<_> = placed.iter().skip(1).map(|next| next.whole.0).collect();
    for (placed, next) in placed.iter_mut().zip(starts) {
        placed.end = placed.end.min(next);
    }
    placed
}

/// The frames with bytes in the segment, in stream order.
fn carried(segment: &Segment, frames: &[Placed]) -> Vec<Carried> {
    if !carries_stream(segment) {
        return Vec::new();
    }
    let span = segment.span;
    let from = frames.partition_point(|placed| placed.end <= span.0);
    let within = frames[from..]
        .iter()
        .take_while(|placed| placed.whole.0 < span.1);
    within.map(|placed| part(placed, span)).collect()
}

fn part(placed: &Placed, segment: Bytes) -> Carried {
    let span = Bytes(placed.whole.0.max(segment.0), placed.end.min(segment.1));
    let has_end = placed.ends && span.1 == placed.whole.1;
    let piece = match (span.0 == placed.whole.0, has_end) {
        (true, true) => Piece::Whole,
        (true, false) => Piece::Head,
        (false, true) => Piece::Tail,
        (false, false) => Piece::Middle,
    };
    Carried {
        span,
        piece: Word(piece),
        ..placed.carried
    }
}
