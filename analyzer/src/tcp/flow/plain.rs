//! The two kinds of segments that nearly all are, and the short way for them: what it comes to is the same.

use wireseam_wire::{Flags, Segment};

use super::super::classify::without_payload;
use super::super::reassembly::Incoming;
use super::{Flow, Placed};
use crate::span_map::Carrier;
use crate::{Moment, Offset, SegmentKind, SegmentSeen, Span};

impl Flow {
    /// Where a segment without payload stands, if its sender's stream has come to there: an acknowledgement, a SYN, a FIN, or
    /// what is behind that.
    fn bare_at(&self, segment: &Segment<'_>) -> Option<Offset> {
        if segment.payload_len > 0 || segment.flags.contains(Flags::RST) {
            return None;
        }
        let (seq, end) = (segment.payload_seq(), self.reassembly.seen_end());
        let begins = segment.flags.contains(Flags::SYN) && self.reassembly.origin().is_none();
        if begins || self.reassembly.is_at_end(seq) {
            return Some(end);
        }
        let behind = self.fin.filter(|fin| *fin == end)?.plus(1);
        (self.reassembly.position(seq) == i64::try_from(behind.0).ok()).then_some(behind)
    }

    /// Takes such a segment. `None`, and nothing has happened, where it is anything else.
    #[inline(always)] // one of the two callers only has to know whether
    pub(crate) fn take_bare(
        &mut self,
        segment: &Segment<'_>,
        seen_lately: bool,
    ) -> Option<SegmentSeen> {
        let at = self.bare_at(segment)?;
        if segment.flags.contains(Flags::SYN) {
            self.begin(segment);
        }
        if segment.flags.contains(Flags::FIN) {
            self.fin.get_or_insert(at);
        }
        if at > self.reassembly.seen_end() {
            self.classifier.extend(segment);
        }
        let kind = if seen_lately {
            SegmentKind::Duplicate
        } else {
            without_payload(segment)
        };
        self.count(kind, false);
        Some(SegmentSeen {
            direction: self.direction,
            span: Span::new(at, at),
            flags: segment.flags,
            kind,
            super_segment: false,
            captured: 0,
        })
    }

    /// Whether a segment carries the bytes behind all that was seen of its stream, all of them captured, and says nothing else.
    /// Nearly all do.
    fn is_plain_next(&self, segment: &Segment<'_>) -> bool {
        segment.flags.0 & !(Flags::ACK.0 | Flags::PSH.0) == 0
            && segment.payload_len > 0
            && segment.payload.len() == segment.payload_len as usize
            && self.reassembly.is_at_end(segment.seq)
            && !(segment.payload_len == 1 && self.window_closed)
    }

