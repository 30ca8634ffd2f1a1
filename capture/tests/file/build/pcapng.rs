//! pcapng: blocks of one section (draft-ietf-opsawg-pcapng 3 and 4, appendix A).

use super::Order;

/// Any block, padded to four bytes.
pub(crate) fn block(order: Order, number: u32, body: &[u8]) -> Vec<u8> {
    let padded = padded(body);
    let len = order.u32(u32::try_from(padded.len() + 12).unwrap());
    [&order.u32(number)[..], &len, &padded, &len].concat()
}

pub(crate) fn section(order: Order) -> Vec<u8> {
    let body = [
        &order.u32(0x1a2b_3c4d)[..],
        &order.u16(1),
        &order.u16(0),
        &[0xff; 8],
    ]
    .concat();
    block(order, 0x0a0d_0d0a, &body)
}

/// Options given as code and value; their end is marked.
pub(crate) fn options(order: Order, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, value) in options {
        bytes.extend(order.u16(*code));
        bytes.extend(order.u16(u16::try_from(value.len()).unwrap()));
        bytes.extend(padded(value));
    }
    bytes.extend([0; 4]);
    bytes
}

pub(crate) fn interface(order: Order, link: u16, snaplen: u32, list: &[(u16, &[u8])]) -> Vec<u8> {
    let fields = [&order.u16(link)[..], &[0, 0], &order.u32(snaplen)].concat();
    block(order, 1, &[fields, options(order, list)].concat())
}

pub(crate) fn enhanced(
    order: Order,
    interface: u32,
    ticks: u64,
    original_len: u32,
    data: &[u8],
) -> Vec<u8> {
    let body = [
        &order.u32(interface)[..],
        &stamped(order, ticks, original_len, data),
    ]
    .concat();
    block(order, 6, &body)
}

/// The obsolete block, with a drop count that is to be ignored.
pub(crate) fn obsolete(
    order: Order,
    interface: u16,
    ticks: u64,
    original_len: u32,
    data: &[u8],
) -> Vec<u8> {
    let body = [
        &order.u16(interface)[..],
        &[7, 7],
        &stamped(order, ticks, original_len, data),
    ]
    .concat();
    block(order, 2, &body)
}

pub(crate) fn simple(order: Order, original_len: u32, data: &[u8]) -> Vec<u8> {
    block(order, 3, &[&order.u32(original_len)[..], data].concat())
}

pub(crate) fn statistics(order: Order, interface: u32, list: &[(u16, &[u8])]) -> Vec<u8> {
    let fields = [&order.u32(interface)[..], &[0; 8]].concat();
    block(order, 5, &[fields, options(order, list)].concat())
}

fn stamped(order: Order, ticks: u64, original_len: u32, data: &[u8]) -> Vec<u8> {
    let high = u32::try_from(ticks >> 32).unwrap();
    let low = u32::try_from(ticks & 0xffff_ffff).unwrap();
    let captured = u32::try_from(data.len()).unwrap();
    let fields = [high, low, captured, original_len].map(|field| order.u32(field));
    [fields.as_flattened(), data].concat()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
