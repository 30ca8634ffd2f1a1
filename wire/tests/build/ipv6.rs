//! IPv6 packets from 2001:db8::1 to 2001:db8::2 with extension headers (RFC 8200 3 and 4).

/// A packet whose extension headers have these numbers and contents; a content lacks its first two bytes.
pub(crate) fn build(extensions: &[(u8, Vec<u8>)], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let extended: usize = extensions
        .iter()
        .map(|(_, content)| content.len() + 2)
        .sum();
    let length = u16::try_from(extended + payload.len()).unwrap();
    with_payload_length(length, extensions, protocol, payload)
}

/// The same with a payload length that may be wrong.
pub(crate) fn with_payload_length(
    length: u16,
    extensions: &[(u8, Vec<u8>)],
    protocol: u8,
    payload: &[u8],
) -> Vec<u8> {
    let mut numbers: Vec<u8> = extensions.iter().map(|(number, _)| *number).collect();
    numbers.push(protocol);
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend(length.to_be_bytes());
    bytes.extend([numbers[0], 64]);
    for last in [1, 2] {
        bytes.extend([
            0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last,
        ]);
    }
    for ((number, content), next) in extensions.iter().zip(&numbers[1..]) {
        bytes.extend([*next, header_length(*number, content.len() + 2)]);
        bytes.extend(content);
    }
    bytes.extend(payload);
    bytes
}

/// Units of 8 bytes without the first one; an authentication header counts 4 bytes without the first two (RFC 4302 2.2).
fn header_length(number: u8, len: usize) -> u8 {
    let length = match number {
        51 => len / 4 - 2,
        44 => 0,
        _ => len / 8 - 1,
    };
    u8::try_from(length).unwrap()
}
