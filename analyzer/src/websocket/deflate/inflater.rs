//! One direction's messages inflated (RFC 7692 7.2.2), in a stream and in bounded memory.
//!
//! The window always has 15 bits, which inflates what was made for every smaller one. After lost or broken data it is empty:
//! a message that refers to what is not there fails, and one that does not is right all the same.

use super::decoder::{Decoder, Stop};
use super::decoders::Decoders;
use super::output::Output;
use super::window::Window;
use crate::Limits;
use crate::websocket::extension::Agreement;

/// RFC 7692 7.2.1: what the sender took off the end of each message.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// A stored block of nothing (RFC 1951 3.2.4). Where it is read as anything else, the data ended inside a block.
const NOTHING: [u8; 5] = [0, 0, 0, 0xFF, 0xFF];

/// Both: what is read behind a message's data.
const ENDING: [u8; 9] = [0, 0, 0xFF, 0xFF, 0, 0, 0, 0xFF, 0xFF];

/// Why a message could not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The data is not DEFLATE, or refers to more than the sender had sent.
    Data,
    /// The data ends inside a block.
    Unfinished,
    /// It refers to bytes of earlier messages that are not there.
    Context,
    /// It is larger than so many bytes, all that its size on the wire allows.
    TooLarge(u64),
}

/// What a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inflated {
    /// Its length.
    pub(crate) length: Result<u64, Fault>,
    /// Whether all that it could refer to was there.
    pub(crate) has_context: bool,
    /// The distance of its farthest reference, where that is beyond the window agreed (RFC 7692 7.1.2).
    pub(crate) beyond_window: Option<u32>,
    /// Whether it ends with what the sender should have taken off.
    pub(crate) has_tail: bool,
}

/// One direction's inflater.
pub(crate) struct Inflater {
    agreement: Agreement,
    size: Size,
    /// What was inflated last, of earlier messages with takeover, and of the open one.
    window: Window,
    /// Whether bytes are missing from the window.
    broken: bool,
    open: Open,
}

/// How long messages may become: the limits of these names.
#[derive(Clone, Copy)]
struct Size {
    most: u64,
    at_any_ratio: u64,
    ratio: u64,
}

impl Size {
    /// For a message whose frames announced so much.
    fn of_message(self, announced: u64) -> u64 {
        let by_ratio = announced.saturating_mul(self.ratio);
        self.most.min(by_ratio.max(self.at_any_ratio))
    }
}

/// The open message.
#[derive(Default)]
struct Open {
    /// From its first byte on.
    decoder: Option<Box<Decoder>>,
    /// Its last four bytes on the wire.
    last: [u8; 4],
    length: u64,
    fault: Option<Fault>,
}

impl Inflater {
    /// An inflater of messages that are sent as agreed.
    pub(crate) fn new(agreement: Agreement, limits: &Limits) -> Self {
        Self {
            agreement,
            size: Size {
                most: limits.inflated_message,
                at_any_ratio: limits.inflated_at_any_ratio,
                ratio: limits.inflation_ratio,
            },
            window: Window::default(),
            broken: false,
            open: Open::default(),
        }
    }

    /// Inflates the next piece of a message and hands the data on. `announced` is the length of the message's frames so far.
    pub(crate) fn feed(
        &mut self,
        mut input: &[u8],
        announced: u64,
        decoders: &mut Decoders,
        mut take: impl FnMut(&[u8]),
    ) {
        if input.is_empty() {
            return;
        }
        self.open.note_last(input);
        let Some(mut decoder) = self.decoder(decoders) else {
            return;
        };
        let output = decoders.output();
        if self.open.fault.is_none() {
            let most = self.size.of_message(announced);
            let inflated = self.inflate(&mut decoder, &mut input, output, most, &mut take);
            if let Err(fault) = inflated {
                self.fail(fault);
            }
        }
        // What is no DEFLATE is that whatever came before it.
        if self.open.fault == Some(Fault::Context) && !decoder.walk(input, output) {
            self.open.fault = Some(Fault::Data);
        }
        self.open.decoder = Some(decoder);
    }

