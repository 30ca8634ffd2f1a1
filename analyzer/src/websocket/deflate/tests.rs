//! The decoder held against zlib and against DEFLATE read bit by bit: on streams of every kind, whole, damaged and cut.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use proptest::collection::vec;
use proptest::prelude::*;

use super::decoder::{Decoder, Stop};
use super::naive;
use super::output::Output;
use super::window::Window;

/// What a stream holds before its end, or before what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    bytes: Vec<u8>,
    is_wrong: bool,
}

/// The decoder's answer to data that comes in pieces, and how far the references reach.
fn read(pieces: &[&[u8]]) -> (Read, u32) {
    let (mut decoder, mut output) = (Decoder::default(), Output::default());
    let (mut bytes, mut window) = (Vec::new(), Window::default());
    let mut stop = Stop::Input;
    for mut piece in pieces.iter().copied() {
        while matches!(stop, Stop::Input | Stop::Output) {
            output.clear();
            stop = decoder.decode(&mut piece, &mut output, &window);
            bytes.extend(output.bytes());
            window.push(output.bytes());
            if stop == Stop::Input {
                break;
            }
        }
    }
    let is_wrong = stop != Stop::Input;
    (Read { bytes, is_wrong }, decoder.farthest())
}

/// zlib's answer. Behind a final block it has to start anew, with what it read so far.
fn read_by_zlib(mut data: &[u8]) -> Read {
    let mut bytes = Vec::new();
    loop {
        let mut zlib = Decompress::new(false);
        if !bytes.is_empty() {
            zlib.set_dictionary(&bytes[bytes.len().saturating_sub(1 << 15)..])
                .expect("raw DEFLATE takes any");
        }
        let status = read_on_by_zlib(&mut zlib, data, &mut bytes);
        data = &data[usize::try_from(zlib.total_in()).expect("it fits")..];
        match status {
            Some(Status::StreamEnd) if !data.is_empty() => {}
            status => {
                let is_wrong = status.is_none();
                return Read { bytes, is_wrong };
            }
        }
    }
}

fn read_on_by_zlib(zlib: &mut Decompress, data: &[u8], bytes: &mut Vec<u8>) -> Option<Status> {
    let mut output = vec![0; 1 << 16];
    loop {
        let (read, written) = (zlib.total_in(), zlib.total_out());
        let rest = &data[usize::try_from(read).expect("it fits")..];
        let status = zlib.decompress(rest, &mut output, FlushDecompress::Sync);
        let length = usize::try_from(zlib.total_out() - written).expect("it fits");
        bytes.extend(&output[..length]);
        match status {
            Ok(Status::StreamEnd) => return Some(Status::StreamEnd),
            Ok(status) if length == 0 && zlib.total_in() == read => return Some(status),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// The same data whole, in pieces and byte by byte comes to what zlib says.
fn says_what_zlib_says(data: &[u8], cuts: &[usize]) -> Result<u32, TestCaseError> {
    let (whole, farthest) = read(&[data]);
    let by_zlib = read_by_zlib(data);
    prop_assert_eq!(whole.is_wrong, by_zlib.is_wrong);
    prop_assert!(
        whole.bytes == by_zlib.bytes,
        "{} {}",
        whole.bytes.len(),
        by_zlib.bytes.len()
    );
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (data.len() + 1)).collect();
    cuts.extend([0, data.len()]);
    cuts.sort_unstable();
    let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &data[cut[0]..cut[1]]).collect();
    let bytes: Vec<&[u8]> = data.chunks(1).collect();
    for pieces in [pieces, bytes] {
        let (cut, farthest_of_cut) = read(&pieces);
        prop_assert!(cut == whole && farthest_of_cut == farthest);
    }
    Ok(farthest)
}

/// Raw DEFLATE of these texts, one flush each, with a window of so many bits.
fn compress(texts: &[Vec<u8>], level: u32, bits: u8) -> Vec<u8> {
    let mut compress = Compress::new_with_window_bits(Compression::new(level), false, bits);
    let mut out = Vec::with_capacity(1 << 20);
    for text in texts {
        let status = compress.compress_vec(text, &mut out, FlushCompress::Sync);
        assert!(matches!(status, Ok(Status::Ok)), "{status:?}");
    }
    out
}

/// Text with repetitions near and far: words of a few letters, and copies of what came before.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        vec(b'a'..b'g', 1..40).prop_map(|bytes| (bytes, 0)),
        vec(any::<u8>(), 1..200).prop_map(|bytes| (bytes, 0)),
        (any::<u8>(), 1..2_000_usize).prop_map(|(byte, times)| (vec![byte; times], 0)),
        (1..40_000_usize).prop_map(|back| (Vec::new(), back)),
    ];
    vec(piece, 1..50).prop_map(|pieces| {
        let mut text = vec![b'a'];
        for (bytes, back) in pieces {
            text.extend(bytes);
            let start = text.len().saturating_sub(back);
            text.extend_from_within(start..text.len().min(start + 300));
        }
        text
    })
}

/// Lengths of a whole code: a tree of which one leaf after another is split.
fn code_lengths(symbols: usize) -> impl Strategy<Value = Vec<u8>> {
    let splits = vec(any::<usize>(), 0..symbols);
    let order = Just((0..symbols).collect::<Vec<usize>>()).prop_shuffle();
    (splits, order).prop_map(move |(splits, order)| {
        let mut leaves = vec![1_u8, 1];
        for split in splits {
            let at = split % leaves.len();
            if leaves[at] < 15 && leaves.len() < symbols {
                leaves[at] += 1;
                leaves.push(leaves[at]);
            }
        }
        let mut lengths = vec![0; symbols];
        for (symbol, length) in order.into_iter().zip(leaves) {
            lengths[symbol] = length;
        }
        lengths
    })
}

