//! EtherTypes: which header one announces, and the tags that announce another (IEEE 802.1Q, 802.1ad, 802.1AE).

use crate::{Skipped, captured::Captured, layer::Layer, macsec, pppoe};

/// Takes off what an EtherType announces.
#[inline]
pub(crate) fn strip(ether_type: u16, rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    match ether_type {
        IPV4 | IPV6 => Ok(Layer::Ip),
        VLAN | SERVICE_VLAN | OLD_SERVICE_VLAN => behind_tag(rest),
        MPLS | MPLS_MULTICAST => Ok(Layer::Mpls),
        PPPOE_SESSION => pppoe::strip(rest),
        MACSEC => macsec::strip(rest),
        other => Err(Skipped::NotIp(other)),
    }
}

/// What stands behind a tunnel's header, which names it by EtherType; only there is a frame a protocol too.
#[inline]
pub(crate) fn tunnelled(ether_type: u16) -> Layer {
    match ether_type {
        ETHERNET => Layer::Ethernet,
        PPP => Layer::Ppp,
        other => Layer::EtherType(other),
    }
}

/// Whether something here takes off what the EtherType announces.
#[inline]
pub(crate) fn is_known(ether_type: u16) -> bool {
    matches!(
        ether_type,
        IPV4 | IPV6
            | VLAN
            | SERVICE_VLAN
            | OLD_SERVICE_VLAN
            | MPLS
            | MPLS_MULTICAST
            | PPPOE_SESSION
            | MACSEC
    )
}

/// A VLAN tag is two bytes of priority and number and the EtherType of what follows; tags may be stacked to any depth.
fn behind_tag(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let &[_, _, high, low] = rest.take::<4>("VLAN")?;
    Ok(Layer::EtherType(u16::from_be_bytes([high, low])))
}

/// Linux' number for frames with a length in place of an EtherType, also in cooked captures.
pub(crate) const LLC: u16 = 0x0004;

/// From IANA's registry; 0x9100 was used for stacked tags before 802.1ad named 0x88a8.
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;
pub(crate) const VLAN: u16 = 0x8100;
const SERVICE_VLAN: u16 = 0x88a8;
const OLD_SERVICE_VLAN: u16 = 0x9100;
pub(crate) const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
pub(crate) const PPPOE_SESSION: u16 = 0x8864;
pub(crate) const MACSEC: u16 = 0x88e5;
const PPP: u16 = 0x880b;
const ETHERNET: u16 = 0x6558;
