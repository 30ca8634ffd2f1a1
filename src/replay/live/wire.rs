//! The segments that carry a replay to a live peer, captured on the way: at which cuts one really ended.
//!
//! ```text
//!   Link --bytes--> kernel --segments--> interface --> peer
//!     |                                     | capture, for the whole run
//!     +--cuts asked for, bytes sent--> Wire <-- look, between chunks
//!                                       +--settle, once for each stream--> OnWire
//! ```
//!
//! All of a connection was seen when a reset was, with which the harness ends each of them, or the FIN and all bytes before it.
//! What has not come [so long](PATIENCE) after the last replay of a stream counts as not captured.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    net::SocketAddr,
    time::{Duration, Instant},
};

use wireseam_capture::Source;
use wireseam_wire::{Endpoint, Flags, Packet, Segment, Seq};

use super::edges::{Edges, Seen};

/// How long the capture is waited for when a stream has been replayed. The kernel hands packets over within a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many connections may be waited for; before there are more, the capture has to catch up.
const MOST_FLOWS: usize = 1024;

/// So many SYNs are kept of connections that are not begun here: those that wait to be accepted are fewer.
const MOST_STRANGERS: usize = 1024;

/// What a capture says of the cuts of a stream, all of its segmentations together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnWire {
    /// The interface that was captured on.
    pub interface: String,
    /// How many cuts were asked for.
    pub asked: usize,
    /// At how many one segment ended and another began.
    pub apart: usize,
    /// How many lay inside a segment.
    pub coalesced: usize,
    /// How many of those apart were joined again by a retransmission.
    pub rejoined: usize,
    /// How many packets the capture has lost so far, as far as the kernel has counted them.
    pub dropped: u64,
    /// Why nothing is captured any more.
    pub ended: Option<String>,
}

impl OnWire {
    /// Of how many cuts the capture does not have the bytes.
    #[must_use]
    pub fn not_captured(&self) -> usize {
        self.asked.saturating_sub(self.apart + self.coalesced)
    }

    /// Adds what is known of another stream.
    pub fn add(&mut self, other: &Self) {
        self.interface.clone_from(&other.interface);
        self.asked += other.asked;
        self.apart += other.apart;
        self.coalesced += other.coalesced;
        self.rejoined += other.rejoined;
        self.dropped = self.dropped.max(other.dropped);
        self.ended = self.ended.take().or_else(|| other.ended.clone());
    }
}

/// A capture of the connections with a live peer.
pub struct Wire {
    source: Box<dyn Source>,
    flows: BTreeMap<Ends, Flow>,
    /// SYNs of connections that have not been begun here: a client's is there before it is accepted.
    strangers: VecDeque<(Ends, Seq)>,
    seen: OnWire,
    /// Whether a packet of any of these connections has come yet.
    is_seeing: bool,
}

/// Both ends of a connection, this one first.
type Ends = (SocketAddr, SocketAddr);

/// What is known of a connection.
#[derive(Debug, Default)]
struct Flow {
    edges: Option<Edges>,
    is_reset: bool,
    has_fin: bool,
    /// The cuts that were asked for and the number of bytes that were sent, once it is over.
    asked: Option<(Vec<u32>, u32)>,
}

impl Wire {
    /// Captures on the interface over which this end reaches that peer: where both are on this machine, on its loopback. A
    /// peer's port 0 stands for any peer; then it is the interface with the address of this end, and where that is unspecified,
    /// loopback.
    ///
    /// # Errors
    ///
    /// [`LiveError`](wireseam_capture::LiveError), where one may not capture above all.
    #[cfg(target_os = "linux")]
    pub fn open(own: SocketAddr, peer: SocketAddr) -> Result<Self, wireseam_capture::LiveError> {
        use wireseam_capture::{LiveOptions, LiveSource, Pace};

        let interface = interface(own.ip().to_canonical(), peer.ip().to_canonical());
        // of the two, the one that is the same for all connections
        let fixed = if peer.port() == 0 { own } else { peer };
        let address = fixed.ip().to_canonical();
        let host = match address.is_unspecified() {
            true => String::new(),
            false => format!(" and host {address}"),
        };
        let source = LiveSource::open(&LiveOptions {
            filter: Some(format!("tcp port {}{host}", fixed.port())),
            pace: Pace::LowLatency,
            snaplen: SNAPLEN,
            ring: RING,
            ..LiveOptions::new(interface.clone())
        })?;
        Ok(Self::new(interface, Box::new(source)))
    }

