//! pcap: a file header and records (draft-ietf-opsawg-pcap 4 and 5).

use super::Order;

pub(crate) const MICROSECONDS: u32 = 0xa1b2_c3d4;
pub(crate) const NANOSECONDS: u32 = 0xa1b2_3c4d;
pub(crate) const MODIFIED: u32 = 0xa1b2_cd34;

pub(crate) fn header(order: Order, magic: u32, link: u32) -> Vec<u8> {
    [
        &order.u32(magic)[..],
        &order.u16(2),
        &order.u16(4),
        &[0; 8],
        &order.u32(65_535),
        &order.u32(link),
    ]
    .concat()
}

pub(crate) fn record(
    order: Order,
    seconds: u32,
    fraction: u32,
    original_len: u32,
    data: &[u8],
) -> Vec<u8> {
    let captured = u32::try_from(data.len()).unwrap();
    let fields = [seconds, fraction, captured, original_len].map(|field| order.u32(field));
    [fields.as_flattened(), data].concat()
}
