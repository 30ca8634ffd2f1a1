//! What pcapng files say of themselves: makers, interfaces, counters, comments, packet options, secrets; and the caps on it.

use wireseam_capture::{
    Comment, CommentOn, Counters, Interface, LeftOut, Notes, SecretsKind, Section,
};
use wireseam_wire::LinkType;

use crate::build::{
    Order::{self, Big, Little},
    pcapng, read,
};

/// Options by their code in the draft.
const COMMENT: u16 = 1;
const EPB_FLAGS: u16 = 2;
const EPB_HASH: u16 = 3;
const EPB_DROPCOUNT: u16 = 4;

fn notes(file: &[Vec<u8>]) -> Notes {
    let outcome = read(&file.concat());
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    outcome.statistics.notes
}

fn section_saying(order: Order, list: &[(u16, &[u8])]) -> Vec<u8> {
    let section = pcapng::section(order);
    let body = [&section[8..24], &pcapng::options(order, list)].concat();
    pcapng::block(order, 0x0a0d_0d0a, &body)
}

fn packet_saying(order: Order, list: &[(u16, &[u8])]) -> Vec<u8> {
    let packet = pcapng::enhanced(order, 0, 1, 3, b"abc");
    let body = [&packet[8..packet.len() - 4], &pcapng::options(order, list)].concat();
    pcapng::block(order, 6, &body)
}

fn secrets(order: Order, kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let kind = order.u32(u32::from_be_bytes(*kind));
    let len = order.u32(u32::try_from(data.len()).unwrap());
    pcapng::block(order, 10, &[&kind, &len, data].concat())
}

#[test]
fn makers_and_interfaces_are_named() {
    for order in [Little, Big] {
        let found = notes(&[
            section_saying(order, &[(2, b"Intel"), (3, b"Linux 6.1"), (4, b"dumpcap")]),
            pcapng::interface(
                order,
                113,
                96,
                &[
                    (2, b"eth0"),
                    (3, b"uplink"),
                    (11, b"\0tcp port 80"),
                    (12, b"Linux"),
                    (15, b"e1000"),
                ],
            ),
            pcapng::interface(order, 1, 0, &[(11, b"\x01\x28\0\0\0"), (2, b"\xff\xfe")]),
            pcapng::statistics(
                order,
                0,
                &[
                    (4, &order.u64(100)),
                    (5, &order.u64(1)),
                    (6, &order.u64(90)),
                    (7, &order.u64(2)),
                    (8, &order.u64(88)),
                ],
            ),
        ]);
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            found.sections,
            [Section {
                hardware: text("Intel"),
                os: text("Linux 6.1"),
                application: text("dumpcap"),
            }]
        );
        let first = Interface {
            number: 0,
            link: LinkType::from(113),
            snaplen: Some(96),
            name: text("eth0"),
            description: text("uplink"),
            filter: text("tcp port 80"),
            os: text("Linux"),
            hardware: text("e1000"),
            counters: Counters {
                received: Some(100),
                dropped_by_interface: Some(1),
                accepted: Some(90),
                dropped_by_kernel: Some(2),
                delivered: Some(88),
            },
        };
        let second = Interface {
            number: 1,
            link: LinkType::Ethernet,
            snaplen: None,
            name: text("\u{fffd}\u{fffd}"),
            description: None,
            filter: None,
            os: None,
            hardware: None,
            counters: Counters::default(),
        };
        assert_eq!(found.interfaces, [first, second]);
    }
}

#[test]
fn comments_say_what_they_are_on() {
    for order in [Little, Big] {
        let found = notes(&[
            section_saying(order, &[(COMMENT, b"one"), (COMMENT, b"two")]),
            pcapng::interface(order, 1, 0, &[(COMMENT, b"three")]),
            packet_saying(order, &[(EPB_FLAGS, &order.u32(1)), (COMMENT, b"four")]),
            packet_saying(order, &[(0, b""), (COMMENT, b"behind the end")]),
            packet_saying(order, &[(COMMENT, b"five")]),
            section_saying(order, &[(COMMENT, b"six")]),
            pcapng::interface(order, 1, 0, &[]),
            pcapng::statistics(order, 0, &[(COMMENT, b"seven")]),
        ]);
        let on = [
            (CommentOn::Section(1), "one"),
            (CommentOn::Section(1), "two"),
            (CommentOn::Interface(0), "three"),
            (CommentOn::Packet(1), "four"),
            (CommentOn::Packet(3), "five"),
            (CommentOn::Section(2), "six"),
            (CommentOn::Interface(1), "seven"),
        ];
        let expected = on.map(|(on, text)| Comment {
            on,
            text: text.to_owned(),
        });
        assert_eq!(found.comments, expected);
    }
}

