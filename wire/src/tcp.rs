//! The TCP options an observer of other people's connections can use (RFC 9293 3.2, 7323, 2018).

use crate::Seq;

/// A block of data the receiver holds beyond a hole (RFC 2018 3): `left` is its first sequence number, `right` the one after its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SackBlock {
    /// First sequence number of the block.
    pub left: Seq,
    /// The sequence number after its last.
    pub right: Seq,
}

/// The options of one segment; absent ones are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size the sender is willing to receive (RFC 9293 3.7.1), on a SYN.
    pub mss: Option<u16>,
    /// Shift count of the sender's window (RFC 7323 2), on a SYN.
    pub window_scale: Option<u8>,
    /// Whether the sender takes selective acknowledgements (RFC 2018 2), on a SYN.
    pub sack_permitted: bool,
    /// Selective acknowledgement blocks in the order sent (RFC 2018 3); at most four fit.
    pub sack: [Option<SackBlock>; 4],
    /// TSval and TSecr (RFC 7323 3).
    pub timestamps: Option<(u32, u32)>,
}