    /// Takes such a segment; `None`, and nothing has happened, where it is anything else.
    pub(crate) fn take_next<'a>(
        &mut self,
        segment: &Segment<'a>,
        moment: Moment,
    ) -> Option<Incoming<'a>> {
        if !self.is_plain_next(segment) {
            return None;
        }
        let start = self.reassembly.seen_end();
        let span = Span::of_length(start, u64::from(segment.payload_len));
        self.classifier.extend(segment);
        self.totals.segments += 1;
        self.reassembly.note_end(span.end);
        Some(Incoming {
            start,
            bytes: segment.payload,
            wire_end: span.end,
            carrier: Carrier {
                moment,
                reach: span,
                super_segment: self.is_super_segment(segment),
            },
        })
    }

    /// Such a segment, placed.
    pub(super) fn placed_next<'a>(
        &self,
        segment: &Segment<'a>,
        incoming: Incoming<'a>,
    ) -> Placed<'a> {
        let Carrier {
            reach,
            super_segment,
            ..
        } = incoming.carrier;
        Placed {
            seen: SegmentSeen {
                direction: self.direction,
                span: reach,
                flags: segment.flags,
                kind: SegmentKind::Data,
                super_segment,
                captured: segment.payload_len,
            },
            incoming: Some(incoming),
            conflicts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wireseam_wire::{Address, Endpoint, PacketIndex, Seq};

    use super::*;

    /// A segment, and whether it is the receiver's: then its number is what it acknowledges, and where it is `cut`, bytes that are
    /// missing are given up.
    #[derive(Clone, Copy, Debug)]
    struct Step {
        from_receiver: bool,
        flags: Flags,
        seq: u32,
        length: usize,
        cut: bool,
        window: u16,
        seen_lately: bool,
    }

    fn step() -> impl Strategy<Value = Step> {
        let flags = prop_oneof![
            6 => Just(Flags::ACK),
            3 => Just(Flags::ACK.with(Flags::PSH)),
            1 => Just(Flags::SYN),
            1 => Just(Flags::SYN.with(Flags::ACK)),
            1 => Just(Flags::FIN.with(Flags::ACK)),
            1 => Just(Flags::RST.with(Flags::ACK)),
        ];
        let lengths = prop_oneof![Just(0_usize), Just(1), Just(2)];
        let rarely = || prop::bool::weighted(0.1);
        let rest = (
            rarely(),
            prop_oneof![4 => Just(500), 1 => Just(0)],
            rarely(),
        );
        (prop::bool::weighted(0.3), flags, 0..8_u32, lengths, rest).prop_map(
            |(from_receiver, flags, seq, length, (cut, window, seen_lately))| Step {
                from_receiver,
                flags,
                seq: seq.wrapping_sub(3), // its numbers begin anew within it
                length,
                cut,
                window,
                seen_lately,
            },
        )
    }

    fn segment(packet: u64, step: Step) -> Segment<'static> {
        let end = |port| Endpoint {
            address: Address::from([10, 0, 0, 1]),
            port,
        };
        let payload: &[u8] = if step.from_receiver { b"" } else { b"abcd" };
        let payload = payload.get(..step.length).unwrap_or_default();
        let ends = [end(40_000), end(80)];
        let at = Seq(step.seq);
        let plain = Segment::new(
            PacketIndex(packet),
            ends[0],
            ends[1],
            at,
            step.flags,
            payload,
        );
        let captured = payload.len() - usize::from(step.cut && !payload.is_empty());
        Segment {
            payload: payload.get(..captured).unwrap_or_default(),
            ack: at,
            window: step.window,
            ip_id: Some(packet as u16),
            ..plain
        }
    }

    /// Reads what came, as a connection does.
    fn read(flow: &mut Flow, incoming: Option<&Incoming<'_>>) {
        if let Some(incoming) = incoming
            && !flow.reassembly.deliver_next(incoming)
        {
            flow.reassembly.note_cut(incoming);
            while flow.next_chunk(Some(incoming)).is_some() {}
            flow.reassembly.hold(incoming);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_short_way_comes_to_the_same_as_the_long_one(steps in prop::collection::vec(step(), 1..24)) {
            let [mut short, mut long] = [(); 2].map(|()| Flow::new(crate::Direction::ClientToServer));
            for (packet, step) in (1..).zip(steps) {
                let segment = segment(packet, step);
                let moment = Moment::of(&segment);
                if step.from_receiver {
                    for flow in [&mut short, &mut long] {
                        flow.handle_acknowledgement(&segment, moment, false);
                        if step.cut {
                            flow.give_up_hole_at_end();
                        }
                    }
                    continue;
                }
                let placed = short.place(&segment, moment, step.seen_lately);
                let expected = long.place_any(&segment, moment, step.seen_lately);
                prop_assert_eq!(format!("{placed:?}"), format!("{expected:?}"));
                read(&mut short, placed.incoming.as_ref());
                read(&mut long, expected.incoming.as_ref());
                prop_assert_eq!(format!("{short:?}"), format!("{long:?}"));
            }
        }
    }
}
