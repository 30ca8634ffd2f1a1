//! BSD loopback: four bytes of address family, then the IP header (LINKTYPE_NULL and LINKTYPE_LOOP).

use crate::Skipped;

/// The family stands in the byte order of the host that captured, which the capture file does not tell.
pub(crate) fn strip_null(data: &[u8]) -> Result<&[u8], Skipped> {
    let (family, rest) = split_family(data)?;
    let (little, big) = (u32::from_le_bytes(family), u32::from_be_bytes(family));
    if is_ip(little) || is_ip(big) {
        return Ok(rest);
    }
    Err(not_ip(little.min(big)))
}

/// The family stands in network byte order.
pub(crate) fn strip_loop(data: &[u8]) -> Result<&[u8], Skipped> {
    let (family, rest) = split_family(data)?;
    let family = u32::from_be_bytes(family);
    if is_ip(family) {
        Ok(rest)
    } else {
        Err(not_ip(family))
    }
}

fn split_family(data: &[u8]) -> Result<([u8; 4], &[u8]), Skipped> {
    let (family, rest) = data
        .split_first_chunk::<4>()
        .ok_or(Skipped::Cut("loopback"))?;
    Ok((*family, rest))
}

/// IPv4 is family 2 everywhere; IPv6 is 10 on Linux, 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30 on macOS.
fn is_ip(family: u32) -> bool {
    matches!(family, 2 | 10 | 24 | 28 | 30)
}

fn not_ip(family: u32) -> Skipped {
    Skipped::NotIp(u16::try_from(family).unwrap_or(u16::MAX))
}
