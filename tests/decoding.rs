//! What decoding the packets told, in the report: checksums, fragments, lengths left to the interface.

use std::{fs, io::Cursor};

use serde_json::{Value, json};
use wireseam::{
    Options,
    analyzer::Config,
    capture::{FileSource, Source},
    fixtures::{
        Script,
        traffic::{Profile, Traffic},
    },
    report::{Json, Palette, Text},
    wire::{Checksums, Decoder, LinkType, Packet},
};

use crate::case::{Case, files};

/// Of four messages the first comes with a wrong checksum, the second with one left to the interface, the third in
/// three fragments of which the second is missing, the fourth with its length left to the interface.
const TROUBLED: &str = r#"
title = "Checksums and fragments"
shows = "What decoding tells."
step = [
    { upgrade = {} },
    { from = "client", text = "wrong", label = "wrong" },
    { from = "client", text = "left", label = "left" },
    { from = "client", binary = { hex = "0f", times = 200 }, label = "cut" },
    { from = "server", binary = { hex = "0f", times = 4000 }, super_segment = true, label = "big" },
]
edit = [
    { wrong_checksum = "wrong" },
    { offloaded_checksum = "left" },
    { fragment = "cut", at = [80, 160] },
    { without_length = "big" },
]
[claim]
"#;

#[test]
fn the_report_counts_what_decoding_told() {
    let capture = &report(TROUBLED, Checksums::Count)["capture"];
    assert_eq!(capture["checksums"]["tcp"]["wrong"], 1, "{capture:#}");
    assert_eq!(capture["checksums"]["tcp"]["left_to_interface"], 1);
    assert_eq!(capture["checksums"]["ip"]["wrong"], 0);
    let fragments = json!({"fragments": 3, "reassembled": 1, "incomplete": 0, "given_up": 0, "refused": 0, "differing": 0});
    assert_eq!(capture["fragments"], fragments);
    assert_eq!(capture["lengths_left_to_interface"], 1);
    let text = text(TROUBLED, Checksums::Count);
    for line in [
        "\n  checksums: wrong are 1 of TCP segments; 1 left to the interface\n",
        "\n  IP: 3 fragments, 1 packet put together\n",
        "\n  lengths: 1 left to the interface by the IP header\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn segments_with_wrong_checksums_are_skipped_where_that_is_asked_for() {
    let report = report(TROUBLED, Checksums::Require);
    assert_eq!(
        report["capture"]["skipped"]["wrong checksum"], 1,
        "{:#}",
        report["capture"]
    );
    let said = |report: &Value| {
        let messages = report["connections"][0]["websockets"][0]["messages"]
            .as_array()
            .unwrap();
        let text = messages
            .iter()
            .filter_map(|message| message["payload"]["text"].as_str());
        text.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(said(&report), ["left"]);
    assert_eq!(
        said(&self::report(TROUBLED, Checksums::Count)),
        ["wrong", "left"]
    );
}

#[test]
fn unknown_is_null_where_nobody_looked_at_checksums() {
    let capture = &report(TROUBLED, Checksums::Ignore)["capture"];
    assert_eq!(capture["checksums"], Value::Null);
    assert!(!text(TROUBLED, Checksums::Ignore).contains("checksums"));
}

#[test]
fn a_capture_without_any_of_it_has_no_line() {
    let script = TROUBLED.replace("edit =", "unused =");
    let (before, rest) = script.split_once("unused =").unwrap();
    let quiet = format!("{before}{}", rest.split_once("]\n").unwrap().1);
    let text = text(&quiet, Checksums::Count);
    for word in ["checksums:", "IP:", "lengths:"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[test]
fn the_command_takes_the_option() {
    let capture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/recordings/ws-coalesced.pcap"
    );
    let run = |what: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wireseam"))
            .args(["inspect", "-f", "json", "--checksums", what, capture])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{what}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(run("ignore")["capture"]["checksums"], Value::Null);
    for what in ["count", "require"] {
        assert_eq!(run(what)["capture"]["checksums"]["tcp"]["wrong"], 0);
    }
}

/// A cooked capture of Linux differs from Ethernet in the first bytes only, and is never read by the short cut that there
/// is for Ethernet.
#[test]
fn every_packet_is_read_as_it_is_behind_another_link_header() {
    let built = Case::all().into_iter().map(|case| case.built.bytes);
    let recorded = files("pcap").into_iter().chain(files("pcapng"));
    let recorded = recorded.map(|file| fs::read(file).unwrap());
    let made = [Profile::Mixed, Profile::Short].map(|profile| {
        let mut capture = Vec::new();
        let traffic = Traffic {
            size: 1 << 20,
            flows: 40,
            ..Traffic::new(profile)
        };
        traffic.write(&mut capture).unwrap();
        capture
    });
    let mut segments = 0;
    for capture in built.chain(recorded).chain(made) {
        let mut source = FileSource::from_reader("packets", Cursor::new(capture)).unwrap();
        let (mut ethernet, mut cooked) = (Decoder::default(), Decoder::default());
        while let Ok(Some(packet)) = source.next_packet() {
            let is_framed = packet.data.len() >= 14 && packet.data[12] >= 6;
            if packet.link != LinkType::Ethernet || !is_framed {
                continue;
            }
            let data = [
                &[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0],
                &packet.data[12..],
            ]
            .concat();
            let other = Packet {
                link: LinkType::LinuxSll,
                original_len: packet.original_len.saturating_add(2),
                data: &data,
                ..packet
            };
            let read = ethernet.decode(&packet);
            segments += u64::from(read.is_ok());
            assert_eq!(
                format!("{read:?}"),
                format!("{:?}", cooked.decode(&other)),
                "{packet:?}"
            );
            assert_eq!(ethernet.statistics(), cooked.statistics(), "{packet:?}");
        }
    }
    assert!(segments > 10_000, "{segments}");
}

fn source(script: &str) -> FileSource {
    let script = Script::parse(script, "decoding.toml").unwrap_or_else(|fault| panic!("{fault}"));
    let built = script.build().unwrap_or_else(|fault| panic!("{fault}"));
    FileSource::from_reader("decoding.pcap", Cursor::new(built.bytes)).unwrap()
}

fn options(checksums: Checksums) -> Options {
    Options {
        config: Config::default(),
        checksums,
        ..Options::default()
    }
}

fn report(script: &str, checksums: Checksums) -> Value {
    let mut out = Vec::new();
    wireseam::inspect(
        &mut source(script),
        &options(checksums),
        &mut Json::new(&mut out),
    )
    .unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn text(script: &str, checksums: Checksums) -> String {
    let mut out = Vec::new();
    let mut text = Text::new(&mut out, Palette::plain());
    wireseam::inspect(&mut source(script), &options(checksums), &mut text).unwrap();
    String::from_utf8(out).unwrap()
}
