//! Bytes in, messages out.

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A Ping with its payload.
    Ping(Vec<u8>),
    /// A Pong with its payload.
    Pong(Vec<u8>),
    /// A Close frame, with its status code and reason.
    Close(Option<(u16, String)>),
    /// The peer broke a rule; why, and the status code to close with.
    Broken(u16, &'static str),
}

/// Reads the frames of one direction (RFC 6455 5).
#[derive(Debug, Default)]
pub struct Decoder {
    /// Whether the peer is a client, which has to mask.
    from_client: bool,
    /// Bytes of a frame that is not whole yet. What recv() returned has nothing to do with where frames end.
    waiting: Vec<u8>,
    /// The opcode of the message that is open, and its fragments so far.
    open: Option<(u8, Vec<u8>)>,
    is_over: bool,
}

impl Decoder {
    /// Reads what a client sends, or a server.
    #[must_use]
    pub fn new(from_client: bool) -> Self {
        Self {
            from_client,
            ..Self::default()
        }
    }

    /// Takes what recv() returned, and gives what it completes.
    pub fn decode(&mut self, received: &[u8]) -> Vec<Message> {
        self.waiting.extend_from_slice(received);
        let mut messages = Vec::new();
        while !self.is_over
            && let Some(told) = self.frame().transpose()
        {
            match told {
                Ok(told) => messages.extend(told),
                Err((code, why)) => messages.push(Message::Broken(code, why)),
            }
            let ends =
                |message: &Message| matches!(message, Message::Close(_) | Message::Broken(..));
            self.is_over = messages.iter().any(ends);
        }
        messages
    }

    /// The next frame, once all of it is there: what it tells, which of a fragment is nothing.
    fn frame(&mut self) -> Result<Option<Option<Message>>, (u16, &'static str)> {
        let Some([first, second]) = self.waiting.first_chunk::<2>().copied() else {
            return Ok(None);
        };
        let (is_last, opcode, is_masked) = (first & 0x80 != 0, first & 0x0f, second & 0x80 != 0);
        if first & 0x70 != 0 {
            return Err((1002, "a reserved bit"));
        }
        if is_masked != self.from_client {
            return Err((1002, "masked by a server, or not by a client"));
        }
        if !matches!(opcode, 0..=2 | 8..=10) {
            return Err((1002, "a reserved opcode"));
        }
        if opcode >= 8 && (!is_last || second & 0x7f > 125) {
            return Err((1002, "a control frame in fragments, or too long"));
        }
        if matches!(opcode, 1 | 2) && self.open.is_some() || opcode == 0 && self.open.is_none() {
            return Err((1002, "a fragment where none can be"));
        }
        let extended = match second & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let Some(bytes) = self.waiting.get(2..2 + extended) else {
            return Ok(None);
        };
        let length = match extended {
            0 => u64::from(second & 0x7f),
            _ => bytes
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        if length > LARGEST {
            return Err((1009, "larger than this library takes"));
        }
        let payload = 2 + extended + if is_masked { 4 } else { 0 };
        let end = payload + usize::try_from(length).unwrap_or(usize::MAX);
        if self.waiting.len() < end {
            return Ok(None);
        }
        let mut frame: Vec<u8> = self.waiting.drain(..end).collect();
        let (header, payload) = frame.split_at_mut(payload);
        if is_masked && let Some(key) = header.last_chunk::<4>() {
            payload
                .iter_mut()
                .zip(key.iter().cycle())
                .for_each(|(byte, key)| *byte ^= key);
        }
        self.take(is_last, opcode, payload).map(Some)
    }

    fn take(
        &mut self,
        is_last: bool,
        opcode: u8,
        payload: &[u8],
    ) -> Result<Option<Message>, (u16, &'static str)> {
        match opcode {
            8 => return close(payload).map(Some),
            9 => return Ok(Some(Message::Ping(payload.to_vec()))),
            10 => return Ok(Some(Message::Pong(payload.to_vec()))),
            _ => {}
        }
        let (_, content) = self.open.get_or_insert((opcode, Vec::new()));
        content.extend_from_slice(payload);
        if !is_last {
            return Ok(None);
        }
        match self.open.take() {
            Some((1, content)) => match String::from_utf8(content) {
                Ok(text) => Ok(Some(Message::Text(text))),
                Err(_) => Err((1007, "no UTF-8")),
            },
            Some((_, content)) => Ok(Some(Message::Binary(content))),
            None => Ok(None),
        }
    }
}

/// A Close frame's code and reason (RFC 6455 5.5.1, 7.4).
fn close(payload: &[u8]) -> Result<Message, (u16, &'static str)> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload {
            [] => Ok(Message::Close(None)),
            _ => Err((1002, "half a status code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err((1002, "a status code that may not be sent"));
    }
    match String::from_utf8(reason.to_vec()) {
        Ok(reason) => Ok(Message::Close(Some((code, reason)))),
        Err(_) => Err((1007, "a reason that is no UTF-8")),
    }
}

/// No larger frame is taken: a length is only a claim.
const LARGEST: u64 = 64 << 20;
