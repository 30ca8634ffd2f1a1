//! GTP-U, the tunnel of mobile networks: a subscriber's IP packet behind eight bytes and extension headers (3GPP TS 29.281 5).

use crate::{Skipped, captured::Captured, layer::Layer, udp::NO_TUNNEL};

/// Takes a GTP-U header off, if it is one and carries user data.
///
/// ```text
/// | version 1 |1|0|E|S|P| type 255 | length | tunnel endpoint identifier | with E, S or P: sequence (2), N-PDU, next type |
/// ```
#[inline]
pub(crate) fn strip(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    if rest.len < HEADER_LEN {
        return Err(NO_TUNNEL);
    }
    let &[flags, message_type, ..] = rest.take::<8>("GTP-U")?;
    if flags & !OPTIONAL != VERSION_1_GTP || message_type != USER_DATA {
        return Err(NO_TUNNEL);
    }
    if flags & OPTIONAL != 0 {
        let &[_, _, _, first] = rest.take::<4>("GTP-U")?;
        let has_extensions = flags & EXTENSIONS != 0;
        skip_extensions(if has_extensions { first } else { NONE }, rest)?;
    }
    match rest.first_nibble() {
        Some(4 | 6) => Ok(Layer::Ip),
        Some(_) => Err(NO_TUNNEL),
        None => Err(Skipped::Cut("GTP-U")),
    }
}

/// Each extension header begins with its length in words and ends with the type of the next.
fn skip_extensions(mut next: u8, rest: &mut Captured<'_>) -> Result<(), Skipped> {
    while next != NONE {
        let words = *rest.bytes.first().ok_or(Skipped::Cut("GTP-U"))?;
        let last = usize::from(words)
            .checked_mul(4)
            .and_then(|len| len.checked_sub(1))
            .ok_or(Skipped::Malformed("GTP-U"))?;
        rest.skip(last, "GTP-U")?;
        [next] = *rest.take::<1>("GTP-U")?;
    }
    Ok(())
}

const HEADER_LEN: u32 = 8;
const VERSION_1_GTP: u8 = 0x30;
const OPTIONAL: u8 = 0x07;
const EXTENSIONS: u8 = 0x04;
const USER_DATA: u8 = 255;
const NONE: u8 = 0;
