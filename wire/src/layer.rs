//! From the outermost header of a packet to its TCP part: which header follows which, through tunnels too.

use etherparse::IpNumber;

use crate::{
    Packet, Skipped,
    captured::Captured,
    ether_type, ethernet,
    ip::{self, Carried, Datagram},
    limits::MOST_TUNNELS,
    link, mpls, ppp, tunnel,
};

/// What stands next in a packet.
#[derive(Clone, Copy)]
pub(crate) enum Layer {
    /// An Ethernet header.
    Ethernet,
    /// What an EtherType announced.
    EtherType(u16),
    /// PPP's protocol field.
    Ppp,
    /// An MPLS label stack.
    Mpls,
    /// An IP header of either version.
    Ip,
}

/// Reads a packet up to what its innermost IP header carries: TCP, or a fragment of what may hold TCP.
#[inline]
pub(crate) fn unwrap<'a>(packet: &Packet<'a>) -> Result<Carried<'a>, Skipped> {
    let mut rest = Captured::packet(packet);
    let layer = link::start(packet.link, &mut rest)?;
    walk(layer, rest)
}

/// The same for an IP packet that was put together of fragments.
pub(crate) fn unwrap_whole<'a>(whole: Datagram<'a>) -> Result<Carried<'a>, Skipped> {
    match ip::behind_extensions(whole)? {
        Carried::Whole(datagram) if datagram.protocol != IpNumber::TCP => {
            let mut rest = datagram.payload;
            let layer = tunnel::strip(datagram.protocol, &mut rest)?;
            walk(layer, rest)
        }
        carried => Ok(carried),
    }
}

/// Takes off one header after the other.
///
/// Every header is at least a byte long, so this ends; what could make it long are tunnels, and those are counted.
#[inline]
fn walk<'a>(mut layer: Layer, mut rest: Captured<'a>) -> Result<Carried<'a>, Skipped> {
    let mut tunnels = 0;
    loop {
        layer = match layer {
            Layer::Ethernet => ethernet::strip(&mut rest)?,
            Layer::EtherType(number) => ether_type::strip(number, &mut rest)?,
            Layer::Ppp => ppp::strip(&mut rest)?,
            Layer::Mpls => mpls::strip(&mut rest)?,
            Layer::Ip => match ip::read(rest)? {
                Carried::Whole(datagram) if datagram.protocol != IpNumber::TCP => {
                    rest = datagram.payload;
                    tunnels += 1;
                    tunnel::strip(datagram.protocol, &mut rest)?
                }
                carried => return Ok(carried),
            },
        };
        if tunnels > MOST_TUNNELS {
            return Err(Skipped::Nested);
        }
    }
}
