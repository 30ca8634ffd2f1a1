//! Options of a pcapng block: code, length, value, padding (draft-ietf-opsawg-pcapng 3.5).
//!
//! pcap-parser gathers a packet's options in a list of copies; here they are walked where they lie.

use crate::block::ByteOrder;

/// The options in some bytes, up to their end mark or to one that claims more than there is.
pub(super) struct Options<'a> {
    rest: &'a [u8],
    order: ByteOrder,
}

impl<'a> Options<'a> {
    pub(super) fn new(bytes: &'a [u8], order: ByteOrder) -> Self {
        Self { rest: bytes, order }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let ([c0, c1, l0, l1], rest) = self.rest.split_first_chunk::<4>()?;
        let code = self.order.u16([*c0, *c1]);
        let len = usize::from(self.order.u16([*l0, *l1]));
        let (value, rest) = rest.split_at_checked(len)?;
        self.rest = rest
            .get(len.next_multiple_of(4) - len..)
            .unwrap_or_default();
        (code != END).then_some((code, value))
    }
}

const END: u16 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u16, &[u8])> {
        Options::new(bytes, ByteOrder::Big).collect()
    }

    #[test]
    fn padding_is_stepped_over_and_the_end_mark_ends() {
        let bytes = [0, 1, 0, 3, b'a', b'b', b'c', 0, 0, 2, 0, 4, 1, 2, 3, 4];
        let expected = [(1, &b"abc"[..]), (2, &[1, 2, 3, 4])];
        assert_eq!(read(&bytes), expected);
        let ended = [&bytes[..8], &[0; 4], &bytes[8..]].concat();
        assert_eq!(read(&ended), expected[..1]);
    }

    #[test]
    fn an_option_past_the_end_is_left_out() {
        assert_eq!(read(&[0, 1, 0, 9, b'a']), []);
        assert_eq!(read(&[0, 1, 0, 1, b'a']), [(1, &b"a"[..])]);
        assert_eq!(read(&[0, 1, 0]), []);
    }
}