    /// Ends the message.
    pub(crate) fn end_message(&mut self, decoders: &mut Decoders) -> Inflated {
        let mut inflated = Inflated {
            length: Ok(0),
            has_context: false,
            beyond_window: None,
            has_tail: false,
        };
        if let Some(mut decoder) = self.open.decoder.take() {
            if self.open.fault.is_none() {
                self.end_data(&mut decoder, decoders.output(), &mut inflated);
            }
            decoders.give_back(decoder);
        }
        if !self.agreement.takeover {
            decoders.give_back_window(std::mem::take(&mut self.window));
        }
        let open = std::mem::take(&mut self.open);
        inflated.length = open.fault.map_or(Ok(open.length), Err);
        inflated.has_context = !self.broken;
        inflated
    }

    /// Judges data that has nothing wrong in it by how it ends.
    fn end_data(&mut self, decoder: &mut Decoder, output: &mut Output, inflated: &mut Inflated) {
        let farthest = decoder.farthest();
        inflated.beyond_window = (farthest > self.agreement.window()).then_some(farthest);
        if decoder.is_behind_final_block() {
            return;
        }
        inflated.has_tail = self.open.last == TAIL;
        // nearly all end so, and nothing has to be decoded to know that they end whole
        let is_flushed = decoder.is_at_stored_length() && !inflated.has_tail;
        if !is_flushed && !ends_whole(decoder, inflated.has_tail, output) {
            self.fail(Fault::Unfinished);
        }
    }

    /// Part of a message is missing: the rest of it is not inflated, nor counted on by later ones.
    pub(crate) fn lose(&mut self) {
        self.open.decoder = None;
        if self.open.fault.is_none() {
            self.fail(Fault::Context);
        }
    }

    /// Whole messages may be missing: later ones cannot count on any before them.
    pub(crate) fn forget(&mut self) {
        self.broken = self.agreement.takeover;
        self.window.clear();
    }

    fn fail(&mut self, fault: Fault) {
        self.open.fault = Some(fault);
        self.forget();
    }

    /// The open message's decoder, as long as there is something to be read.
    fn decoder(&mut self, decoders: &mut Decoders) -> Option<Box<Decoder>> {
        let decoder = self.open.decoder.take();
        if decoder.is_some() || self.open.fault.is_some() {
            return decoder;
        }
        if !self.agreement.takeover {
            self.window = decoders.take_window();
        }
        Some(decoders.take())
    }

    fn inflate(
        &mut self,
        decoder: &mut Decoder,
        input: &mut &[u8],
        output: &mut Output,
        most: u64,
        take: &mut impl FnMut(&[u8]),
    ) -> Result<(), Fault> {
        loop {
            output.clear();
            let stop = decoder.decode(input, output, &self.window);
            self.keep(output.bytes(), most, take)?;
            match stop {
                Stop::Input => return Ok(()),
                Stop::Output => {}
                Stop::TooFar if self.broken => return Err(Fault::Context),
                Stop::TooFar | Stop::Bad => return Err(Fault::Data),
            }
        }
    }

    /// Takes data of the open message, as far as it may have so much.
    fn keep(&mut self, data: &[u8], most: u64, take: &mut impl FnMut(&[u8])) -> Result<(), Fault> {
        let room = most.saturating_sub(self.open.length);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        if let Some(fitting) = data.get(..room).filter(|_| room < data.len()) {
            take(fitting);
            return Err(Fault::TooLarge(most));
        }
        self.open.length += data.len() as u64;
        self.window.push(data);
        self.broken &= !self.window.is_full();
        take(data);
        Ok(())
    }
}

impl Open {
    fn note_last(&mut self, input: &[u8]) {
        let last = input.get(input.len().saturating_sub(4)..);
        let last = last.unwrap_or_default();
        self.last.rotate_left(last.len());
        if let Some(end) = self.last.get_mut(4 - last.len()..) {
            end.copy_from_slice(last);
        }
    }
}

