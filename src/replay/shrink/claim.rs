//! What must be found in a script: its claim, as this library reads its capture.
//!
//! Somebody who keeps the script reads the claim before, against the RFCs: a comment says so.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use wireseam_analyzer::{Config, Direction, MessageKind, Opcode, PayloadPolicy};
use wireseam_fixtures::Script;

use super::script::{hex, quoted};
use crate::{
    Options,
    case::Case,
    report::schema::{Message, Payload, Report, WebSocket, Word},
};

/// The claim of a script, to be written behind it; `None` where its capture cannot be read, or would differ from it.
pub(super) fn claimed(script: &str, name: &str) -> Option<String> {
    let report = read(script, name)?.1;
    let websockets: Vec<&WebSocket> = report
        .connections
        .iter()
        .flat_map(|connection| &connection.websockets)
        .collect();
    let messages = websockets
        .iter()
        .flat_map(|websocket| &websocket.messages)
        .map(message);
    let control: Option<Vec<String>> = websockets
        .iter()
        .flat_map(|websocket| &websocket.control)
        .map(|control| {
            let opcode = match control.opcode.0 {
                opcode @ (Opcode::Close | Opcode::Ping | Opcode::Pong) => opcode,
                // there is no word for it in a claim
                _ => return None,
            };
            let from = sender(control.direction.0);
            let length = control.length;
            Some(format!(
                "{{ from = \"{from}\", opcode = \"{opcode}\", length = {length} }}"
            ))
        })
        .collect();
    let findings = report
        .connections
        .iter()
        .flat_map(|connection| &connection.findings)
        .map(|finding| quoted(&finding.id));
    let claim = format!(
        "\n# As wireseam reads it: compare it with the RFCs before you keep it.\n[claim]\n{}{}{}",
        list("messages", messages.map(|keys| format!("{{ {keys} }}"))),
        control.map_or_else(String::new, |control| list("control", control.into_iter())),
        list("findings", findings)
    );
    let (case, report) = read(&format!("{script}{claim}"), name)?;
    case.judge(&report).is_empty().then_some(claim)
}

/// A script's capture, and what is found in it.
fn read(script: &str, name: &str) -> Option<(Case, Report)> {
    let case = Case::of_script(Script::parse(script, name).ok()?).ok()?;
    let options = Options {
        config: Config {
            payload: PayloadPolicy::Full,
            ..Config::default()
        },
        ..Options::default()
    };
    let report = crate::read(&mut case.source().ok()?, &options).ok()?;
    Some((case, report))
}

/// The keys of a message: what it says where that is short, else its length and hash.
fn message(message: &Message) -> String {
    let mut keys = vec![format!("from = \"{}\"", sender(message.direction.0))];
    let is_whole = message.sha256.is_some();
    let is_short = message.length.is_some_and(|length| length <= MOST_SHOWN);
    let payload = message.payload.as_ref();
    match payload.filter(|_| is_whole && is_short) {
        Some(Payload {
            text: Some(text), ..
        }) if !text.contains(char::is_control) => keys.push(format!("text = {}", quoted(text))),
        Some(Payload {
            text: Some(text), ..
        }) => keys.push(format!("text = {{ hex = \"{}\" }}", hex(text.as_bytes()))),
        Some(Payload {
            base64: Some(bytes),
            ..
        }) if message.opcode == Some(Word(MessageKind::Binary)) => {
            let bytes = BASE64.decode(bytes).unwrap_or_default();
            keys.push(format!("binary = \"{}\"", hex(&bytes)));
        }
        _ => {
            keys.extend(message.opcode.map(|kind| format!("opcode = \"{kind}\"")));
            let length = message.length.filter(|_| is_whole);
            keys.extend(length.map(|length| format!("length = {length}")));
            let hash = message.sha256.as_ref();
            keys.extend(hash.map(|hash| format!("sha256 = \"{hash}\"")));
        }
    }
    if !message.complete {
        keys.push("complete = false".to_owned());
    }
    if message.compressed {
        keys.push("compressed = true".to_owned());
    }
    keys.join(", ")
}

/// A list, an item a line; in one where there is none.
fn list(name: &str, items: impl Iterator<Item = String>) -> String {
    let lines: String = items.map(|item| format!("    {item},\n")).collect();
    match lines.is_empty() {
        true => format!("{name} = []\n"),
        false => format!("{name} = [\n{lines}]\n"),
    }
}

fn sender(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientToServer => "client",
        Direction::ServerToClient => "server",
    }
}

/// So many bytes of a message are written into a claim.
const MOST_SHOWN: u64 = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of the claim of these steps behind an upgrade.
    fn claim(steps: &str) -> Vec<String> {
        let script =
            format!("title = \"t\"\nshows = \"s\"\nstep = [{{ upgrade = {{}} }}, {steps}]\n");
        let claim = claimed(&script, "case.toml").unwrap();
        let (_, lines) = claim.split_once("[claim]\n").unwrap();
        lines.lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn a_short_message_is_claimed_by_what_it_says_and_a_long_one_by_its_hash() {
        let steps = r#"
            { from = "client", text = "it is \"so\"" },
            { from = "server", text = "two\nlines" },
            { from = "server", binary = "00 ff" },
            { from = "server", binary = { hex = "00", times = 300 } },
        "#;
        // head -c 300 /dev/zero | sha256sum
        let hash = "d13d4a8b3b8add19b5970157f09d00c12cbda4fed4d74d8493156523f7069b66";
        let found = claim(steps);
        assert_eq!(found[1], r#"{ from = "client", text = "it is \"so\"" },"#);
        assert_eq!(
            found[2],
            r#"{ from = "server", text = { hex = "74 77 6f 0a 6c 69 6e 65 73" } },"#
        );
        assert_eq!(found[3], r#"{ from = "server", binary = "00 ff" },"#);
        assert_eq!(
            found[4],
            format!(
                r#"{{ from = "server", opcode = "binary", length = 300, sha256 = "{hash}" }},"#
            )
        );
        assert_eq!(found[5..], ["]", "control = []", "findings = []"]);
    }

    #[test]
    fn of_an_unfinished_message_nothing_is_claimed_but_that() {
        let found = claim(
            r#"{ from = "client", text = "", fin = false }, { from = "client", close = {} }"#,
        );
        assert_eq!(
            found,
            [
                "messages = [",
                r#"{ from = "client", opcode = "text", complete = false },"#,
                "]",
                "control = [",
                r#"{ from = "client", opcode = "close", length = 0 },"#,
                "]",
                "findings = [",
                r#""ws.message.unfinished","#,
                "]"
            ]
        );
    }
}
