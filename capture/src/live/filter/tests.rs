//! Our programs against libpcap's own for the same words, over packets of every kind.

use std::io::Write as _;

use pcap::{Capture, Linktype};
use proptest::prelude::*;
use wireseam_wire::LinkType;

use super::{Instruction, program};
use crate::live::LiveOptions;

/// Filters that are understood without libpcap.
const UNDERSTOOD: [&str; 40] = [
    "tcp",
    "udp",
    "icmp",
    "ip",
    "ip6",
    "arp",
    "host 10.0.0.1",
    "src host 10.0.0.1",
    "dst host 10.0.0.1",
    "src 10.0.0.1",
    "dst 10.0.0.2",
    "ip host 10.0.0.1",
    "arp host 10.0.0.1",
    "ip src host 10.0.0.1",
    "host fd00::1",
    "ip6 host fd00::2",
    "src host fd00::1",
    "net 10.0.0.0/8",
    "net 10.0.0.0/31",
    "src net 10.0.0.0/8",
    "net 0.0.0.0/0",
    "net fd00::/8",
    "net fd00::/127",
    "dst net fd00::/33",
    "port 80",
    "tcp port 80",
    "udp port 80",
    "src port 80",
    "tcp dst port 443",
    "portrange 80-443",
    "tcp src portrange 443-80",
    "tcp port 80 and host 10.0.0.1",
    "tcp and (port 80 or port 443)",
    "tcp port 80 or udp port 53 and host 10.0.0.2",
    "not tcp",
    "not port 80 and not arp",
    "! (tcp or udp)",
    "tcp && !port 443 || icmp",
    "not not tcp",
    "host 10.0.0.1 and not (tcp port 80 or tcp port 443)",
];

#[test]
fn every_form_means_what_it_means_to_libpcap() {
    if !wireseam_libpcap::available() {
        skip("every_form_means_what_it_means_to_libpcap");
        return;
    }
    for link in [LinkType::Ethernet, LinkType::RawIp] {
        for text in UNDERSTOOD {
            let (ours, theirs) = (ours(text, link).unwrap(), theirs(text, link));
            let mut taken = 0;
            let packets = packets(link);
            for packet in &packets {
                let by_us = run(&ours, packet) > 0;
                assert_eq!(by_us, theirs.filter(packet), "{text} {link} {packet:02x?}");
                taken += usize::from(by_us);
            }
            // what no packet or every packet fulfils would show nothing
            let says_nothing = taken == 0 || taken == packets.len();
            assert!(
                !says_nothing || (link == LinkType::RawIp && text.contains("arp")),
                "{text} {link}: {taken}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_combination_means_what_it_means_to_libpcap(text in expression()) {
        prop_assume!(wireseam_libpcap::available());
        let link = LinkType::Ethernet;
        let (ours, theirs) = (ours(&text, link).unwrap(), theirs(&text, link));
        for packet in packets(link) {
            prop_assert_eq!(run(&ours, &packet) > 0, theirs.filter(&packet), "{}", text);
        }
    }

    #[test]
    fn no_text_is_too_odd(text in "[a-z0-9 ./:()!&|-]{0,60}") {
        let mut asked = LiveOptions::new("test");
        asked.filter = Some(text);
        let _either = program(&asked, LinkType::Ethernet, false);
    }
}

#[test]
fn a_program_with_far_jumps_means_the_same() {
    let long = ["tcp port 80"; 60].join(" or ");
    let (long, short) = (
        ours(&long, LinkType::Ethernet).unwrap(),
        ours("tcp port 80", LinkType::Ethernet).unwrap(),
    );
    assert!(long.len() > 500);
    for packet in packets(LinkType::Ethernet) {
        assert_eq!(run(&long, &packet), run(&short, &packet));
    }
}

#[test]
fn what_is_taken_is_cut_to_the_snapshot_length() {
    let mut asked = LiveOptions::new("test");
    asked.snaplen = 96;
    let all = program(&asked, LinkType::Ethernet, false).unwrap();
    assert_eq!(run(&all, &[0; 60]), 96);
    asked.filter = Some("ether proto 0x0800".to_owned());
    if wireseam_libpcap::available() {
        let by_libpcap = program(&asked, LinkType::Ethernet, false).unwrap();
        let packet = packets(LinkType::Ethernet).remove(0);
        assert_eq!(run(&by_libpcap, &packet), 96);
    }
}

#[test]
fn what_is_not_understood_is_said() {
    for (text, says) in [
        ("host example.org", "'example.org' is no IP address"),
        ("port http", "'http' is no port number"),
        ("port 65536", "'65536' is no port number"),
        ("tcp port 80 or 81", "'81' is beyond it"),
        ("net 10.0.0.1/8", "bits set beyond its first 8"),
        ("net 10.0.0.0", "no network such as 10.0.0.0/8"),
        ("tcp and", "something is missing at its end"),
        ("(tcp", "a closing parenthesis is missing"),
        ("tcp udp", "'udp' is not expected there"),
        ("tcp host 10.0.0.1", "no address of the protocol"),
        ("tcp[13] & 2 != 0", "'tcp[13]' is beyond it"),
        ("", "something is missing at its end"),
    ] {
        let refused = super::parse::parse(text).unwrap_err();
        assert!(refused.contains(says), "{text}: {refused}");
    }
    let deep = format!("{}tcp{}", "(".repeat(65), ")".repeat(65));
    assert!(super::parse::parse(&deep).unwrap_err().contains("deep"));
    assert!(super::parse::parse(&" ".repeat(5000)).is_err());
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(UNDERSTOOD.to_vec()).prop_map(|text| format!("({text})"));
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} or {b}")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.prop_map(|a| format!("({a})")),
        ]
    })
}

