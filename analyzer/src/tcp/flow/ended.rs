//! What has to be remembered of one direction that was read to its FIN without a gap, once that was acknowledged.

use std::num::NonZeroU16;

use wireseam_wire::Seq;

use super::super::classify::Classifier;
use super::super::reassembly::Reassembly;
use super::super::standing::Standing;
use super::super::window::Window;
use super::Flow;
use crate::{Direction, Offset, Totals};

/// One direction that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndedFlow {
    /// Where its first byte stands.
    origin: Seq,
    /// How many there are; behind them stands the FIN.
    bytes: u32,
    segments: u32,
    timestamp: u32,
    retransmissions: u16,
    out_of_order: u16,
    duplicates: u16,
    ip_id: u16,
    largest_segment: Option<NonZeroU16>,
    window: Window,
    has_timestamp: bool,
    duplicate_acks: u8,
    begun: bool,
}

impl Flow {
    /// What has to be remembered; `None` where it is not over, or that is more than has room.
    pub(crate) fn ended(&self) -> Option<EndedFlow> {
        let Self {
            reassembly,
            acknowledged,
            hole: None,
            map: None,
            largest_segment,
            direction: _,
            is_acknowledged: true,
            duplicate_acks,
            window_closed: false,
            begun,
            has_gap: false,
            classifier,
            totals:
                Totals {
                    bytes,
                    segments,
                    retransmissions,
                    out_of_order,
                    duplicates,
                },
            fin: Some(fin),
            window,
            acknowledged_since: None,
        } = self
        else {
            return None;
        };
        let (next, origin) = reassembly.as_whole()?;
        if next != *fin || *acknowledged != fin.plus(1) || next != Offset(*bytes) {
            return None;
        }
        let mut standing = Standing::default();
        classifier.stand(&mut standing);
        Some(EndedFlow {
            origin,
            bytes: u32::try_from(*bytes).ok()?,
            segments: u32::try_from(*segments).ok()?,
            timestamp: standing.timestamp,
            retransmissions: u16::try_from(*retransmissions).ok()?,
            out_of_order: u16::try_from(*out_of_order).ok()?,
            duplicates: u16::try_from(*duplicates).ok()?,
            ip_id: standing.ip_id,
            largest_segment: *largest_segment,
            window: *window,
            has_timestamp: standing.has_timestamp,
            duplicate_acks: *duplicate_acks,
            begun: *begun,
        })
    }
}

impl EndedFlow {
    /// What it came to.
    pub(crate) fn totals(&self) -> Totals {
        Totals {
            bytes: u64::from(self.bytes),
            segments: u64::from(self.segments),
            retransmissions: u64::from(self.retransmissions),
            out_of_order: u64::from(self.out_of_order),
            duplicates: u64::from(self.duplicates),
        }
    }

    /// The direction as it was.
    pub(crate) fn wake(&self, direction: Direction) -> Flow {
        let fin = Offset(u64::from(self.bytes));
        let mut classifier = Classifier::default();
        classifier.catch_up(&Standing {
            timestamp: self.timestamp,
            has_timestamp: self.has_timestamp,
            ip_id: self.ip_id,
            ..Standing::default()
        });
        Flow {
            reassembly: Reassembly::whole(fin, self.origin),
            acknowledged: fin.plus(1),
            largest_segment: self.largest_segment,
            is_acknowledged: true,
            duplicate_acks: self.duplicate_acks,
            begun: self.begun,
            classifier,
            totals: self.totals(),
            fin: Some(fin),
            window: self.window,
            ..Flow::new(direction)
        }
    }
}

#[cfg(test)]
mod tests {
    use wireseam_wire::{Address, Endpoint, Flags, PacketIndex, Segment, TcpOptions};

    use super::*;
    use crate::Moment;
    use crate::spare::Spare;

    /// A flow to which its sender's segments come and the receiver's acknowledgements, each given as it stands.
    fn flow(segments: &[(bool, Flags, u32, &'static [u8])], ack: u32) -> Flow {
        let mut flow = Flow::new(Direction::ClientToServer);
        let mut before = None;
        for (packet, (from_sender, flags, seq, payload)) in (1..).zip(segments) {
            let end = |port| Endpoint {
                address: Address::from([10, 0, 0, 1]),
                port,
            };
            let packet = PacketIndex(packet);
            let plain = Segment::new(packet, end(40_000), end(80), Seq(*seq), *flags, payload);
            let segment = Segment {
                options: TcpOptions {
                    mss: flags.contains(Flags::SYN).then_some(1_460),
                    window_scale: flags.contains(Flags::SYN).then_some(7),
                    timestamps: Some((packet.0 as u32, 0)),
                    ..TcpOptions::default()
                },
                ip_id: Some(100 + packet.0 as u16),
                window: 500,
                ack: Seq(ack),
                ..plain
            };
            let moment = Moment::of(&segment);
            if *from_sender {
                let seen_lately = before.replace((seq, payload)) == Some((seq, payload));
                let placed = flow.place(&segment, moment, seen_lately);
                while flow.next_chunk(placed.incoming.as_ref()).is_some() {}
            } else {
                flow.handle_acknowledgement(&segment, moment, false);
            }
        }
        // it is whoever reads the bytes that counts them
        flow.totals.bytes = flow.reassembly.next().0;
        flow.rest(&mut Spare::default());
        flow
    }

    const ACK: Flags = Flags::ACK;

    fn ended_segments() -> Vec<(bool, Flags, u32, &'static [u8])> {
        let fin = Flags::FIN.with(ACK);
        vec![
            (false, Flags::SYN, 0, b""),
            (true, Flags::SYN.with(ACK), 1_000, b""),
            (true, ACK, 1_001, b"abc"),
            (true, ACK, 1_002, b"bc"),
            (true, ACK, 1_002, b"bc"),
            (true, ACK, 1_004, b"defgh"),
            (true, fin, 1_009, b""),
            (false, ACK, 0, b""),
            (false, ACK, 0, b""),
        ]
    }

    #[test]
    fn a_flow_that_is_over_wakes_as_it_was() {
        let flow = flow(&ended_segments(), 1_010);
        let ended = flow.ended().expect("all of it was acknowledged");
        assert_eq!(ended.totals(), flow.totals);
        let Totals {
            retransmissions,
            duplicates,
            ..
        } = flow.totals;
        assert_eq!((retransmissions, duplicates), (1, 1));
        let woken = ended.wake(Direction::ClientToServer);
        assert_eq!(format!("{woken:?}"), format!("{flow:?}"));
    }

    #[test]
    fn one_that_misses_something_or_whose_fin_was_not_acknowledged_is_not_over() {
        assert!(flow(&ended_segments(), 1_009).ended().is_none());
        let mut lost = ended_segments();
        lost.remove(5);
        assert!(flow(&lost, 1_010).ended().is_none());
        let mut open = ended_segments();
        open.remove(6);
        assert!(flow(&open, 1_009).ended().is_none());
    }
}
