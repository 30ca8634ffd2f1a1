//! ERSPAN: the frames that a switch mirrors through a GRE tunnel (draft-foschiano-erspan-03 4).

use crate::{Skipped, captured::Captured, layer::Layer};

/// Type II is eight bytes: version, VLAN, class, encapsulation, truncation, session; a reserved field and the port.
#[inline]
pub(crate) fn strip_type_2(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let &[version, ..] = rest.take::<8>("ERSPAN")?;
    if version >> 4 != TYPE_2 {
        return Err(Skipped::Malformed("ERSPAN"));
    }
    Ok(Layer::Ethernet)
}

/// Type III is twelve bytes with a timestamp, and eight more where the last bit says that the platform adds its own.
#[inline]
pub(crate) fn strip_type_3(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let &[version, .., frame_type, last] = rest.take::<12>("ERSPAN")?;
    if version >> 4 != TYPE_3 {
        return Err(Skipped::Malformed("ERSPAN"));
    }
    let platform = if last & PLATFORM_SPECIFIC != 0 { 8 } else { 0 };
    rest.skip(platform, "ERSPAN")?;
    match (frame_type >> 2) & FRAME_TYPE {
        IP_PACKET => Ok(Layer::Ip),
        _ => Ok(Layer::Ethernet),
    }
}

/// The version field counts from 0: type II is 1, type III is 2.
const TYPE_2: u8 = 1;
const TYPE_3: u8 = 2;

/// The optional platform specific subheader.
const PLATFORM_SPECIFIC: u8 = 0x01;

/// Five bits of frame type: 0 is Ethernet, 2 an IP packet.
const FRAME_TYPE: u8 = 0x1f;
const IP_PACKET: u8 = 2;
