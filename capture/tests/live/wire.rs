//! What is sent at one end of a wire is captured at the other: every byte, once, counted.

use std::time::{SystemTime, UNIX_EPOCH};

use wireseam_capture::{LiveOptions, LiveSource, OwnedPacket, Pace, Source, Stop};
use wireseam_wire::{LinkType, Timestamp};

use crate::bench::{
    backends, data, frame, frames, in_namespace, lay_wire, options, run, sender, stop, take,
    witness,
};

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_nanos()).unwrap())
}

#[test]
fn received_packets_are_those_sent() {
    let test = "wire::received_packets_are_those_sent";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let mut source = LiveSource::open(&options("right", backend)).unwrap();
            assert_eq!(source.backend(), backend);
            let sent = frames(500);
            let mut wire = sender("left");
            let before = now();
            for frame in &sent {
                wire.send(frame).unwrap();
            }
            let received = take(&mut source, sent.len());
            let after = now();
            assert_eq!(data(&received), sent, "{backend}");
            let mut previous = before;
            for packet in &received {
                assert_eq!(packet.link, LinkType::Ethernet);
                assert_eq!(packet.original_len as usize, packet.data.len());
                let at = packet.at.unwrap();
                assert!(
                    previous <= at && at <= after,
                    "{backend}: {previous:?} {at:?} {after:?}"
                );
                previous = at;
            }
            // nanoseconds, not microseconds with three noughts behind them
            let fine = received
                .iter()
                .filter(|packet| packet.at.unwrap().0 % 1000 != 0);
            assert!(fine.count() > 400, "{backend}");
        }
    });
}

#[test]
fn both_backends_capture_the_same() {
    let test = "wire::both_backends_capture_the_same";
    in_namespace(test, || {
        lay_wire();
        let mut open: Vec<_> = backends(test)
            .into_iter()
            .map(|backend| {
                let mut asked = options("right", backend);
                asked.pace = Pace::LowLatency;
                LiveSource::open(&asked).unwrap()
            })
            .collect();
        let mut wire = sender("left");
        for frame in frames(300) {
            wire.send(&frame).unwrap();
        }
        let captured: Vec<_> = open.iter_mut().map(|source| take(source, 300)).collect();
        for pair in captured.windows(2) {
            assert_eq!(without_time(&pair[0]), without_time(&pair[1]));
        }
    });
}

/// Each socket reads the clock itself.
fn without_time(packets: &[OwnedPacket]) -> Vec<OwnedPacket> {
    let timeless = |packet: &OwnedPacket| OwnedPacket {
        at: None,
        ..packet.clone()
    };
    packets.iter().map(timeless).collect()
}

#[test]
fn tags_that_the_kernel_takes_off_are_put_back() {
    let test = "wire::tags_that_the_kernel_takes_off_are_put_back";
    in_namespace(test, || {
        lay_wire();
        let tagged = |tags: &[u8]| {
            let plain = frame(1, 100);
            [&plain[..12], tags, &plain[12..]].concat()
        };
        let sent = [
            tagged(&[]),
            tagged(&[0x81, 0, 0, 7]),
            tagged(&[0x81, 0, 0xe0, 0]),
            tagged(&[0x88, 0xa8, 0, 9, 0x81, 0, 0, 7]),
        ];
        for backend in backends(test) {
            let mut source = LiveSource::open(&options("right", backend)).unwrap();
            let mut cut = options("right", backend);
            cut.snaplen = 64;
            let mut cut = LiveSource::open(&cut).unwrap();
            let mut wire = sender("left");
            for frame in &sent {
                wire.send(frame).unwrap();
            }
            let received = take(&mut source, sent.len());
            assert_eq!(data(&received), sent, "{backend}");
            for (packet, sent) in received.iter().zip(&sent) {
                assert_eq!(packet.original_len as usize, sent.len(), "{backend}");
            }
            for (packet, sent) in take(&mut cut, sent.len()).iter().zip(&sent) {
                assert_eq!(packet.data, sent[..64], "{backend}");
                assert_eq!(packet.original_len as usize, sent.len(), "{backend}");
            }
        }
    });
}

