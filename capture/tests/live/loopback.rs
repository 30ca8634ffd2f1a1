//! Loopback, where the kernel shows every packet twice, and `any`.

use std::net::UdpSocket;

use wireseam_capture::{Backend, LiveSource};
use wireseam_wire::LinkType;

use crate::bench::{backends, in_namespace, options, run, skip, stop};

/// Sends numbered datagrams to a socket on this machine, which receives all.
fn send(count: u8) {
    let (from, to) = (
        UdpSocket::bind("127.0.0.1:0").unwrap(),
        UdpSocket::bind("127.0.0.1:0").unwrap(),
    );
    for number in 0..count {
        from.send_to(&[number; 32], to.local_addr().unwrap())
            .unwrap();
        assert_eq!(to.recv(&mut [0; 64]).unwrap(), 32);
    }
}

#[test]
fn each_packet_on_loopback_comes_once() {
    let test = "loopback::each_packet_on_loopback_comes_once";
    in_namespace(test, || {
        run("ip link set dev lo up");
        for backend in backends(test) {
            for filter in [None, Some("udp"), Some("tcp or udp and net 127.0.0.0/8")] {
                let mut asked = options("lo", backend);
                asked.filter = filter.map(str::to_owned);
                let mut source = LiveSource::open(&asked).unwrap();
                send(50);
                let received = stop(&mut source, &asked);
                let numbers: Vec<_> = received.iter().map(|packet| packet.data[42]).collect();
                assert_eq!(numbers, (0..50).collect::<Vec<_>>(), "{backend} {filter:?}");
                assert_eq!(received[0].link, LinkType::Ethernet);
            }
        }
    });
}

#[test]
fn each_packet_on_loopback_comes_once_on_any() {
    let test = "loopback::each_packet_on_loopback_comes_once_on_any";
    in_namespace(test, || {
        if !wireseam_libpcap::available() {
            return skip(test, "libpcap is not installed");
        }
        run("ip link set dev lo up");
        let asked = options("any", Backend::Libpcap);
        let mut source = LiveSource::open(&asked).unwrap();
        send(50);
        let received = stop(&mut source, &asked);
        assert_eq!(received.len(), 50);
        assert_eq!(received[0].link, LinkType::LinuxSll2);
        assert_eq!(received[49].data[20 + 28], 49);
    });
}
