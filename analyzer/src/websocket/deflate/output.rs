//! What was inflated and is not yet handed on: small enough to stay in a cache, and all of it in one piece.
//!
//! Symbols are decoded first, and references followed when there are no more: a window that is in no cache is then asked for
//! many places at a time, and not for one after the other.
//!
//! ```text
//!   literals   L1 L1 L1 | L2 | L3 L3              bytes   settled | L1 L1 L1 R1 .. L2 R2 .... L3 L3
//!   sequences  (3, R1) (1, R2), and 2 behind them
//! ```

use super::window::Window;

/// How much is inflated at a time.
pub(super) const BLOCK: usize = 1 << 14;

/// How many references at most are decoded before they are followed.
const SEQUENCES: usize = 1 << 9;

/// The longest reference (RFC 1951 3.2.5).
const LONGEST: usize = 258;

/// Bytes are copied by so many; behind the last ones, anything may be written.
const STEP: usize = 16;

/// A line of memory, as most caches have it.
const LINE: usize = 64;

/// What is longer is written where memory is ahead of it anyway.
const SHORT: usize = 1 << 10;

/// For a block, a reference behind it and a step.
const ROOM: usize = BLOCK + (LONGEST + 1).next_multiple_of(STEP) + STEP;

/// Up to a block of data, and a reference behind it.
pub(super) struct Output {
    bytes: Box<[u8; ROOM]>,
    length: usize,
    literals: Box<[u8; ROOM]>,
    sequences: Box<[Sequence; SEQUENCES]>,
}

/// So many literals, and a reference behind them.
#[derive(Clone, Copy, Debug, Default)]
struct Sequence {
    literals: u16,
    length: u16,
    distance: u16,
}

/// A reference to what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooFar;

/// Takes symbols.
pub(super) struct Writer<'a> {
    bytes: &'a mut [u8; ROOM],
    length: &'a mut usize,
    literals: &'a mut [u8; ROOM],
    sequences: &'a mut [Sequence; SEQUENCES],
    window: &'a Window,
    /// How long all will be.
    end: usize,
    /// How many literals and sequences there are, and how many literals at the last sequence.
    taken: usize,
    referred: usize,
    taken_before: usize,
}

impl Output {
    pub(super) fn is_full(&self) -> bool {
        self.length >= BLOCK
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Takes as many of these bytes as there is room for, and says how many.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> usize {
        let room = BLOCK.saturating_sub(self.length);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if let Some(places) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            places.copy_from_slice(bytes);
            self.length += bytes.len();
        }
        bytes.len()
    }

    /// Takes symbols, with this window before it.
    pub(super) fn writer<'a>(&'a mut self, window: &'a Window) -> Writer<'a> {
        Writer {
            end: self.length,
            bytes: &mut self.bytes,
            length: &mut self.length,
            literals: &mut self.literals,
            sequences: &mut self.sequences,
            window,
            taken: 0,
            referred: 0,
            taken_before: 0,
        }
    }
}

