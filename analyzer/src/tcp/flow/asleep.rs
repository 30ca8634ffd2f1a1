//! What has to be remembered of one direction of a connection that sleeps; its [`Standing`](crate::tcp::Standing) tells the
//! rest.

use std::num::NonZeroU16;

use wireseam_wire::Seq;

use super::super::reassembly::Reassembly;
use super::super::window::Window;
use super::Flow;
use crate::{Direction, Offset, Totals};

/// One direction of which nothing is missing or open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsleepFlow {
    next: Offset,
    bytes: u64,
    segments: u64,
    origin: Seq,
    /// How many bytes before `next` the receiver has not acknowledged.
    unacknowledged: u32,
    retransmissions: u32,
    out_of_order: u32,
    duplicates: u32,
    largest_segment: Option<NonZeroU16>,
    window: Window,
    begun: bool,
    has_gap: bool,
}

impl Flow {
    /// What has to be remembered; `None` where that is more than has room.
    pub(crate) fn sleep(&self) -> Option<AsleepFlow> {
        let Self {
            reassembly,
            acknowledged,
            hole: None,
            map: None,
            largest_segment,
            direction: _,
            is_acknowledged: true,
            duplicate_acks: _,
            window_closed: false,
            begun,
            has_gap,
            classifier: _,
            totals:
                Totals {
                    bytes,
                    segments,
                    retransmissions,
                    out_of_order,
                    duplicates,
                },
            fin: None,
            window,
            // of nothing: nothing that came in front of it waits to be acknowledged
            acknowledged_since: _,
        } = self
        else {
            return None;
        };
        let (next, origin) = reassembly.as_whole()?;
        Some(AsleepFlow {
            next,
            bytes: *bytes,
            segments: *segments,
            origin,
            unacknowledged: u32::try_from(next.0.checked_sub(acknowledged.0)?).ok()?,
            retransmissions: u32::try_from(*retransmissions).ok()?,
            out_of_order: u32::try_from(*out_of_order).ok()?,
            duplicates: u32::try_from(*duplicates).ok()?,
            largest_segment: *largest_segment,
            window: *window,
            begun: *begun,
            has_gap: *has_gap,
        })
    }
}

impl AsleepFlow {
    /// The direction, but for what [`Flow::catch_up`] takes over.
    pub(crate) fn wake(&self, direction: Direction) -> Flow {
        let Self {
            next,
            bytes,
            segments,
            origin,
            unacknowledged,
            retransmissions,
            out_of_order,
            duplicates,
            largest_segment,
            window,
            begun,
            has_gap,
        } = *self;
        Flow {
            reassembly: Reassembly::whole(next, origin),
            acknowledged: Offset(next.0.saturating_sub(u64::from(unacknowledged))),
            largest_segment,
            is_acknowledged: true,
            begun,
            has_gap,
            totals: Totals {
                bytes,
                segments,
                retransmissions: u64::from(retransmissions),
                out_of_order: u64::from(out_of_order),
                duplicates: u64::from(duplicates),
            },
            window,
            ..Flow::new(direction)
        }
    }
}
