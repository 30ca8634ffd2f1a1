//! Files that end too early, contradict themselves, or are no captures: what stands before the fault is read.

use std::io::Cursor;

use proptest::prelude::*;
use wireseam_capture::{CaptureError, FileSource};

use crate::build::{
    Order::{Big, Little},
    drain, pcap, pcapng, read,
};

fn small_pcap() -> Vec<u8> {
    let mut file = pcap::header(Little, pcap::MICROSECONDS, 1);
    for data in [&b"abcdef"[..], b"", b"ghi"] {
        file.extend(pcap::record(Little, 1, 2, 9, data));
    }
    file
}

fn small_pcapng() -> Vec<u8> {
    [
        pcapng::section(Little),
        pcapng::interface(Little, 1, 0, &[(9, &[9])]),
        pcapng::enhanced(Little, 0, 1, 9, b"abcdef"),
        pcapng::statistics(Little, 0, &[]),
        pcapng::section(Big),
        pcapng::interface(Big, 1, 0, &[]),
        pcapng::simple(Big, 3, b"ghi"),
        pcapng::obsolete(Big, 0, 1, 9, b"jk"),
    ]
    .concat()
}

fn open(file: &[u8]) -> Result<FileSource, CaptureError> {
    FileSource::from_reader("test", Cursor::new(file.to_vec()))
}

fn message(file: &[u8]) -> String {
    open(file).unwrap_err().to_string()
}

#[test]
fn truncation_anywhere_leaves_a_prefix_of_the_packets() {
    let pcap_ends = [24, 46, 62, 81];
    let lens: Vec<_> = small_pcapng_blocks()
        .iter()
        .scan(0, |at, len| {
            *at += len;
            Some(*at)
        })
        .collect();
    for (file, header, ends) in [
        (small_pcap(), 24, &pcap_ends[..]),
        (small_pcapng(), 28, &lens),
    ] {
        let whole = read(&file);
        assert_eq!((whole.packets.len(), whole.statistics.truncated), (3, None));
        for len in 0..file.len() {
            match open(&file[..len]) {
                Err(CaptureError::Empty { .. }) => assert_eq!(len, 0),
                Err(error) => assert!(
                    matches!(error, CaptureError::CutHeader { .. }) && len < header,
                    "{error}"
                ),
                Ok(source) => {
                    let outcome = drain(source);
                    assert!(whole.packets.starts_with(&outcome.packets));
                    assert!(outcome.error.is_none());
                    assert_eq!(
                        outcome.statistics.truncated.is_none(),
                        ends.contains(&len),
                        "at {len}"
                    );
                }
            }
        }
    }
}

/// The lengths of the blocks of `small_pcapng`.
fn small_pcapng_blocks() -> Vec<usize> {
    vec![28, 32, 40, 28, 28, 24, 20, 36]
}

#[test]
fn truncation_names_packet_and_missing_bytes() {
    let truncated = |file: &[u8], missing: usize| {
        read(&file[..file.len() - missing])
            .statistics
            .truncated
            .unwrap()
    };
    assert_eq!(
        truncated(&small_pcap(), 1),
        "the capture ends inside packet 3, 1 byte short"
    );
    assert_eq!(
        truncated(&small_pcap(), 10),
        "the capture ends inside the header of a block behind packet 2"
    );
    assert_eq!(
        truncated(&small_pcapng(), 13),
        "the capture ends inside packet 3, 13 bytes short"
    );
    let behind = [small_pcapng(), pcapng::section(Little)].concat();
    assert_eq!(
        truncated(&behind, 7),
        "the capture ends inside a block behind packet 3, 7 bytes short"
    );
}

#[test]
fn damaged_blocks_are_named_behind_what_was_read() {
    let sound = small_pcapng();
    let alone = |body: &[u8]| pcapng::block(Big, 6, body);
    let with_len = |len: u32| [&Big.u32(6)[..], &Big.u32(len), &[0; 40]].concat();
    let with_trailer = |block: &[u8], len: u32| [&block[..block.len() - 4], &Big.u32(len)].concat();
    let cases = [
        (with_len(0), "has a length below that of any block"),
        (with_len(33), "has a length that is not a multiple of 4"),
        (alone(&[]), "is too short to hold a packet"),
        (
            with_trailer(&pcapng::enhanced(Big, 0, 0, 0, b"abcd"), 40),
            "holds lengths that contradict each other",
        ),
        (
            pcapng::enhanced(Big, 1, 0, 0, b""),
            "holds a packet of an interface that no block before it describes",
        ),
        (
            alone(&[&[0; 12][..], &Big.u32(100), &[0; 8]].concat()),
            "holds fewer bytes than the packet in it claims",
        ),
        (
            alone(&[&[0; 12][..], &[0xff; 8]].concat()),
            "holds fewer bytes than the packet in it claims",
        ),
        (
            pcapng::block(Big, 2, &[0; 16]),
            "is too short to hold a packet",
        ),
        (
            pcapng::block(Big, 2, &[&[0; 12][..], &Big.u32(9), &[0; 8]].concat()),
            "holds fewer bytes than the packet in it claims",
        ),
        (
            pcapng::simple(Big, 9, b"abcd"),
            "holds fewer bytes than the packet in it claims",
        ),
        (
            pcapng::block(Big, 1, &[]),
            "holds lengths that contradict each other",
        ),
        (
            pcapng::block(Big, 0x0a0d_0d0a, &[7; 16]),
            "holds lengths that contradict each other",
        ),
    ];
    for (block, what) in cases {
        let trailing = pcapng::enhanced(Big, 0, 0, 0, b"");
        let outcome = read(&[&sound[..], &block, &trailing].concat());
        let expected = format!(
            "failed to read test beyond packet 3: the block at byte {} {what}",
            sound.len()
        );
        assert_eq!(outcome.error.unwrap().to_string(), expected);
        assert_eq!(outcome.packets.len(), 3);
    }
}