#[test]
fn flags_and_drop_counts_of_packets_are_summed() {
    for order in [Little, Big] {
        let flags = |flags: u32| order.u32(flags);
        let file = [
            pcapng::section(order),
            pcapng::interface(order, 1, 0, &[]),
            packet_saying(order, &[(EPB_FLAGS, &flags(0b01 | 1 << 24 | 1 << 31))]),
            packet_saying(order, &[(EPB_FLAGS, &flags(0b10 | 1 << 24))]),
            packet_saying(order, &[(EPB_HASH, &[2, 1, 2, 3, 4])]),
            packet_saying(order, &[(EPB_DROPCOUNT, &order.u64(5))]),
            packet_saying(
                order,
                &[(EPB_DROPCOUNT, &order.u64(2)), (EPB_FLAGS, &flags(2))],
            ),
            packet_saying(order, &[(EPB_DROPCOUNT, b"odd"), (EPB_FLAGS, b"")]),
        ];
        let statistics = read(&file.concat()).statistics;
        assert_eq!(statistics.packets, 6);
        assert_eq!(statistics.dropped.between, Some(7));
        let flags = statistics.notes.flags;
        assert_eq!((flags.inbound, flags.outbound), (1, 2));
        assert!(flags.errors().eq([("CRC", 2), ("symbol", 1)]));
    }
}

#[test]
fn secrets_are_kept_by_kind_and_not_shown() {
    let found = notes(&[
        pcapng::section(Little),
        secrets(Little, b"TLSK", b"CLIENT_RANDOM a b\nCLIENT_RANDOM c d\n"),
        pcapng::section(Big),
        secrets(Big, b"TLSK", b"CLIENT_RANDOM e f"),
        secrets(Big, b"WGKL", b"k\n"),
        secrets(Big, b"????", &[0; 4]),
    ]);
    let kinds: Vec<_> = found
        .secrets
        .iter()
        .map(|secrets| (secrets.kind, secrets.blocks, secrets.lines()))
        .collect();
    let other = SecretsKind::Other(u32::from_be_bytes(*b"????"));
    let expected = [
        (SecretsKind::TlsKeyLog, 2, 3),
        (SecretsKind::WireGuardKeyLog, 1, 1),
        (other, 1, 1),
    ];
    assert_eq!(kinds, expected);
    let data = b"CLIENT_RANDOM a b\nCLIENT_RANDOM c d\nCLIENT_RANDOM e f\n";
    assert_eq!(found.secrets[0].data, data);
    assert!(!format!("{found:?}").contains("CLIENT_RANDOM"));
}

#[test]
fn what_is_kept_is_capped_and_the_rest_counted() {
    let comment = packet_saying(Little, &[(COMMENT, b"again")]);
    let section = pcapng::section(Little);
    let interface = pcapng::interface(Little, 1, 0, &[]);
    let found = notes(&[
        section.repeat(1_003),
        interface.repeat(1_004),
        comment.repeat(1_005),
    ]);
    let listed = [
        found.sections.len(),
        found.interfaces.len(),
        found.comments.len(),
    ];
    assert_eq!(listed, [1_000; 3]);
    let expected = LeftOut {
        sections: 3,
        interfaces: 4,
        comments: 5,
        secret_bytes: 0,
    };
    assert_eq!(found.left_out, expected);
}

#[test]
fn texts_and_secrets_are_capped_by_their_bytes() {
    let long = vec![b'x'; 60_000];
    let comment = packet_saying(Little, &[(COMMENT, &long)]);
    let log = vec![b'\n'; 6 << 20];
    let found = notes(&[
        pcapng::section(Little),
        pcapng::interface(Little, 1, 0, &[]),
        comment.repeat(20),
        secrets(Little, b"TLSK", &log).repeat(2),
        secrets(Little, b"SSHK", &log),
    ]);
    let text: usize = found
        .comments
        .iter()
        .map(|comment| comment.text.len())
        .sum();
    assert_eq!(text, (1 << 20) / 60_000 * 60_000);
    assert_eq!(found.left_out.comments, 3);
    let kept: Vec<_> = found
        .secrets
        .iter()
        .map(|secrets| secrets.data.len())
        .collect();
    assert_eq!(kept, [12 << 20, 0]);
    assert_eq!(found.left_out.secret_bytes, 6 << 20);
}