impl Writer<'_> {
    /// Whether there is no room for one more symbol of any kind.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.end >= BLOCK || self.referred >= SEQUENCES
    }

    /// Takes one byte, if it is not full.
    #[inline(always)]
    pub(super) fn literal(&mut self, byte: u8) {
        if let Some(place) = self.literals.get_mut(self.taken) {
            *place = byte;
            self.taken += 1;
            self.end += 1;
        }
    }

    /// Takes again what stands so far back, if it is not full. No reference is longer than the longest.
    #[inline(always)]
    pub(super) fn repeat(&mut self, distance: u32, length: u32) -> Result<(), TooFar> {
        if distance as usize > self.end + self.window.length() {
            return Err(TooFar);
        }
        if let Some(place) = self.sequences.get_mut(self.referred) {
            *place = Sequence {
                literals: (self.taken - self.taken_before) as u16,
                length: length as u16,
                distance: distance as u16,
            };
            self.referred += 1;
            self.taken_before = self.taken;
            self.end += length as usize;
        }
        Ok(())
    }

    /// Follows the references.
    pub(super) fn finish(self) {
        self.touch();
        let Self {
            bytes,
            length,
            literals,
            window,
            ..
        } = self;
        let (mut at, mut taken) = (*length, 0);
        let sequences = self.sequences.get(..self.referred).unwrap_or_default();
        for sequence in sequences {
            let count = usize::from(sequence.literals);
            in_steps(count, |done| step(literals, taken + done, bytes, at + done));
            taken += count;
            at += count;
            let distance = usize::from(sequence.distance);
            let count = usize::from(sequence.length).min(LONGEST);
            match at.checked_sub(distance) {
                Some(from) => repeat(bytes, from, at, count),
                None => repeat_earlier(bytes, at, distance, count, window),
            }
            at += count;
        }
        let count = self.taken - taken;
        in_steps(count, |done| step(literals, taken + done, bytes, at + done));
        *length = at + count;
    }

    /// Reads a byte of each line of memory that will be needed of the window: where references begin and end, and where all
    /// this is to be written. Nothing waits for the bytes, so that memory fetches many lines at once.
    fn touch(&self) {
        let (mut at, mut sum) = (*self.length, 0);
        for sequence in self.sequences.get(..self.referred).unwrap_or_default() {
            at += usize::from(sequence.literals);
            let back = usize::from(sequence.distance).saturating_sub(at);
            let length = usize::from(sequence.length);
            sum |= self.window.byte(back) | self.window.byte(back.saturating_sub(length));
            at += length;
        }
        for written in (0..self.end.min(SHORT)).step_by(LINE) {
            sum |= self
                .window
                .byte(self.window.length().saturating_sub(written));
        }
        std::hint::black_box(sum);
    }
}

/// Does what covers so many bytes: once at least, since whether there are any cannot be foretold.
#[inline(always)]
fn in_steps(count: usize, mut step: impl FnMut(usize)) {
    step(0);
    let mut done = STEP;
    while done < count {
        step(done);
        done += STEP;
    }
}

/// Copies a step.
#[inline(always)]
fn step(source: &[u8], from: usize, bytes: &mut [u8; ROOM], at: usize) {
    let source = source.get(from..).and_then(|bytes| bytes.first_chunk());
    let place = bytes
        .get_mut(at..)
        .and_then(|bytes| bytes.first_chunk_mut());
    if let (Some(source), Some(place)) = (source, place) {
        let place: &mut [u8; STEP] = place;
        *place = *source;
    }
}

/// Copies what stands before.
#[inline(always)]
fn repeat(bytes: &mut [u8; ROOM], from: usize, at: usize, count: usize) {
    if at - from < STEP {
        return repeat_near(bytes, from, at, count);
    }
    in_steps(count, |done| {
        let source = bytes
            .get(from + done..)
            .and_then(|bytes| bytes.first_chunk());
        let source: [u8; STEP] = source.copied().unwrap_or_default();
        step(&source, 0, bytes, at + done);
    });
}

/// The same from less than a step before: what is copied is part of what is to be copied.
fn repeat_near(bytes: &mut [u8; ROOM], from: usize, at: usize, count: usize) {
    let mut done = 0;
    while done < count {
        let now = (at - from + done).min(count - done);
        bytes.copy_within(from..from + now, at + done);
        done += now;
    }
}

/// Copies what stands in the window. Its end may stand behind that.
#[inline(always)]
fn repeat_earlier(
    bytes: &mut [u8; ROOM],
    at: usize,
    distance: usize,
    count: usize,
    window: &Window,
) {
    let back = distance - at;
    let earlier = window.from(back);
    if count <= back && count.next_multiple_of(STEP) <= earlier.len() {
        in_steps(count, |done| step(earlier, done, bytes, at + done));
    } else {
        repeat_in_parts(bytes, at, distance, count, window);
    }
}

