//! Tunnels: what stands in an IP packet that carries another packet or frame, by protocol number.

use etherparse::IpNumber;

use crate::{Skipped, captured::Captured, gre, layer::Layer, udp};

/// Takes off what makes an IP packet a tunnel; [`Skipped::NotTcp`] where it is none.
#[inline]
pub(crate) fn strip(protocol: IpNumber, rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    match protocol {
        IpNumber::IPV4 | IpNumber::IPV6 => Ok(Layer::Ip),
        IpNumber::GRE => gre::strip(rest),
        IpNumber::UDP => udp::strip(rest),
        IpNumber::MPLS_IN_IP => Ok(Layer::Mpls),
        other => Err(Skipped::NotTcp(other.0)),
    }
}
