//! Several files as one capture: numbers, interfaces and losses counted on, the files' order, faults of single files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use wireseam_capture::{CaptureError, CommentOn, Dropped, FileFormat, Sequence, Source};
use wireseam_wire::Packet;

use crate::build::{
    Order::{Big, Little},
    pcap, pcapng,
};

/// A folder of its own with files in it, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("{name}-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pcap_at(seconds: &[u32]) -> Vec<u8> {
    let records = seconds
        .iter()
        .map(|seconds| pcap::record(Little, *seconds, 0, 2, b"ab"));
    let header = pcap::header(Little, pcap::MICROSECONDS, 1);
    [header].into_iter().chain(records).flatten().collect()
}

fn pcapng_at(seconds: &[u64]) -> Vec<u8> {
    let packets = seconds
        .iter()
        .map(|seconds| pcapng::enhanced(Big, 1, seconds * 1_000_000, 3, b"abc"));
    let head = [
        pcapng::section(Big),
        pcapng::interface(Big, 1, 0, &[]),
        pcapng::interface(Big, 113, 0, &[(1, b"noted")]),
        pcapng::statistics(Big, 0, &[(7, &Big.u64(5))]),
    ];
    head.into_iter().chain(packets).flatten().collect()
}

/// Number, second, interface and link type of each packet.
fn drain(source: &mut Sequence) -> Vec<(u64, i64, u32, u32)> {
    let mut seen = Vec::new();
    while let Some(packet) = source.next_packet().unwrap() {
        seen.push(fields(&packet));
    }
    seen
}

fn fields(packet: &Packet<'_>) -> (u64, i64, u32, u32) {
    let second = packet.at.map_or(-1, |at| at.0 / 1_000_000_000);
    (
        packet.index.0,
        second,
        packet.interface,
        packet.link.number(),
    )
}

#[test]
fn files_are_one_capture_in_the_order_of_their_times() {
    let folder = Folder::new("order");
    let late = folder.file("late", &pcapng_at(&[30, 31]));
    let early = folder.file("early", &pcap_at(&[10, 11]));
    let middle = folder.file("middle", &pcapng_at(&[20]));
    let mut source = Sequence::new([late, early.clone(), middle]);
    assert!(!source.is_in_given_order());
    let expected = [
        (1, 10, 0, 1),
        (2, 11, 0, 1),
        (3, 20, 2, 113),
        (4, 30, 4, 113),
        (5, 31, 4, 113),
    ];
    assert_eq!(drain(&mut source), expected);
    assert!(source.next_packet().unwrap().is_none());

    let statistics = source.statistics();
    assert_eq!((statistics.packets, statistics.bytes), (5, 13));
    let kernel = Some(10);
    let lost = Dropped {
        kernel,
        ..Dropped::default()
    };
    assert_eq!(statistics.dropped, lost);
    let on: Vec<_> = statistics
        .notes
        .comments
        .iter()
        .map(|comment| comment.on)
        .collect();
    assert_eq!(on, [2, 4].map(CommentOn::Interface));
    let numbers: Vec<_> = statistics
        .notes
        .interfaces
        .iter()
        .map(|interface| interface.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4]);

    let files = source.files();
    let packets: Vec<_> = files
        .iter()
        .map(|file| (file.format, file.packets, file.bytes))
        .collect();
    let ng = Some(FileFormat::Pcapng);
    assert_eq!(
        packets,
        [(Some(FileFormat::Pcap), 2, 4), (ng, 1, 3), (ng, 2, 6)]
    );
    assert_eq!(files[0].name, early.display().to_string());
    assert_eq!(files[2].first.unwrap().0, 30_000_000_000);
    assert_eq!(files[2].last.unwrap().0, 31_000_000_000);
    let size: u64 = files.iter().map(|file| file.size.unwrap()).sum();
    assert_eq!(
        (source.progress().read, source.progress().of),
        (size, Some(size))
    );
}

