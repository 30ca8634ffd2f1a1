//! Large captures in small: what the writer of the traffic counted is what is found in it.

use std::{collections::BTreeMap, io::Cursor};

use wireseam::{
    Options,
    analyzer::{
        AlignmentKind, Config, Direction, HandshakeResult, MessageKind, Opcode, PayloadPolicy,
        SegmentKind,
    },
    capture::FileSource,
    fixtures::traffic::{Profile, Traffic, Truth},
    report::schema::{Connection, Report},
};

/// Writes a capture of about 2 MB and reads it.
fn written_and_read(traffic: &Traffic) -> (Truth, Report) {
    let mut capture = Vec::new();
    let truth = traffic.write(&mut capture).unwrap();
    assert_eq!(truth.bytes, capture.len() as u64);
    let mut source = FileSource::from_reader("traffic.pcap", Cursor::new(capture)).unwrap();
    let config = Config {
        payload: PayloadPolicy::Sha256,
        ..Config::default()
    };
    let options = Options {
        config,
        ..Options::default()
    };
    (truth, wireseam::read(&mut source, &options).unwrap())
}

fn small(profile: Profile, flows: u32) -> Traffic {
    Traffic {
        size: 2 << 20,
        flows,
        log: true,
        ..Traffic::new(profile)
    }
}

/// How often each message was sent or found: client, direction, kind, hash.
type Messages = BTreeMap<(String, bool, bool, String), u64>;

fn sent(truth: &Truth, also_damaged: bool) -> Messages {
    let mut messages = Messages::new();
    for message in truth.log.iter().flatten() {
        if message.damaged && !also_damaged {
            continue;
        }
        let hash: String = message
            .sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let key = (
            message.client.to_string(),
            message.from_client,
            message.text,
            hash,
        );
        *messages.entry(key).or_default() += 1;
    }
    messages
}

fn found(report: &Report) -> Messages {
    let mut messages = Messages::new();
    for connection in &report.connections {
        let all = connection
            .websockets
            .iter()
            .flat_map(|websocket| &websocket.messages);
        for message in all.filter(|message| message.complete) {
            let key = (
                connection.client.clone(),
                message.direction.0 == Direction::ClientToServer,
                message.opcode.map(|opcode| opcode.0) == Some(MessageKind::Text),
                message.sha256.clone().unwrap(),
            );
            *messages.entry(key).or_default() += 1;
        }
    }
    messages
}

/// What both sides of a comparison are boiled down to.
fn counts_of(truth: &Truth) -> BTreeMap<&'static str, u64> {
    let both = [truth.client, truth.server];
    BTreeMap::from([
        ("packets", truth.packets),
        ("connections", truth.connections),
        ("finished", truth.finished),
        ("http requests", truth.http_requests),
        ("websockets", truth.websockets),
        ("messages >", truth.client.messages),
        ("messages <", truth.server.messages),
        ("payload >", truth.client.payload),
        ("payload <", truth.server.payload),
        ("wire >", truth.client.wire),
        ("wire <", truth.server.wire),
        ("pings", both.iter().map(|sent| sent.pings).sum()),
        ("pongs", both.iter().map(|sent| sent.pongs).sum()),
        ("closes", both.iter().map(|sent| sent.closes).sum()),
        ("aligned", truth.alignment.aligned),
        ("split", truth.alignment.split),
        ("coalesced", truth.alignment.coalesced),
        ("split and coalesced", truth.alignment.split_and_coalesced),
        ("retransmitted", truth.segments.retransmitted),
        ("reordered", truth.segments.reordered),
        ("duplicated", truth.segments.duplicated),
        ("keep-alives", truth.segments.keep_alives),
        ("other packets", truth.other_packets),
    ])
}

fn counts_in(report: &Report) -> BTreeMap<&'static str, u64> {
    let names = counts_of_nothing();
    let mut counts: BTreeMap<&str, u64> = names.into_iter().map(|name| (name, 0)).collect();
    counts.insert("packets", report.capture.packets);
    counts.insert("other packets", report.capture.skipped.values().sum());
    for connection in &report.connections {
        count(connection, &mut |what, times| {
            *counts.get_mut(what).unwrap() += times;
        });
    }
    counts
}

fn counts_of_nothing() -> Vec<&'static str> {
    let nothing = Traffic {
        size: 0,
        ..Traffic::new(Profile::Short)
    };
    let truth = nothing.write(std::io::sink()).unwrap();
    counts_of(&truth).into_keys().collect()
}

