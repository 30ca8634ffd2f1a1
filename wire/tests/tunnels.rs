//! What `decode` promises about packets inside of packets: every sample's bytes are written from its RFC's diagram.

#![allow(clippy::unwrap_used, reason = "a test may unwrap")]
#![allow(dead_code, reason = "each test binary builds what it needs")]

mod build;

use build::tunnel::{PAYLOAD, nested, samples, udp};
use proptest::prelude::*;
use wireseam_wire::{LinkType, Packet, PacketIndex, Skipped, decode};

fn packet(data: &[u8]) -> Packet<'_> {
    Packet {
        index: PacketIndex(1),
        at: None,
        interface: 0,
        link: LinkType::Ethernet,
        original_len: u32::try_from(data.len()).unwrap(),
        data,
    }
}

fn skipped(data: &[u8]) -> Skipped {
    decode(&packet(data)).unwrap_err()
}

#[test]
fn segment_in_every_tunnel_is_that_of_the_innermost_addresses() {
    for sample in samples() {
        let packet = packet(&sample.frame);
        let segment = decode(&packet).unwrap_or_else(|why| panic!("{}: {why}", sample.name));
        assert_eq!(segment.payload, PAYLOAD, "{}", sample.name);
        assert_eq!(segment.payload_len, 17, "{}", sample.name);
        let ends = [segment.source, segment.destination].map(|end| end.to_string());
        let v4 = ["10.0.0.1:1", "10.0.0.2:2"].map(str::to_owned);
        let v6 = ["[2001:db8::1]:1", "[2001:db8::2]:2"].map(str::to_owned);
        assert!(ends == v4 || ends == v6, "{}: {ends:?}", sample.name);
    }
}

#[test]
fn capture_that_ends_in_a_header_names_that_header() {
    for sample in samples() {
        let whole = packet(&sample.frame);
        let payload_at = sample.frame.len() - PAYLOAD.len();
        for len in 0..sample.frame.len() {
            let cut = Packet {
                data: &sample.frame[..len],
                ..whole
            };
            let place = format!("{} cut at {len}", sample.name);
            match decode(&cut) {
                Ok(segment) => {
                    assert!(len >= payload_at, "{place}");
                    assert_eq!(segment.payload, &PAYLOAD[..len - payload_at], "{place}");
                    assert_eq!(segment.payload_len, 17, "{place}");
                }
                Err(skipped) => {
                    assert!(len < payload_at, "{place}: {skipped}");
                    assert!(
                        sample.may_end(len, &skipped.to_string()),
                        "{place}: {skipped}"
                    );
                }
            }
        }
    }
}

impl build::tunnel::Sample {
    /// Whether a capture that ends at `len` may be skipped so: by the header it ends in.
    ///
    /// Where it ends just in front of an IP header the version is not known. What MPLS and GTP-U carry is told by its
    /// first bytes only, so where those are missing the capture ends inside of MPLS or GTP-U.
    fn may_end(&self, len: usize, skipped: &str) -> bool {
        let within = self.headers.iter().rposition(|(start, _)| *start <= len);
        let within = within.unwrap();
        let (start, name) = self.headers[within];
        let unknown_ip =
            start == len && name.contains("IP") && skipped == "cut inside the IP header";
        let untold = within.checked_sub(1).is_some_and(|outer| {
            let (_, outer) = self.headers[outer];
            outer == skipped && (outer.contains("MPLS") || outer.contains("GTP-U"))
        });
        name == skipped || unknown_ip || untold
    }
}

#[test]
fn snapshot_length_and_padding_do_not_change_the_length_inside() {
    for sample in samples() {
        let mut padded = sample.frame.clone();
        padded.extend([0xee; 30]);
        assert_eq!(
            decode(&packet(&padded)).unwrap().payload,
            PAYLOAD,
            "{}",
            sample.name
        );
    }
}

#[test]
fn super_segment_in_a_tunnel_takes_what_the_outer_packet_leaves() {
    let samples = samples();
    let vxlan = samples
        .iter()
        .find(|sample| sample.name == "VXLAN")
        .unwrap();
    let inner = 14 + 20 + 8 + 8 + 14;
    let mut frame = vxlan.frame.clone();
    frame[inner + 2..inner + 4].fill(0);
    frame.extend([0xee; 8]);
    let segment = decode(&packet(&frame)).unwrap();
    assert!(segment.unfinished_length);
    assert_eq!((segment.payload, segment.payload_len), (PAYLOAD, 17));
    frame[14 + 2..14 + 4].fill(0);
    assert_eq!(decode(&packet(&frame)).unwrap().payload_len, 17 + 8);
}

