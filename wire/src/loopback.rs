//! BSD loopback: four bytes of address family, then the IP header (LINKTYPE_NULL and LINKTYPE_LOOP).

use crate::{Skipped, captured::Captured, layer::Layer};

/// The family stands in the byte order of the host that captured, which the capture file does not tell.
#[inline]
pub(crate) fn strip_null(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let family = rest.take::<4>("loopback")?;
    let (little, big) = (u32::from_le_bytes(*family), u32::from_be_bytes(*family));
    if is_ip(little) || is_ip(big) {
        return Ok(Layer::Ip);
    }
    Err(not_ip(little.min(big)))
}

/// The family stands in network byte order.
#[inline]
pub(crate) fn strip_loop(rest: &mut Captured<'_>) -> Result<Layer, Skipped> {
    let family = rest.take::<4>("loopback")?;
    let family = u32::from_be_bytes(*family);
    if is_ip(family) {
        Ok(Layer::Ip)
    } else {
        Err(not_ip(family))
    }
}

/// IPv4 is family 2 everywhere; IPv6 is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS.
fn is_ip(family: u32) -> bool {
    matches!(family, 2 | 10 | 24 | 28 | 30)
}

fn not_ip(family: u32) -> Skipped {
    Skipped::NotIp(u16::try_from(family).unwrap_or(u16::MAX))
}
