//! What has to be remembered of one direction of a WebSocket that sleeps.

use super::super::assembly::AsleepAssembly;
use super::Half;
use crate::{Direction, WebSocketId};

/// One direction between two messages.
#[derive(Debug)]
pub(in super::super) struct AsleepHalf {
    assembly: AsleepAssembly,
    owed_responses: u32,
}

impl Half {
    /// What has to be remembered [between two messages](Self::is_between_messages), where no more is asked for than counts:
    /// they do not tell which packet holds a head.
    pub(in super::super) fn sleep(self) -> AsleepHalf {
        let Self {
            websocket: _,
            direction: _,
            assembly,
            busy: _,
            head_end: _,
            closed: _,
            owed_responses,
        } = self;
        AsleepHalf {
            assembly: assembly.sleep(),
            owed_responses,
        }
    }
}

impl AsleepHalf {
    /// Whether anything lies elsewhere that is kept for it.
    #[cfg(test)]
    pub(in super::super) fn keeps_more(&self) -> bool {
        self.assembly.keeps_more()
    }

    /// The direction as it was.
    pub(in super::super) fn wake(self, websocket: WebSocketId, direction: Direction) -> Half {
        let Self {
            assembly,
            owed_responses,
        } = self;
        Half {
            websocket,
            direction,
            assembly: assembly.wake(),
            busy: None,
            head_end: None,
            closed: false,
            owed_responses,
        }
    }
}
