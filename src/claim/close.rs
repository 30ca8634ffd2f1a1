//! Whether a WebSocket ended as claimed (RFC 6455 7).

use wireseam_fixtures::{CloseClaim, CloseFrameClaim};

use super::{
    difference::Judgement,
    words::{self, quoted, word},
};
use crate::report::schema::{Close, CloseFrame};

/// Judges who ended it and with which Close frames.
pub(super) fn judge(judgement: &mut Judgement, about: &str, claim: &CloseClaim, found: &Close) {
    let about = format!("{about}, close");
    let initiator = found.initiator.map(|who| who.to_string());
    judgement.compare(
        &about,
        "initiator",
        claim.initiator.map(words::initiator),
        initiator.as_deref().unwrap_or("nobody"),
    );
    judgement.compare(&about, "clean", claim.clean, found.clean);
    for (who, claimed, reason, frame) in [
        ("client", claim.client, &claim.client_reason, &found.client),
        ("server", claim.server, &claim.server_reason, &found.server),
    ] {
        let about = match frame {
            Some(frame) => format!("{about} (packet {})", frame.packet),
            None => about.clone(),
        };
        judgement.compare(&about, who, claimed.map(claimed_code), code(frame.as_ref()));
        judgement.compare(
            &about,
            &format!("{who}_reason"),
            reason.as_deref().map(quoted),
            word(frame.as_ref().map(|frame| quoted(&frame.reason))),
        );
    }
}

fn claimed_code(claim: CloseFrameClaim) -> String {
    match claim {
        CloseFrameClaim::None => "none".to_owned(),
        CloseFrameClaim::Empty => "empty".to_owned(),
        CloseFrameClaim::Code(code) => code.to_string(),
    }
}

fn code(frame: Option<&CloseFrame>) -> String {
    match frame {
        None => "none".to_owned(),
        Some(CloseFrame { code: None, .. }) => "empty".to_owned(),
        Some(CloseFrame {
            code: Some(code), ..
        }) => code.to_string(),
    }
}
