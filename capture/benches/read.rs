//! What reading costs a packet, without anything done to it: `cargo bench -p wireseam-capture`.
//!
//! Files are made in memory, 200,000 packets of 320 bytes; a bench's items are packets, its bytes those captured.

#![allow(clippy::unwrap_used, reason = "a bench may unwrap")]

use std::{
    io::{Cursor, Write},
    sync::LazyLock,
};

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use wireseam_capture::{FileSource, Source};

fn main() {
    divan::main();
}

#[divan::bench]
fn pcap_microseconds(bencher: Bencher<'_, '_>) {
    read(bencher, &PCAP);
}

#[divan::bench]
fn pcapng_microseconds(bencher: Bencher<'_, '_>) {
    read(bencher, &PCAPNG);
}

#[divan::bench]
fn pcapng_with_flags(bencher: Bencher<'_, '_>) {
    read(bencher, &FLAGGED);
}

#[divan::bench]
fn pcap_in_gzip(bencher: Bencher<'_, '_>) {
    read(bencher, &GZIP);
}

#[divan::bench]
fn pcap_in_lz4(bencher: Bencher<'_, '_>) {
    read(bencher, &LZ4);
}

fn read(bencher: Bencher<'_, '_>, file: &'static LazyLock<Vec<u8>>) {
    bencher
        .counter(ItemsCount::new(PACKETS))
        .counter(BytesCount::new(PACKETS * LEN))
        .bench(|| {
            let mut source = FileSource::from_reader("bench", Cursor::new(&file[..])).unwrap();
            let mut sum = 0_u64;
            while let Some(packet) = source.next_packet().unwrap() {
                let last = packet.data.last().copied().unwrap_or_default();
                sum = sum
                    .wrapping_add(u64::from(last))
                    .wrapping_add(packet.at.unwrap().0.cast_unsigned());
            }
            assert_eq!(source.statistics().packets, u64::from(PACKETS));
            sum
        });
}

static PCAP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut file = words(&[0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 65_535, 1]);
    for n in 0..PACKETS {
        file.extend(words(&[1_700_000_000 + n / 1_000, n % 1_000, LEN, LEN]));
        file.extend(data(n));
    }
    file
});

static PCAPNG: LazyLock<Vec<u8>> = LazyLock::new(|| pcapng(&[]));

/// As some writers do it: epb_flags on every packet.
static FLAGGED: LazyLock<Vec<u8>> = LazyLock::new(|| pcapng(&[2 | 4 << 16, 1, 0]));

static GZIP: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&PCAP).unwrap();
    encoder.finish().unwrap()
});

static LZ4: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(&PCAP).unwrap();
    encoder.finish().unwrap()
});

fn pcapng(options: &[u32]) -> Vec<u8> {
    let mut file = words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28]);
    file.extend(words(&[1, 20, 1, 0, 20]));
    let len = 32 + LEN + 4 * u32::try_from(options.len()).unwrap();
    for n in 0..PACKETS {
        file.extend(words(&[6, len, 0, 0x6_0000 + n / 1_000, n, LEN, LEN]));
        file.extend(data(n));
        file.extend(words(options));
        file.extend(words(&[len]));
    }
    file
}

fn data(n: u32) -> Vec<u8> {
    let mut data = vec![0x5a; usize::try_from(LEN).unwrap()];
    data[..4].copy_from_slice(&n.to_le_bytes());
    data
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

const PACKETS: u32 = 200_000;

/// Of a packet, in bytes.
const LEN: u32 = 320;
