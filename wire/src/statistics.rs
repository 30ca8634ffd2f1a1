//! What a decoder counted besides segments and skipped packets.

/// Counters of a [`Decoder`](crate::Decoder), from its first packet on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// IP fragments.
    pub fragments: FragmentStatistics,
    /// Checksums of the IPv4 headers of segments.
    pub ip_checksums: ChecksumStatistics,
    /// Checksums of segments.
    pub tcp_checksums: ChecksumStatistics,
    /// Segments whose IP header left its length to the interface.
    pub unfinished_lengths: u64,
}

/// What came of IP fragments that may hold TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FragmentStatistics {
    /// Fragments.
    pub fragments: u64,
    /// Packets put together of them.
    pub reassembled: u64,
    /// Packets given up because their other fragments did not come in time.
    pub expired: u64,
    /// Packets given up because a limit was reached.
    pub evicted: u64,
    /// Packets that still wait for a fragment.
    pub pending: u64,
    /// Fragments left out because they cannot be a part of the packet that they name.
    pub refused: u64,
    /// Fragments with other bytes for a part of the packet than one that came before, whose bytes stay.
    pub differing: u64,
}

/// What came of looking at checksums; packets whose checksum cannot be told are in neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChecksumStatistics {
    /// Left to the interface by the sending host.
    pub left_to_interface: u64,
    /// Neither right nor left to the interface.
    pub wrong: u64,
}

impl Statistics {
    /// What two decoders counted, of different packets.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            fragments: self.fragments.plus(other.fragments),
            ip_checksums: self.ip_checksums.plus(other.ip_checksums),
            tcp_checksums: self.tcp_checksums.plus(other.tcp_checksums),
            unfinished_lengths: self.unfinished_lengths + other.unfinished_lengths,
        }
    }
}

impl FragmentStatistics {
    fn plus(self, other: Self) -> Self {
        Self {
            fragments: self.fragments + other.fragments,
            reassembled: self.reassembled + other.reassembled,
            expired: self.expired + other.expired,
            evicted: self.evicted + other.evicted,
            pending: self.pending + other.pending,
            refused: self.refused + other.refused,
            differing: self.differing + other.differing,
        }
    }
}

impl ChecksumStatistics {
    fn plus(self, other: Self) -> Self {
        Self {
            left_to_interface: self.left_to_interface + other.left_to_interface,
            wrong: self.wrong + other.wrong,
        }
    }
}
