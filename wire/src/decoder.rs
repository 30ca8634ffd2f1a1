//! One packet's TCP segment, with what earlier packets left: fragments of IP packets, and counts.

use crate::{
    Checksum, ChecksumStatistics, Limits, Packet, Segment, Skipped, Statistics, checksum,
    fragments::{Fragments, Whole},
    ip::{Carried, Datagram},
    layer,
    plain::{Parts, Plain},
    tcp,
};

/// What to do about checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Checksums {
    /// Do not look at them: a packet's payload is then not read at all.
    Ignore,
    /// Count those that are wrong, and take their segments all the same.
    #[default]
    Count,
    /// Skip segments whose checksum, or that of their IPv4 header, is wrong; not those that left it to the interface.
    Require,
}

/// How a [`Decoder`] works.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// What to do about checksums.
    pub checksums: Checksums,
    /// What may be held.
    pub limits: Limits,
}

/// Reads TCP segments out of the packets of one capture, in their order.
///
/// It does what [`decode`](crate::decode) does, and also puts fragments of IP packets together and looks at checksums.
#[derive(Debug, Default)]
pub struct Decoder {
    config: Config,
    fragments: Fragments,
    /// The packet that was put together last; the segment in it is borrowed from here.
    whole: Option<Whole>,
    statistics: Statistics,
}

impl Decoder {
    /// A decoder that has seen nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// Reads the TCP segment out of a captured packet.
    ///
    /// A segment that came in fragments is given with the packet that completed it, which need not be the last one.
    ///
    /// # Errors
    ///
    /// [`Skipped`] says why there is none; it is a fact about the traffic, to be counted and not to be raised.
    pub fn decode<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
        match self.read_plain(packet) {
            Some(plain) => Ok(plain.segment(packet)),
            None => self.by_layers(packet),
        }
    }

    /// Reads the TCP segment out of one of many captured packets, and adds it to those of the others.
    ///
    /// A segment that came in fragments is nowhere but in this decoder, and not for longer than until the next packet: it is
    /// not added, and told with [`put_together`](Self::put_together). Whether one was added.
    ///
    /// # Errors
    ///
    /// As for [`decode`](Self::decode).
    // a segment is large: this builds it where it is wanted
    #[inline(always)]
    pub fn decode_onto<'a>(
        &mut self,
        packet: &Packet<'a>,
        segments: &mut Vec<Segment<'a>>,
    ) -> Result<bool, Skipped> {
        if let Some(plain) = self.read_plain(packet) {
            plain.push_onto(packet, segments);
            return Ok(true);
        }
        let found = self.in_packet(packet)?;
        segments.extend(found);
        Ok(found.is_some())
    }

    /// The segment whose fragments this packet completed, where it [did not add](Self::decode_onto) any.
    ///
    /// # Errors
    ///
    /// As for [`decode`](Self::decode).
    pub fn put_together<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
        let whole = self.whole.as_ref().ok_or(Skipped::Fragment)?;
        match layer::unwrap_whole(whole.datagram()?)? {
            Carried::Whole(datagram) => read(packet, &datagram, self.config, &mut self.statistics),
            Carried::Fragment(_) => Err(Skipped::Fragment),
        }
    }

    /// Reads a packet of the most common shape, with nothing wrong in it.
    #[inline(always)]
    fn read_plain<'a>(&mut self, packet: &Packet<'a>) -> Option<Parts<'a>> {
        let plain = Plain::find(packet)?;
        let checksum = match self.config.checksums {
            Checksums::Ignore => Checksum::Unknown,
            Checksums::Count | Checksums::Require => plain.checksum()?,
        };
        if checksum == Checksum::Wrong {
            return None;
        }
        let parts = plain.split(checksum)?;
        self.statistics.tcp_checksums.count(checksum);
        Some(parts)
    }

    /// Reads it header by header.
    pub(crate) fn by_layers<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
        match self.in_packet(packet)? {
            Some(segment) => Ok(segment),
            None => self.put_together(packet),
        }
    }

    /// Reads it header by header; `None` where the packet is the last of some fragments.
    #[inline(never)]
    fn in_packet<'a>(&mut self, packet: &Packet<'a>) -> Result<Option<Segment<'a>>, Skipped> {
        match layer::unwrap(packet)? {
            Carried::Whole(datagram) => {
                read(packet, &datagram, self.config, &mut self.statistics).map(Some)
            }
            Carried::Fragment(fragment) => {
                let limits = &self.config.limits;
                let whole = self.fragments.put_together(&fragment, packet.at, limits)?;
                self.whole = Some(whole);
                Ok(None)
            }
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics {
            fragments: self.fragments.statistics(),
            ..self.statistics
        }
    }
}

/// The segment in an IP packet, and whether its checksums are right.
fn read<'a>(
    packet: &Packet<'a>,
    datagram: &Datagram<'a>,
    config: Config,
    statistics: &mut Statistics,
) -> Result<Segment<'a>, Skipped> {
    let mut segment = tcp::read(packet, datagram)?;
    statistics.unfinished_lengths += u64::from(segment.unfinished_length);
    if config.checksums != Checksums::Ignore {
        segment.checksum = checksum::of_tcp(datagram);
        let header = checksum::of_header(datagram.header);
        statistics.tcp_checksums.count(segment.checksum);
        statistics.ip_checksums.count(header);
        let is_wrong = [segment.checksum, header].contains(&Checksum::Wrong);
        if is_wrong && config.checksums == Checksums::Require {
            return Err(Skipped::Checksum);
        }
    }
    Ok(segment)
}

impl ChecksumStatistics {
    #[inline]
    fn count(&mut self, checksum: Checksum) {
        match checksum {
            Checksum::Good | Checksum::Unknown => {}
            Checksum::LeftToInterface => self.left_to_interface += 1,
            Checksum::Wrong => self.wrong += 1,
        }
    }
}
