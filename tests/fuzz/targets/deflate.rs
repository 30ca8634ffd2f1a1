//! Compressed messages (RFC 7692), made by flate2 and then damaged or not, in any segments; flate2 says what is in them.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use wireseam::analyzer::{Direction, Message};

use super::{
    conversation::{Conversation, cuts},
    input::Input,
    said::messages,
};

/// The input: what is agreed (a byte a direction: window bits, takeover), places of cuts, then messages: a byte of
/// choices, two bytes of length, as many bytes.
pub(crate) fn deflate(data: &[u8]) {
    let mut input = Input::new(data);
    let mut ends = Direction::BOTH.map(|_| End::agreed(input.byte()));
    let cuts = cuts(&mut input);
    let (client, server) = (ends[0].parameters("client"), ends[1].parameters("server"));
    let field = format!("Sec-WebSocket-Extensions: permessage-deflate{client}{server}\r\n");
    let mut conversation = Conversation::upgraded([field.as_bytes(), field.as_bytes()]);
    let mut sent: [Vec<Sent>; 2] = Default::default();
    while !input.is_empty() {
        let choices = input.byte();
        let direction = Direction::BOTH[usize::from(choices & 1)];
        let length = input.number() & 0x3FFF;
        let (frame, message) =
            ends[direction as usize].send(choices, input.take(length), direction);
        conversation.turns.push((direction, frame));
        sent[direction as usize].push(message);
    }
    let events = conversation.says_the_same_however_it_is_cut(&cuts);
    for (direction, sent) in Direction::BOTH.into_iter().zip(&sent) {
        let found: Vec<_> = messages(&events)
            .filter(|message| message.direction == direction)
            .collect();
        hold(&found, sent);
    }
}

/// Every message is found, and is what flate2 inflates it to, as long as flate2 has nothing against it.
fn hold(found: &[&Message], sent: &[Sent]) {
    assert_eq!(found.len(), sent.len());
    for (found, sent) in found.iter().zip(sent) {
        match sent {
            Sent::Said(bytes) => {
                assert_eq!(found.length, Some(bytes.len() as u64), "{found:?}");
                assert_eq!(found.payload.bytes, *bytes);
            }
            Sent::Perhaps(bytes) => assert!(
                found.length.is_none() || found.payload.bytes == *bytes,
                "{found:?}"
            ),
            Sent::Broken => assert_eq!(found.length, None, "flate2 does not inflate it"),
            Sent::Unknown => {}
        }
    }
}

/// What flate2 says of a message.
enum Sent {
    Said(Vec<u8>),
    /// The same, but it was damaged: flate2 does not mind a message that ends inside a block.
    Perhaps(Vec<u8>),
    Broken,
    /// It does not matter: a message before it is not right, or it ends the context, which flate2 does not go on behind.
    Unknown,
}

/// One end's compressor, and the other's decompressor.
struct End {
    window_bits: Option<u8>,
    no_takeover: bool,
    compress: Compress,
    decompress: Decompress,
    is_known: bool,
}

impl End {
    fn agreed(choices: u8) -> Self {
        let window_bits = Some(choices & 0x0F).filter(|bits| (8..=15).contains(bits));
        // flate2 takes 9 bits at least, which a window of 8 cannot keep
        let bits = window_bits.unwrap_or(15).max(9);
        Self {
            window_bits,
            no_takeover: choices & 0x10 != 0,
            compress: Compress::new_with_window_bits(Compression::new(6), false, bits),
            decompress: Decompress::new(false),
            is_known: true,
        }
    }

    fn parameters(&self, whose: &str) -> String {
        let bits = self
            .window_bits
            .map(|bits| format!("; {whose}_max_window_bits={bits}"));
        let takeover = self
            .no_takeover
            .then(|| format!("; {whose}_no_context_takeover"));
        bits.unwrap_or_default() + &takeover.unwrap_or_default()
    }

