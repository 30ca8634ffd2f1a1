//! Whether a report is as a conversation script claims: the judge between the fixtures' `[claim]` and what was found.
//!
//! ```text
//!   case.toml --build--> Built ----bytes----> read --> Report
//!       |                  | packet names                 |
//!       +-----Claim--------+--------------> judge <-------+
//!                                             |
//!                                        Differences: none where all is as claimed
//! ```
//!
//! The claim is written by hand before anything has read the capture, so what it says is right as long as nobody shows the
//! bytes that speak against it. What a claim leaves out is not judged.
//!
//! ```
//! use std::io::Cursor;
//! use wireseam::{Options, analyzer::{Config, PayloadPolicy}, capture::FileSource, claim::judge, fixtures::Script};
//!
//! let script = Script::parse(
//!     r#"
//!     title = "A greeting"
//!     shows = "One message, claimed to be another."
//!     step = [{ upgrade = {} }, { from = "client", text = "hello" }]
//!     claim.messages = [{ from = "client", text = "howdy" }]
//!     "#,
//!     "greeting.toml",
//! )?;
//! let built = script.build()?;
//! let mut source = FileSource::from_reader("greeting.pcap", Cursor::new(built.bytes.clone()))?;
//! let config = Config { payload: PayloadPolicy::Sha256, ..Config::default() };
//! let report = wireseam::read(&mut source, &Options { config, ..Options::default() })?;
//! let differences = judge(script.claim().ok_or("no claim")?, &built, &report);
//! assert_eq!(differences.len(), 1);
//! assert!(differences[0].to_string().starts_with("message 1 from the client (bytes 161..172, packet 8): claimed SHA-256"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod close;
mod control;
mod difference;
mod message;
mod segment;
mod words;

use std::collections::BTreeMap;

use wireseam_analyzer::Direction;
use wireseam_fixtures::{
    Built, Claim, EndClaim, GapClaim, PacketRef, ProxyClaim, Role, WebSocketClaim,
};

use crate::report::schema::{Gap, Report, WebSocket};

pub use self::difference::{Difference, Place};

use self::{
    difference::Judgement,
    words::{direction, word},
};

/// Holds a report against a claim and names every difference; none where all is as claimed.
///
/// `built` is the capture that was read: it knows which packet a claim means by the label of a step. The report has to be
/// made with [`PayloadPolicy::Sha256`](crate::analyzer::PayloadPolicy::Sha256) or `Full`: what messages say is compared by
/// their SHA-256.
#[must_use]
pub fn judge(claim: &Claim, built: &Built, report: &Report) -> Vec<Difference> {
    judge_with(claim, &|packet| built.packet_number(packet), report)
}

/// The same for a capture of real programs, whose packets have numbers and no labels.
#[must_use]
pub fn judge_recording(claim: &Claim, report: &Report) -> Vec<Difference> {
    let number = |packet: &PacketRef| match packet {
        PacketRef::Number(number) => Some(*number),
        PacketRef::Label(..) => None,
    };
    judge_with(claim, &number, report)
}

/// Tells which packet of the capture a claim means.
type Number<'a> = &'a dyn Fn(&PacketRef) -> Option<u64>;

fn judge_with(claim: &Claim, number: Number<'_>, report: &Report) -> Vec<Difference> {
    let mut judgement = Judgement::default();
    let websockets: Vec<&WebSocket> = report
        .connections
        .iter()
        .flat_map(|connection| &connection.websockets)
        .collect();
    judgement.compare(
        "the capture",
        "connections",
        claim.connections,
        report.connections.len(),
    );
    if let Some(claimed) = &claim.ended {
        judge_ends(&mut judgement, claimed, report);
    }
    if let Some(claimed) = &claim.proxies {
        judge_proxies(&mut judgement, claimed, report);
    }
    if let Some(claimed) = &claim.websockets {
        judge_websockets(&mut judgement, claimed, &websockets);
    }
    if let Some(claimed) = &claim.messages {
        message::judge(&mut judgement, claimed, number, &websockets);
    }
    if let Some(claimed) = &claim.control {
        control::judge(&mut judgement, claimed, &websockets);
    }
    for claimed in &claim.segments {
        segment::judge(&mut judgement, claimed, number, report);
    }
    if let Some(claimed) = &claim.gaps {
        judge_gaps(&mut judgement, claimed, report);
    }
    if let Some(claimed) = &claim.findings {
        judge_findings(&mut judgement, claimed, report);
    }
    judgement.differences
}

