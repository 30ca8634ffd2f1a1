//! TCP headers and payloads (RFC 9293 3.1), without a checksum.

use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(crate) struct Builder {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    /// The twelve bits behind the data offset.
    pub(crate) flags: u16,
    pub(crate) window: u16,
    /// As they stand on the wire; a multiple of four bytes.
    pub(crate) options: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            source_port: 1,
            destination_port: 2,
            seq: 3,
            ack: 4,
            flags: 0x10,
            window: 5,
            options: Vec::new(),
            payload: Vec::new(),
        }
    }
}

impl Builder {
    pub(crate) fn payload(self, payload: &[u8]) -> Self {
        Self {
            payload: payload.to_vec(),
            ..self
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut options = self.options.clone();
        options.resize(options.len().next_multiple_of(4), 0);
        let words = u16::try_from(5 + options.len() / 4).unwrap();
        let mut bytes = Vec::new();
        bytes.extend(self.source_port.to_be_bytes());
        bytes.extend(self.destination_port.to_be_bytes());
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.ack.to_be_bytes());
        bytes.extend((words << 12 | self.flags).to_be_bytes());
        bytes.extend(self.window.to_be_bytes());
        bytes.extend([0, 0, 0, 0]);
        bytes.extend(options);
        bytes.extend(&self.payload);
        bytes
    }
}

/// Any header with any options, sound or not, and a payload.
pub(crate) fn any_builder() -> impl Strategy<Value = Builder> {
    let numbers = (
        any::<u16>(),
        any::<u16>(),
        any::<u32>(),
        any::<u32>(),
        0_u16..0x1000,
        any::<u16>(),
    );
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    (numbers, bytes(41), bytes(60)).prop_map(|(numbers, options, payload)| {
        let (source_port, destination_port, seq, ack, flags, window) = numbers;
        Builder {
            source_port,
            destination_port,
            seq,
            ack,
            flags,
            window,
            options,
            payload,
        }
    })
}
