//! Recordings of packets in memory, read back: every packet in its file, and every file whole.

#![expect(clippy::unwrap_used, reason = "a test may unwrap")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use wireseam_capture::{
    CaptureError, Ended, FileSource, Limits, MemorySource, OwnedPacket, RecordError, RecordOptions,
    Recorded, Rotation, Source, Statistics, record,
};
use wireseam_wire::{LinkType, Packet, Timestamp};

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("record-{name}"));
        let _not_there = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// Packets of all lengths up to 199 bytes, a few nanoseconds apart.
fn packets(count: usize) -> Vec<OwnedPacket> {
    (0..count)
        .map(|n| {
            let data = vec![u8::try_from(n % 256).unwrap(); n % 200];
            let at = Timestamp(1_700_000_000_123_456_789 + i64::try_from(n).unwrap() * 7);
            OwnedPacket::new(LinkType::Ethernet, data).at(at)
        })
        .collect()
}

fn read(path: &Path) -> (Vec<OwnedPacket>, Statistics) {
    let mut source = FileSource::open(path).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = source.next_packet().unwrap() {
        packets.push(OwnedPacket {
            at: packet.at,
            interface: packet.interface,
            link: packet.link,
            original_len: packet.original_len,
            data: packet.data.to_vec(),
        });
    }
    (packets, source.statistics().clone())
}

fn run(asked: &RecordOptions, packets: &[OwnedPacket]) -> wireseam_capture::Recording {
    let mut source = MemorySource::new(packets.to_vec());
    record(&mut source, asked, &mut |_, _| {}).unwrap()
}

#[test]
fn what_is_recorded_is_read_back() {
    let folder = Folder::new("back");
    let asked = RecordOptions::new(folder.file("a.pcapng"));
    let mut sent = packets(5_000);
    sent[7].original_len = 1_514;
    let recording = run(&asked, &sent);
    assert_eq!(recording.packets, 5_000);
    assert_eq!((recording.not_written, recording.beyond), (0, 0));
    assert_eq!(recording.ended, Some(Ended::Source));
    assert_eq!(recording.files, std::slice::from_ref(&asked.path));
    assert_eq!(recording.size, fs::metadata(&asked.path).unwrap().len());
    let (back, statistics) = read(&asked.path);
    assert_eq!(back, sent);
    assert_eq!(statistics.truncated, None);
}

#[test]
fn interfaces_keep_their_packets_and_link_types() {
    let folder = Folder::new("interfaces");
    let asked = RecordOptions::new(folder.file("a.pcapng"));
    let mut sent = packets(30);
    for (n, packet) in sent.iter_mut().enumerate() {
        packet.interface = u32::try_from(n / 10).unwrap();
        packet.link = [LinkType::Ethernet, LinkType::RawIp, LinkType::LinuxSll2][n / 10];
    }
    run(&asked, &sent);
    assert_eq!(read(&asked.path).0, sent);
}

#[test]
fn a_recording_says_who_made_it() {
    let folder = Folder::new("maker");
    let mut asked = RecordOptions::new(folder.file("a.pcapng"));
    asked.comment = Some("the proxy behind port 8080".to_owned());
    run(&asked, &packets(3));
    let notes = read(&asked.path).1.notes;
    let maker = concat!("wireseam ", env!("CARGO_PKG_VERSION"));
    assert_eq!(notes.sections[0].application.as_deref(), Some(maker));
    assert_eq!(notes.comments[0].text, "the proxy behind port 8080");
    assert_eq!(notes.interfaces[0].counters.delivered, Some(3));
    assert_eq!(
        notes.interfaces[0].counters.dropped_by_kernel, None,
        "unknown is not 0"
    );
}

#[test]
fn a_capture_without_packets_is_a_capture() {
    let folder = Folder::new("empty");
    let asked = RecordOptions::new(folder.file("a.pcapng"));
    assert_eq!(run(&asked, &[]).packets, 0);
    assert_eq!(read(&asked.path).0, []);
}

#[test]
fn files_of_a_size_hold_all_packets_together() {
    let folder = Folder::new("size");
    let mut asked = RecordOptions::new(folder.file("ring.pcapng"));
    asked.rotation.size = Some(4_000);
    let sent = packets(300);
    let recording = run(&asked, &sent);
    assert!(recording.files.len() > 5);
    assert_eq!(recording.files[0], folder.file("ring-00001.pcapng"));
    let mut back = Vec::new();
    for file in &recording.files {
        assert!(
            fs::metadata(file).unwrap().len() <= 4_000 + 200,
            "counters come on top"
        );
        back.extend(read(file).0);
    }
    assert_eq!(back, sent);
    let sizes = recording
        .files
        .iter()
        .map(|file| fs::metadata(file).unwrap().len());
    assert_eq!(recording.size, sizes.sum::<u64>());
}

#[test]
fn a_packet_larger_than_a_file_may_be_has_a_file_of_its_own() {
    let folder = Folder::new("large");
    let mut asked = RecordOptions::new(folder.file("ring.pcapng"));
    asked.rotation.size = Some(1);
    let recording = run(&asked, &packets(3));
    assert_eq!(recording.files.len(), 3);
}

#[test]
fn of_many_files_the_latest_are_kept_and_all_packets_counted() {
    let folder = Folder::new("keep");
    let mut asked = RecordOptions::new(folder.file("ring.pcapng"));
    asked.rotation = Rotation {
        size: Some(4_000),
        keep: Some(2),
        ..Rotation::default()
    };
    let sent = packets(300);
    let recording = run(&asked, &sent);
    assert_eq!(recording.packets, 300);
    assert_eq!(recording.files.len(), 2);
    assert!(recording.deleted > 3);
    assert_eq!(folder.names().len(), 2);
    let kept: Vec<_> = recording
        .files
        .iter()
        .flat_map(|file| read(file).0)
        .collect();
    assert_eq!(kept, sent[300 - kept.len()..]);
}