#[test]
fn many_packets_at_once_are_the_same_packets() {
    let folder = Folder::new("many");
    let seconds: Vec<u32> = (100..300).collect();
    let open = || {
        Sequence::new([
            folder.file("first", &pcap_at(&[10, 11])),
            folder.file("broken", b"no capture"),
            folder.file("long", &pcap_at(&seconds)),
            folder.file("empty", &pcapng_at(&[])),
            folder.file("last", &pcapng_at(&[400, 300, 401])),
        ])
    };
    let mut one = open();
    let expected = drain(&mut one);
    assert_eq!(expected.len(), 205);
    for most in [1, 3, u64::MAX] {
        let mut many = open();
        let mut seen = Vec::new();
        let mut lots = 0;
        loop {
            let before = seen.len();
            let mut take = |lot: &[Packet<'_>]| seen.extend(lot.iter().map(fields));
            let lent = many.next_packets(most, &mut take).unwrap();
            assert!(lent <= most);
            assert_eq!(seen.len() - before, usize::try_from(lent).unwrap());
            if lent == 0 {
                break;
            }
            lots += 1;
        }
        assert_eq!(seen, expected);
        assert_eq!(many.statistics(), one.statistics());
        assert_eq!(many.files(), one.files());
        assert!(lots < 205 || most == 1, "{lots} of at most {most}");
    }
}

#[test]
fn a_file_that_cannot_be_read_leaves_the_others() {
    let folder = Folder::new("faults");
    let whole = pcap_at(&[1, 2]);
    let good = folder.file("good", &whole);
    let cut = folder.file("cut", &pcap_at(&[3, 4])[..50]);
    let text = folder.file("text", b"GET / HTTP/1.1\r\n");
    let hostile = folder.file("hostile", &[&pcap_at(&[5])[..], &[0xff; 16]].concat());
    let missing = folder.0.join("missing");
    let last = folder.file("last", &pcap_at(&[6]));
    let mut source = Sequence::new([good, cut, text, hostile, missing, last]);
    assert!(source.is_in_given_order());
    let seconds: Vec<_> = drain(&mut source)
        .iter()
        .map(|seen| (seen.0, seen.1))
        .collect();
    assert_eq!(seconds, [(1, 1), (2, 2), (3, 3), (4, 5), (5, 6)]);
    let files = source.files();
    let faults: Vec<_> = files
        .iter()
        .map(|file| {
            (
                file.truncated.as_deref(),
                file.fault
                    .as_deref()
                    .map(|fault| fault.rsplit('/').next().unwrap()),
            )
        })
        .collect();
    let expected = [
        (None, None),
        (
            Some("the capture ends inside the header of a block behind packet 3"),
            None,
        ),
        (
            None,
            Some("text: it is neither pcap nor pcapng; it looks like text, not a capture"),
        ),
        (
            None,
            Some(
                "hostile beyond packet 4: the block at byte 42 claims 4294967311 bytes, but no more than 16777216 are \
                 read in one piece; the file is most likely damaged there",
            ),
        ),
        (None, Some("missing: there is no such file")),
        (None, None),
    ];
    assert_eq!(faults, expected);
}

#[test]
fn files_none_of_which_can_be_read_are_an_error() {
    let folder = Folder::new("none");
    let text = folder.file("text", b"hello");
    let mut source = Sequence::new([folder.0.join("missing"), text]);
    let error = source.next_packet().unwrap_err();
    assert!(matches!(error, CaptureError::NotFound { .. }), "{error}");
    assert!(source.next_packet().unwrap().is_none());
    assert_eq!(source.files().len(), 2);
}

#[test]
fn times_that_run_backwards_are_counted_across_files_too() {
    let folder = Folder::new("backwards");
    let one = folder.file("one", &pcap_at(&[10, 30, 20, 25]));
    let other = folder.file("other", &pcap_at(&[11, 12, 9, 40]));
    let mut source = Sequence::new([one, other]);
    drain(&mut source);
    let backwards = source.statistics().backwards;
    assert_eq!(
        (backwards.packets, backwards.largest_step),
        (3, 14_000_000_000)
    );
}