    /// Takes the packets of this source for those of the interface.
    #[must_use]
    pub fn new(interface: impl Into<String>, source: Box<dyn Source>) -> Self {
        Self {
            source,
            flows: BTreeMap::new(),
            strangers: VecDeque::new(),
            seen: OnWire {
                interface: interface.into(),
                ..OnWire::default()
            },
            is_seeing: false,
        }
    }

    /// A connection has begun.
    pub fn begin(&mut self, own: SocketAddr, peer: SocketAddr) {
        let ends = (plain(own), plain(peer));
        if self.flows.len() >= MOST_FLOWS || self.flows.contains_key(&ends) {
            self.catch_up();
        }
        let latest = self.strangers.iter().rfind(|(known, _)| *known == ends);
        let flow = Flow {
            edges: latest.map(|(_, syn)| Edges::behind(*syn)),
            ..Flow::default()
        };
        self.strangers.retain(|(known, _)| *known != ends);
        self.flows.insert(ends, flow);
    }

    /// It is over: cuts were asked for at these places behind the SYN, and so many bytes were sent.
    pub fn end(&mut self, own: SocketAddr, peer: SocketAddr, cuts: Vec<u32>, sent: u32) {
        let ends = (plain(own), plain(peer));
        if let Some(flow) = self.flows.get_mut(&ends) {
            flow.asked = Some((cuts, sent));
        }
        self.look();
        self.take_done(ends);
    }

    /// Takes what was captured, without waiting for more.
    pub fn look(&mut self) {
        self.look_for(Duration::ZERO);
    }

    /// Waits for what is still to be captured of connections that are over, and says what became of all cuts since it was asked
    /// last.
    pub fn settle(&mut self) -> OnWire {
        self.catch_up();
        let dropped = self.source.statistics().dropped;
        self.seen.dropped = dropped.kernel.unwrap_or_default();
        let empty = OnWire {
            interface: self.seen.interface.clone(),
            ended: self.seen.ended.clone(),
            ..OnWire::default()
        };
        std::mem::replace(&mut self.seen, empty)
    }

    fn catch_up(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.flows.is_empty() && self.seen.ended.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.look_for(left);
        }
        if !self.flows.is_empty() && !self.is_seeing && self.seen.ended.is_none() {
            // waited for once, and not for each stream
            let interface = &self.seen.interface;
            let nothing = format!("nothing of these connections passes on {interface}");
            self.seen.ended = Some(nothing);
        }
        for (_, flow) in std::mem::take(&mut self.flows) {
            self.count(&flow);
        }
    }

    fn look_for(&mut self, at_most: Duration) {
        let mut wait = at_most;
        while self.seen.ended.is_none() {
            let packet = match self.source.wait_for_packet(wait) {
                Ok(false) => return,
                Ok(true) => self.source.next_packet(),
                Err(cause) => Err(cause),
            };
            let ends = match packet {
                Ok(Some(packet)) => take(&mut self.flows, &mut self.strangers, &packet),
                Ok(None) => {
                    self.seen.ended = Some("the capture has ended".to_owned());
                    return;
                }
                Err(cause) => {
                    self.seen.ended = Some(cause.to_string());
                    return;
                }
            };
            if let Some(ends) = ends {
                self.is_seeing = true;
                self.take_done(ends);
            }
            wait = Duration::ZERO;
        }
    }

    /// Counts the cuts of a connection if it is over and all of it was captured.
    fn take_done(&mut self, ends: Ends) {
        if self.flows.get(&ends).is_some_and(Flow::is_done)
            && let Some(flow) = self.flows.remove(&ends)
        {
            self.count(&flow);
        }
    }

    fn count(&mut self, flow: &Flow) {
        let Some((cuts, _)) = &flow.asked else {
            return;
        };
        let seen = match &flow.edges {
            Some(edges) => edges.judge(cuts),
            None => Seen {
                asked: cuts.len(),
                ..Seen::default()
            },
        };
        self.seen.asked += seen.asked;
        self.seen.apart += seen.apart;
        self.seen.coalesced += seen.coalesced;
        self.seen.rejoined += seen.rejoined;
    }
}

