//! What was typed: words, and how they belong together (pcap-filter(7)).
//!
//! `and` and `or` bind equally strong, from left to right; `not` binds strongest.

use std::{net::IpAddr, ops::RangeInclusive};

use super::Expression;

/// What can be asked of a packet in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Primitive {
    /// It is of a protocol.
    Protocol(Protocol),
    /// An address of it lies in a network; of a host, all bits count. `over` is the protocol that was named, if any.
    Net {
        over: Option<Protocol>,
        side: Side,
        address: IpAddr,
        prefix: u8,
    },
    /// A port of it lies in a range; with both protocols it is of TCP, UDP or SCTP.
    Port {
        over: Option<Protocol>,
        side: Side,
        ports: RangeInclusive<u16>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Ip,
    Ip6,
    Arp,
    Tcp,
    Udp,
    Icmp,
}

/// Whose address or port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
    Either,
}

/// Reads a filter; where that fails, says why.
pub(super) fn parse(text: &str) -> Result<Expression<Primitive>, String> {
    if text.len() > LONGEST {
        return Err(format!("it has more than {LONGEST} characters"));
    }
    let mut words = Words {
        all: split(text),
        next: 0,
        depth: 0,
    };
    let expression = words.expression()?;
    match words.peek() {
        None => Ok(expression),
        Some(word) => Err(format!("'{word}' is not expected there")),
    }
}

/// Words, and the signs that need no space around them.
fn split(text: &str) -> Vec<String> {
    let mut spaced = text.to_owned();
    for sign in ["(", ")", "!", "&&", "||"] {
        spaced = spaced.replace(sign, &format!(" {sign} "));
    }
    spaced.split_whitespace().map(str::to_owned).collect()
}

struct Words {
    all: Vec<String>,
    next: usize,
    depth: usize,
}

impl Words {
    fn expression(&mut self) -> Result<Expression<Primitive>, String> {
        let mut left = self.term()?;
        loop {
            if self.eat(&["and", "&&"]) {
                left = left.and(self.term()?);
            } else if self.eat(&["or", "||"]) {
                left = left.or(self.term()?);
            } else {
                return Ok(left);
            }
        }
    }

    fn term(&mut self) -> Result<Expression<Primitive>, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("it nests more than {DEEPEST} levels deep"));
        }
        let term = if self.eat(&["not", "!"]) {
            self.term()?.negated()
        } else if self.eat(&["("]) {
            let inside = self.expression()?;
            if !self.eat(&[")"]) {
                return Err("a closing parenthesis is missing".to_owned());
            }
            inside
        } else {
            Expression::Leaf(self.primitive()?)
        };
        self.depth -= 1;
        Ok(term)
    }

    fn primitive(&mut self) -> Result<Primitive, String> {
        let over = self.peek().and_then(protocol);
        self.next += usize::from(over.is_some());
        let side = self.side();
        let word = self.peek().unwrap_or_default().to_owned();
        match (word.as_str(), over, side) {
            ("host" | "net" | "port" | "portrange", ..) => {
                self.next += 1;
                let value = self.value(&word)?;
                match word.as_str() {
                    "host" => host(&value, over, side.unwrap_or(Side::Either)),
                    "net" => net(&value, over, side.unwrap_or(Side::Either)),
                    "port" => port(&value, over, side.unwrap_or(Side::Either)),
                    _ => port_range(&value, over, side.unwrap_or(Side::Either)),
                }
            }
            (_, Some(over), None) => Ok(Primitive::Protocol(over)),
            ("", None, None) => Err("something is missing at its end".to_owned()),
            ("", ..) => Err("host, net or port is missing at its end".to_owned()),
            // src 10.0.0.1 is src host 10.0.0.1
            (address, over, Some(side)) if address.parse::<IpAddr>().is_ok() => {
                self.next += 1;
                host(address, over, side)
            }
            (other, ..) => Err(format!("'{other}' is beyond it")),
        }
    }

    fn side(&mut self) -> Option<Side> {
        if self.eat(&["src"]) {
            Some(Side::Source)
        } else if self.eat(&["dst"]) {
            Some(Side::Destination)
        } else {
            None
        }
    }

    fn value(&mut self, of: &str) -> Result<String, String> {
        let value = self.peek().map(str::to_owned);
        self.next += 1;
        value.ok_or_else(|| format!("what follows '{of}' is missing"))
    }

    fn eat(&mut self, words: &[&str]) -> bool {
        let found = self.peek().is_some_and(|word| words.contains(&word));
        self.next += usize::from(found);
        found
    }

    fn peek(&self) -> Option<&str> {
        self.all.get(self.next).map(String::as_str)
    }
}

