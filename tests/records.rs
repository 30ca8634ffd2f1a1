//! A pcap file taken apart.

/// The file header, and each packet with the header of its record.
pub(crate) fn records(capture: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let (header, mut rest) = capture.split_at(24);
    let mut records = Vec::new();
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap());
        let (record, behind) = rest.split_at(16 + usize::try_from(length).unwrap());
        records.push(record);
        rest = behind;
    }
    (header, records)
}
