//! IPv4 packets from 10.0.0.1 to 10.0.0.2 (RFC 791 3.1), without a checksum.

pub(crate) struct Builder {
    protocol: u8,
    payload: Vec<u8>,
    options: Vec<u8>,
    identification: u16,
    fragment: u16,
    total_length: Option<u16>,
}

impl Builder {
    pub(crate) fn new(protocol: u8, payload: Vec<u8>) -> Self {
        Self {
            protocol,
            payload,
            options: Vec::new(),
            identification: 1,
            fragment: 0,
            total_length: None,
        }
    }

    pub(crate) fn options(self, options: &[u8]) -> Self {
        Self {
            options: options.to_vec(),
            ..self
        }
    }

    pub(crate) fn identification(self, identification: u16) -> Self {
        Self {
            identification,
            ..self
        }
    }

    /// Flags and fragment offset.
    pub(crate) fn fragment(self, fragment: u16) -> Self {
        Self { fragment, ..self }
    }

    /// A total length that may be wrong.
    pub(crate) fn total_length(self, total_length: u16) -> Self {
        Self {
            total_length: Some(total_length),
            ..self
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let header_len = 20 + self.options.len();
        let total = self
            .total_length
            .unwrap_or_else(|| u16::try_from(header_len + self.payload.len()).unwrap());
        let mut bytes = vec![0x40 | u8::try_from(header_len / 4).unwrap(), 0];
        bytes.extend(total.to_be_bytes());
        bytes.extend(self.identification.to_be_bytes());
        bytes.extend(self.fragment.to_be_bytes());
        bytes.extend([64, self.protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        bytes.extend(&self.options);
        bytes.extend(&self.payload);
        bytes
    }
}