/// A block with these codes (RFC 1951 3.2.7), each length written in four bits, and any bits behind it.
fn dynamic_block(literals: &[u8], distances: &[u8], data: &[u8]) -> Vec<u8> {
    let mut bits: Vec<bool> = Vec::new();
    let mut put =
        |value: usize, count: usize| bits.extend((0..count).map(|at| value >> at & 1 == 1));
    put(0b100, 3);
    put(literals.len() - 257, 5);
    put(distances.len() - 1, 5);
    put(15, 4);
    for symbol in [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ] {
        put(if symbol < 16 { 4 } else { 0 }, 3);
    }
    for length in literals.iter().chain(distances) {
        put(usize::from(length.reverse_bits() >> 4), 4);
    }
    for byte in data {
        put(usize::from(*byte), 8);
    }
    let byte = |bits: &[bool]| {
        (0..)
            .zip(bits)
            .fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at)
    };
    bits.chunks(8).map(byte).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_a_compressor_writes_is_read(
        texts in vec(text(), 1..4), level in 0..10_u32, bits in 9..=15_u8, cuts in vec(any::<usize>(), 0..6),
    ) {
        let data = compress(&texts, level, bits);
        let farthest = says_what_zlib_says(&data, &cuts)?;
        prop_assert!(read(&[&data]).0.bytes == texts.concat());
        prop_assert!(farthest <= 1 << bits, "the compressor keeps to its window");
        let plain = naive::inflate(&data).expect("a compressor writes DEFLATE");
        prop_assert_eq!(farthest, plain.farthest);
    }

    #[test]
    fn damage_is_read_as_zlib_reads_it(
        texts in vec(text(), 1..3), level in 0..10_u32,
        damage in vec((any::<usize>(), any::<u8>()), 1..4), cuts in vec(any::<usize>(), 0..6), length in any::<usize>(),
    ) {
        let mut data = compress(&texts, level, 15);
        for (at, byte) in damage {
            let at = at % data.len();
            data[at] ^= byte;
        }
        says_what_zlib_says(&data, &cuts)?;
        says_what_zlib_says(&data[..length % data.len()], &cuts)?;
    }

    #[test]
    fn any_bytes_are_read_as_zlib_reads_them(data in vec(any::<u8>(), 0..3_000), cuts in vec(any::<usize>(), 0..6)) {
        says_what_zlib_says(&data, &cuts)?;
    }

    #[test]
    fn any_codes_are_read_as_zlib_reads_them(
        mut literals in (257..289_usize).prop_flat_map(code_lengths), mut distances in (1..33_usize).prop_flat_map(code_lengths),
        kept in any::<usize>(), damage in vec((any::<usize>(), 0..16_u8), 0..3), data in vec(any::<u8>(), 0..400),
        ends in any::<bool>(), cuts in vec(any::<usize>(), 0..6),
    ) {
        if kept % 4 == 0 {
            distances.iter_mut().skip(1).for_each(|length| *length = 0);
        }
        if ends && literals[256] == 0 {
            let other = literals.iter().position(|length| *length > 0).unwrap_or(0);
            literals.swap(256, other);
        }
        let count = literals.len() + distances.len();
        for (at, length) in damage {
            let at = at % count;
            let place = if at < literals.len() { &mut literals[at] } else { &mut distances[at - literals.len()] };
            *place = length;
        }
        says_what_zlib_says(&dynamic_block(&literals, &distances, &data), &cuts)?;
    }
}

#[test]
fn behind_a_final_block_reading_goes_on_at_the_next_byte() {
    // RFC 7692 7.2.3.4: a final block with "Hello", the byte behind it, and then 7.2.3.2's reference 5 bytes back.
    let data = [
        0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xf2, 0x00, 0x11,
        0x00, 0x00,
    ];
    let (read, farthest) = read(&[&data]);
    assert_eq!((read.bytes.as_slice(), farthest), (&b"HelloHello"[..], 5));
}

/// RFC 1951 3.2.7: one distance code of one bit, of which the other value is none; and none at all.
#[test]
fn a_single_distance_code_is_read_and_its_other_bit_is_not() {
    let mut literals = vec![0; 258];
    (literals[usize::from(b'a')], literals[256], literals[257]) = (1, 2, 2);
    // a, a reference of three bytes with this distance bit, the block's end
    for (distances, bit, wrong) in [
        ([1], 0, false),
        ([1], 1, true),
        ([0], 0, true),
        ([2], 0, true),
    ] {
        let data = dynamic_block(&literals, &distances, &[0b0110 | bit << 3 | 0b01 << 4]);
        let (read, _) = read(&[&data]);
        assert_eq!(read.is_wrong, wrong, "{distances:?} {bit}");
        assert_eq!(read, read_by_zlib(&data));
    }
}

/// A block that has no code for its lengths is wrong where these end, one with a single code at once.
#[test]
fn a_block_without_a_code_for_its_lengths_is_refused_where_zlib_refuses_it() {
    for (first_length, wrong_at_once) in [(0, false), (1, true)] {
        // a dynamic block with 257 literals, one distance, and lengths for four codes
        let mut data = vec![0b100, 0, 0, 0];
        data[2] |= first_length << 1;
        data.extend([0; 60]);
        let (part, _) = read(&[&data[..8]]);
        assert_eq!(part.is_wrong, wrong_at_once, "{first_length}");
        assert_eq!(part, read_by_zlib(&data[..8]));
        let (whole, _) = read(&[&data]);
        assert!(whole.is_wrong && whole == read_by_zlib(&data));
    }
}