impl Flow {
    fn is_done(&self) -> bool {
        let Some((_, sent)) = &self.asked else {
            return false;
        };
        let reaches = |edges: &Edges| edges.reach(*sent);
        self.is_reset || (self.has_fin && self.edges.as_ref().is_some_and(reaches))
    }

    /// Takes a segment of either end that may be a reset; before the SYN it is of an older connection with these ports.
    fn reset_by(&mut self, segment: &Segment<'_>) {
        self.is_reset |= self.edges.is_some() && segment.flags.contains(Flags::RST);
    }

    /// Takes a segment of this end.
    fn take(&mut self, segment: &Segment<'_>) {
        if segment.flags.contains(Flags::SYN) {
            let are_of_it = |edges: &Edges| edges.are_behind(segment.seq);
            if !self.edges.as_ref().is_some_and(are_of_it) {
                (self.is_reset, self.has_fin) = (false, false);
                self.edges = Some(Edges::behind(segment.seq));
            }
        } else if segment.flags.contains(Flags::RST) {
            self.reset_by(segment);
        } else if let Some(edges) = &mut self.edges {
            self.has_fin |= segment.flags.contains(Flags::FIN);
            edges.take(segment.seq, segment.payload_len);
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("flows", &self.flows)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}

/// Takes a packet to the connection that it is of, if it is one of ours: which one.
fn take(
    flows: &mut BTreeMap<Ends, Flow>,
    strangers: &mut VecDeque<(Ends, Seq)>,
    packet: &Packet<'_>,
) -> Option<Ends> {
    let segment = wireseam_wire::decode(packet).ok()?;
    let (from, to) = (address(segment.source), address(segment.destination));
    if let Some(flow) = flows.get_mut(&(from, to)) {
        flow.take(&segment);
        return Some((from, to));
    }
    if let Some(flow) = flows.get_mut(&(to, from)) {
        flow.reset_by(&segment);
        return Some((to, from));
    }
    if segment.flags.contains(Flags::SYN) {
        if strangers.len() >= MOST_STRANGERS {
            strangers.pop_front();
        }
        strangers.push_back(((from, to), segment.seq));
    }
    None
}

fn address(endpoint: Endpoint) -> SocketAddr {
    SocketAddr::new(endpoint.address, endpoint.port)
}

/// As it stands in packets, whatever kind of socket it is of.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The name of the interface between these addresses.
#[cfg(target_os = "linux")]
fn interface(own: std::net::IpAddr, peer: std::net::IpAddr) -> String {
    let all = wireseam_capture::interfaces().unwrap_or_default();
    let with = |address| all.iter().find(|one| one.addresses.contains(&address));
    let is_here = own.is_loopback() || own.is_unspecified() || peer.is_loopback();
    let loopback = || all.iter().find(|one| one.loopback);
    let found = match is_here || with(peer).is_some() {
        true => loopback(),
        false => with(own).or_else(loopback),
    };
    found.map_or_else(|| "lo".to_owned(), |one| one.name.clone())
}

/// All headers fit in it; payload is not looked at.
#[cfg(target_os = "linux")]
const SNAPLEN: u32 = 256;

/// Enough for what is sent between two looks.
#[cfg(target_os = "linux")]
const RING: u32 = 16 << 20;

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use wireseam_capture::{CaptureError, MemorySource, OwnedPacket, Statistics};
    use wireseam_wire::LinkType;

    use super::*;

    /// Packets that come as the test has them come.
    struct Interface(Rc<RefCell<VecDeque<OwnedPacket>>>, MemorySource);

    impl Source for Interface {
        fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
            self.1 = MemorySource::new(self.0.borrow_mut().pop_front());
            self.1.next_packet()
        }

        fn wait_for_packet(&mut self, _: Duration) -> Result<bool, CaptureError> {
            Ok(!self.0.borrow().is_empty())
        }

        fn statistics(&self) -> &Statistics {
            self.1.statistics()
        }
    }

