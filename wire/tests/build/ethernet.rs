//! Ethernet frames.

/// A frame with VLAN tags of these EtherTypes, outermost first.
pub(crate) fn frame(tags: &[u16], ether_type: u16, ip: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x02; 12];
    for tag in tags {
        frame.extend(tag.to_be_bytes());
        frame.extend([0x20, 0x05]);
    }
    frame.extend(ether_type.to_be_bytes());
    frame.extend(ip);
    frame
}
