//! Which connections sleep: of those that are quiet the ones that heard nothing for long, where many are awake.
//!
//! ```text
//!   quiet again --> | .. awake .. | --heard nothing since it was noted--> asleep --anything not to be counted--> awake
//!                       ^--------heard something-----' first
//! ```
//!
//! It is looked into when one more is awake: where all segments are merely counted, this costs nothing. Where the whole map is
//! asked for, no segment is merely counted, so the [`Quick`] of a connection is on only while that sleeps, and any segment
//! wakes it.

use std::collections::VecDeque;

use wireseam_wire::PacketIndex;

use super::{Analyzer, Entry};
use crate::connection::{Connection, Quick};
use crate::flow_table::Slot;
use crate::{ConnectionId, Detail, Moment};

/// So many quiet connections may be awake, and as many again where they hear something in turns: less than 2 MiB.
const AWAKE: usize = 1_024;

/// How many are looked at for one that is noted, so that they grow fewer while some of them go on hearing something.
const STEPS: usize = 2;

/// Connections that are quiet and awake, or were when they were noted.
#[derive(Debug, Default)]
pub(super) struct Awake(VecDeque<Noted>);

#[derive(Clone, Copy, Debug)]
struct Noted {
    slot: Slot,
    id: ConnectionId,
    /// Its latest packet then.
    packet: PacketIndex,
}

/// When those that are looked at go to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bedtime {
    Now,
    /// Unless they heard something since they were noted.
    OnceSilent,
}

impl Analyzer {
    /// Takes note of a connection that is quiet now, unless it is noted. Where more are awake than may be, those go to sleep
    /// that were noted first and heard nothing since.
    pub(super) fn note_quiet(&mut self, slot: Slot) {
        let Self {
            config,
            flows,
            awake,
            ..
        } = self;
        let (key, entry) = flows.both_mut(slot);
        if let Some(Entry::Open {
            connection,
            is_noted: is_noted @ false,
        }) = entry
            && let Some(last) = key.and_then(|key| when_quiet(key, connection, config.detail))
        {
            *is_noted = true;
            awake.0.push_back(Noted {
                slot,
                id: connection.id(),
                packet: last.packet,
            });
            self.put_some_to_sleep();
        }
    }

    fn put_some_to_sleep(&mut self) {
        for _ in 0..STEPS {
            if self.awake.0.len() > AWAKE
                && let Some(noted) = self.awake.0.pop_front()
            {
                self.look_after(noted, Bedtime::OnceSilent);
            }
        }
    }

    /// Puts all to sleep that can.
    pub(super) fn put_all_to_sleep(&mut self) {
        for _ in 0..self.awake.0.len() {
            if let Some(noted) = self.awake.0.pop_front() {
                self.look_after(noted, Bedtime::Now);
            }
        }
    }

    fn look_after(&mut self, noted: Noted, bedtime: Bedtime) {
        let Self {
            config,
            flows,
            awake,
            ..
        } = self;
        let (Some(key), Some(entry)) = flows.both_mut(noted.slot) else {
            return;
        };
        let Entry::Open {
            connection,
            is_noted,
        } = entry
        else {
            return;
        };
        if connection.id() != noted.id {
            return;
        }
        match when_quiet(key, connection, config.detail) {
            // not quiet any longer
            None => *is_noted = false,
            Some(_) if key.is_waiting() => awake.0.push_back(noted),
            Some(Moment { packet, .. })
                if bedtime == Bedtime::OnceSilent && packet != noted.packet =>
            {
                awake.0.push_back(Noted { packet, ..noted });
            }
            Some(_) => self.put_to_sleep(noted.slot),
        }
    }

    fn put_to_sleep(&mut self, slot: Slot) {
        self.catch_up(slot);
        let Self {
            config,
            flows,
            listings,
            asleep,
            ..
        } = self;
        let Some(Entry::Open {
            connection,
            is_noted,
        }) = flows.get_mut(slot)
        else {
            return;
        };
        *is_noted = false;
        let Some(quick) = connection.quick_asleep(config) else {
            return;
        };
        if config.detail == Detail::Messages {
            listings.put(slot.place(), connection.listing());
        }
        let id = connection.id();
        let stored = connection.sleep().and_then(|packed| asleep.put(packed));
        if let Some(stored) = stored
            && let Some(entry) = flows.get_mut(slot)
        {
            *entry = Entry::Asleep { id, stored };
        }
        if let Some(key) = flows.key_mut(slot) {
            *key = quick;
        }
    }
}

/// The latest packet of a connection that is awake, while it is quiet.
fn when_quiet(key: &Quick, connection: &Connection, detail: Detail) -> Option<Moment> {
    if detail == Detail::Map {
        connection.is_at_rest().then(|| connection.last())
    } else {
        key.last().filter(|_| key.is_on())
    }
}

#[cfg(test)]
mod tests {
    use wireseam_wire::{Address, Endpoint, Flags, Segment, Seq, Timestamp};

    use super::*;
    use crate::connection::Asleep;
    use crate::work::{REQUEST, RESPONSE};
    use crate::{Config, EventKind};

    const MESSAGE: &[u8] = b"\x82\x03abc";
    const PING: &[u8] = b"\x89\x01p";
    const PONG: &[u8] = b"\x8a\x81\0\0\0\0p";

    /// Both ends of many connections, each told by its number.
    struct Wires {
        analyzer: Analyzer,
        packet: u64,
        messages: u64,
    }

    impl Wires {
        fn new(detail: Detail) -> Self {
            Self {
                analyzer: Analyzer::new(Config {
                    detail,
                    ..Config::default()
                }),
                packet: 0,
                messages: 0,
            }
        }

