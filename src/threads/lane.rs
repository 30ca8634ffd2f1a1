//! Packets on their way from the reader to whichever thread decodes and analyzes them, with their bytes: a lane for each shard.
//!
//! Of the most common packets the reader learns no more than between whom they travel; whoever takes them out of their lane
//! decodes them. Others come decoded: fragments and tunnels have to be looked into to know that, and one decoder has to see
//! all fragments; and large packets, since their checksum takes the most while the reader has their bytes at hand.

use std::iter;

use wireseam_wire::{
    Decoder, Endpoint, LinkType, Packet, PacketIndex, Segment, Skipped, Timestamp, plain_ends,
};

use crate::shard::{SHARDS, shard_of};

/// How many packets all lanes hold before they are handed over: enough that what this costs does not count.
const PACKETS: usize = 4_096;

/// How many bytes of packets all lanes hold before they are handed over.
const BYTES: usize = 512 << 10;

/// Packets with more bytes come decoded. While the reader did nothing else, mixed traffic took a tenth longer without it.
const LARGE: usize = 512;

/// A lane for each shard.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    /// Of each packet the shard.
    order: Vec<u8>,
    bytes: usize,
}

/// What one thread is to decode and analyze, in the order of capture.
#[derive(Debug, Default)]
pub(super) struct Lane {
    entries: Vec<Entry>,
    bytes: Vec<u8>,
    /// What came decoded, without its payload.
    segments: Vec<Segment<'static>>,
}

/// A packet in a lane.
#[derive(Debug)]
pub(super) struct Entry {
    sent: Sent,
    /// Where its bytes begin in those of the lane, and how many there are; of a segment these are its payload.
    bytes: (usize, usize),
    /// Its place among those of all lanes.
    pub(super) place: u32,
}

/// How a packet is sent, besides its bytes.
#[derive(Debug)]
enum Sent {
    /// As it was captured, over Ethernet.
    Plain {
        index: PacketIndex,
        at: Option<Timestamp>,
        interface: u32,
        original_len: u32,
    },
    /// Decoded: where it stands among the lane's segments.
    Decoded(usize),
}

impl Lanes {
    /// Empty lanes, one for each shard, which keep their order in this.
    pub(super) fn new(lanes: impl Iterator<Item = Lane>, mut order: Vec<u8>) -> Self {
        order.clear();
        Self {
            lanes: lanes
                .chain(iter::repeat_with(Lane::default))
                .take(SHARDS)
                .collect(),
            order,
            bytes: 0,
        }
    }

    /// Adds a copy of a packet.
    ///
    /// # Errors
    ///
    /// [`Skipped`] where it had to be decoded and there is no segment in it.
    #[inline]
    pub(super) fn push(
        &mut self,
        packet: &Packet<'_>,
        decoder: &mut Decoder,
    ) -> Result<(), Skipped> {
        let plain = plain_ends(packet).filter(|_| packet.data.len() <= LARGE);
        let Some(ends) = plain else {
            self.push_decoded(&decode(decoder, packet)?);
            return Ok(());
        };
        self.add(ends, packet.data, |_| Sent::Plain {
            index: packet.index,
            at: packet.at,
            interface: packet.interface,
            original_len: packet.original_len,
        });
        Ok(())
    }

    #[inline(never)]
    fn push_decoded(&mut self, segment: &Segment<'_>) {
        let ends = (segment.source, segment.destination);
        self.add(ends, segment.payload, |segments| {
            segments.push(Segment {
                payload: &[],
                ..*segment
            });
            Sent::Decoded(segments.len() - 1)
        });
    }

    #[inline]
    fn add(
        &mut self,
        (one, other): (Endpoint, Endpoint),
        bytes: &[u8],
        sent: impl FnOnce(&mut Vec<Segment<'static>>) -> Sent,
    ) {
        let shard = shard_of(one, other);
        let Some(lane) = self.lanes.get_mut(shard) else {
            return;
        };
        let at = (lane.bytes.len(), bytes.len());
        lane.bytes.extend_from_slice(bytes);
        lane.entries.push(Entry {
            sent: sent(&mut lane.segments),
            bytes: at,
            place: self.order.len() as u32,
        });
        self.order.push(shard as u8);
        self.bytes += bytes.len();
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.order.len() >= PACKETS || self.bytes >= BYTES
    }

    /// The lanes by shard, and of each packet the shard.
    pub(super) fn into_parts(self) -> (Vec<Lane>, Vec<u8>) {
        (self.lanes, self.order)
    }
}

impl Lane {
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.bytes.clear();
        self.segments.clear();
    }

    /// Its packets in the order of capture.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds the segment in one of its packets to others; whether there is one.
    ///
    /// # Errors
    ///
    /// [`Skipped`] where there is none after all.
    #[inline]
    pub(super) fn decode_onto<'a>(
        &'a self,
        entry: &Entry,
        decoder: &mut Decoder,
        segments: &mut Vec<Segment<'a>>,
    ) -> Result<bool, Skipped> {
        match entry.sent {
            Sent::Decoded(at) => {
                let decoded = self.segments.get(at).map(|decoded| Segment {
                    payload: self.bytes(entry),
                    ..*decoded
                });
                segments.extend(decoded);
                Ok(decoded.is_some())
            }
            Sent::Plain { .. } => match self.packet(entry) {
                Some(packet) => decoder.decode_onto(&packet, segments),
                None => Ok(false),
            },
        }
    }

    #[inline]
    fn packet(&self, entry: &Entry) -> Option<Packet<'_>> {
        let Sent::Plain {
            index,
            at,
            interface,
            original_len,
        } = entry.sent
        else {
            return None;
        };
        Some(Packet {
            index,
            at,
            interface,
            link: LinkType::Ethernet,
            original_len,
            data: self.bytes(entry),
        })
    }

    #[inline]
    fn bytes(&self, entry: &Entry) -> &[u8] {
        let (start, length) = entry.bytes;
        let bytes = self.bytes.get(start..).and_then(|from| from.get(..length));
        bytes.unwrap_or_default()
    }
}

/// Decodes. Here it is not built in, so that it stays built into the loop of one thread, where every packet needs it.
#[inline(never)]
fn decode<'a>(decoder: &'a mut Decoder, packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
    decoder.decode(packet)
}
