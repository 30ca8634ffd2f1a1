//! A network namespace for a test, a wire in it with two ends, and packets onto that.

use std::{
    env, fs,
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    process::{Command, Stdio},
    sync::atomic::Ordering,
    time::Duration,
};

use ferranet::{Channel, Sender};
use wireseam_capture::{Backend, LiveOptions, LiveSource, OwnedPacket, Pace, Source};

/// Runs a test in a user and network namespace of its own, which is this program once more with one test.
///
/// Where the system lets nobody make one, that is said and the test is not run.
pub(crate) fn in_namespace(test: &str, body: impl FnOnce()) {
    apart(test, &["-Urn"], body);
}

/// Like [`in_namespace`], and with mounts of its own too.
pub(crate) fn with_own_mounts(test: &str, body: impl FnOnce()) {
    apart(test, &["-Urnm"], body);
}

/// Like [`in_namespace`], and as a user that tcpdump works for: it gives up being root, which only the real one can.
pub(crate) fn beside_tcpdump(test: &str, body: impl FnOnce()) {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let own = if is_root {
        &["-n"][..]
    } else {
        &["-Unc", "--keep-caps"]
    };
    apart(test, own, body);
}

/// Runs a test as a root who has nothing to say about the network.
pub(crate) fn without_rights(test: &str, body: impl FnOnce()) {
    apart(test, &["-Ur"], body);
}

fn apart(test: &str, unshare: &[&str], body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let works = |command: &mut Command| {
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    };
    if !works(Command::new("unshare").args(unshare).arg("true")) {
        return skip(test, "no namespace can be made here (unshare -Urn)");
    }
    if !works(Command::new("ip").arg("link")) {
        return skip(test, "there is no ip (iproute2)");
    }
    let output = Command::new("unshare")
        .args(unshare)
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let (said, faults) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    for line in faults.lines().filter(|line| line.starts_with(SKIPPED)) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    let was_run = said.contains("1 passed");
    assert!(output.status.success() && was_run, "{said}\n{faults}");
}

/// Says past the test harness, which keeps what is printed, that a test was not run.
pub(crate) fn skip(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "{SKIPPED} {test}: {why}");
}

/// The backends that can be tried here.
pub(crate) fn backends(test: &str) -> Vec<Backend> {
    if wireseam_libpcap::available() {
        return vec![Backend::Libpcap, Backend::AfPacket];
    }
    skip(test, "with libpcap, which is not installed");
    vec![Backend::AfPacket]
}

/// Runs a command that has to succeed.
pub(crate) fn run(command: &str) {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().unwrap())
        .args(words)
        .output()
        .unwrap();
    let faults = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {faults}");
}

/// A wire with the ends `left` and `right`, on which the kernel itself says nothing.
pub(crate) fn lay_wire() {
    run("ip link add left type veth peer name right");
    for end in ["left", "right"] {
        run(&format!("ip link set dev {end} addrgenmode none"));
        run(&format!("ip link set dev {end} up"));
    }
}

/// Sends from an end of the wire.
pub(crate) fn sender(end: &str) -> Sender {
    Channel::builder(end).basic().build_sync().unwrap().0
}

/// Frames of all lengths, of a protocol that nobody answers, each different.
pub(crate) fn frames(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| frame(n, 60 + n * 7 % 1400)).collect()
}

/// A frame of that length with a number in it.
pub(crate) fn frame(number: usize, len: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
    frame.extend(u32::try_from(number).unwrap().to_be_bytes());
    frame.resize(len, u8::try_from(number % 251).unwrap());
    frame
}

pub(crate) fn options(interface: &str, backend: Backend) -> LiveOptions {
    LiveOptions {
        backend: Some(backend),
        ..LiveOptions::new(interface)
    }
}

/// The next `count` packets; no more than ten seconds are waited for any.
pub(crate) fn take(source: &mut LiveSource, count: usize) -> Vec<OwnedPacket> {
    let mut packets = Vec::new();
    while packets.len() < count && source.wait_for_packet(PATIENCE).unwrap() {
        packets.push(owned(source));
    }
    assert_eq!(packets.len(), count, "packets within ten seconds");
    packets
}

/// Somebody else who captures at the right end: what they have, everybody has, however late the kernel got to it.
pub(crate) fn witness() -> LiveSource {
    let mut asked = options("right", Backend::AfPacket);
    asked.pace = Pace::LowLatency;
    LiveSource::open(&asked).unwrap()
}

/// All packets that are there, from when the capture is stopped.
pub(crate) fn stop(source: &mut LiveSource, asked: &LiveOptions) -> Vec<OwnedPacket> {
    asked.stop.store(true, Ordering::Relaxed);
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
    packets
}

fn owned(source: &mut LiveSource) -> OwnedPacket {
    let packet = source.next_packet().unwrap().unwrap();
    OwnedPacket {
        at: packet.at,
        interface: packet.interface,
        link: packet.link,
        original_len: packet.original_len,
        data: packet.data.to_vec(),
    }
}

pub(crate) fn data(packets: &[OwnedPacket]) -> Vec<&[u8]> {
    packets.iter().map(|packet| &packet.data[..]).collect()
}

/// How the line begins that says of a test that it was not run.
const SKIPPED: &str = "SKIPPED";

/// Set in the program that is run inside a namespace.
const INSIDE: &str = "WIRESEAM_INSIDE_NAMESPACE";

/// What is not there by then does not come.
const PATIENCE: Duration = Duration::from_secs(10);
