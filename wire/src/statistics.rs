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