    /// A frame with these bytes, compressed where that is chosen, and what is in it.
    fn send(&mut self, choices: u8, bytes: &[u8], direction: Direction) -> (Vec<u8>, Sent) {
        match choices & 6 {
            0 => {
                let payload = self.deflate(bytes);
                (frame(0xC2, direction, &payload), self.inflate(&payload))
            }
            // not compressed
            6 => (frame(0x82, direction, bytes), Sent::Said(bytes.to_vec())),
            damaged => {
                let mut payload = bytes.to_vec();
                if damaged == 4 {
                    // compressed, and then a bit turned
                    payload = self.deflate(bytes);
                    let at = usize::from(choices >> 3) % payload.len().max(1);
                    if let Some(byte) = payload.get_mut(at) {
                        *byte ^= 1 << (choices >> 5);
                    }
                }
                let said = match self.inflate(&payload) {
                    Sent::Said(bytes) => Sent::Perhaps(bytes),
                    other => other,
                };
                self.is_known = false;
                (frame(0xC2, direction, &payload), said)
            }
        }
    }

    fn deflate(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.no_takeover {
            self.compress.reset();
        }
        let mut out = Vec::with_capacity(bytes.len() * 2 + 64);
        let before = self.compress.total_in();
        let fed = self
            .compress
            .compress_vec(bytes, &mut out, FlushCompress::Sync);
        assert!(fed.is_ok() && self.compress.total_in() - before == bytes.len() as u64);
        assert!(out.len() < out.capacity(), "all of it was written");
        if out.ends_with(&TAIL) {
            out.truncate(out.len() - TAIL.len());
        }
        if out.is_empty() {
            // a second flush in a row writes nothing: an empty block (RFC 7692 7.2.3.6)
            out.push(0);
        }
        out
    }

    fn inflate(&mut self, payload: &[u8]) -> Sent {
        if self.no_takeover {
            self.decompress.reset(false);
            self.is_known = true;
        }
        if !self.is_known {
            return Sent::Unknown;
        }
        let input = [payload, &TAIL].concat();
        let mut out = Vec::with_capacity(4_096);
        let begin = self.decompress.total_in();
        loop {
            let read = usize::try_from(self.decompress.total_in() - begin).unwrap_or(usize::MAX);
            let rest = input.get(read..).unwrap_or_default();
            let (before, written) = (read, out.len());
            let status = self
                .decompress
                .decompress_vec(rest, &mut out, FlushDecompress::Sync);
            let read = usize::try_from(self.decompress.total_in() - begin).unwrap_or(usize::MAX);
            match status {
                Err(_) => {
                    self.is_known = false;
                    return Sent::Broken;
                }
                Ok(Status::StreamEnd) => {
                    self.is_known = false;
                    return Sent::Unknown;
                }
                Ok(_) if out.len() > MOST_INFLATED => {
                    self.is_known = false;
                    return Sent::Unknown;
                }
                Ok(_) if out.len() == out.capacity() => out.reserve(out.len()),
                Ok(_) if read == input.len() => break,
                Ok(_) if (read, out.len()) == (before, written) => {
                    self.is_known = false;
                    return Sent::Unknown;
                }
                Ok(_) => {}
            }
        }
        Sent::Said(out)
    }
}

/// A frame, masked with 0 where a client sends it.
fn frame(first: u8, direction: Direction, payload: &[u8]) -> Vec<u8> {
    let (mask, key): (u8, &[u8]) = match direction {
        Direction::ClientToServer => (0x80, &[0; 4]),
        Direction::ServerToClient => (0, &[]),
    };
    let length = match u8::try_from(payload.len()) {
        Ok(short @ 0..=125) => vec![mask | short],
        _ => {
            let [high, low] = u16::try_from(payload.len())
                .unwrap_or(u16::MAX)
                .to_be_bytes();
            vec![mask | 126, high, low]
        }
    };
    [&[first], length.as_slice(), key, payload].concat()
}

/// What a sender leaves out of a message and a receiver puts behind it (RFC 7692 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// Messages that inflate to more are not compared: limits may end them.
const MOST_INFLATED: usize = 1 << 20;
