//! UDP: tunnels that are told by the port they are sent to (RFC 768); everything else is not TCP.

use etherparse::IpNumber;

use crate::{Skipped, captured::Captured, geneve, gtp, layer::Layer, vxlan};

/// Takes a UDP header and a tunnel's header off.
///
/// A port is no proof: a tunnel whose header does not look like one is UDP like any other.
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let &[_, _, high, low, ..] = rest.take::<8>("UDP").map_err(|_| NO_TUNNEL)?;
    match u16::from_be_bytes([high, low]) {
        VXLAN | VXLAN_OF_LINUX => vxlan::strip(rest),
        GENEVE => geneve::strip(rest),
        GTP_USER => gtp::strip(rest),
        _ => Err(NO_TUNNEL),
    }
}

/// The answer for a UDP datagram that is no tunnel.
pub(crate) const NO_TUNNEL: Skipped = Skipped::NotTcp(IpNumber::UDP.0);

/// Registered ports (RFC 7348 8, RFC 8926 3.3, 3GPP TS 29.281 4.4.2), and the one that Linux had before there was one.
const VXLAN: u16 = 4789;
const VXLAN_OF_LINUX: u16 = 8472;
const GENEVE: u16 = 6081;
const GTP_USER: u16 = 2152;