fn ours(text: &str, link: LinkType) -> Result<Vec<Instruction>, String> {
    let typed = super::parse::parse(text)?;
    let checks = typed.map(&|primitive| super::lower::lower(primitive, link));
    super::assemble::assemble(Some(&checks), false, 65_535)
}

fn theirs(text: &str, link: LinkType) -> pcap::BpfProgram {
    // DLT_RAW is not LINKTYPE_RAW
    let number = if link == LinkType::RawIp { 12 } else { 1 };
    let dead = Capture::dead(Linktype(number)).unwrap();
    dead.compile(text, false).unwrap()
}

/// The filter machine, as far as our programs and libpcap's for these filters use it; 0 also where a load goes beyond.
fn run(program: &[Instruction], packet: &[u8]) -> u32 {
    let (mut at, mut a, mut x) = (0, 0u32, 0u32);
    let load = |at: u32, len: usize| -> Option<u32> {
        let at = usize::try_from(at).unwrap();
        let bytes = packet.get(at..at + len)?;
        Some(
            bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
        )
    };
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let mut jump = |holds: bool| at += usize::from(if holds { jt } else { jf });
        let loaded = match code {
            0x20 => load(k, 4),
            0x28 => load(k, 2),
            0x30 => load(k, 1),
            0x48 => load(x + k, 2),
            0xb1 => load(k, 1).map(|byte| 4 * (byte & 0xf)),
            0x54 => Some(a & k),
            _ => None,
        };
        match (code, loaded) {
            (0xb1, Some(loaded)) => x = loaded,
            (_, Some(loaded)) => a = loaded,
            (0x05, _) => at += usize::try_from(k).unwrap(),
            (0x15, _) => jump(a == k),
            (0x25, _) => jump(a > k),
            (0x35, _) => jump(a >= k),
            (0x45, _) => jump(a & k != 0),
            (0x06, _) => return k,
            (0x20 | 0x28 | 0x30 | 0x48 | 0xb1, None) => return 0,
            _ => panic!("no instruction of ours: {code:#x}"),
        }
    }
}

/// Every protocol over both IPs with addresses and ports that the filters name, and ARP.
fn packets(link: LinkType) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for protocol in [6u8, 17, 1, 132, 58] {
        for (source, destination) in [(80u16, 40_000u16), (40_000, 80), (443, 53), (200, 443)] {
            let ports = [source.to_be_bytes(), destination.to_be_bytes()].concat();
            for (from, to) in [(1u8, 2u8), (2, 1), (3, 4)] {
                for (options, fragment) in [(0, 0u16), (8, 0), (0, 0x2000), (0, 100)] {
                    let mut ip = vec![0x45 + options / 4, 0, 0, 60, 0, 1];
                    ip.extend(fragment.to_be_bytes());
                    ip.extend([64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
                    ip.extend(vec![1; usize::from(options)]);
                    packets.push((0x0800u16, [ip, ports.clone(), vec![0; 32]].concat()));
                }
                for next in [vec![protocol], vec![44, protocol]] {
                    let mut ip = vec![0x60, 0, 0, 0, 0, 40, next[0], 64];
                    for host in [from, to] {
                        ip.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host]);
                    }
                    if let Some(behind) = next.get(1) {
                        ip.extend([*behind, 0, 0, 0, 0, 0, 0, 1]);
                    }
                    packets.push((0x86dd, [ip, ports.clone(), vec![0; 32]].concat()));
                }
            }
        }
    }
    for ether_type in [0x0806, 0x8035, 0x88cc] {
        for (from, to) in [(1, 2), (2, 1), (3, 3)] {
            let mut arp = vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 2, 2, 2, 2, 2, 10, 0, 0, from];
            arp.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, to]);
            arp.extend([0; 40]);
            packets.push((ether_type, arp));
        }
    }
    // other addresses, so that a network of all is not all
    packets.push((0x0800, {
        let mut ip = vec![
            0x45, 0, 0, 60, 0, 1, 0, 0, 64, 6, 0, 0, 192, 168, 0, 1, 11, 0, 0, 2,
        ];
        ip.extend([0; 40]);
        ip
    }));
    let ip_only = |(kind, _): &(u16, Vec<u8>)| matches!(kind, 0x0800 | 0x86dd);
    packets.retain(|packet| link == LinkType::Ethernet || ip_only(packet));
    packets
        .into_iter()
        .map(|(kind, payload)| match link {
            LinkType::Ethernet => [&[2; 12], &kind.to_be_bytes()[..], &payload].concat(),
            _ => payload,
        })
        .collect()
}

/// Says past the test harness, which keeps what is printed, that a test was not run.
fn skip(test: &str) {
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED {test}: libpcap is not installed"
    );
}