#[test]
fn a_stopped_capture_hands_over_what_was_there_and_ends() {
    let test = "wire::a_stopped_capture_hands_over_what_was_there_and_ends";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let asked = options("right", backend);
            let mut source = LiveSource::open(&asked).unwrap();
            let mut wire = sender("left");
            let sent = frames(200);
            let mut witness = witness();
            for frame in &sent {
                wire.send(frame).unwrap();
            }
            take(&mut witness, sent.len());
            let received = stop(&mut source, &asked);
            assert_eq!(data(&received), sent, "{backend}");
            assert_eq!(source.statistics().stopped, Some(Stop::Interrupted));
            assert!(source.next_packet().unwrap().is_none(), "and stays ended");
        }
    });
}

#[test]
fn every_packet_is_handed_over_or_counted_as_dropped() {
    let test = "wire::every_packet_is_handed_over_or_counted_as_dropped";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let asked = LiveOptions {
                ring: 1 << 20,
                ..options("right", backend)
            };
            let mut source = LiveSource::open(&asked).unwrap();
            let mut wire = sender("left");
            let mut witness = witness();
            // four times what there is room for, and nobody reads
            for number in 0..4_000 {
                wire.send(&frame(number, 1000)).unwrap();
            }
            take(&mut witness, 4_000);
            let received = stop(&mut source, &asked).len() as u64;
            let dropped = source.statistics().dropped.kernel.unwrap();
            assert!(dropped > 0, "{backend}");
            assert_eq!(received + dropped, 4_000, "{backend}: {received} {dropped}");
            let counters = source.statistics().notes.interfaces[0].counters;
            assert_eq!(counters.accepted, Some(4_000), "{backend}");
            assert_eq!(counters.dropped_by_kernel, Some(dropped), "{backend}");
        }
    });
}

#[test]
fn a_filter_lets_through_what_it_names() {
    let test = "wire::a_filter_lets_through_what_it_names";
    in_namespace(test, || {
        lay_wire();
        // IPv4 and UDP to a port
        let to = |port: u16| {
            let mut frame = frame(0, 14);
            frame[12..].copy_from_slice(&[8, 0]);
            frame.extend([
                0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
            ]);
            frame.extend([0x9c, 0x40]);
            frame.extend(port.to_be_bytes());
            frame.extend([0, 26, 0, 0]);
            frame.resize(60, 7);
            frame
        };
        for backend in backends(test) {
            // the second is libpcap's alone
            let filters = match backend {
                _ if wireseam_libpcap::available() => &["udp port 53", "udp[2:2] = 53"][..],
                _ => &["udp port 53"][..],
            };
            for filter in filters {
                let mut asked = options("right", backend);
                asked.filter = Some((*filter).to_owned());
                let mut source = LiveSource::open(&asked).unwrap();
                let mut wire = sender("left");
                let mut witness = witness();
                for port in [52, 53, 54, 53] {
                    wire.send(&to(port)).unwrap();
                }
                take(&mut witness, 4);
                let received = stop(&mut source, &asked);
                assert_eq!(data(&received), [to(53), to(53)], "{backend} {filter}");
            }
        }
    });
}

#[test]
fn nothing_is_waited_for_longer_than_asked() {
    let test = "wire::nothing_is_waited_for_longer_than_asked";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let mut source = LiveSource::open(&options("right", backend)).unwrap();
            let began = std::time::Instant::now();
            assert!(!source.wait_for_packet(std::time::Duration::ZERO).unwrap());
            let short = std::time::Duration::from_millis(30);
            assert!(!source.wait_for_packet(short).unwrap());
            assert!(began.elapsed() >= short, "{backend}");
        }
    });
}

#[test]
fn an_interface_that_goes_down_is_waited_for() {
    let test = "wire::an_interface_that_goes_down_is_waited_for";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let mut source = LiveSource::open(&options("right", backend)).unwrap();
            let mut wire = sender("left");
            wire.send(&frame(1, 60)).unwrap();
            take(&mut source, 1);
            run("ip link set dev right down");
            let a_while = std::time::Duration::from_millis(250);
            assert!(!source.wait_for_packet(a_while).unwrap(), "{backend}");
            run("ip link set dev right up");
            // the other end hears of it a little later, and sends nothing until then
            let began = std::time::Instant::now();
            while began.elapsed().as_secs() < 10 {
                let _sent_or_not = wire.send(&frame(2, 60));
                if source.wait_for_packet(a_while).unwrap() {
                    break;
                }
            }
            assert_eq!(data(&take(&mut source, 1)), [frame(2, 60)], "{backend}");
        }
    });
}
