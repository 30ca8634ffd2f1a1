//! Recording what passes on a wire, while it does, and next to tcpdump.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use wireseam_capture::{
    Backend, CaptureError, Ended, FileSource, LiveOptions, LiveSource, RecordError, RecordOptions,
    Recorded, Recording, Source, Statistics, record,
};

use crate::bench::{
    backends, beside_tcpdump, frame, frames, in_namespace, lay_wire, options, run, sender, skip,
    take, with_own_mounts, witness,
};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn read(path: &Path) -> (Vec<Vec<u8>>, Statistics) {
    let mut source = FileSource::open(path).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = source.next_packet().unwrap() {
        packets.push(packet.data.to_vec());
    }
    (packets, source.statistics().clone())
}

/// A live source, and a recording that is stopped by the same flag.
fn both(backend: Backend, file: &Path) -> (LiveOptions, RecordOptions) {
    let asked = options("right", backend);
    let mut into = RecordOptions::new(file);
    into.stop = Arc::clone(&asked.stop);
    (asked, into)
}

/// Waits until something is so; ten seconds at most.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "not within ten seconds: {what}"
        );
        thread::yield_now();
    }
}

#[test]
fn what_passed_is_in_the_file_while_it_is_recorded() {
    let test = "recording::what_passed_is_in_the_file_while_it_is_recorded";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let file = path("while.pcapng");
            let (mut asked, into) = both(backend, &file);
            asked.filter = Some("not tcp".to_owned());
            let mut source = LiveSource::open(&asked).unwrap();
            let recording = thread::scope(|scope| {
                let recorder = scope.spawn(|| record(&mut source, &into, &mut |_, _| {}).unwrap());
                let sent = frames(100);
                let mut wire = sender("left");
                for frame in &sent {
                    wire.send(frame).unwrap();
                }
                // as if it were killed now
                until("100 packets in the file", || {
                    file.exists() && fs::metadata(&file).unwrap().len() > 0 && read(&file).0 == sent
                });
                asked.stop.store(true, Ordering::Relaxed);
                recorder.join().unwrap()
            });
            assert_eq!(recording.ended, Some(Ended::Interrupted), "{backend}");
            assert_eq!((recording.packets, recording.beyond), (100, 0), "{backend}");
            let (_, statistics) = read(&file);
            let interface = &statistics.notes.interfaces[0];
            assert_eq!(interface.name.as_deref(), Some("right"));
            assert_eq!(interface.filter.as_deref(), Some("not tcp"));
            assert_eq!(interface.snaplen, Some(262_144));
            assert_eq!(interface.counters.accepted, Some(100));
            assert_eq!(interface.counters.dropped_by_kernel, Some(0));
            assert_eq!(interface.counters.delivered, Some(100));
        }
    });
}

#[test]
fn a_recording_of_a_duration_ends_when_nothing_passes() {
    let test = "recording::a_recording_of_a_duration_ends_when_nothing_passes";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let file = path("quiet.pcapng");
            let (asked, mut into) = both(backend, &file);
            into.limits.duration = Some(Duration::from_millis(50));
            let mut source = LiveSource::open(&asked).unwrap();
            let recording = record(&mut source, &into, &mut |_, _| {}).unwrap();
            assert_eq!(recording.ended, Some(Ended::Duration), "{backend}");
            assert_eq!(read(&file).0.len(), 0);
        }
    });
}

#[test]
fn a_limit_of_packets_accounts_for_those_behind_it() {
    let test = "recording::a_limit_of_packets_accounts_for_those_behind_it";
    in_namespace(test, || {
        lay_wire();
        for backend in backends(test) {
            let file = path("limit.pcapng");
            let (asked, mut into) = both(backend, &file);
            into.limits.packets = Some(30);
            let mut source = LiveSource::open(&asked).unwrap();
            let mut wire = sender("left");
            let mut witness = witness();
            for frame in frames(50) {
                wire.send(&frame).unwrap();
            }
            take(&mut witness, 50);
            let recording = record(&mut source, &into, &mut |_, _| {}).unwrap();
            assert_eq!(recording.ended, Some(Ended::Packets));
            assert_eq!((recording.packets, recording.beyond), (30, 20), "{backend}");
            assert_eq!(read(&file).0, frames(30));
        }
    });
}