#[test]
fn packet_before_any_interface_is_named() {
    let file = [
        pcapng::section(Little),
        pcapng::enhanced(Little, 0, 0, 0, b""),
    ]
    .concat();
    let error = read(&file).error.unwrap().to_string();
    assert!(
        error.ends_with("holds a packet of an interface that no block before it describes"),
        "{error}"
    );
}

#[test]
fn hostile_length_costs_nothing_and_is_named() {
    let mut record = pcap::record(Little, 0, 0, 0, b"");
    record[8..12].fill(0xff);
    let outcome = read(&[&small_pcap()[..], &record].concat());
    let expected = "failed to read test beyond packet 3: the block at byte 81 claims 4294967311 bytes, but no more than \
                    16777216 are read in one piece; the file is most likely damaged there";
    assert_eq!(outcome.error.unwrap().to_string(), expected);
    let mut section = pcapng::section(Little);
    section[4..8].copy_from_slice(&[0xfc, 0xff, 0xff, 0xff]);
    assert!(matches!(
        open(&section).unwrap_err(),
        CaptureError::TooLarge {
            len: 0xffff_fffc,
            ..
        }
    ));
}

#[test]
fn interfaces_are_capped() {
    let many = pcapng::interface(Little, 1, 0, &[]).repeat(65_537);
    let error = read(&[pcapng::section(Little), many].concat())
        .error
        .unwrap()
        .to_string();
    assert!(
        error.ends_with("describes more interfaces than a section may have, 65536"),
        "{error}"
    );
}

#[test]
fn what_is_no_capture_is_told_with_the_way_out() {
    assert_eq!(
        message(b""),
        "failed to read test: it is empty, without even a file header"
    );
    let neither = "failed to read test: it is neither pcap nor pcapng";
    assert_eq!(message(&[0, 1, 2, 3]), neither);
    assert_eq!(
        message(b"BZh91AY"),
        format!("{neither}; it looks like bzip2; unpack it with bunzip2")
    );
    assert_eq!(
        message(b"GET / HTTP/1.1\r\n\r\n"),
        format!("{neither}; it looks like text, not a capture")
    );
    let text_mode = [&[0x0a, 0x0d, 0x0d, 0x0a][..], &[0; 24]].concat();
    assert!(message(&text_mode).contains("byte-order magic"));
    assert_eq!(
        message(&[0xd4, 0xc3]),
        "failed to read test: it ends inside its pcap file header, after 2 bytes"
    );
    assert_eq!(
        message(&pcapng::section(Big)[..20]),
        "failed to read test: it ends inside its pcapng file header, after 20 bytes"
    );
}

#[test]
fn paths_that_cannot_be_opened_are_told_apart() {
    let missing = FileSource::open("no/such/file.pcap").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "failed to open no/such/file.pcap: there is no such file"
    );
    let directory = FileSource::open(env!("CARGO_MANIFEST_DIR")).unwrap_err();
    assert!(matches!(directory, CaptureError::IsDirectory { .. }));
    let text = FileSource::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap_err();
    assert!(matches!(
        text,
        CaptureError::NotACapture {
            appearance: Some(_),
            ..
        }
    ));
}

proptest! {
    #[test]
    fn any_bytes_read_without_panic(
        start in prop::sample::select(vec![vec![], small_pcap(), small_pcapng(), pcap::header(Big, pcap::MICROSECONDS, 1)]),
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        if let Ok(source) = open(&[start, rest].concat()) {
            drain(source);
        }
    }

    #[test]
    fn damaged_captures_read_without_panic(
        mut file in prop::sample::select(vec![small_pcap(), small_pcapng()]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        for (at, byte) in damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(source) = open(&file) {
            drain(source);
        }
    }
}