#[test]
fn a_second_recording_leaves_the_files_of_the_first() {
    let folder = Folder::new("second");
    let mut asked = RecordOptions::new(folder.file("ring.pcapng"));
    asked.rotation.size = Some(4_000);
    let first = run(&asked, &packets(100));
    let before: Vec<_> = first
        .files
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    let second = run(&asked, &packets(100));
    let after: Vec<_> = first
        .files
        .iter()
        .map(|file| fs::read(file).unwrap())
        .collect();
    assert!(before == after);
    assert!(second.files.iter().all(|file| !first.files.contains(file)));
}

#[test]
fn files_of_a_time_follow_each_other() {
    let folder = Folder::new("time");
    let mut asked = RecordOptions::new(folder.file("ring"));
    asked.rotation.time = Some(Duration::ZERO);
    let sent = packets(300);
    let recording = run(&asked, &sent);
    assert!(recording.files.len() > 3);
    assert_eq!(recording.files[0], folder.file("ring-00001"));
    let back: Vec<_> = recording
        .files
        .iter()
        .flat_map(|file| read(file).0)
        .collect();
    assert_eq!(back, sent);
}

#[test]
fn a_limit_of_packets_is_exact_and_the_rest_is_counted() {
    let folder = Folder::new("packets");
    let mut asked = RecordOptions::new(folder.file("a.pcapng"));
    asked.limits = Limits {
        packets: Some(100),
        ..Limits::default()
    };
    let sent = packets(130);
    let recording = run(&asked, &sent);
    assert_eq!(recording.ended, Some(Ended::Packets));
    assert_eq!((recording.packets, recording.beyond), (100, 30));
    assert_eq!(read(&asked.path).0, sent[..100]);
}

#[test]
fn a_limit_of_bytes_is_kept() {
    let folder = Folder::new("bytes");
    let mut asked = RecordOptions::new(folder.file("a.pcapng"));
    asked.limits.size = Some(10_000);
    let sent = packets(500);
    let recording = run(&asked, &sent);
    assert_eq!(recording.ended, Some(Ended::Size));
    assert_eq!(recording.packets + recording.beyond, 500);
    let (back, _) = read(&asked.path);
    assert_eq!(back, sent[..back.len()]);
    let size = fs::metadata(&asked.path).unwrap().len();
    assert!((9_000..=10_200).contains(&size), "{size}");
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let folder = Folder::new("create");
    let asked = RecordOptions::new(folder.file("not/there.pcapng"));
    let mut source = MemorySource::new(packets(1));
    let failure = record(&mut source, &asked, &mut |_, _| {}).unwrap_err();
    assert!(matches!(failure.cause, RecordError::Create { .. }));
    assert!(failure.to_string().contains("there.pcapng"), "{failure}");
}

#[test]
fn a_source_that_fails_leaves_what_came_before() {
    /// Fails behind its last packet.
    struct Failing(MemorySource, u64);

    impl Source for Failing {
        fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
            if self.0.statistics().packets == self.1 {
                let name = "test".to_owned();
                return Err(CaptureError::NotFound { name });
            }
            self.0.next_packet()
        }

        fn statistics(&self) -> &Statistics {
            self.0.statistics()
        }
    }
    let folder = Folder::new("failing");
    let asked = RecordOptions::new(folder.file("a.pcapng"));
    let sent = packets(50);
    let mut source = Failing(MemorySource::new(sent.clone()), 50);
    let failure = record(&mut source, &asked, &mut |_, _| {}).unwrap_err();
    assert!(matches!(failure.cause, RecordError::Capture(_)));
    assert_eq!(
        (failure.recording.packets, failure.recording.not_written),
        (50, 0)
    );
    assert_eq!(read(&asked.path).0, sent);
}

#[test]
fn what_is_read_while_it_is_recorded_is_what_is_read_back() {
    let folder = Folder::new("recorded");
    let packets = packets(1_000);
    let asked = RecordOptions::new(folder.file("both.pcapng"));
    let mut recorded = Recorded::begin(MemorySource::new(packets.clone()), &asked).unwrap();
    let mut handed_over = Vec::new();
    while let Some(packet) = recorded.next_packet().unwrap() {
        handed_over.push((packet.index.0, packet.at, packet.data.to_vec()));
    }
    let recording = recorded.finish().unwrap();
    assert_eq!((recording.packets, recording.not_written), (1_000, 0));
    assert_eq!(recording.ended, Some(Ended::Source));
    let (read, _) = read(&asked.path);
    assert_eq!(read, packets);
    let expected = (1..).zip(&packets);
    let expected: Vec<_> = expected
        .map(|(number, it)| (number, it.at, it.data.clone()))
        .collect();
    assert_eq!(handed_over, expected);
}

#[test]
fn a_recording_of_what_is_read_is_made_of_files_no_longer_than_asked_for() {
    let folder = Folder::new("recorded-rotated");
    let mut asked = RecordOptions::new(folder.file("ring.pcapng"));
    asked.rotation.size = Some(4_000);
    let packets = packets(300);
    let mut recorded = Recorded::begin(MemorySource::new(packets.clone()), &asked).unwrap();
    while recorded.next_packet().unwrap().is_some() {}
    let recording = recorded.finish().unwrap();
    let mut all = Vec::new();
    for file in &recording.files {
        let (of_file, statistics) = read(file);
        assert_eq!(statistics.truncated, None);
        all.extend(of_file);
    }
    assert_eq!(all, packets);
    assert!(recording.files.len() > 5, "{recording:?}");
}
