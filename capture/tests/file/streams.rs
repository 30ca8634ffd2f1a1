//! Streams that are not files: pieces of any size, interruptions, failures, packets larger than the buffer.

use std::io::{self, Cursor, Read};

use wireseam_capture::{CaptureError, FileSource};

use crate::build::{Order::Little, drain, pcap, pcapng, read};

/// Gives pieces of at most `most` bytes and an interruption before each.
pub(crate) struct Pieces {
    bytes: Cursor<Vec<u8>>,
    most: usize,
    interrupted: bool,
}

impl Pieces {
    pub(crate) fn new(bytes: Vec<u8>, most: usize) -> Self {
        Self {
            bytes: Cursor::new(bytes),
            most,
            interrupted: false,
        }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = self.most.min(buffer.len());
        self.bytes.read(&mut buffer[..most])
    }
}

/// Fails for good.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is on fire"))
    }
}

fn pcap_of(lens: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut file = pcap::header(Little, pcap::MICROSECONDS, 1);
    for (n, len) in lens.enumerate() {
        let byte = u8::try_from(n % 251).unwrap();
        file.extend(pcap::record(Little, 0, 0, 0, &vec![byte; len]));
    }
    file
}

fn pcapng_of(lens: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut file = [
        pcapng::section(Little),
        pcapng::interface(Little, 1, 0, &[]),
    ]
    .concat();
    for (n, len) in lens.enumerate() {
        let byte = u8::try_from(n % 251).unwrap();
        file.extend(pcapng::enhanced(Little, 0, 0, 0, &vec![byte; len]));
    }
    file
}

fn assert_holds(file: &[u8], lens: impl Iterator<Item = usize>) {
    let outcome = read(file);
    assert!(outcome.error.is_none() && outcome.statistics.truncated.is_none());
    let expected = lens
        .enumerate()
        .map(|(n, len)| vec![u8::try_from(n % 251).unwrap(); len]);
    assert!(
        outcome
            .packets
            .into_iter()
            .map(|packet| packet.data)
            .eq(expected)
    );
}

#[test]
fn packets_across_refills_stay_whole() {
    let lens = || (0..2_000).map(|n| n * 7 % 1_500);
    assert_holds(&pcap_of(lens()), lens());
    assert_holds(&pcapng_of(lens()), lens());
}

#[test]
fn packets_larger_than_the_buffer_are_read() {
    let lens = || [10, 131_056, 131_057, 100, 700_000, 262_144, 3].into_iter();
    assert_holds(&pcap_of(lens()), lens());
    assert_holds(&pcapng_of(lens()), lens());
}

#[test]
fn largest_block_is_read_and_one_byte_more_is_refused() {
    let largest = (16 << 20) - 16;
    assert_holds(&pcap_of([largest, 5].into_iter()), [largest, 5].into_iter());
    let error = read(&pcap_of([5, largest + 1].into_iter())).error.unwrap();
    assert!(
        matches!(
            error,
            CaptureError::TooLarge {
                after: 1,
                offset: 45,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn section_header_larger_than_the_buffer_is_read() {
    let comment = vec![b'x'; 60_000];
    let options = pcapng::options(Little, &[(1, &comment), (1, &comment), (1, &comment)]);
    let section = pcapng::section(Little);
    let body = [&section[8..24], &options].concat();
    let packets = pcapng_of([3, 4].into_iter());
    let file = [&pcapng::block(Little, 0x0a0d_0d0a, &body), &packets[28..]].concat();
    assert_holds(&file, [3, 4].into_iter());
}

#[test]
fn pieces_of_any_size_read_like_a_file() {
    let lens = || (0..200).map(|n| n * 7 % 150);
    for file in [pcap_of(lens()), pcapng_of(lens())] {
        for most in [1, 2, 23, 4_096] {
            let pieces = Pieces::new(file.clone(), most);
            let outcome = drain(FileSource::from_reader("test", pieces).unwrap());
            assert_eq!(outcome.packets, read(&file).packets);
        }
    }
}

#[test]
fn failure_of_the_system_is_told_behind_what_was_read() {
    let file = pcap_of([1, 2, 3].into_iter());
    let outcome = drain(FileSource::from_reader("test", Cursor::new(file).chain(Broken)).unwrap());
    assert_eq!(outcome.packets.len(), 3);
    assert_eq!(
        outcome.error.unwrap().to_string(),
        "failed to read test: the disk is on fire"
    );
    let header = pcap_of([].into_iter());
    for len in [0, 10] {
        let early =
            FileSource::from_reader("test", Cursor::new(header[..len].to_vec()).chain(Broken));
        assert!(matches!(early.unwrap_err(), CaptureError::Read { .. }));
    }
}
