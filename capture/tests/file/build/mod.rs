//! Capture files built byte by byte from the format drafts, without the library under test, and what reading them gives.

pub(crate) mod pcap;
pub(crate) mod pcapng;

use std::io::Cursor;

use wireseam_capture::{CaptureError, FileSource, Source, Statistics};
use wireseam_wire::Packet;

/// The byte order of whoever writes a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    pub(crate) fn u16(self, number: u16) -> [u8; 2] {
        if self == Self::Big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }

    pub(crate) fn u32(self, number: u32) -> [u8; 4] {
        if self == Self::Big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }

    pub(crate) fn u64(self, number: u64) -> [u8; 8] {
        if self == Self::Big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }
}

/// What was handed over of one packet, besides its number, which is checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) at: Option<i64>,
    pub(crate) interface: u32,
    pub(crate) link: u32,
    pub(crate) original_len: u32,
    pub(crate) data: Vec<u8>,
}

/// All that reading a capture gives.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) packets: Vec<Seen>,
    pub(crate) statistics: Statistics,
    pub(crate) error: Option<CaptureError>,
}

impl Seen {
    fn of(packet: &Packet<'_>) -> Self {
        Self {
            at: packet.at.map(|at| at.0),
            interface: packet.interface,
            link: packet.link.number(),
            original_len: packet.original_len,
            data: packet.data.to_vec(),
        }
    }
}

/// Reads a capture whose file header is sound. Packet by packet or many at once, it comes to the same.
pub(crate) fn read(file: &[u8]) -> Outcome {
    let open = || FileSource::from_reader("test", Cursor::new(file.to_vec())).unwrap();
    let outcome = drain(open());
    for most in [1, 3, 1_000] {
        let mut source = open();
        let mut packets = Vec::new();
        let mut take = |lot: &[Packet<'_>]| packets.extend(lot.iter().map(Seen::of));
        let error = loop {
            match source.next_packets(most, &mut take) {
                Ok(0) => break None,
                Ok(taken) => assert!(taken <= most),
                Err(error) => break Some(error.to_string()),
            }
        };
        assert_eq!(packets, outcome.packets);
        assert_eq!(source.statistics(), &outcome.statistics);
        let same = outcome.error.as_ref().map(ToString::to_string);
        assert_eq!(error, same);
    }
    outcome
}

/// Reads all packets, and makes sure that the source stays at its end once it is there.
pub(crate) fn drain(mut source: FileSource) -> Outcome {
    let mut packets = Vec::new();
    let error = loop {
        match source.next_packet() {
            Ok(Some(packet)) => {
                packets.push(Seen::of(&packet));
                assert_eq!(usize::try_from(packet.index.0).unwrap(), packets.len());
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(source.next_packet().unwrap().is_none());
    let bytes: usize = packets.iter().map(|packet| packet.data.len()).sum();
    assert_eq!(
        source.statistics().packets,
        u64::try_from(packets.len()).unwrap()
    );
    assert_eq!(source.statistics().bytes, u64::try_from(bytes).unwrap());
    Outcome {
        packets,
        statistics: source.statistics().clone(),
        error,
    }
}
