//! One packet's TCP segment, with what earlier packets left: fragments of IP packets, and counts.

use crate::{
    Checksum, ChecksumStatistics, Limits, Packet, Segment, Skipped, Statistics, checksum,
    fragments::{Fragments, Whole},
    ip::Carried,
    layer,
    plain::Plain,
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
    // a segment is large: where it is wanted, it is best built in place
    #[inline(always)]
    pub fn decode<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
        if let Some(plain) = Plain::find(packet) {
            let checksum = match self.config.checksums {
                Checksums::Ignore => Some(Checksum::Unknown),
                Checksums::Count | Checksums::Require => plain.checksum(),
            };
            if let Some(checksum) = checksum.filter(|checksum| *checksum != Checksum::Wrong)
                && let Some(parts) = plain.split()
            {
                self.statistics.tcp_checksums.count(checksum);
                return Ok(parts.segment(packet, checksum));
            }
        }
        self.by_layers(packet)
    }

    /// Reads it header by header.
    pub(crate) fn by_layers<'a>(&'a mut self, packet: &Packet<'a>) -> Result<Segment<'a>, Skipped> {
        let datagram = match layer::unwrap(packet)? {
            Carried::Whole(datagram) => datagram,
            Carried::Fragment(fragment) => {
                let limits = &self.config.limits;
                let whole = self.fragments.put_together(&fragment, packet.at, limits)?;
                match layer::unwrap_whole(self.whole.insert(whole).datagram()?)? {
                    Carried::Whole(datagram) => datagram,
                    Carried::Fragment(_) => return Err(Skipped::Fragment),
                }
            }
        };
        let mut segment = tcp::read(packet, &datagram)?;
        self.statistics.unfinished_lengths += u64::from(segment.unfinished_length);
        if self.config.checksums != Checksums::Ignore {
            segment.checksum = checksum::of_tcp(&datagram);
            let header = checksum::of_header(datagram.header);
            self.statistics.tcp_checksums.count(segment.checksum);
            self.statistics.ip_checksums.count(header);
            let is_wrong = [segment.checksum, header].contains(&Checksum::Wrong);
            if is_wrong && self.config.checksums == Checksums::Require {
                return Err(Skipped::Checksum);
            }
        }
        Ok(segment)
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