#[inline(never)]
fn repeat_in_parts(
    bytes: &mut [u8; ROOM],
    at: usize,
    distance: usize,
    count: usize,
    window: &Window,
) {
    let mut done = 0;
    while done < count && at + done < distance {
        let back = distance - at - done;
        let earlier = window.from(back);
        let now = earlier.len().min(back).min(count - done);
        if let Some((earlier, places)) =
            (earlier.get(..now)).zip(bytes.get_mut(at + done..at + done + now))
        {
            places.copy_from_slice(earlier);
        }
        // none are there only where nobody asked before
        done += now.max(1);
    }
    if done < count {
        repeat(bytes, at + done - distance, at + done, count - done);
    }
}

impl Default for Output {
    fn default() -> Self {
        Self {
            bytes: Box::new([0; ROOM]),
            length: 0,
            literals: Box::new([0; ROOM]),
            sequences: Box::new([Sequence::default(); SEQUENCES]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One reference behind these bytes.
    fn repeated(
        here: &[u8],
        distance: usize,
        length: usize,
        window: &Window,
    ) -> Result<Vec<u8>, TooFar> {
        let mut output = Output::default();
        assert_eq!(output.extend(here), here.len());
        let mut writer = output.writer(window);
        writer.repeat(distance as u32, length as u32)?;
        writer.literal(b'.');
        writer.finish();
        Ok(output.bytes().to_vec())
    }

    /// Every distance and length near the sizes of steps, with nothing, some and all of it in the window.
    #[test]
    fn references_are_what_copying_byte_by_byte_gives() {
        let distances = [
            255, 256, 258, 299, 300, 316, 700, 16_384, 16_500, 32_767, 32_768,
        ];
        for in_window in [0, 1, 15, 16, 17, 300, 32_768, 40_000] {
            for here in [0, 1, 16, 31, 400, BLOCK - 1] {
                let all: Vec<u8> = (0..in_window + here)
                    .map(|at| (at * 31 + at / 251) as u8)
                    .collect();
                let mut window = Window::default();
                window.push(&all[..in_window]);
                for distance in (1..40).chain(distances) {
                    for length in (3..36).chain([64, 257, 258]) {
                        let found = repeated(&all[in_window..], distance, length, &window);
                        if distance > in_window.min(32_768) + here {
                            assert_eq!(found, Err(TooFar));
                            continue;
                        }
                        let mut expected = all.clone();
                        for _ in 0..length {
                            expected.push(expected[expected.len() - distance]);
                        }
                        expected.push(b'.');
                        let expected = Ok(expected.split_off(in_window));
                        assert!(found == expected, "{in_window} {here} {distance} {length}");
                    }
                }
            }
        }
    }

    #[test]
    fn literals_and_references_come_in_their_order() {
        let (mut output, window) = (Output::default(), Window::default());
        let mut writer = output.writer(&window);
        b"abc".iter().for_each(|byte| writer.literal(*byte));
        assert_eq!(writer.repeat(2, 5), Ok(()));
        assert_eq!(writer.repeat(8, 3), Ok(()));
        assert_eq!(writer.repeat(12, 3), Err(TooFar));
        [b'x'; 40].iter().for_each(|byte| writer.literal(*byte));
        assert_eq!(writer.repeat(51, 4), Ok(()));
        writer.finish();
        let expected = [&b"abcbcbcbabc"[..], &[b'x'; 40], b"abcb"].concat();
        assert_eq!(output.bytes(), expected);
    }

    #[test]
    fn it_is_full_of_bytes_or_of_references() {
        let window = Window::default();
        let mut output = Output::default();
        assert_eq!(output.extend(&[7; BLOCK - 1]), BLOCK - 1);
        let mut writer = output.writer(&window);
        assert!(!writer.is_full());
        assert_eq!(writer.repeat(300, LONGEST as u32), Ok(()));
        assert!(writer.is_full());
        writer.finish();
        assert!(output.is_full() && output.bytes() == [7; BLOCK - 1 + LONGEST]);
        assert_eq!(output.extend(&[1]), 0);
        output.clear();
        let mut writer = output.writer(&window);
        writer.literal(1);
        while !writer.is_full() {
            assert_eq!(writer.repeat(1, 3), Ok(()));
        }
        writer.finish();
        assert!(!output.is_full() && output.bytes() == [1; 1 + 3 * SEQUENCES]);
    }
}
