//! PPP over Ethernet, in a session: six bytes, then PPP (RFC 2516 4 and 6).

use crate::{Skipped, captured::Captured, ether_type, layer::Layer};

/// Takes the header off; its length is left alone, as that of the IP packet bounds what follows.
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let header = rest.take::<6>("PPPoE")?;
    match *header {
        [VERSION_1_TYPE_1, SESSION_DATA, ..] => Ok(Layer::Ppp),
        [VERSION_1_TYPE_1, ..] => Err(Skipped::NotIp(ether_type::PPPOE_SESSION)),
        _ => Err(Skipped::Malformed("PPPoE")),
    }
}

const VERSION_1_TYPE_1: u8 = 0x11;
const SESSION_DATA: u8 = 0;
