//! Headers of tunnels and of what else may stand in front of an IP header, each as its RFC draws it.

use super::{ether_type, ethernet, ipv4, ipv6, tcp};

/// What the innermost segment of every sample carries.
pub(crate) const PAYLOAD: &[u8] = b"hello from inside";

/// A packet with something around its innermost IP header.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) frame: Vec<u8>,
    /// Headers that the capture may end in, in order: where each begins, and what the packet is skipped as.
    pub(crate) headers: Vec<(usize, &'static str)>,
}

/// Puts an Ethernet frame together, noting where each header begins.
struct Stack {
    name: &'static str,
    /// From the innermost outwards.
    pieces: Vec<(&'static str, Vec<u8>)>,
}

impl Stack {
    fn tcp(name: &'static str) -> Self {
        let tcp = tcp::Builder::default().payload(PAYLOAD).build();
        Self {
            name,
            pieces: vec![("cut inside the TCP header", tcp)],
        }
    }

    fn len(&self) -> usize {
        self.pieces.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// A header, and what a packet is skipped as whose capture ends in it.
    fn header(mut self, skipped: &'static str, bytes: &[u8]) -> Self {
        self.pieces.push((skipped, bytes.to_vec()));
        self
    }

    fn ipv4(self, protocol: u8) -> Self {
        let whole = ipv4::Builder::new(protocol, vec![0; self.len()]).build();
        self.header("cut inside the IPv4 header", &whole[..20])
    }

    fn ipv6(self, protocol: u8) -> Self {
        let whole = ipv6::build(&[], protocol, &vec![0; self.len()]);
        self.header("cut inside the IPv6 header", &whole[..40])
    }

    /// A UDP header (RFC 768); a datagram whose header was not captured is UDP, and nothing more is known of it.
    fn udp(self, port: u16) -> Self {
        let length = u16::try_from(self.len() + 8).unwrap();
        let header = [0xc000, port, length, 0].map(u16::to_be_bytes).concat();
        self.header("UDP", &header)
    }

    fn ethernet(self, number: u16) -> Self {
        let header = ethernet::frame(&[], number, &[]);
        self.header("cut inside the Ethernet header", &header)
    }

    fn build(self) -> Sample {
        let mut frame = Vec::new();
        let mut headers = Vec::new();
        for (skipped, bytes) in self.pieces.into_iter().rev() {
            headers.push((frame.len(), skipped));
            frame.extend(bytes);
        }
        Sample {
            name: self.name,
            frame,
            headers,
        }
    }
}

/// One sample of everything that can stand between Ethernet and the innermost IP header.
#[rustfmt::skip]
pub(crate) fn samples() -> Vec<Sample> {
    let gre = "cut inside the GRE header";
    let mpls = "cut inside the MPLS header";
    let pppoe = "cut inside the PPPoE header";
    let erspan = "cut inside the ERSPAN header";
    let vxlan = "cut inside the VXLAN header";
    let geneve = "cut inside the Geneve header";
    let gtp = "cut inside the GTP-U header";
    let (v4, v6) = (ether_type::IPV4, ether_type::IPV6);
    let inner_v4 = |name| Stack::tcp(name).ipv4(6);
    let inner_v6 = |name| Stack::tcp(name).ipv6(6);
    [
        // RFC 3032 2.1: label (20), class (3), bottom of stack (1), time to live (8).
        inner_v4("MPLS, one label").header(mpls, &[0x00, 0x01, 0x01, 0x40]).ethernet(0x8847),
        inner_v6("MPLS, three labels").header(mpls, &[
            0x00, 0x01, 0x00, 0x40,  0x00, 0x02, 0x00, 0x40,  0x00, 0x03, 0x01, 0x40,
        ]).ethernet(0x8847),
        // RFC 4448 4.6: four zero bits, reserved, sequence number.
        inner_v4("pseudowire").ethernet(v4)
            .header(mpls, &[0x00, 0x01, 0x01, 0x40,  0x00, 0x00, 0x00, 0x07]).ethernet(0x8847),
        inner_v4("pseudowire without control word").ethernet(v4)
            .header(mpls, &[0x00, 0x01, 0x01, 0x40]).ethernet(0x8847),
        // IEEE 802.1AE 9.3: TCI and AN, SL, packet number; with SC the channel identifier. 9.9: neither E nor C set.
        inner_v4("MACsec").header("cut inside the MACsec header", &[
            0x00, 0x00, 0, 0, 0, 1,  0x08, 0x00,
        ]).ethernet(0x88e5),
        inner_v6("MACsec with channel identifier").header("cut inside the MACsec header", &[
            0x20, 0x00, 0, 0, 0, 1,  2, 2, 2, 2, 2, 2, 0, 1,  0x86, 0xdd,
        ]).ethernet(0x88e5),
        // RFC 2516 4: version and type 1, code, session, length; then RFC 1661 2: protocol.
        inner_v4("PPPoE").header("cut inside the PPP header", &[0x00, 0x21])
            .header(pppoe, &[0x11, 0x00, 0x00, 0x01, 0x00, 0x3b]).ethernet(0x8864),
        inner_v6("PPPoE with compressed protocol").header("cut inside the PPP header", &[0x57])
            .header(pppoe, &[0x11, 0x00, 0x00, 0x01, 0x00, 0x4e]).ethernet(0x8864),
        // RFC 2003, RFC 4213 3, RFC 2473.
        inner_v4("IPv4 in IPv4").ipv4(4).ethernet(v4),
        inner_v6("IPv6 in IPv4").ipv4(41).ethernet(v4),
        inner_v4("IPv4 in IPv6").ipv6(4).ethernet(v6),
        inner_v6("IPv6 in IPv6").ipv6(41).ethernet(v6),
        // RFC 4023 3.
        inner_v4("MPLS in IPv4").header(mpls, &[0x00, 0x01, 0x01, 0x40]).ipv4(137).ethernet(v4),
        // RFC 2784 2: C, reserved, version, protocol type.
        inner_v4("GRE").header(gre, &[0x00, 0x00, 0x08, 0x00]).ipv4(47).ethernet(v4),
        // RFC 2890 2: C, K and S with checksum, reserved, key, sequence number.
        inner_v6("GRE with all fields").header(gre, &[
            0xb0, 0x00, 0x86, 0xdd,  0x12, 0x34, 0, 0,  0, 0, 0, 9,  0, 0, 0, 1,
        ]).ipv6(47).ethernet(v6),
        inner_v4("GRE with key").header(gre, &[0x20, 0x00, 0x08, 0x00, 0, 0, 0, 9]).ipv4(47).ethernet(v4),
        // RFC 7637 3.2: transparent Ethernet bridging.
        inner_v4("GRE with frame").ethernet(v4)
            .header(gre, &[0x20, 0x00, 0x65, 0x58, 0, 0, 7, 0]).ipv4(47).ethernet(v4),
        // RFC 2637 calls 0x880b PPP.
        inner_v4("GRE with PPP").header("cut inside the PPP header", &[0xff, 0x03, 0x00, 0x21])
            .header(gre, &[0x00, 0x00, 0x88, 0x0b]).ipv4(47).ethernet(v4),
        // draft-foschiano-erspan 4.1 to 4.3.
        inner_v4("ERSPAN I").ethernet(v4).header(gre, &[0x00, 0x00, 0x88, 0xbe]).ipv4(47).ethernet(v4),
        inner_v4("ERSPAN II").ethernet(v4)
            .header(erspan, &[0x10, 0x01, 0x18, 0x05, 0, 0, 0, 3])
            .header(gre, &[0x10, 0x00, 0x88, 0xbe, 0, 0, 0, 1]).ipv4(47).ethernet(v4),
        inner_v6("ERSPAN III").ethernet(v6)
            .header(erspan, &[0x20, 0x01, 0x18, 0x05,  0, 0, 0, 3,  0, 0, 0x80, 0x00])
            .header(gre, &[0x10, 0x00, 0x22, 0xeb, 0, 0, 0, 1]).ipv4(47).ethernet(v4),
        inner_v4("ERSPAN III with platform header").ethernet(v4)
            .header(erspan, &[
                0x20, 0x01, 0x18, 0x05,  0, 0, 0, 3,  0, 0, 0x80, 0x01,  0x0c, 0, 0, 0, 0, 0, 0, 1,
            ])
            .header(gre, &[0x10, 0x00, 0x22, 0xeb, 0, 0, 0, 1]).ipv4(47).ethernet(v4),
        inner_v4("ERSPAN III with an IP packet")
            .header(erspan, &[0x20, 0x01, 0x18, 0x05,  0, 0, 0, 3,  0, 0, 0x08, 0x00])
            .header(gre, &[0x10, 0x00, 0x22, 0xeb, 0, 0, 0, 1]).ipv4(47).ethernet(v4),
        // RFC 7348 5: R R R R I R R R, reserved, network identifier, reserved.
        inner_v4("VXLAN").ethernet(v4)
            .header(vxlan, &[0x08, 0, 0, 0, 0, 0, 7, 0]).udp(4789).ipv4(17).ethernet(v4),
        inner_v6("VXLAN over IPv6, as Linux had it").ethernet(v6)
            .header(vxlan, &[0x08, 0, 0, 0, 0, 0, 7, 0]).udp(8472).ipv6(17).ethernet(v6),
        inner_v4("VXLAN with group policy").ethernet(v4)
            .header(vxlan, &[0x88, 0, 0x12, 0x34, 0, 0, 7, 0]).udp(4789).ipv4(17).ethernet(v4),
        // RFC 8926 3.4: version, options length, O, C, reserved, protocol type, network identifier, reserved.
        inner_v4("Geneve").ethernet(v4)
            .header(geneve, &[0x00, 0, 0x65, 0x58, 0, 0, 7, 0]).udp(6081).ipv4(17).ethernet(v4),
        inner_v6("Geneve with options").header(geneve, &[
            0x03, 0x40, 0x86, 0xdd, 0, 0, 7, 0,  0x01, 0x02, 0x80, 2,  1, 2, 3, 4, 5, 6, 7, 8,
        ]).udp(6081).ipv6(17).ethernet(v6),
        // 3GPP TS 29.281 5.1 and 5.2: version 1, PT, E, S, PN; type 255; length; endpoint identifier.
        inner_v4("GTP-U").header(gtp, &[0x30, 255, 0, 57, 0, 0, 0, 9]).udp(2152).ipv4(17).ethernet(v4),
        inner_v6("GTP-U with extension headers").header(gtp, &[
            0x34, 255, 0, 93, 0, 0, 0, 9,  0, 0, 0, 0x85,
            1, 0x10, 9, 0xc0,  2, 0, 0, 0, 0, 0, 0, 0,
        ]).udp(2152).ipv4(17).ethernet(v4),
        inner_v4("GTP-U with sequence number").header(gtp, &[
            0x32, 255, 0, 61, 0, 0, 0, 9,  0, 1, 0, 0x85,
        ]).udp(2152).ipv4(17).ethernet(v4),
        // Stacked: a mirrored packet of an overlay behind a provider's labels.
        inner_v4("ERSPAN of VXLAN in PPPoE behind labels").ethernet(v4)
            .header(vxlan, &[0x08, 0, 0, 0, 0, 0, 7, 0]).udp(4789).ipv4(17)
            .header("cut inside the PPP header", &[0x00, 0x21])
            .header(pppoe, &[0x11, 0x00, 0x00, 0x01, 0x00, 0x6d]).ethernet(0x8864)
            .header(erspan, &[0x10, 0x01, 0x18, 0x05, 0, 0, 0, 3])
            .header(gre, &[0x10, 0x00, 0x88, 0xbe, 0, 0, 0, 1]).ipv4(47)
            .header(mpls, &[0x00, 0x01, 0x01, 0x40]).ethernet(0x8847),
    ]
    .map(Stack::build)
    .to_vec()
}

/// An Ethernet frame with this many IPv4 packets around the one that carries TCP.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    let mut stack = Stack::tcp("nested").ipv4(6);
    for _ in 0..depth {
        stack = stack.ipv4(4);
    }
    stack.ethernet(ether_type::IPV4).build().frame
}

/// A UDP datagram in IPv4 and Ethernet.
pub(crate) fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap();
    let header = [0xc000, port, length, 0].map(u16::to_be_bytes).concat();
    let datagram = [&header[..], payload].concat();
    let packet = ipv4::Builder::new(17, datagram).build();
    ethernet::frame(&[], ether_type::IPV4, &packet)
}
