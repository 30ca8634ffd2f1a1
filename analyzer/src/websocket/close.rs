//! Close frames and how a WebSocket ended (RFC 6455 5.5.1, 7).

use wireseam_wire::PacketIndex;

use crate::finding::{self, Rule};
use crate::{CloseFrame, EndedBy, Initiator, Moment, Role};

/// Whether a status code may stand in a Close frame (RFC 6455 7.4.1, 7.4.2, and those registered since).
pub(super) fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads a Close frame's unmasked payload.
pub(super) fn close_frame(payload: &[u8], moment: Moment) -> CloseFrame {
    match payload.split_first_chunk::<2>() {
        Some((code, reason)) => {
            let reason = String::from_utf8_lossy(reason).into_owned();
            CloseFrame {
                code: Some(u16::from_be_bytes(*code)),
                reason,
                moment,
            }
        }
        None => CloseFrame {
            code: None,
            reason: String::new(),
            moment,
        },
    }
}

/// What is wrong with a Close frame's payload.
pub(super) fn faults(payload: &[u8]) -> Vec<(&'static Rule, String)> {
    let mut faults = Vec::new();
    match payload.split_first_chunk::<2>() {
        None if payload.is_empty() => {}
        None => faults.push((
            &finding::WS_CLOSE_LENGTH,
            "a Close frame of one byte".to_owned(),
        )),
        Some((code, reason)) => {
            let code = u16::from_be_bytes(*code);
            if !may_be_sent(code) {
                faults.push((
                    &finding::WS_CLOSE_CODE,
                    format!("status code {code} may not be sent"),
                ));
            }
            if let Err(error) = std::str::from_utf8(reason) {
                faults.push((
                    &finding::WS_CLOSE_REASON,
                    format!(
                        "the reason is not UTF-8 from its byte {} on",
                        error.valid_up_to()
                    ),
                ));
            }
        }
    }
    faults
}

/// What is known at the end of a WebSocket.
#[derive(Clone, Debug)]
pub(super) struct Ending<'a> {
    pub(super) client: Option<&'a CloseFrame>,
    pub(super) server: Option<&'a CloseFrame>,
    /// Whether the later Close was sent before the earlier one had been received.
    pub(super) crossed: bool,
    pub(super) tcp: EndedBy,
    pub(super) tcp_packet: Option<PacketIndex>,
    /// Whole messages, the client's and the server's.
    pub(super) messages: [u64; 2],
    /// Messages that are not whole.
    pub(super) incomplete: u64,
}

impl Ending<'_> {
    /// Who began to close.
    pub(super) fn initiator(&self) -> Option<Initiator> {
        match (self.client, self.server) {
            (Some(_), Some(_)) if self.crossed => Some(Initiator::Both),
            (Some(client), Some(server)) if server.moment.packet < client.moment.packet => {
                Some(Initiator::Server)
            }
            (Some(_), _) => Some(Initiator::Client),
            (None, Some(_)) => Some(Initiator::Server),
            (None, None) => match self.tcp {
                EndedBy::Fin(Role::Client) | EndedBy::Rst(Role::Client) => Some(Initiator::Client),
                EndedBy::Fin(Role::Server) | EndedBy::Rst(Role::Server) => Some(Initiator::Server),
                EndedBy::Open => None,
            },
        }
    }

    /// RFC 6455 7.1.4: the closing handshake was completed.
    pub(super) fn is_clean(&self) -> bool {
        self.client.is_some() && self.server.is_some()
    }

    /// Whether the connection is gone without a closing handshake (1006).
    pub(super) fn is_abnormal(&self) -> bool {
        !self.is_clean() && self.tcp != EndedBy::Open
    }

    /// One sentence: who ended it, how, after what.
    pub(super) fn verdict(&self) -> String {
        let after = self.after();
        match (self.client, self.server) {
            (Some(client), Some(server)) if self.crossed => {
                format!(
                    "both sides sent Close at once (client {}, server {}){after}",
                    described(client),
                    described(server)
                )
            }
            (Some(client), Some(server)) => {
                let (first, second, role) = if server.moment.packet < client.moment.packet {
                    (server, client, Role::Server)
                } else {
                    (client, server, Role::Client)
                };
                let other = other(role);
                format!(
                    "the {role} closed with {} and the {other} answered with {}{after}",
                    described(first),
                    described(second)
                )
            }
            (Some(close), None) => self.unanswered(Role::Client, close, &after),
            (None, Some(close)) => self.unanswered(Role::Server, close, &after),
            (None, None) => self.without_close(&after),
        }
    }

    fn unanswered(&self, role: Role, close: &CloseFrame, after: &str) -> String {
        let other = other(role);
        let close = described(close);
        match self.tcp {
            EndedBy::Open => format!(
                "the {role} sent Close with {close}, the {other}'s answer is not in the capture{after}"
            ),
            EndedBy::Fin(by) => format!(
                "the {role} sent Close with {close}, the {other} never answered and the {by} ended the TCP connection{}{after}; the {other} may report 1006",
                self.place()
            ),
            EndedBy::Rst(by) => format!(
                "the {role} sent Close with {close}, the {other} never answered and the {by} reset the TCP connection{}{after}; the {other} may report 1006",
                self.place()
            ),
        }
    }

    fn without_close(&self, after: &str) -> String {
        match self.tcp {
            EndedBy::Open => format!("still open at the end of the capture{after}"),
            EndedBy::Fin(by) => format!(
                "the {by} ended the TCP connection{} without a Close frame (1006){after}",
                self.place()
            ),
            EndedBy::Rst(by) => format!(
                "the {by} reset the TCP connection{} without a Close frame (1006){after}",
                self.place()
            ),
        }
    }

    fn place(&self) -> String {
        self.tcp_packet
            .map(|packet| format!(" ({packet})"))
            .unwrap_or_default()
    }

    fn after(&self) -> String {
        let [client, server] = self.messages;
        let plural = |count: u64| if count == 1 { "message" } else { "messages" };
        let incomplete = match self.incomplete {
            0 => String::new(),
            count => format!(", {count} more incomplete"),
        };
        format!(
            ", after {client} {} from the client and {server} from the server{incomplete}",
            plural(client)
        )
    }

    /// What is missing of the closing handshake.
    pub(super) fn missing(&self) -> String {
        let who = match (self.client, self.server) {
            (None, None) => "neither side sent",
            (None, _) => "the client did not send",
            _ => "the server did not send",
        };
        format!("{who} a Close frame")
    }
}

fn described(close: &CloseFrame) -> String {
    let code = close
        .code
        .map_or_else(|| "no code".to_owned(), |code| code.to_string());
    let reason = if close.reason.is_empty() {
        String::new()
    } else {
        format!(" {:?}", close.reason)
    };
    format!("{code}{reason} ({})", close.moment.packet)
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}