fn protocol(word: &str) -> Option<Protocol> {
    Some(match word {
        "ip" => Protocol::Ip,
        "ip6" => Protocol::Ip6,
        "arp" => Protocol::Arp,
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "icmp" => Protocol::Icmp,
        _ => return None,
    })
}

fn host(value: &str, over: Option<Protocol>, side: Side) -> Result<Primitive, String> {
    let Ok(address) = value.parse::<IpAddr>() else {
        return Err(format!(
            "'{value}' is no IP address; names are not looked up"
        ));
    };
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    addressed(address, prefix, over, side)
}

fn net(value: &str, over: Option<Protocol>, side: Side) -> Result<Primitive, String> {
    let wrong = || format!("'{value}' is no network such as 10.0.0.0/8");
    let (address, prefix) = value.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let prefix: u8 = prefix.parse().map_err(|_| wrong())?;
    let (bits, beyond) = match address {
        IpAddr::V4(address) => (32, u128::from(address.to_bits()) << 96),
        IpAddr::V6(address) => (128, address.to_bits()),
    };
    if prefix > bits {
        return Err(wrong());
    }
    if beyond
        .checked_shl(u32::from(prefix))
        .is_some_and(|rest| rest != 0)
    {
        return Err(format!("'{value}' has bits set beyond its first {prefix}"));
    }
    addressed(address, prefix, over, side)
}

fn addressed(
    address: IpAddr,
    prefix: u8,
    over: Option<Protocol>,
    side: Side,
) -> Result<Primitive, String> {
    let fits = match over {
        None => true,
        Some(Protocol::Ip | Protocol::Arp) => address.is_ipv4(),
        Some(Protocol::Ip6) => address.is_ipv6(),
        Some(Protocol::Tcp | Protocol::Udp | Protocol::Icmp) => false,
    };
    if !fits {
        return Err(format!(
            "{address} is no address of the protocol in front of it"
        ));
    }
    Ok(Primitive::Net {
        over,
        side,
        address,
        prefix,
    })
}

fn port(value: &str, over: Option<Protocol>, side: Side) -> Result<Primitive, String> {
    let port = number(value)?;
    ported(port..=port, over, side)
}

fn port_range(value: &str, over: Option<Protocol>, side: Side) -> Result<Primitive, String> {
    let (low, high) = value
        .split_once('-')
        .ok_or_else(|| format!("'{value}' is no range of ports such as 8000-8080"))?;
    let (low, high) = (number(low)?, number(high)?);
    ported(low.min(high)..=low.max(high), over, side)
}

fn number(value: &str) -> Result<u16, String> {
    value
        .parse()
        .map_err(|_| format!("'{value}' is no port number; names are not looked up"))
}

fn ported(
    ports: RangeInclusive<u16>,
    over: Option<Protocol>,
    side: Side,
) -> Result<Primitive, String> {
    match over {
        None | Some(Protocol::Tcp | Protocol::Udp) => Ok(Primitive::Port { over, side, ports }),
        Some(_) => Err("only tcp and udp have ports".to_owned()),
    }
}

/// What nobody types, and no memory is spent on.
const LONGEST: usize = 4096;

/// Parentheses in parentheses: more than anybody needs, and little of the stack.
const DEEPEST: usize = 64;