#[test]
fn mirror_that_cuts_packets_does_not_change_the_length_inside() {
    let samples = samples();
    let erspan = samples
        .iter()
        .find(|sample| sample.name == "ERSPAN II")
        .unwrap();
    let mut frame = erspan.frame[..erspan.frame.len() - 7].to_vec();
    let outer_len = u16::try_from(frame.len() - 14).unwrap();
    frame[16..18].copy_from_slice(&outer_len.to_be_bytes());
    let segment = decode(&packet(&frame)).unwrap();
    assert_eq!((segment.payload, segment.payload_len), (&PAYLOAD[..10], 17));
}

#[test]
fn eight_tunnels_may_lie_in_each_other_and_no_more() {
    assert_eq!(decode(&packet(&nested(8))).unwrap().payload, PAYLOAD);
    assert_eq!(skipped(&nested(9)), Skipped::Nested);
    assert_eq!(skipped(&nested(200)), Skipped::Nested);
}

#[test]
fn what_only_uses_the_port_of_a_tunnel_is_udp() {
    let no_tunnels: [(u16, &[u8]); 12] = [
        (4789, b"hello, VXLAN port"),
        (4789, &[0x08, 0, 0, 0, 0, 0, 7, 1, 0, 0, 0, 0]),
        (4789, &[0x08, 0, 0]),
        (4789, &[]),
        (8472, &[0; 40]),
        (6081, b"hello, Geneve port"),
        (6081, &[0x40, 0, 0x65, 0x58, 0, 0, 7, 0, 0, 0]),
        (6081, &[0x3f, 0, 0x65, 0x58, 0, 0, 7, 0, 0, 0]),
        (2152, b"hello, GTP port"),
        (2152, &[0x32, 1, 0, 4, 0, 0, 0, 9, 0, 1, 0, 0]),
        (2152, &[0x30, 255, 0, 4, 0, 0, 0, 9, 0x10, 0, 0, 0]),
        (53, &[0x08, 0, 0, 0, 0, 0, 7, 0]),
    ];
    for (port, payload) in no_tunnels {
        assert_eq!(
            skipped(&udp(port, payload)),
            Skipped::NotTcp(17),
            "{port} {payload:02x?}"
        );
    }
}

#[test]
fn what_a_tunnel_carries_besides_tcp_is_named() {
    let vxlan_arp = [&[8, 0, 0, 0, 0, 0, 7, 0][..], &[2; 12], &[8, 6], &[0; 28]].concat();
    assert_eq!(skipped(&udp(4789, &vxlan_arp)), Skipped::NotIp(0x0806));
    let gre = |bytes: &[u8]| {
        let packet = build::ipv4::Builder::new(47, bytes.to_vec()).build();
        build::ethernet::frame(&[], build::ether_type::IPV4, &packet)
    };
    let keepalive = gre(&[0, 0, 0, 0]);
    assert_eq!(skipped(&keepalive), Skipped::NotIp(0));
    let routing = gre(&[0x40, 0, 8, 0, 0, 0, 0, 0]);
    assert_eq!(skipped(&routing), Skipped::NotTcp(47));
    let of_pptp = gre(&[0x20, 1, 0x88, 0x0b, 0, 0, 0, 0]);
    assert_eq!(skipped(&of_pptp), Skipped::NotTcp(47));
    for too_short in [&[0, 0, 8][..], &[0x20, 0, 8, 0, 0, 0]] {
        assert_eq!(skipped(&gre(too_short)), Skipped::Malformed("GRE"));
    }
    let frame = |number, bytes: &[u8]| build::ethernet::frame(&[], number, bytes);
    let discovery = frame(0x8864, &[0x11, 0xa7, 0, 1, 0, 0]);
    assert_eq!(skipped(&discovery), Skipped::NotIp(0x8864));
    let link_control = frame(0x8864, &[0x11, 0, 0, 1, 0, 2, 0xc0, 0x21]);
    assert_eq!(skipped(&link_control), Skipped::NotIp(0xc021));
    let encrypted = frame(0x88e5, &[0x2c, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2, 0, 1, 9, 9]);
    assert_eq!(skipped(&encrypted), Skipped::NotIp(0x88e5));
    let channel = frame(
        0x8847,
        &[
            0, 1, 1, 64, 0x10, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ],
    );
    assert_eq!(skipped(&channel), Skipped::NotIp(0x8847));
}

proptest! {
    #[test]
    fn damaged_tunnels_decode_without_panic(
        sample in prop::sample::select(samples()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        len in any::<prop::sample::Index>(),
        original_len in any::<u32>(),
    ) {
        let mut frame = sample.frame;
        for (at, byte) in damage {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        frame.truncate(len.index(frame.len() + 1));
        if let Ok(segment) = decode(&Packet { original_len, ..packet(&frame) }) {
            prop_assert!(segment.payload.len() <= usize::try_from(segment.payload_len).unwrap());
        }
    }
}
