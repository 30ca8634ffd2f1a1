//! Packed captures: read as if they were not packed, whoever packed them, and up to where they break off or are damaged.
//!
//! `packed/sample.pcap.*` were written by gzip 1.12, zstd 1.5.4 and lz4 1.9.4; other files are packed by the libraries'
//! own encoders.

use std::io::{Cursor, Write};

use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use wireseam_capture::{
    CaptureError,
    Compression::{self, Gzip, Lz4, Zstd},
    FileSource, Source,
};

use crate::build::{Order::Little, Outcome, drain, pcap, read};

const ALL: [Compression; 3] = [Gzip, Zstd, Lz4];

/// What the tools packed.
fn sample() -> Vec<u8> {
    let mut file = pcap::header(Little, pcap::MICROSECONDS, 1);
    for (n, data) in [&b"abcdef"[..], b"", b"ghi"]
        .into_iter()
        .cycle()
        .take(120)
        .enumerate()
    {
        file.extend(pcap::record(
            Little,
            1 + u32::try_from(n).unwrap(),
            2,
            9,
            data,
        ));
    }
    file
}

/// A capture that no packer makes small: many packets of bytes without a pattern.
fn noise(packets: u32) -> Vec<u8> {
    let mut file = pcap::header(Little, pcap::MICROSECONDS, 1);
    let mut state = 1_u32;
    for n in 0..packets {
        let data: Vec<u8> = (0..1_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        file.extend(pcap::record(Little, n, 0, 1_000, &data));
    }
    file
}

fn pack(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Zstd => compress_to_vec(bytes, CompressionLevel::Fastest),
        Lz4 => {
            let info = FrameInfo::new()
                .block_size(BlockSize::Max64KB)
                .content_checksum(true);
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}

fn open(file: &[u8]) -> Result<FileSource, CaptureError> {
    FileSource::from_reader("test", Cursor::new(file.to_vec()))
}

fn assert_same(packed: &[u8], plain: &[u8]) {
    let (packed, plain) = (read(packed), read(plain));
    assert!(packed.error.is_none(), "{:?}", packed.error);
    assert_eq!(packed.statistics, plain.statistics);
    assert_eq!(packed.packets, plain.packets);
}

#[test]
fn what_the_tools_packed_is_read() {
    for (packed, compression) in [
        (&include_bytes!("packed/sample.pcap.gz")[..], Gzip),
        (include_bytes!("packed/sample.pcap.zst"), Zstd),
        (include_bytes!("packed/sample.pcap.lz4"), Lz4),
    ] {
        assert_same(packed, &sample());
        let source = open(packed).unwrap();
        assert_eq!(source.files()[0].compression, Some(compression));
    }
    assert_eq!(open(&sample()).unwrap().files()[0].compression, None);
}

#[test]
fn members_one_behind_the_other_are_one_capture() {
    let plain = noise(300);
    for compression in ALL {
        let (one, rest) = plain.split_at(100);
        let (two, three) = rest.split_at(150_000);
        let members = [one, two, three, b""].map(|piece| pack(compression, piece));
        assert_same(&members.concat(), &plain);
        let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
        let [one, two, ..] = &members;
        let parts = [&skipped, one, &skipped, two, &members[2], &skipped];
        assert_same(&parts.map(Vec::as_slice).concat(), &plain);
    }
    let padded = [&pack(Gzip, &plain)[..], &[0; 70_000]].concat();
    assert_same(&padded, &plain);
}

#[test]
fn pieces_of_any_size_unpack_like_a_file() {
    let plain = noise(20);
    for compression in ALL {
        let packed = pack(compression, &plain);
        for most in [1, 7, 4_096] {
            let pieces = crate::streams::Pieces::new(packed.clone(), most);
            let outcome = drain(FileSource::from_reader("test", pieces).unwrap());
            assert_eq!(outcome.packets, read(&plain).packets);
        }
    }
}

#[test]
fn data_cut_off_anywhere_gives_what_stands_before_the_cut() {
    for (plain, step) in [(sample(), 1), (noise(400), 20_011)] {
        let whole = read(&plain);
        for compression in ALL {
            let packed = pack(compression, &plain);
            for len in (4..packed.len()).step_by(step) {
                match open(&packed[..len]) {
                    Ok(source) => {
                        let outcome = drain(source);
                        assert!(outcome.error.is_none(), "{:?}", outcome.error);
                        assert!(whole.packets.starts_with(&outcome.packets));
                        let told = format!(
                            "the {compression} data breaks off at byte {len} of the file, behind packet {}",
                            outcome.packets.len()
                        );
                        assert_eq!(outcome.statistics.truncated, Some(told));
                    }
                    Err(error) => {
                        assert!(matches!(error, CaptureError::CutPacked { .. }), "{error}")
                    }
                }
            }
        }
    }
}

/// A packet has 1,016 bytes, and gzip and zstd are read in pieces of some thousand.
#[test]
fn little_before_a_cut_is_lost() {
    let plain = noise(400);
    for (compression, most_lost) in [(Gzip, 40), (Zstd, 140), (Lz4, 70)] {
        let packed = pack(compression, &plain);
        let cut = packed.len() / 2;
        let there = drain(open(&packed[..cut]).unwrap()).packets.len();
        assert!(
            there + most_lost > 200,
            "{compression}: {there} packets of 200"
        );
    }
}

#[test]
fn damage_is_told_with_its_place_behind_what_was_read() {
    let plain = noise(400);
    let whole = read(&plain);
    for compression in ALL {
        let mut packed = pack(compression, &plain);
        let at = packed.len() - 3;
        packed[at] ^= 0x55;
        let Outcome { packets, error, .. } = drain(open(&packed).unwrap());
        assert!(
            whole.packets.starts_with(&packets) && packets.len() > 100,
            "{compression}"
        );
        let told = error.unwrap_or_else(|| panic!("{compression}")).to_string();
        let expected = format!(
            "failed to read test beyond packet {}: its {compression} data cannot be unpacked beyond about byte ",
            packets.len()
        );
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[test]
fn something_else_behind_a_member_is_told() {
    for compression in ALL {
        let packed = [&pack(compression, &sample())[..], b"and so on"].concat();
        let outcome = read(&packed);
        assert_eq!(outcome.packets.len(), 120);
        let told = outcome.error.unwrap().to_string();
        let place = format!(
            "beyond about byte {}: something else begins there",
            packed.len() - 9
        );
        assert!(told.ends_with(&place), "{told}");
    }
}

#[test]
fn packed_twice_and_packed_other_things_are_named() {
    let twice = pack(Zstd, &pack(Gzip, &sample()));
    assert_eq!(
        open(&twice).unwrap_err().to_string(),
        "failed to read test: it is zstd, and what is packed in it is neither pcap nor pcapng; it looks like gzip; \
         unpack it with gunzip"
    );
    let text = pack(Gzip, b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(
        open(&text).unwrap_err().to_string(),
        "failed to read test: it is gzip, and what is packed in it is neither pcap nor pcapng; it looks like text, \
         not a capture"
    );
}

/// RFC 8878 3.1.1.1.2: a window descriptor of 18 << 3 stands for 2^28 bytes.
#[test]
fn a_window_that_asks_for_much_memory_is_refused() {
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, 18 << 3, 1, 0, 0];
    assert_eq!(
        open(&frame).unwrap_err().to_string(),
        "failed to read test beyond packet 0: its zstd data cannot be unpacked beyond about byte 6: it needs 268435456 \
         bytes of memory and is given no more than 134217728; unpack it with unzstd --long=31"
    );
}

proptest! {
    #[test]
    fn damaged_data_unpacks_without_panic(
        compression in prop::sample::select(&ALL[..]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        packets in prop::sample::select(vec![1, 3, 20]),
    ) {
        let mut packed = pack(compression, &noise(packets));
        for (at, byte) in damage {
            let at = at.index(packed.len());
            packed[at] = byte;
        }
        if let Ok(source) = open(&packed) {
            drain(source);
        }
    }

    #[test]
    fn any_bytes_behind_a_magic_number_unpack_without_panic(
        magic in prop::sample::select(vec![
            vec![0x1f, 0x8b, 8], vec![0x28, 0xb5, 0x2f, 0xfd], vec![0x04, 0x22, 0x4d, 0x18], vec![0x50, 0x2a, 0x4d, 0x18],
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        if let Ok(source) = open(&[magic, rest].concat()) {
            drain(source);
        }
    }
}