    const OWN: &str = "192.0.2.1:4000";
    const PEER: &str = "192.0.2.2:80";

    /// A capture, and what it has not read yet.
    fn wire() -> (Wire, impl Fn(&str, &str, u8, u32, usize)) {
        let packets = Rc::new(RefCell::new(VecDeque::new()));
        let source = Interface(Rc::clone(&packets), MemorySource::new([]));
        let pass = move |from: &str, to: &str, flags: u8, seq: u32, length: usize| {
            packets
                .borrow_mut()
                .push_back(packet(from, to, flags, seq, length));
        };
        (Wire::new("eth0", Box::new(source)), pass)
    }

    /// IPv4 and TCP (RFC 791 3.1, RFC 9293 3.1), without checksums.
    fn packet(from: &str, to: &str, flags: u8, seq: u32, length: usize) -> OwnedPacket {
        let [from, to] = [from, to].map(|end| end.parse::<std::net::SocketAddrV4>().unwrap());
        let total = u16::try_from(40 + length).unwrap().to_be_bytes();
        let mut bytes = vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, 6, 0, 0];
        bytes.extend(from.ip().octets());
        bytes.extend(to.ip().octets());
        bytes.extend(from.port().to_be_bytes());
        bytes.extend(to.port().to_be_bytes());
        bytes.extend(seq.to_be_bytes());
        bytes.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        bytes.resize(40 + length, b'x');
        OwnedPacket::new(LinkType::RawIp, bytes)
    }

    const SYN: u8 = 0x02;
    const FIN: u8 = 0x11;
    const RST: u8 = 0x04;
    const DATA: u8 = 0x18;

    fn ends() -> (SocketAddr, SocketAddr) {
        (OWN.parse().unwrap(), PEER.parse().unwrap())
    }

    /// Asked, apart, coalesced, rejoined.
    fn counts(wire: &mut Wire) -> (usize, usize, usize, usize) {
        let seen = wire.settle();
        assert_eq!((seen.ended, seen.interface.as_str()), (None, "eth0"));
        (seen.asked, seen.apart, seen.coalesced, seen.rejoined)
    }

    #[test]
    fn a_connection_is_judged_when_its_reset_has_come() {
        let (mut wire, pass) = wire();
        let (own, peer) = ends();
        wire.begin(own, peer);
        pass(OWN, PEER, SYN, 99, 0);
        pass(PEER, OWN, SYN, 499, 0);
        pass(OWN, PEER, DATA, 100, 5);
        pass(OWN, PEER, DATA, 105, 5);
        // what the peer sends is not ours, and others' connections neither
        pass(PEER, OWN, DATA, 500, 3);
        pass("192.0.2.9:1", PEER, DATA, 100, 7);
        wire.look();
        // both, and the first again, before the connection ends
        pass(OWN, PEER, DATA, 100, 10);
        pass(OWN, PEER, DATA, 110, 20);
        pass(OWN, PEER, RST, 130, 0);
        wire.end(own, peer, vec![5, 10, 20, 30], 30);
        assert!(wire.flows.is_empty());
        assert_eq!(counts(&mut wire), (4, 2, 1, 1));
        // told once
        assert_eq!(counts(&mut wire), (0, 0, 0, 0));
    }

    #[test]
    fn a_fin_ends_a_connection_when_nothing_before_it_is_missing() {
        let (mut wire, pass) = wire();
        let (own, peer) = ends();
        wire.begin(own, peer);
        pass(OWN, PEER, SYN, u32::MAX, 0);
        pass(OWN, PEER, FIN, 5, 5);
        wire.end(own, peer, vec![5], 10);
        assert_eq!(wire.flows.len(), 1);
        pass(OWN, PEER, DATA, 0, 5);
        wire.look();
        assert!(wire.flows.is_empty());
        assert_eq!(counts(&mut wire), (1, 1, 0, 0));
    }

    #[test]
    fn a_reset_of_the_peer_ends_it_and_what_was_not_sent_is_not_captured() {
        let (mut wire, pass) = wire();
        let (own, peer) = ends();
        wire.begin(own, peer);
        pass(OWN, PEER, SYN, 0, 0);
        pass(OWN, PEER, DATA, 1, 5);
        pass(PEER, OWN, RST, 1, 0);
        wire.end(own, peer, vec![3, 5, 7], 10);
        assert!(wire.flows.is_empty());
        assert_eq!(counts(&mut wire), (3, 0, 1, 0));
    }

    #[test]
    fn a_syn_from_before_the_connection_was_accepted_counts_and_an_older_one_does_not() {
        let (mut wire, pass) = wire();
        let (own, peer) = ends();
        pass(OWN, PEER, SYN, 7, 0);
        pass(OWN, PEER, SYN, 99, 0);
        wire.look();
        wire.begin(own, peer);
        assert!(wire.strangers.is_empty());
        pass(OWN, PEER, DATA, 100, 5);
        pass(OWN, PEER, DATA, 105, 5);
        pass(OWN, PEER, RST, 110, 0);
        wire.end(own, peer, vec![5], 10);
        assert_eq!(counts(&mut wire), (1, 1, 0, 0));

        // a reset that belongs to the connection before, with these ports
        wire.begin(own, peer);
        pass(PEER, OWN, RST, 1, 0);
        pass(OWN, PEER, SYN, 200, 0);
        pass(OWN, PEER, DATA, 201, 5);
        wire.end(own, peer, vec![5], 10);
        assert_eq!(wire.flows.len(), 1);
        pass(OWN, PEER, DATA, 206, 5);
        pass(OWN, PEER, RST, 211, 0);
        assert_eq!(counts(&mut wire), (1, 1, 0, 0));
    }

    #[test]
    fn of_strangers_the_latest_are_kept() {
        let (mut wire, pass) = wire();
        for seq in 0..u32::try_from(MOST_STRANGERS).unwrap() + 5 {
            pass(OWN, PEER, SYN, seq, 0);
        }
        wire.look();
        assert_eq!(wire.strangers.len(), MOST_STRANGERS);
        assert_eq!(wire.strangers.front().unwrap().1, Seq(5));
    }

    #[test]
    fn a_connection_of_ipv6_sockets_to_an_ipv4_address_is_found() {
        let (mut wire, pass) = wire();
        let mapped = |address: &str| format!("[::ffff:{}", address.replace(':', "]:"));
        let [own, peer] = [OWN, PEER].map(|end| mapped(end).parse().unwrap());
        wire.begin(own, peer);
        pass(OWN, PEER, SYN, 99, 0);
        pass(OWN, PEER, DATA, 100, 5);
        pass(OWN, PEER, DATA, 105, 5);
        pass(OWN, PEER, RST, 110, 0);
        wire.end(own, peer, vec![5], 10);
        assert_eq!(counts(&mut wire), (1, 1, 0, 0));
    }

    #[test]
    fn a_capture_that_ends_says_so_and_counts_nothing_more() {
        let (own, peer) = ends();
        let mut wire = Wire::new("eth0", Box::new(MemorySource::new([])));
        wire.begin(own, peer);
        wire.end(own, peer, vec![5], 10);
        let seen = wire.settle();
        assert_eq!((seen.asked, seen.not_captured()), (1, 1));
        assert_eq!(seen.ended.as_deref(), Some("the capture has ended"));
    }
}
