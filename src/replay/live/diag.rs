//! The queues of one socket, asked of Linux (sock_diag(7)).

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink,
    netlink::SocketAddrNetlink, recv, sendto, socket_with,
};

use super::pace::Lengths;

/// The lengths of the send and the receive queue of the socket between these two; `None` where there is none on this machine, or
/// the kernel does not tell.
pub(super) fn queues(local: SocketAddr, remote: SocketAddr) -> Option<Lengths> {
    lengths(&ask(&request(local, remote)).ok()?)
}

fn ask(request: &[u8]) -> io::Result<Vec<u8>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    let kernel = SocketAddrNetlink::new(0, 0);
    sendto(&socket, request, SendFlags::empty(), &kernel)?;
    let mut answer = vec![0; 1024];
    let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    answer.truncate(length);
    Ok(answer)
}

/// A header and an `inet_diag_req_v2`.
fn request(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let is_v4 = local.is_ipv4();
    let mut bytes = Vec::with_capacity(REQUEST);
    bytes.extend(u32::try_from(REQUEST).unwrap_or(0).to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(NLM_F_REQUEST.to_ne_bytes());
    // number and sender: there is one request, and the kernel knows its sender
    bytes.extend([0; 8]);
    bytes.extend([if is_v4 { AF_INET } else { AF_INET6 }, IPPROTO_TCP, 0, 0]);
    // in any state
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(local.port().to_be_bytes());
    bytes.extend(remote.port().to_be_bytes());
    for end in [local, remote] {
        match end.ip() {
            IpAddr::V4(address) => {
                bytes.extend(address.octets());
                bytes.extend([0; 12]);
            }
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    // on any interface, whatever its cookie
    bytes.extend([0; 4]);
    bytes.extend([0xff; 8]);
    bytes
}

/// What an `inet_diag_msg` says of the queues.
fn lengths(answer: &[u8]) -> Option<Lengths> {
    let kind = answer.get(4..6)?.try_into().map(u16::from_ne_bytes).ok()?;
    let number = |at: usize| {
        let bytes = answer.get(at..at + 4)?.try_into().ok()?;
        Some(u64::from(u32::from_ne_bytes(bytes)))
    };
    let (received, sent) = (number(72)?, number(76)?);
    (kind == SOCK_DIAG_BY_FAMILY).then_some((sent, received))
}

const REQUEST: usize = 16 + 56;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLM_F_REQUEST: u16 = 1;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// The kernel says what was sent and not received yet, also where a socket of IPv6 serves IPv4.
    #[test]
    #[expect(clippy::print_stderr, reason = "what is skipped is said")]
    fn bytes_that_the_peer_has_not_taken_are_in_its_queue() {
        for (listens_at, host) in [
            ("127.0.0.1:0", "127.0.0.1"),
            ("[::1]:0", "::1"),
            ("[::]:0", "127.0.0.1"),
        ] {
            let Ok(listener) = TcpListener::bind(listens_at) else {
                eprintln!("skipped: there is no {listens_at}");
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let mut client = TcpStream::connect((host, port)).unwrap();
            let (mut server, _) = listener.accept().unwrap();
            let (own, peer) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
            let Some(before) = queues(own, peer) else {
                eprintln!("skipped: this kernel does not answer sock_diag");
                return;
            };
            assert_eq!(before, (0, 0));
            let received = || queues(peer, own).map(|(_, received)| received);
            client.write_all(b"twelve bytes").unwrap();
            assert_eq!(received(), Some(12), "{listens_at}");
            server.read_exact(&mut [0; 7]).unwrap();
            assert_eq!(received(), Some(5), "{listens_at}");
            assert_eq!(queues(own, "192.0.2.1:9".parse().unwrap()), None);
        }
    }
}
