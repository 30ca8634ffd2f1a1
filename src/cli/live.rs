//! What can be typed of commands that capture on interfaces.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

/// `wireseam record`.
#[derive(Debug, Args)]
pub(crate) struct Record {
    /// The interface; any is all of them. `wireseam interfaces` lists them
    #[arg(short, long, value_name = "IFACE")]
    pub(crate) interface: String,
    /// The file to write, - is standard output; with --rotate-size or --rotate-time the files are numbered: FILE-00001
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Record only packets that the filter lets through: 'tcp port 8080'
    #[arg(short, long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// How to capture.
    #[command(flatten)]
    pub(crate) device: Device,
    /// End after so long: 30s, 5m, 2h
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "When to end")]
    pub(crate) duration: Option<Duration>,
    /// End after N packets
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "When to end")]
    pub(crate) packets: Option<u64>,
    /// End before the files have more bytes together: 500M, 2G
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = "When to end")]
    pub(crate) size: Option<u64>,
    /// Into how many files to record.
    #[command(flatten)]
    pub(crate) rotate: Rotate,
    /// What to say of the recording in the file
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,
    /// Say nothing while it goes well
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `wireseam inspect -i`.
#[derive(Debug, Args)]
#[command(next_help_heading = "On an interface")]
pub(crate) struct Live {
    /// Read only packets that the filter lets through: 'tcp port 8080'
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// End after so long: 30s, 5m, 2h
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) duration: Option<Duration>,
    /// Record every packet that is read into this pcapng file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,
    /// Into how many files.
    #[command(flatten)]
    pub(crate) rotate: Rotate,
    /// How to capture.
    #[command(flatten)]
    pub(crate) device: Device,
}

/// How an interface is captured on, whatever becomes of the packets.
#[derive(Debug, Args)]
#[command(next_help_heading = "How to capture")]
pub(crate) struct Device {
    /// Keep only the first N bytes of each packet
    #[arg(long, value_name = "N", default_value_t = SNAPLEN, value_parser = clap::value_parser!(u32).range(1..=SNAPLEN.into()))]
    pub(crate) snaplen: u32,
    /// Capture packets that are meant for others, too
    #[arg(short, long)]
    pub(crate) promiscuous: bool,
    /// How many bytes the kernel may hold until they are read
    #[arg(long, value_name = "BYTES", default_value = RING, value_parser = bytes)]
    pub(crate) ring: u64,
    /// Through what to capture; libpcap where it is installed, af-packet where it is not and on loopback
    #[arg(long, value_enum)]
    pub(crate) backend: Option<BackendAsked>,
    /// Write files as root, and not as the user who typed sudo
    #[arg(long)]
    pub(crate) as_root: bool,
}

/// Into how many files packets are recorded.
#[derive(Debug, Args)]
#[command(next_help_heading = "Several files")]
pub(crate) struct Rotate {
    /// Begin another file before one has more bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub(crate) rotate_size: Option<u64>,
    /// Begin another file after so long
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) rotate_time: Option<Duration>,
    /// Keep only the latest N files
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) keep: Option<u32>,
}

impl Live {
    /// The first of these options that was typed.
    pub(crate) fn typed(&self) -> Option<&'static str> {
        let Device {
            snaplen,
            promiscuous,
            ring,
            backend,
            as_root,
        } = &self.device;
        let Rotate {
            rotate_size,
            rotate_time,
            keep,
        } = &self.rotate;
        let typed = [
            (self.filter.is_some(), "--filter"),
            (self.duration.is_some(), "--duration"),
            (self.write.is_some(), "--write"),
            (rotate_size.is_some(), "--rotate-size"),
            (rotate_time.is_some(), "--rotate-time"),
            (keep.is_some(), "--keep"),
            (*snaplen != SNAPLEN, "--snaplen"),
            (*promiscuous, "--promiscuous"),
            (bytes(RING) != Ok(*ring), "--ring"),
            (backend.is_some(), "--backend"),
            (*as_root, "--as-root"),
        ];
        typed
            .into_iter()
            .find_map(|(is_typed, name)| is_typed.then_some(name))
    }
}

/// Through what to capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendAsked {
    /// The system's libpcap
    Libpcap,
    /// A packet socket: needs nothing installed
    AfPacket,
}

/// Bytes with or without a unit of 1024.
fn bytes(typed: &str) -> Result<u64, String> {
    let units = [('K', 10), ('k', 10), ('M', 20), ('G', 30), ('T', 40)];
    let unit = units.into_iter().find(|(unit, _)| typed.ends_with(*unit));
    let number = unit.map_or(Some(typed), |(unit, _)| typed.strip_suffix(unit));
    let number = number.and_then(|number| number.parse::<u64>().ok());
    number
        .and_then(|number| number.checked_mul(1 << unit.map_or(0, |(_, shift)| shift)))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "a number of bytes, also with K, M or G behind it: 64M".to_owned())
}

/// A time with or without a unit; without it is seconds.
pub(super) fn time(typed: &str) -> Result<Duration, String> {
    let units = [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let unit = units.into_iter().find(|(unit, _)| typed.ends_with(*unit));
    let (unit, milliseconds) = unit.unwrap_or(("", 1_000));
    let number = typed.strip_suffix(unit);
    let number = number.and_then(|number| number.parse::<u64>().ok());
    number
        .and_then(|number| number.checked_mul(milliseconds))
        .filter(|milliseconds| *milliseconds > 0)
        .map(Duration::from_millis)
        .ok_or_else(|| "a time such as 30s, 5m, 2h or 1d".to_owned())
}

/// More than any packet has, also with segmentation offload.
const SNAPLEN: u32 = 262_144;

/// A fifth of a second at 300 MB/s.
const RING: &str = "64M";

pub(super) const RECORD: &str = "\
Examples:
  wireseam record -i eth0 -o chat.pcapng -f 'tcp port 8080'            until Ctrl-C
  wireseam record -i lo -o test.pcapng --duration 30s
  wireseam record -i eth0 -o ring.pcapng --rotate-size 1G --keep 20    the latest 20 GB
  wireseam inspect ring-*.pcapng                                       and what they hold
  wireseam record -i lo -o - | wireseam inspect -f ndjson -            each thing as it is known

Ctrl-C, SIGTERM and limits end the recording in order: what had come by then is recorded, and every packet accounted for.

Once the interface is open every right is given up; under sudo, files are written as the user who typed it.

Exit codes: 0 fine, also when ended by a signal; 2 usage or a fault in the filter; 4 the interface cannot be captured on (rights,
no such interface) or the file cannot be written";