fn judge_ends(judgement: &mut Judgement, claimed: &[EndClaim], report: &Report) {
    let found = &report.connections;
    let count = Some(claimed.len());
    judgement.compare("the capture", "ended connections", count, found.len());
    for (claim, found) in claimed.iter().zip(found) {
        let about = format!("connection {}", found.id);
        judgement.compare(
            &about,
            "ended",
            Some(words::ending(claim.with)),
            found.ended,
        );
        let by = claim.by.map(|role| role.to_string());
        judgement.compare(&about, "ended by", by, word(found.ended_by));
    }
}

fn judge_proxies(judgement: &mut Judgement, claimed: &[ProxyClaim], report: &Report) {
    let connections = report.connections.iter();
    let found: Vec<_> = connections
        .filter_map(|found| found.proxy.as_ref())
        .collect();
    let count = Some(claimed.len());
    judgement.compare("the capture", "headers of proxies", count, found.len());
    for (number, (claim, found)) in claimed.iter().zip(found).enumerate() {
        let about = format!("header {} of a proxy", number + 1);
        judgement.compare(&about, "version", Some(claim.version), found.version);
        for (what, claimed, found) in [
            ("source", &claim.source, &found.source),
            ("destination", &claim.destination, &found.destination),
        ] {
            let found = words::quoted(found.as_deref().unwrap_or_default());
            judgement.compare(&about, what, Some(words::quoted(claimed)), found);
        }
    }
}

fn judge_websockets(
    judgement: &mut Judgement,
    claimed: &[WebSocketClaim],
    websockets: &[&WebSocket],
) {
    judgement.compare(
        "the capture",
        "WebSockets",
        Some(claimed.len()),
        websockets.len(),
    );
    for (number, (claim, found)) in claimed.iter().zip(websockets).enumerate() {
        let about = format!("WebSocket {}", number + 1);
        let handshake = &found.handshake;
        judgement.compare(
            &about,
            "result",
            claim.result.map(words::result),
            handshake.result,
        );
        judgement.compare(
            &about,
            "status",
            claim.status.map(|status| status.to_string()),
            word(handshake.status),
        );
        judgement.compare(
            &about,
            "accept_valid",
            claim.accept_valid.map(|valid| valid.to_string()),
            word(handshake.accept_valid),
        );
        judgement.compare(
            &about,
            "subprotocol",
            claim.subprotocol.as_deref().map(words::quoted),
            words::quoted(handshake.subprotocol.as_deref().unwrap_or_default()),
        );
        judgement.compare(
            &about,
            "extensions",
            claim.extensions.as_ref().map(words::list),
            words::list(handshake.extensions.iter().map(|extension| name(extension))),
        );
        if let Some(claim) = &claim.close {
            close::judge(judgement, &about, claim, &found.close);
        }
    }
}

/// An extension without its parameters.
fn name(extension: &str) -> &str {
    extension.split(';').next().unwrap_or_default().trim()
}

fn judge_gaps(judgement: &mut Judgement, claimed: &[GapClaim], report: &Report) {
    for role in [Role::Client, Role::Server] {
        let claimed: Vec<&GapClaim> = claimed.iter().filter(|gap| gap.from == role).collect();
        let found = gaps(report, direction(role));
        let about = format!("what the {role} sent");
        judgement.compare(&about, "gaps", Some(claimed.len()), found.len());
        for (number, (claim, found)) in claimed.iter().zip(found).enumerate() {
            let about = format!("gap {} from the {role} (bytes {})", number + 1, found.span);
            judgement.compare(&about, "length", claim.length, found.span.length());
            judgement.compare(
                &about,
                "span",
                claim.span.map(|[start, end]| format!("{start}..{end}")),
                found.span,
            );
            judgement.compare(&about, "cause", claim.cause.map(words::cause), found.cause);
        }
    }
}

fn gaps(report: &Report, direction: Direction) -> Vec<&Gap> {
    let totals = report.connections.iter().map(|connection| match direction {
        Direction::ClientToServer => &connection.directions.client_to_server,
        Direction::ServerToClient => &connection.directions.server_to_client,
    });
    totals.flat_map(|totals| &totals.gaps).collect()
}

/// Findings are claimed by how often each rule is broken; where it was found helps whoever has to tell which side errs.
fn judge_findings(judgement: &mut Judgement, claimed: &[String], report: &Report) {
    let mut rules: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    for id in claimed {
        rules.entry(id).or_default().0 += 1;
    }
    for finding in report
        .connections
        .iter()
        .flat_map(|connection| &connection.findings)
    {
        let place = format!("in packet {}: {}", finding.packet, finding.text);
        rules.entry(&finding.id).or_default().1.push(place);
    }
    for (id, (claimed, places)) in rules {
        if claimed != places.len() {
            judgement.differ(
                "the capture",
                format!("finding {id}, {}", words::times(claimed)),
                match places.as_slice() {
                    [] => "none".to_owned(),
                    places => format!("{} ({})", words::times(places.len()), places.join("; ")),
                },
            );
        }
    }
}