fn count(connection: &Connection, add: &mut impl FnMut(&'static str, u64)) {
    add("connections", 1);
    add("finished", u64::from(connection.ended.to_string() == "fin"));
    let plain = connection
        .requests
        .iter()
        .filter(|request| !request.upgrade);
    add("http requests", plain.count() as u64);
    let kinds = connection.segments.iter().map(|segment| segment.kind.0);
    let keep_alives = kinds.filter(|kind| *kind == SegmentKind::KeepAlive);
    add("keep-alives", keep_alives.count() as u64);
    for totals in [
        &connection.directions.client_to_server,
        &connection.directions.server_to_client,
    ] {
        add("retransmitted", totals.retransmissions);
        add("reordered", totals.out_of_order);
        add("duplicated", totals.duplicates);
    }
    for websocket in &connection.websockets {
        let accepted = websocket.handshake.result.0 == HandshakeResult::Accepted;
        add("websockets", u64::from(accepted));
        for control in &websocket.control {
            match control.opcode.0 {
                Opcode::Ping => add("pings", 1),
                Opcode::Pong => add("pongs", 1),
                _ => add("closes", 1),
            }
        }
        for message in &websocket.messages {
            let (messages, payload, wire) = match message.direction.0 {
                Direction::ClientToServer => ("messages >", "payload >", "wire >"),
                Direction::ServerToClient => ("messages <", "payload <", "wire <"),
            };
            add(messages, 1);
            add(payload, message.length.unwrap());
            add(wire, message.wire_length);
            let kind = match message.alignment.kind.0 {
                AlignmentKind::Aligned => "aligned",
                AlignmentKind::Split => "split",
                AlignmentKind::Coalesced => "coalesced",
                AlignmentKind::SplitAndCoalesced => "split and coalesced",
            };
            add(kind, 1);
        }
    }
}

/// Everything that was counted while writing is found, no more and no less, and nothing is found wrong with it.
#[track_caller]
fn all_is_found(traffic: &Traffic) -> Truth {
    let (truth, report) = written_and_read(traffic);
    assert_eq!(counts_in(&report), counts_of(&truth));
    assert!(
        found(&report) == sent(&truth, true),
        "other messages were found than sent"
    );
    let findings: Vec<_> = report
        .connections
        .iter()
        .flat_map(|connection| &connection.findings)
        .collect();
    assert!(findings.is_empty(), "{findings:?}");
    truth
}

#[test]
fn a_chat_is_found_message_by_message() {
    let truth = all_is_found(&small(Profile::Chat, 50));
    let kinds = truth.alignment;
    assert!(
        [
            kinds.aligned,
            kinds.split,
            kinds.coalesced,
            kinds.split_and_coalesced
        ]
        .iter()
        .all(|count| *count > 50),
        "{kinds:?} leaves a kind out"
    );
    assert!(truth.server.pings > 5, "{truth:?}");
}

#[test]
fn long_messages_are_found_byte_by_byte() {
    let cut = Traffic {
        size: 6 << 20,
        ..small(Profile::Bulk, 3)
    };
    let truth = all_is_found(&cut);
    assert!(truth.client.messages > 0 && truth.server.messages > 5);
    all_is_found(&Traffic {
        offload: true,
        ..cut
    });
}

#[test]
fn short_connections_are_found_and_ended() {
    let truth = all_is_found(&Traffic {
        half_open: 50,
        ..small(Profile::Short, 1000)
    });
    assert_eq!(truth.connections, 1000);
    assert!(truth.half_open > 10 && truth.websockets > truth.http_requests);
}

#[test]
fn compressed_messages_are_found_as_they_were_before() {
    let truth = all_is_found(&small(Profile::Deflate, 20));
    assert!(truth.server.wire * 2 < truth.server.payload, "{truth:?}");
}

#[test]
fn a_long_download_is_found_across_the_end_of_sequence_numbers() {
    let traffic = Traffic {
        size: 6 << 20,
        ..small(Profile::Giant, 1)
    };
    let truth = all_is_found(&traffic);
    assert!(
        truth.server.payload > traffic.size / 2 + 100_000,
        "{truth:?}"
    );
}

#[test]
fn silent_websockets_are_found_with_all_that_keeps_them_alive() {
    let truth = all_is_found(&small(Profile::Idle, 300));
    assert_eq!(truth.websockets, 300);
    assert_eq!((truth.server.pings, truth.segments.keep_alives), (300, 300));
}

/// A loss takes the messages that it hits. No other may be missing, none may be found that was not sent, and every byte that
/// the capture lacks is missed.
#[test]
fn among_noise_and_losses_all_that_was_captured_is_found_and_nothing_else() {
    for seed in 1..=2 {
        let (truth, report) = written_and_read(&Traffic {
            seed,
            size: 12 << 20,
            ..small(Profile::Mixed, 100)
        });
        let found = found(&report);
        let whole = sent(&truth, false);
        assert!(
            found == whole,
            "seed {seed}: other messages are complete than were captured"
        );
        let (counted, written) = (counts_in(&report), counts_of(&truth));
        for exact in [
            "packets",
            "connections",
            "websockets",
            "other packets",
            "retransmitted",
            "reordered",
            "duplicated",
        ] {
            assert_eq!(counted[exact], written[exact], "seed {seed}: {exact}");
        }
        let gaps = report.connections.iter().flat_map(|connection| {
            let directions = &connection.directions;
            let both = [&directions.client_to_server, &directions.server_to_client];
            both.into_iter().flat_map(|totals| &totals.gaps)
        });
        let lacking: u64 = gaps.map(|gap| gap.span.1 - gap.span.0).sum();
        assert_eq!(lacking, truth.segments.lost_bytes, "seed {seed}");
        let seen = truth.segments;
        assert!(
            [
                seen.lost,
                seen.retransmitted,
                seen.reordered,
                seen.duplicated
            ]
            .iter()
            .all(|count| *count > 10),
            "{seen:?} leaves something out"
        );
        assert!(truth.client.damaged + truth.server.damaged > 0);
    }
}
