//! What a target begins with: the fixtures and the small recordings, in the form that it reads.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use wireseam::{
    analyzer::Direction,
    capture::{FileSource, Source},
    fixtures::Script,
    wire::{Decoder, Endpoint},
};

use super::{conversation, packets};

/// A seed's name and bytes.
pub(crate) type Seed = (String, Vec<u8>);

/// The seeds of a target, made from what lies in the repository at `root`.
pub(crate) fn seeds(target: &str, root: &Path) -> Vec<Seed> {
    let captures = captures(root);
    match target {
        "file" => files(captures),
        "packets" => made(&captures, |capture| Some(packets_of(capture))),
        "http_head" => made(&captures, |capture| {
            let mut seed = vec![0];
            write_turns(&mut seed, &turns(capture)?);
            Some(seed)
        }),
        "frames" => made(&captures, |capture| {
            let mut seed = vec![2, 200, 0, 111, 1];
            write_turns(&mut seed, &behind_heads(&turns(capture)?));
            Some(seed)
        }),
        "reassembly" => made(&captures, |capture| {
            let turns = behind_heads(&turns(capture)?);
            // everything in order with one piece left out, and at last that piece too
            let steps: Vec<u8> = (0..24_u8)
                .flat_map(|step| [8 + step % 2 + 32 * (step % 3 / 2), step, 0, 40, 0])
                .collect();
            let mut seed = vec![0x80 | 24];
            seed.extend(steps);
            write_turns(&mut seed, &turns);
            Some(seed)
        }),
        "deflate" => made(&captures, |capture| {
            let mut seed = vec![15, 15 | 16, 1, 50, 0];
            for (at, (direction, bytes)) in
                (0_u8..).zip(behind_heads(&turns(capture)?).into_iter().take(20))
            {
                seed.push(direction as u8 | (at % 5 / 3 * 6));
                seed.extend(length(bytes.len().min(0x3FFF)));
                seed.extend(bytes);
            }
            Some(seed)
        }),
        _ => Vec::new(),
    }
}

/// Every fixture as a capture file, and the recordings that are small.
fn captures(root: &Path) -> Vec<Seed> {
    let mut captures = Vec::new();
    for area in entries(&root.join("fixtures"))
        .into_iter()
        .filter(|area| area.is_dir())
    {
        for path in entries(&area) {
            let name = format!("{}-{}", stem(&area), stem(&path));
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("toml") => captures.extend(built(&path).map(|bytes| (name, bytes))),
                Some("pcap" | "pcapng") => {
                    captures.extend(fs::read(&path).ok().map(|bytes| (name, bytes)))
                }
                _ => {}
            }
        }
    }
    captures.retain(|(_, bytes)| bytes.len() <= MOST_BYTES);
    captures
}

fn built(path: &Path) -> Option<Vec<u8>> {
    let script = Script::parse(&fs::read_to_string(path).ok()?, "seed").ok()?;
    Some(script.build().ok()?.bytes)
}

/// The captures, and some of them packed.
fn files(captures: Vec<Seed>) -> Vec<Seed> {
    let packed: Vec<Seed> = captures
        .iter()
        .step_by(40)
        .flat_map(|(name, bytes)| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            let gzip = gzip.write_all(bytes).and_then(|()| gzip.finish());
            let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
            let lz4 = lz4.write_all(bytes).is_ok().then(|| lz4.finish());
            let zstd = ruzstd::encoding::compress_to_vec(
                bytes.as_slice(),
                ruzstd::encoding::CompressionLevel::Fastest,
            );
            let packed = [gzip.ok(), lz4.and_then(Result::ok), Some(zstd)];
            let named = packed.into_iter().zip(["gz", "lz4", "zst"]);
            named
                .filter_map(move |(bytes, how)| Some((format!("{name}.{how}"), bytes?)))
                .collect::<Vec<_>>()
        })
        .collect();
    captures.into_iter().chain(packed).collect()
}

fn made(captures: &[Seed], make: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<Seed> {
    let seeds = captures
        .iter()
        .filter_map(|(name, bytes)| Some((name.clone(), make(bytes)?)));
    seeds
        .filter(|(_, bytes)| bytes.len() <= MOST_BYTES)
        .collect()
}

fn packets_of(capture: &[u8]) -> Vec<u8> {
    let mut seed = Vec::new();
    let Ok(mut source) = FileSource::from_reader("seed", Cursor::new(capture.to_vec())) else {
        return seed;
    };
    for _ in 0..MOST_PACKETS {
        let Ok(Some(packet)) = source.next_packet() else {
            break;
        };
        let link = packets::LINKS.iter().position(|link| *link == packet.link);
        seed.push(u8::try_from(link.unwrap_or(packets::LINKS.len() - 1)).unwrap_or(0));
        seed.push(0x80);
        seed.extend(length(packet.data.len()));
        seed.extend(packet.data);
    }
    seed
}

/// What both ends of the first connection say, a turn a segment, as captured.
fn turns(capture: &[u8]) -> Option<Vec<(Direction, Vec<u8>)>> {
    let mut source = FileSource::from_reader("seed", Cursor::new(capture.to_vec())).ok()?;
    let mut decoder = Decoder::default();
    let mut client: Option<(Endpoint, Endpoint)> = None;
    let mut turns = Vec::new();
    while let Ok(Some(packet)) = source.next_packet() {
        let Ok(segment) = decoder.decode(&packet) else {
            continue;
        };
        let (from, to) = *client.get_or_insert((segment.source, segment.destination));
        let direction = match (segment.source, segment.destination) {
            ends if ends == (from, to) => Direction::ClientToServer,
            ends if ends == (to, from) => Direction::ServerToClient,
            _ => continue,
        };
        if !segment.payload.is_empty() && segment.payload.len() < 0x8000 {
            turns.push((direction, segment.payload.to_vec()));
        }
    }
    Some(turns)
}

/// Without the head that each direction begins with.
fn behind_heads(turns: &[(Direction, Vec<u8>)]) -> Vec<(Direction, Vec<u8>)> {
    let mut is_head = [true, true];
    let mut behind = Vec::new();
    for (direction, bytes) in turns {
        let is_head = &mut is_head[*direction as usize];
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .map(|at| at + 4);
        let rest = match end.filter(|_| *is_head) {
            Some(end) => &bytes[end..],
            None if *is_head => &[],
            None => bytes,
        };
        *is_head &= end.is_none();
        if !rest.is_empty() {
            behind.push((*direction, rest.to_vec()));
        }
    }
    behind
}

fn write_turns(seed: &mut Vec<u8>, turns: &[(Direction, Vec<u8>)]) {
    for (direction, bytes) in turns {
        seed.extend(conversation::turn(*direction, bytes));
    }
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_le_bytes()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Larger captures are for other tests: a fuzzer is quickest with small ones.
const MOST_BYTES: usize = 16 << 10;

/// The first packets of a capture tell its layout.
const MOST_PACKETS: usize = 16;
