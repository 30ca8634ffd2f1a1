//! Capture filters without libpcap: the simple forms of its language, made into a program that the kernel runs.
//!
//! ```text
//!   "tcp port 80 and host 10.0.0.1" --parse--> Expression<Primitive> --lower--> Expression<Check> --assemble--> program
//!                                              what was typed                   bytes to look at     jumps
//! ```
//!
//! What is understood means what it means to libpcap (pcap-filter(7)), oddities included; everything else is refused, and
//! never taken for something similar. Where libpcap is at hand, it is asked about the rest.

mod assemble;
mod expression;
mod lower;
mod parse;
#[cfg(test)]
mod tests;

pub(super) use assemble::Instruction;

use pcap::{Capture, Linktype};
use wireseam_wire::LinkType;

use self::expression::Expression;
use super::{LiveError, LiveOptions, error::INSTALL};

/// The program for a socket: which packets, how much of them, and of loopback's two copies the received one.
pub(super) fn program(
    asked: &LiveOptions,
    link: LinkType,
    loopback: bool,
) -> Result<Vec<Instruction>, LiveError> {
    let compiled = match &asked.filter {
        None => assemble::assemble(None, loopback, asked.snaplen),
        Some(text) => parse::parse(text).and_then(|typed| {
            let checks = typed.map(&|primitive| lower::lower(primitive, link));
            assemble::assemble(Some(&checks), loopback, asked.snaplen)
        }),
    };
    compiled.or_else(|what| by_libpcap(asked, link, loopback, what))
}

/// What libpcap makes of a filter that is beyond us; `what` is why it is.
fn by_libpcap(
    asked: &LiveOptions,
    link: LinkType,
    loopback: bool,
    what: String,
) -> Result<Vec<Instruction>, LiveError> {
    let text = asked.filter.clone().unwrap_or_default();
    let refused = |what| LiveError::Filter {
        filter: text.clone(),
        what,
    };
    if !wireseam_libpcap::available() {
        return Err(refused(format!(
            "{what}; without libpcap a filter is made of host, net, port, portrange, src, dst, tcp, udp, icmp, ip, ip6, arp, \
             and, or, not and parentheses; install libpcap for the whole language ({INSTALL})"
        )));
    }
    let compiled = Linktype(i32::try_from(link.number()).unwrap_or(-1));
    let compiled = Capture::dead(compiled).and_then(|dead| dead.compile(&text, true));
    let compiled = compiled.map_err(|cause| refused(super::libpcap::text(&cause)))?;
    let instructions = compiled.get_instructions().iter();
    let read: Option<Vec<_>> = instructions
        // the crate shows them in this way only
        .map(|instruction| Instruction::from_numbers(&instruction.to_string()))
        .collect();
    let read = read.ok_or_else(|| refused("libpcap's program cannot be read".to_owned()))?;
    Ok(assemble::wrap(&read, loopback, asked.snaplen))
}
