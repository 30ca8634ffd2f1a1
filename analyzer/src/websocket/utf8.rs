//! UTF-8 judged over the pieces of one message (RFC 6455 8.1, RFC 3629), wherever they were cut.

use simdutf8::compat::from_utf8;

/// A validator that remembers the unfinished code point at the end of the last piece.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    /// The code point's bytes so far, and how many.
    begun: [u8; 4],
    length: usize,
    /// How many bytes were valid.
    valid: u64,
    broken: bool,
}

impl Utf8 {
    /// Judges the next piece.
    pub(crate) fn feed(&mut self, mut piece: &[u8]) {
        while self.length > 0 && !self.broken && !piece.is_empty() {
            piece = self.finish_code_point(piece);
        }
        if self.broken || piece.is_empty() {
            return;
        }
        let Err(error) = from_utf8(piece) else {
            self.valid += piece.len() as u64;
            return;
        };
        self.valid += error.valid_up_to() as u64;
        let rest = piece.get(error.valid_up_to()..).unwrap_or_default();
        match (error.error_len(), self.begun.get_mut(..rest.len())) {
            (None, Some(begun)) => {
                begun.copy_from_slice(rest);
                self.length = rest.len();
            }
            _ => self.broken = true,
        }
    }

    /// The message has ended: the offset in it of the first byte that is not UTF-8, `None` where all is.
    pub(crate) fn first_invalid(&self) -> Option<u64> {
        (self.broken || self.length > 0).then_some(self.valid)
    }

    /// Adds one byte to the code point that was begun.
    fn finish_code_point<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let Some((byte, rest)) = piece.split_first() else {
            return piece;
        };
        let Some(slot) = self.begun.get_mut(self.length) else {
            self.broken = true;
            return piece;
        };
        *slot = *byte;
        self.length += 1;
        match from_utf8(self.begun.get(..self.length).unwrap_or_default()) {
            Ok(_) => {
                self.valid += self.length as u64;
                self.length = 0;
            }
            Err(error) => self.broken = error.error_len().is_some(),
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(pieces: &[&[u8]]) -> Option<u64> {
        let mut utf8 = Utf8::default();
        pieces.iter().for_each(|piece| utf8.feed(piece));
        utf8.first_invalid()
    }

    proptest! {
        #[test]
        fn any_two_cuts_give_the_verdict_of_std(bytes: Vec<u8>, text: String, valid: bool, cuts: [prop::sample::Index; 2]) {
            let bytes = if valid { text.into_bytes() } else { bytes };
            let mut cuts = cuts.map(|cut| cut.index(bytes.len() + 1));
            cuts.sort_unstable();
            let expected = std::str::from_utf8(&bytes).err().map(|error| error.valid_up_to() as u64);
            prop_assert_eq!(judge(&[&bytes[..cuts[0]], &bytes[cuts[0]..cuts[1]], &bytes[cuts[1]..]]), expected);
        }
    }

    #[test]
    fn surrogates_and_overlong_forms_are_invalid() {
        assert_eq!(judge(&[b"ok\xED", b"\xA0\x80"]), Some(2));
        assert_eq!(judge(&[b"\xC0", b"\xAF"]), Some(0));
    }
}
