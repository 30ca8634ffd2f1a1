//! Packets copied out of the kernel's ring, so that it has room again while they are worked on.

use wireseam_wire::Timestamp;

/// A number of packets, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    packets: Vec<Entry>,
    next: usize,
}

/// One of them, as it is taken out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken<'a> {
    pub(super) at: Timestamp,
    pub(super) original_len: u32,
    pub(super) data: &'a [u8],
}

/// A VLAN tag that the kernel took off and told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) protocol: u16,
    pub(super) control: u16,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Timestamp,
    original_len: u32,
    start: usize,
    end: usize,
}

impl Batch {
    /// Forgets packets that were taken out, so that others can be put in.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.packets.clear();
        self.next = 0;
    }

    /// Puts a packet in.
    pub(super) fn push(&mut self, at: Timestamp, original_len: u32, data: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(data);
        self.add(at, original_len, start);
    }

    /// Puts an Ethernet packet in with its tag where it was on the wire, cut to `snaplen` as it would have been with it.
    pub(super) fn push_tagged(
        &mut self,
        at: Timestamp,
        original_len: u32,
        data: &[u8],
        tag: Tag,
        snaplen: usize,
    ) {
        let Some((addresses, rest)) = data.split_at_checked(ADDRESSES) else {
            return self.push(at, original_len, data);
        };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(addresses);
        self.bytes.extend_from_slice(&tag.protocol.to_be_bytes());
        self.bytes.extend_from_slice(&tag.control.to_be_bytes());
        self.bytes.extend_from_slice(rest);
        self.bytes.truncate(start.saturating_add(snaplen));
        self.add(at, original_len.saturating_add(TAG), start);
    }

    /// Takes the next packet out.
    pub(super) fn take(&mut self) -> Option<Taken<'_>> {
        let entry = self.packets.get(self.next)?;
        self.next += 1;
        Some(Taken {
            at: entry.at,
            original_len: entry.original_len,
            data: self.bytes.get(entry.start..entry.end)?,
        })
    }

    /// Takes the next packets out, at most so many.
    pub(super) fn take_many(&mut self, most: usize) -> impl Iterator<Item = Taken<'_>> {
        let Self {
            bytes,
            packets,
            next,
        } = self;
        let entries = packets.get(*next..).unwrap_or_default().iter().take(most);
        *next += entries.len();
        entries.map(|entry| Taken {
            at: entry.at,
            original_len: entry.original_len,
            data: bytes.get(entry.start..entry.end).unwrap_or_default(),
        })
    }

    /// Whether every packet was taken out.
    pub(super) fn is_empty(&self) -> bool {
        self.next == self.packets.len()
    }

    fn add(&mut self, at: Timestamp, original_len: u32, start: usize) {
        self.packets.push(Entry {
            at,
            original_len,
            start,
            end: self.bytes.len(),
        });
    }
}

/// How long the two addresses are that a tag stands behind (IEEE 802.1Q).
const ADDRESSES: usize = 12;

/// How long a tag is.
const TAG: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const TAG_7: Tag = Tag {
        protocol: 0x8100,
        control: 7,
    };

    #[test]
    fn a_tag_stands_behind_the_addresses_and_counts() {
        let mut batch = Batch::default();
        let frame: Vec<u8> = (0..20).collect();
        batch.push_tagged(Timestamp(1), 60, &frame, TAG_7, 1_000);
        let taken = batch.take().unwrap();
        let expected = [&frame[..12], &[0x81, 0, 0, 7], &frame[12..]].concat();
        assert_eq!((taken.data, taken.original_len), (&expected[..], 64));
        assert!(batch.is_empty());
    }

    #[test]
    fn a_tag_does_not_make_a_packet_longer_than_asked_for() {
        let mut batch = Batch::default();
        batch.push_tagged(Timestamp(1), 60, &[9; 20], TAG_7, 20);
        assert_eq!(batch.take().unwrap().data.len(), 20);
    }

    #[test]
    fn a_frame_cut_inside_its_addresses_has_no_place_for_a_tag() {
        let mut batch = Batch::default();
        batch.push_tagged(Timestamp(1), 60, &[9; 11], TAG_7, 20);
        assert_eq!(batch.take().unwrap().data, [9; 11]);
    }
}
