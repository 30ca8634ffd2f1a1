//! From what was typed behind `--to` to a target that works.

use wireseam::replay::{Own, Target, Tungstenite};

use super::{Failure, Signals};
use crate::cli::{Replay, ToKind};

/// Every target, in order.
pub(super) fn open(asked: &Replay, _: &Signals) -> Result<Vec<Box<dyn Target>>, Failure> {
    let opened = asked
        .to
        .iter()
        .map(|to| -> Result<Box<dyn Target>, Failure> {
            Ok(match to.kind {
                ToKind::Tungstenite(true) => Box::new(Tungstenite::with_handshake()),
                ToKind::Tungstenite(false) => Box::new(Tungstenite::default()),
                ToKind::Own => Box::new(Own::default()),
            })
        });
    opened.collect()
}
