//! The last bytes inflated (RFC 1951 2): what a message may refer to.

/// The largest window (RFC 7692 7.1.2), in bytes. It holds what every smaller one does.
const SIZE: usize = 1 << 15;

/// A ring of the last bytes, as large as what was inflated so far and no larger than the largest window.
#[derive(Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    /// Where the oldest byte stands, once the ring is full.
    oldest: usize,
}

impl Window {
    /// Takes the bytes inflated next.
    pub(super) fn push(&mut self, data: &[u8]) {
        let data = &data[data.len().saturating_sub(SIZE)..];
        let (grown, mut rest) = data.split_at(data.len().min(SIZE - self.bytes.len()));
        self.grow(grown);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(SIZE - self.oldest));
            self.bytes[self.oldest..self.oldest + now.len()].copy_from_slice(now);
            self.oldest = (self.oldest + now.len()) % SIZE;
            rest = later;
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.oldest = 0;
    }

    /// Whether nothing that came before these bytes can be referred to.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() == SIZE
    }

    pub(super) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// What begins so many bytes before the end, as far as it lies in one piece, and maybe others behind those.
    #[inline(always)]
    pub(super) fn from(&self, back: usize) -> &[u8] {
        self.bytes.get(self.place(back)..).unwrap_or_default()
    }

    /// The byte there, if there is one.
    #[inline(always)]
    pub(super) fn byte(&self, back: usize) -> u8 {
        self.bytes.get(self.place(back)).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn place(&self, back: usize) -> usize {
        // it goes round only once it is as large as it gets
        (self.oldest + self.bytes.len().saturating_sub(back)) % SIZE
    }

    /// Not by the factor with which a vector grows: that would end at up to twice the size.
    fn grow(&mut self, data: &[u8]) {
        let length = self.bytes.len() + data.len();
        if length > self.bytes.capacity() {
            let capacity = length.next_power_of_two().min(SIZE);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_holds_the_last_bytes_in_order_and_no_more_memory_than_its_size() {
        let mut all: Vec<u8> = Vec::new();
        let mut window = Window::default();
        for length in [0, 1, 5_000, 30_000, 1, 40_000, SIZE, 7, 32_767, 2] {
            let data: Vec<u8> = (0..length).map(|at| (at * 7 + length) as u8).collect();
            all.extend(&data);
            window.push(&data);
            let last = &all[all.len().saturating_sub(SIZE)..];
            assert_eq!(window.length(), last.len());
            for back in [1, 2, 300, 5_000, last.len() / 2, last.len()] {
                if back > 0 && back <= last.len() {
                    let found = window.from(back);
                    let found = &found[..found.len().min(back)];
                    let expected = &last[last.len() - back..][..found.len()];
                    assert!(!found.is_empty() && found == expected, "{back}");
                    assert_eq!(window.byte(back), expected[0]);
                }
            }
            assert!(window.bytes.capacity() <= SIZE);
            assert_eq!(window.is_full(), all.len() >= SIZE);
        }
        window.clear();
        assert_eq!(window.length(), 0);
    }
}