/// Whether the data ends between two blocks, once the sender's flush is whole again.
fn ends_whole(decoder: &mut Decoder, has_tail: bool, output: &mut Output) -> bool {
    let mut ending = if has_tail { &NOTHING[..] } else { &ENDING };
    let stop = decoder.decode(&mut ending, output, &Window::default());
    let is_whole = decoder.is_at_block() && !decoder.is_behind_final_block();
    stop == Stop::Input && output.bytes().is_empty() && is_whole
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater")
            .field("agreement", &self.agreement)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7692 7.2.3.1.
    const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    /// RFC 7692 7.2.3.2: an H and four bytes from five bytes back.
    const AGAIN: [u8; 5] = [0xf2, 0x00, 0x11, 0x00, 0x00];
    /// RFC 7692 7.2.3.4: a final block.
    const FINAL: [u8; 8] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];

    /// One direction with its decoders.
    struct Direction {
        inflater: Inflater,
        decoders: Decoders,
    }

    impl Direction {
        fn new(takeover: bool) -> Self {
            Self::with(takeover, 15, &Limits::default())
        }

        fn with(takeover: bool, window_bits: u8, limits: &Limits) -> Self {
            let agreement = Agreement {
                takeover,
                window_bits,
            };
            Self {
                inflater: Inflater::new(agreement, limits),
                decoders: Decoders::default(),
            }
        }

        fn feed(&mut self, payload: &[u8], announced: usize, data: &mut Vec<u8>) {
            let take = |piece: &[u8]| data.extend_from_slice(piece);
            let announced = announced as u64;
            self.inflater
                .feed(payload, announced, &mut self.decoders, take);
        }

        fn end(&mut self) -> Inflated {
            self.inflater.end_message(&mut self.decoders)
        }

        /// A whole message, as one piece and as single bytes: what it says.
        fn inflate(&mut self, payload: &[u8]) -> Result<Vec<u8>, Fault> {
            let mut data = Vec::new();
            self.feed(payload, payload.len(), &mut data);
            let inflated = self.end();
            let length = inflated.length?;
            assert_eq!(length, data.len() as u64);
            Ok(data)
        }

        fn bytewise(&mut self, payload: &[u8]) -> Result<Vec<u8>, Fault> {
            let mut data = Vec::new();
            for byte in payload {
                self.feed(std::slice::from_ref(byte), payload.len(), &mut data);
            }
            self.end().length.map(|_| data)
        }
    }

    /// Of these messages, cut anywhere, those that lack the length of a stored block end as the others do.
    #[test]
    fn who_lacks_a_stored_blocks_length_ends_whole() {
        let stored = [0x00, 0x01, 0x00, 0xfe, 0xff, b'a', 0x00];
        let last = [0x01];
        let mut flushed = 0;
        for message in [&HELLO[..], &AGAIN, &FINAL, &stored, &last, &[0xf2, 0x48]] {
            for end in 1..=message.len() {
                let mut decoder = Decoder::default();
                let mut output = Output::default();
                let mut window = Window::default();
                window.push(b"Hello");
                decoder.decode(&mut &message[..end], &mut output, &window);
                output.clear();
                if decoder.is_at_stored_length() {
                    flushed += 1;
                    assert!(
                        ends_whole(&mut decoder, false, &mut output),
                        "{message:x?} {end}"
                    );
                }
            }
        }
        assert!(flushed > 4, "{flushed}");
    }

    #[test]
    fn examples_of_rfc_7692_section_7_2_3_inflate() {
        let stored: &[u8] = &[
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ];
        let two_blocks: &[u8] = &[
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ];
        let messages: [(&[u8], &[u8], &str); 9] = [
            (&HELLO, b"Hello", "7.2.3.1"),
            (&AGAIN, b"Hello", "7.2.3.2, takeover"),
            (stored, b"Hello", "7.2.3.3, a stored block"),
            (&FINAL, b"Hello", "7.2.3.4, a final block"),
            (&AGAIN, b"Hello", "the window outlives a final block"),
            (two_blocks, b"Hello", "7.2.3.5"),
            (&[0x00], b"", "7.2.3.6, empty"),
            (b"", b"", "no payload at all"),
            (&AGAIN, b"Hello", "empty messages change nothing"),
        ];
        let (mut whole, mut cut) = (Direction::new(true), Direction::new(true));
        for (payload, text, what) in messages {
            assert_eq!(whole.inflate(payload).as_deref(), Ok(text), "{what}");
            assert_eq!(cut.bytewise(payload).as_deref(), Ok(text), "{what}, cut");
        }
    }

    #[test]
    fn without_takeover_a_reference_to_the_message_before_fails() {
        let mut direction = Direction::new(false);
        assert!(direction.inflate(&HELLO).is_ok());
        assert_eq!(direction.inflate(&AGAIN), Err(Fault::Data));
        assert!(
            direction.inflate(&HELLO).is_ok(),
            "each message stands for itself"
        );
    }

    /// RFC 7692 7.2.3.4 in one message: what stands behind a final block refers to what stands before it.
    #[test]
    fn final_blocks_inside_a_message_end_no_window() {
        for takeover in [true, false] {
            let mut direction = Direction::new(takeover);
            let payload = [&FINAL[..7], &FINAL[..7], &AGAIN[..]].concat();
            assert_eq!(
                direction.inflate(&payload).as_deref(),
                Ok(&b"HelloHelloHello"[..])
            );
            assert_eq!(
                direction.bytewise(&payload).as_deref(),
                Ok(&b"HelloHelloHello"[..])
            );
        }
    }

    /// Without the byte that RFC 7692 7.2.3.4 puts behind it, a final block still ends the message.
    #[test]
    fn a_final_block_may_end_the_message() {
        let mut direction = Direction::new(true);
        for payload in [&FINAL[..7], &AGAIN, &FINAL[..7], &FINAL, &AGAIN] {
            assert_eq!(direction.inflate(payload).as_deref(), Ok(&b"Hello"[..]));
        }
    }

    #[test]
    fn a_tail_left_on_is_told_and_harms_nothing() {
        let mut direction = Direction::new(true);
        let payload = [&HELLO[..], &TAIL].concat();
        let mut data = Vec::new();
        direction.feed(&payload[..9], payload.len(), &mut data);
        direction.feed(&payload[9..], payload.len(), &mut data);
        let inflated = direction.end();
        assert!(inflated.has_tail && inflated.length == Ok(5) && data == b"Hello");
        assert_eq!(direction.inflate(&AGAIN).as_deref(), Ok(&b"Hello"[..]));
        direction.feed(&HELLO, 7, &mut data);
        assert!(!direction.end().has_tail);
    }

    /// The message that is cut short is at fault, not the one behind it.
    #[test]
    fn data_that_ends_inside_a_block_does_not_inflate() {
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65];
        for payload in [&HELLO[..3], &HELLO[..5], &stored[..], &stored[..3]] {
            let mut direction = Direction::new(false);
            let inflated = direction.inflate(payload);
            assert_eq!(inflated, Err(Fault::Unfinished), "{payload:02x?}");
            assert!(direction.inflate(&HELLO).is_ok());
        }
    }

    #[test]
    fn after_a_lost_message_only_what_stands_alone_inflates() {
        let mut direction = Direction::new(true);
        assert!(direction.inflate(&HELLO).is_ok());
        direction.inflater.lose();
        assert_eq!(direction.inflate(&[]), Err(Fault::Context));
        assert_eq!(direction.inflate(&AGAIN), Err(Fault::Context));
        direction.feed(&HELLO, 7, &mut Vec::new());
        let inflated = direction.end();
        assert_eq!((inflated.length, inflated.has_context), (Ok(5), false));
        assert_eq!(direction.inflate(&AGAIN).as_deref(), Ok(&b"Hello"[..]));
    }

    /// Bad data is bad whatever came before it: no code refers to the window.
    #[test]
    fn bad_data_is_told_from_a_missing_context() {
        let mut direction = Direction::new(true);
        direction.inflater.forget();
        assert_eq!(direction.inflate(&AGAIN), Err(Fault::Context));
        assert_eq!(direction.inflate(&[0x07, 0x00]), Err(Fault::Data));
        assert_eq!(direction.bytewise(&[0x07, 0x00]), Err(Fault::Data));
        assert_eq!(direction.bytewise(&AGAIN), Err(Fault::Context));
    }

    #[test]
    fn a_context_is_whole_again_once_a_window_was_inflated() {
        let mut direction = Direction::new(true);
        direction.inflater.forget();
        // A stored block of 65,535 zeros.
        let stored = [&[0x00, 0xff, 0xff, 0x00, 0x00][..], &[0; 65_535], &[0]].concat();
        direction.feed(&stored, stored.len(), &mut Vec::new());
        let inflated = direction.end();
        assert_eq!((inflated.length, inflated.has_context), (Ok(65_535), true));
    }

    #[test]
    fn a_reference_beyond_the_agreed_window_is_measured() {
        let far = [&[0x00, 0x2c, 0x01, 0xd3, 0xfe][..], &[b'x'; 300], &[0]].concat();
        for (bits, beyond) in [(8, true), (9, false), (15, false)] {
            let mut direction = Direction::with(true, bits, &Limits::default());
            assert!(direction.inflate(&HELLO).is_ok());
            assert!(direction.inflate(&far).is_ok());
            // "Hello" again: length 5, distance 305 (symbol 16: 257, and 48 in seven bits), in fixed codes.
            let payload = fixed_reference(305);
            let mut data = Vec::new();
            direction.feed(&payload, payload.len(), &mut data);
            let inflated = direction.end();
            assert_eq!(data, b"Hello");
            assert_eq!(inflated.beyond_window, beyond.then_some(305), "{bits} bits");
        }
    }

    /// A block in fixed codes with a reference of length 5, 257 to 384 bytes back, and a flush (RFC 1951 3.2.5, 3.2.6).
    fn fixed_reference(distance: u32) -> Vec<u8> {
        let mut bits: Vec<u32> = vec![0, 1, 0];
        bits.extend([0, 0, 0, 0, 0, 1, 1]); // symbol 259: length 5
        bits.extend([1, 0, 0, 0, 0]); // symbol 16: 257 to 384
        bits.extend((0..7).map(|at| (distance - 257) >> at & 1));
        bits.extend([0; 7]); // the block's end
        bits.extend([0; 3]); // the stored block whose length is taken off
        let byte = |bits: &[u32]| {
            (0..)
                .zip(bits)
                .fold(0, |byte, (at, bit)| byte | (*bit as u8) << at)
        };
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn a_message_above_the_limit_is_given_up_and_the_next_one_is_not() {
        let limits = Limits {
            inflated_message: 4,
            ..Limits::default()
        };
        let mut direction = Direction::with(false, 15, &limits);
        let mut data = Vec::new();
        direction.feed(&HELLO, 7, &mut data);
        assert_eq!(direction.end().length, Err(Fault::TooLarge(4)));
        assert_eq!(data, b"Hell");
        assert_eq!(direction.inflate(&[0x00]).as_deref(), Ok(&b""[..]));
    }

    /// Many directions with few decoders: each has its own window all the same.
    #[test]
    fn directions_share_decoders_and_keep_their_windows() {
        let mut decoders = Decoders::default();
        let agreement = Agreement::default();
        let mut directions: Vec<Inflater> = (0..50)
            .map(|_| Inflater::new(agreement, &Limits::default()))
            .collect();
        for (at, one) in (0_u8..).zip(&mut directions) {
            let own = [0x00, 0x05, 0x00, 0xfa, 0xff, b'H', 1, 2, 3, at, 0x00];
            one.feed(&own, 11, &mut decoders, |_| ());
            assert_eq!(one.end_message(&mut decoders).length, Ok(5));
        }
        for round in 0..3 {
            for (at, one) in (0_u8..).zip(&mut directions).skip(round * 20) {
                let mut data: Vec<u8> = Vec::new();
                one.feed(&AGAIN, 5, &mut decoders, |piece| data.extend(piece));
                assert_eq!(one.end_message(&mut decoders).length, Ok(5));
                assert_eq!(data, [b'H', 1, 2, 3, at]);
            }
        }
    }
}