#[test]
fn a_full_disk_is_said_and_the_file_ends_with_a_whole_packet() {
    let test = "recording::a_full_disk_is_said_and_the_file_ends_with_a_whole_packet";
    with_own_mounts(test, || {
        lay_wire();
        let disk = path("disk");
        fs::create_dir_all(&disk).unwrap();
        run(&format!(
            "mount -t tmpfs -o size=256k none {}",
            disk.display()
        ));
        let (asked, into) = both(Backend::AfPacket, &disk.join("full.pcapng"));
        let mut source = LiveSource::open(&asked).unwrap();
        let mut wire = sender("left");
        let sent: Vec<_> = (0..1_000).map(|number| frame(number, 1_001)).collect();
        for frame in &sent {
            wire.send(frame).unwrap();
        }
        let failure = record(&mut source, &into, &mut |_, _| {}).unwrap_err();
        assert!(
            matches!(failure.cause, RecordError::Write { .. }),
            "{failure}"
        );
        assert!(failure.to_string().contains("full.pcapng"), "{failure}");
        let Recording {
            packets,
            not_written,
            ..
        } = failure.recording;
        let (in_file, statistics) = read(&into.path);
        assert_eq!(in_file.len() as u64, packets);
        assert_eq!(in_file, sent[..in_file.len()]);
        assert!((200..256).contains(&packets), "{packets}");
        assert!(not_written > 0);
        assert_eq!(statistics.truncated, None);
    });
}

#[test]
fn a_full_disk_ends_what_is_read_and_recorded_at_once() {
    let test = "recording::a_full_disk_ends_what_is_read_and_recorded_at_once";
    with_own_mounts(test, || {
        lay_wire();
        let disk = path("disk of two");
        fs::create_dir_all(&disk).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "none"])
            .arg(&disk)
            .status();
        assert!(mounted.unwrap().success());
        let (asked, into) = both(Backend::AfPacket, &disk.join("full.pcapng"));
        let mut source = LiveSource::open(&asked).unwrap();
        let mut recorded = Recorded::begin(&mut source, &into).unwrap();
        let mut wire = sender("left");
        let sent: Vec<_> = (0..1_000).map(|number| frame(number, 1_001)).collect();
        for frame in &sent {
            wire.send(frame).unwrap();
        }
        let mut handed_over = Vec::new();
        let cause = loop {
            match recorded.next_packet() {
                Ok(packet) => handed_over.push(packet.unwrap().data.to_vec()),
                Err(cause) => break cause,
            }
        };
        assert!(matches!(cause, CaptureError::Recording(_)), "{cause}");
        assert!(cause.to_string().contains("full.pcapng"), "{cause}");
        let failure = recorded.finish().unwrap_err();
        let (in_file, statistics) = read(&into.path);
        assert_eq!(in_file.len() as u64, failure.recording.packets);
        assert_eq!(in_file, sent[..in_file.len()]);
        assert!(in_file.len() >= 200 && handed_over.len() >= in_file.len());
        assert_eq!(handed_over, sent[..handed_over.len()]);
        assert_eq!(statistics.truncated, None);
    });
}

#[test]
fn tcpdump_records_the_same() {
    let test = "recording::tcpdump_records_the_same";
    beside_tcpdump(test, || {
        let tcpdump = Command::new("tcpdump").arg("--version").output();
        if !tcpdump.is_ok_and(|output| output.status.success()) {
            return skip(test, "tcpdump is not installed");
        }
        lay_wire();
        for backend in backends(test) {
            let (ours, theirs) = (path("ours.pcapng"), path("theirs.pcap"));
            let (asked, mut into) = both(backend, &ours);
            into.limits.packets = Some(300);
            let mut other = Command::new("tcpdump")
                .args([
                    "-i", "right", "-U", "-c", "300", "--nano", "-Z", "root", "-w",
                ])
                .arg(&theirs)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut said = BufReader::new(other.stderr.take().unwrap()).lines();
            if !said.any(|line| line.unwrap().contains("listening on")) {
                other.wait().unwrap();
                return skip(test, "tcpdump does not run for this user");
            }
            let mut source = LiveSource::open(&asked).unwrap();
            let mut wire = sender("left");
            for frame in frames(300) {
                wire.send(&frame).unwrap();
            }
            record(&mut source, &into, &mut |_, _| {}).unwrap();
            assert!(other.wait().unwrap().success());
            assert_eq!(read(&ours).0, read(&theirs).0, "{backend}");
        }
    });
}
