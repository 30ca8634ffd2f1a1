//! VXLAN: eight bytes, then an Ethernet frame (RFC 7348 5), with the group policy extension that some switches add.

use crate::{Skipped, captured::Captured, layer::Layer, udp::NO_TUNNEL};

/// Takes a VXLAN header off.
///
/// ```text
/// |G| | | |I| | | |  reserved, with G the policy (24)  |  network identifier (24)  | reserved |
/// ```
///
/// Receivers ignore what is reserved; here it is the only sign that these bytes are a VXLAN header at all.
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    if rest.len < HEADER_LEN {
        return Err(NO_TUNNEL);
    }
    let header = rest.take::<8>("VXLAN")?;
    match *header {
        [HAS_IDENTIFIER, 0, 0, 0, .., 0] | [HAS_IDENTIFIER_AND_POLICY, .., 0] => {
            Ok(Layer::Ethernet)
        }
        _ => Err(NO_TUNNEL),
    }
}

const HEADER_LEN: u32 = 8;
const HAS_IDENTIFIER: u8 = 0x08;
const HAS_IDENTIFIER_AND_POLICY: u8 = 0x88;
