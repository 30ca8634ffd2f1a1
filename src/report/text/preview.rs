//! Application data in the map: text in quotes, escaped; anything else in hex.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::report::{Escaped, schema::Payload};

/// The lines that show it.
pub(super) fn lines(payload: &Payload) -> Vec<String> {
    let more = if payload.truncated { " .." } else { "" };
    if let Some(text) = &payload.text {
        return if text.is_empty() && !payload.truncated {
            Vec::new()
        } else {
            vec![format!(
                "\"{}\"{more}",
                Escaped(text).to_string().replace('"', "\\\"")
            )]
        };
    }
    let bytes = payload
        .base64
        .as_deref()
        .and_then(|text| STANDARD.decode(text).ok())
        .unwrap_or_default();
    let mut lines: Vec<_> = bytes
        .chunks(BYTES_A_LINE)
        .map(|line| {
            line.iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    if let Some(last) = lines.last_mut() {
        last.push_str(more);
    }
    lines
}

/// How many bytes of hex stand in a line.
const BYTES_A_LINE: usize = 32;
