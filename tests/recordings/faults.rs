//! What the wire between two programs did to single segments, against what their segments are said to be.
//!
//! ```text
//!   client ---- wire: drops, doubles, reorders ---- (capture) server
//! ```
//!
//! The capture is made at the server, so what happens to segments on the way there can be seen: a double twice, a reordered one
//! late, a dropped one only when it is sent again. Segments on the way back are captured before the wire gets them.

use wireseam::{
    analyzer::{Direction, SegmentKind},
    capture::{FileSource, Source},
    report::schema::Segment,
    wire,
};

use super::{
    Recording,
    truth::{Fault, FaultKind},
};

/// A captured segment with payload: its packet, the ports, the first sequence number, the length.
struct Captured {
    packet: u64,
    source_port: u16,
    destination_port: u16,
    seq: u32,
    len: u32,
}

impl Captured {
    fn is_that_of(&self, fault: &Fault) -> bool {
        self.has_ports_of(fault) && (self.seq, self.len) == (fault.seq, fault.len)
    }

    /// Whether it carries the first byte of the segment that the wire dropped.
    fn begins(&self, fault: &Fault) -> bool {
        self.has_ports_of(fault) && fault.seq.wrapping_sub(self.seq) < self.len
    }

    fn has_ports_of(&self, fault: &Fault) -> bool {
        (self.source_port, self.destination_port) == (fault.source_port, fault.destination_port)
    }
}

/// Segments that are said to be something that the wire did not make of them, and the other way round.
pub(super) fn differences(recording: &Recording) -> Vec<String> {
    let captured = captured(recording);
    let segments: Vec<&Segment> = recording
        .report
        .connections
        .iter()
        .flat_map(|connection| &connection.segments)
        .collect();
    let kind_of = |packet| {
        let segment = segments.iter().find(|it| it.packet == packet);
        segment.map(|it| it.kind.0)
    };
    let of_kind = |kind| {
        let packets: Vec<u64> = segments
            .iter()
            .filter(|it| it.kind.0 == kind && it.direction.0 == Direction::ClientToServer)
            .map(|it| it.packet)
            .collect();
        captured
            .iter()
            .filter(move |it| packets.contains(&it.packet))
    };
    let client_ports: Vec<u16> = recording
        .truth
        .connections
        .iter()
        .filter_map(|it| it.client.rsplit(':').next()?.parse().ok())
        .collect();
    let of_wire = |kind| {
        let faults = recording.truth.wire_faults.iter();
        faults.filter(move |it| it.fault == kind && it.len > 0)
    };
    let to_server = |fault: &&Fault| client_ports.contains(&fault.source_port);

    let mut wrong = Vec::new();
    let mut doubles: Vec<&Fault> = of_wire(FaultKind::Dup).filter(to_server).collect();
    for duplicate in of_kind(SegmentKind::Duplicate) {
        match doubles.iter().position(|it| duplicate.is_that_of(it)) {
            Some(at) => {
                doubles.remove(at);
            }
            None => wrong.push(format!(
                "packet {} is no duplicate: the wire did not double it",
                duplicate.packet
            )),
        }
    }
    for left in doubles {
        wrong.push(format!("the wire doubled {left:?}: no duplicate was found"));
    }
    for late in of_kind(SegmentKind::OutOfOrder) {
        if !of_wire(FaultKind::Reorder).any(|it| late.is_that_of(it)) {
            wrong.push(format!(
                "packet {} is not out of order: the wire did not move it",
                late.packet
            ));
        }
    }
    for dropped in of_wire(FaultKind::Drop) {
        // on the way to the server the first copy was never captured, so the one sent again can be new data
        let may_be_new = to_server(&dropped);
        let is_sent_again = |kind| match kind {
            SegmentKind::Retransmission | SegmentKind::PartialRetransmission => true,
            SegmentKind::Data => may_be_new,
            _ => false,
        };
        let again = captured
            .iter()
            .filter(|it| it.begins(dropped))
            .any(|it| kind_of(it.packet).is_some_and(is_sent_again));
        if !again {
            wrong.push(format!(
                "the wire dropped {dropped:?}: no segment with these bytes was found to be sent again"
            ));
        }
    }
    wrong
}

fn captured(recording: &Recording) -> Vec<Captured> {
    let mut source = FileSource::open(&recording.capture).unwrap();
    let mut captured = Vec::new();
    while let Some(packet) = source.next_packet().unwrap() {
        let Ok(segment) = wire::decode(&packet) else {
            continue;
        };
        if segment.payload_len > 0 {
            captured.push(Captured {
                packet: segment.packet.0,
                source_port: segment.source.port,
                destination_port: segment.destination.port,
                seq: segment.payload_seq().0,
                len: segment.payload_len,
            });
        }
    }
    captured
}
