//! Whether the peer has taken everything that was sent to it, so that the next bytes come to it with another recv().
//!
//! Linux tells the lengths of both queues where the peer is on the same machine and in the same network namespace: of one
//! connection if it is [asked](super::diag), or of all in `/proc/net/tcp` and `tcp6`, which takes it a thousand times as long.
//! Elsewhere it cannot be known.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
};

/// What is known of the bytes on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// The peer has taken all of them.
    Empty,
    /// None waits for the peer to take it, and not all are acknowledged: on their way, or taken and not acknowledged yet.
    Unacknowledged,
    /// Some are in a queue.
    Waiting,
    /// The peer's queue cannot be seen.
    Unknown,
}

/// The queues between this end and the peer.
pub(super) fn queue(own: SocketAddr, peer: SocketAddr) -> Queue {
    #[cfg(target_os = "linux")]
    if let Some(sent) = super::diag::queues(own, peer) {
        return judge(Some(sent), super::diag::queues(peer, own));
    }
    let (sent, received) = in_tables(own, peer);
    judge(sent, received)
}

/// The lengths of a socket's send and receive queues.
pub(super) type Lengths = (u64, u64);

fn judge(sent: Option<Lengths>, received: Option<Lengths>) -> Queue {
    match (sent, received) {
        (_, None) => Queue::Unknown,
        (Some((0, _)) | None, Some((_, 0))) => Queue::Empty,
        (Some(_), Some((_, 0))) => Queue::Unacknowledged,
        _ => Queue::Waiting,
    }
}

/// What the tables of all connections say of the socket of this end, and of that of the peer.
fn in_tables(own: SocketAddr, peer: SocketAddr) -> (Option<Lengths>, Option<Lengths>) {
    let (mut sent, mut received) = (None, None);
    for path in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let table = fs::read_to_string(path).unwrap_or_default();
        let find = |local, remote| table.lines().find_map(|line| queues(line, local, remote));
        sent = sent.or_else(|| find(own, peer));
        received = received.or_else(|| find(peer, own));
        if received.is_some() {
            break;
        }
    }
    (sent, received)
}

/// The send and the receive queue of the socket between these two, where the line is its.
fn queues(line: &str, local: SocketAddr, remote: SocketAddr) -> Option<Lengths> {
    let mut words = line.split_whitespace().skip(1);
    let (ours, theirs, _, queues) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if !is(ours, local) || !is(theirs, remote) {
        return None;
    }
    let (sent, received) = queues.split_once(':')?;
    let number = |hex| u64::from_str_radix(hex, 16).ok();
    Some((number(sent)?, number(received)?))
}

/// Whether this is how the kernel writes an address: words of 32 bits in the machine's order, `0100007F:1F90`.
fn is(word: &str, address: SocketAddr) -> bool {
    let written = |bytes: &[u8]| -> String {
        let words = bytes
            .chunks_exact(4)
            .filter_map(|word| word.try_into().ok());
        words
            .map(|word| format!("{:08X}", u32::from_ne_bytes(word)))
            .collect()
    };
    let Some((ip, port)) = word.split_once(':') else {
        return false;
    };
    if u16::from_str_radix(port, 16) != Ok(address.port()) {
        return false;
    }
    match address.ip() {
        // a socket of IPv6 has it in another form
        IpAddr::V4(v4) => {
            ip == written(&v4.octets()) || ip == written(&v4.to_ipv6_mapped().octets())
        }
        IpAddr::V6(v6) => {
            let short = v6
                .to_ipv4_mapped()
                .is_some_and(|v4| ip == written(&v4.octets()));
            short || ip == written(&v6.octets())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(
        target_endian = "big",
        ignore = "the line is from a machine with the other order"
    )]
    fn a_line_of_the_kernels_table_is_read() {
        let line = "   1: 0100007F:1F90 0100007F:B3A4 01 00000000:0000002A 00:00000000 00000000     0        0 4711 1";
        let [local, remote] =
            ["127.0.0.1:8080", "127.0.0.1:45988"].map(|address| address.parse().unwrap());
        assert_eq!(queues(line, local, remote), Some((0, 42)));
        assert_eq!(queues(line, remote, local), None);
        let mapped = "   1: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:B3A4 01 00000003:00000000 00:0 0";
        assert_eq!(queues(mapped, local, remote), Some((3, 0)));
    }
}
