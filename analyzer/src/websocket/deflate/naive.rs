//! DEFLATE read the simplest way, bit by bit from a whole message, to hold the walker against. For tests only.

/// What a stream holds.
#[derive(Debug, Default)]
pub(super) struct Plain {
    pub(super) bytes: Vec<u8>,
    pub(super) farthest: u32,
}

/// Inflates blocks up to the end of the data; `None` where it is no DEFLATE or ends inside a block.
pub(super) fn inflate(data: &[u8]) -> Option<Plain> {
    let mut bits = Bits { data, at: 0 };
    let mut plain = Plain::default();
    while bits.at + 8 <= data.len() * 8 {
        let is_final = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => {
                bits.align();
                let (length, inverted) = (bits.take(16)?, bits.take(16)?);
                if length != inverted ^ 0xFFFF {
                    return None;
                }
                for _ in 0..length {
                    plain.bytes.push(u8::try_from(bits.take(8)?).ok()?);
                }
            }
            1 => {
                let lengths = (0..288).map(|symbol| match symbol {
                    0..144 => 8,
                    144..256 => 9,
                    256..280 => 7,
                    _ => 8,
                });
                let literals: Vec<u32> = lengths.collect();
                symbols(&mut bits, &literals, &[5; 32], &mut plain)?;
            }
            2 => {
                let (literals, distances) = dynamic(&mut bits)?;
                symbols(&mut bits, &literals, &distances, &mut plain)?;
            }
            _ => return None,
        }
        if is_final {
            bits.align();
        }
    }
    Some(plain)
}

struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for place in 0..count {
            let byte = self.data.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Some(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// Reads one more bit until one of the codes is there (RFC 1951 3.2.2).
    fn symbol(&mut self, lengths: &[u32]) -> Option<u32> {
        let (mut code, mut first) = (0, 0);
        for length in 1..=15 {
            code = code << 1 | self.take(1)?;
            let mut with_it = (0..).zip(lengths).filter(|(_, one)| **one == length);
            let count = u32::try_from(with_it.clone().count()).ok()?;
            if code >= first && code < first + count {
                return with_it
                    .nth((code - first) as usize)
                    .map(|(symbol, _)| symbol);
            }
            first = (first + count) << 1;
        }
        None
    }
}

fn dynamic(bits: &mut Bits<'_>) -> Option<(Vec<u32>, Vec<u32>)> {
    let (literals, distances, count) = (bits.take(5)?, bits.take(5)?, bits.take(4)?);
    let (literals, distances) = (literals as usize + 257, distances as usize + 1);
    let order = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    let mut of_lengths = vec![0; 19];
    for place in order.into_iter().take(count as usize + 4) {
        of_lengths[place] = bits.take(3)?;
    }
    let mut lengths: Vec<u32> = Vec::new();
    while lengths.len() < literals + distances {
        let (length, times) = match bits.symbol(&of_lengths)? {
            16 => (*lengths.last()?, bits.take(2)? + 3),
            17 => (0, bits.take(3)? + 3),
            18 => (0, bits.take(7)? + 11),
            length => (length, 1),
        };
        lengths.extend((0..times).map(|_| length));
    }
    (lengths.len() == literals + distances)
        .then(|| (lengths[..literals].to_vec(), lengths[literals..].to_vec()))
}

/// RFC 1951 3.2.5, written out as its tables.
fn symbols(
    bits: &mut Bits<'_>,
    literals: &[u32],
    distances: &[u32],
    plain: &mut Plain,
) -> Option<()> {
    let length_bases = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115,
        131, 163, 195, 227, 258,
    ];
    let length_extra = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ];
    let distance_bases = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
        2049, 3073, 4097, 6145, 8193, 12_289, 16_385, 24_577,
    ];
    let distance_extra = [
        0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12,
        13, 13,
    ];
    loop {
        match bits.symbol(literals)? {
            literal @ 0..256 => plain.bytes.push(u8::try_from(literal).ok()?),
            256 => return Some(()),
            symbol => {
                let at = usize::try_from(symbol - 257).ok()?;
                let length = *length_bases.get(at)? + bits.take(*length_extra.get(at)?)?;
                let at = usize::try_from(bits.symbol(distances)?).ok()?;
                let distance = *distance_bases.get(at)? + bits.take(*distance_extra.get(at)?)?;
                plain.farthest = plain.farthest.max(distance);
                let from = plain.bytes.len().checked_sub(distance as usize)?;
                for at in from..from + length as usize {
                    plain.bytes.push(plain.bytes[at]);
                }
            }
        }
    }
}