        /// Sends bytes that stand `at` from the client, 0, or the server, 1, which acknowledges so many of the other's.
        fn send(&mut self, number: u32, from: usize, at: [usize; 2], flags: Flags, payload: &[u8]) {
            let end = |last, port| Endpoint {
                address: Address::from([10, 0, u8::try_from(number >> 14).expect("few"), last]),
                port,
            };
            let port = 1_024 + u16::try_from(number & 0x3fff).expect("14 bits");
            let ends = [end(1, port), end(2, 80)];
            let [at, behind] = at.map(|at| Seq(u32::try_from(at).expect("short")));
            self.packet += 1;
            let packet = PacketIndex(self.packet);
            let segment = Segment::new(packet, ends[from], ends[1 - from], at, flags, payload);
            self.analyzer.handle_segment(&Segment {
                ack: behind,
                window: 1_000,
                ..segment
            });
            self.drain();
        }

        fn drain(&mut self) {
            while let Some(event) = self.analyzer.poll_event() {
                let counted = matches!(event.kind, EventKind::Counted(_) | EventKind::Message(_));
                self.messages += u64::from(counted);
            }
        }

        /// A WebSocket with one message, of which an answered Ping and a keep-alive were the last that was heard.
        fn open(&mut self, number: u32) {
            let up = 1 + REQUEST.len();
            let down = 1 + RESPONSE.len();
            let last = down + MESSAGE.len();
            let syn_ack = Flags::SYN.with(Flags::ACK);
            self.send(number, 0, [0, 0], Flags::SYN, b"");
            self.send(number, 1, [0, 1], syn_ack, b"");
            self.send(number, 0, [1, 1], Flags::ACK, REQUEST);
            self.send(number, 1, [1, up], Flags::ACK, RESPONSE);
            self.send(number, 1, [down, up], Flags::ACK, MESSAGE);
            self.send(number, 0, [up, last], Flags::ACK, b"");
            self.send(number, 1, [last, up], Flags::ACK, PING);
            let pinged = last + PING.len();
            self.send(number, 0, [up, pinged], Flags::ACK, PONG);
            let ponged = up + PONG.len();
            self.send(number, 1, [pinged, ponged], Flags::ACK, b"");
            self.send(number, 1, [pinged - 1, ponged], Flags::ACK, b"");
            self.send(number, 0, [ponged, pinged], Flags::ACK, b"");
        }

        fn asleep(&self) -> usize {
            let all = self.analyzer.flows.all();
            all.filter(|(_, entry)| matches!(entry, Entry::Asleep { .. }))
                .count()
        }
    }

    #[test]
    fn of_many_idle_websockets_all_but_some_sleep_and_keep_nothing_else() {
        for detail in [Detail::Counts, Detail::Messages, Detail::Map] {
            all_but_some_sleep(detail);
        }
    }

    fn all_but_some_sleep(detail: Detail) {
        let mut wires = Wires::new(detail);
        for number in 0..20_000 {
            wires.open(number);
        }
        // Half of those that are looked at may have heard something.
        let awake = wires.analyzer.awake.0.len();
        assert!((AWAKE..=2 * AWAKE).contains(&awake), "{awake}");
        assert_eq!(wires.asleep(), 20_000 - awake);
        assert!(!wires.analyzer.asleep.all().any(Asleep::keeps_more));
        // Whoever says that time passes has them all asleep.
        wires.analyzer.handle_timeout(Timestamp(0));
        assert_eq!(wires.asleep(), 20_000);
        wires.analyzer.finish();
        wires.drain();
        assert_eq!(wires.messages, 20_000);
    }

    #[test]
    fn neither_pings_nor_keep_alives_nor_messages_wake_who_sleeps() {
        let mut wires = Wires::new(Detail::Counts);
        for number in 0..3 {
            wires.open(number);
        }
        wires.analyzer.handle_timeout(Timestamp(0));
        assert_eq!(wires.asleep(), 3);
        let up = 1 + REQUEST.len() + PONG.len();
        let down = 1 + RESPONSE.len() + MESSAGE.len() + PING.len();
        let (pinged, ponged) = (down + PING.len(), up + PONG.len());
        let told = pinged + MESSAGE.len();
        wires.send(0, 1, [down, up], Flags::ACK, PING);
        wires.send(0, 0, [up, pinged], Flags::ACK, PONG);
        wires.send(0, 1, [pinged, ponged], Flags::ACK, MESSAGE);
        wires.send(0, 0, [ponged, told], Flags::ACK, b"");
        wires.send(0, 1, [told - 1, ponged], Flags::ACK, b"");
        wires.send(0, 0, [ponged, told], Flags::ACK, b"");
        assert_eq!(wires.asleep(), 3);
        assert!(!wires.analyzer.asleep.all().any(Asleep::keeps_more));
        // What ends the connection does.
        wires.send(0, 1, [told, ponged], Flags::FIN.with(Flags::ACK), b"");
        assert_eq!((wires.asleep(), wires.messages), (2, 4));
    }

    #[test]
    fn a_websocket_that_hears_something_all_the_time_stays_awake() {
        let mut wires = Wires::new(Detail::Counts);
        let (up, down) = (1 + REQUEST.len(), 1 + RESPONSE.len());
        let mut said = down + MESSAGE.len() + PING.len();
        wires.open(0);
        for number in 1..10_000 {
            wires.open(number);
            let heard = up + PONG.len();
            wires.send(0, 1, [said, heard], Flags::ACK, MESSAGE);
            said += MESSAGE.len();
            wires.send(0, 0, [heard, said], Flags::ACK, b"");
        }
        let mut all = wires.analyzer.flows.all();
        let first = all.find(|(_, entry)| entry.id() == ConnectionId(1));
        assert!(matches!(first, Some((_, Entry::Open { .. }))));
    }
}
