//! From what was typed behind `--to` to a target that works.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use wireseam::replay::{
    About, AdapterError, Begins, Cuts, Exec, LiveClient, LiveServer, Own, Run, Stream, Target,
    Tungstenite,
};

use super::{Exit, Failure, Signals};
use crate::cli::{Replay, ToKind};

/// Every target, in order.
pub(super) fn open(asked: &Replay, signals: &Signals) -> Result<Vec<Box<dyn Target>>, Failure> {
    let opened = asked.to.iter().map(|to| {
        let target: Result<Box<dyn Target>, AdapterError> = match &to.kind {
            ToKind::Tungstenite(true) => Ok(Box::new(Tungstenite::with_handshake())),
            ToKind::Tungstenite(false) => Ok(Box::new(Tungstenite::default())),
            ToKind::Own => Ok(Box::new(Own::default())),
            ToKind::Server(address) => LiveServer::new(address, asked.timeout, signals.flag())
                .map(|server| Box::new(server) as Box<dyn Target>),
            ToKind::Client(address) => LiveClient::listen(address, asked.timeout, signals.flag())
                .map(|client| Box::new(client) as Box<dyn Target>),
            ToKind::Exec(command) => Exec::start(command, asked.timeout, signals.flag())
                .map(|adapter| Box::new(adapter) as Box<dyn Target>),
        };
        match target {
            Ok(target) => {
                let stop = signals.flag();
                Ok(Box::new(Stoppable { target, stop }) as Box<dyn Target>)
            }
            Err(AdapterError::Interrupted) => {
                let exit = signals.exit().unwrap_or(Exit::Interrupted);
                Err(exit.with(anyhow::anyhow!("interrupted")))
            }
            Err(cause) => {
                let failed = format!("failed to replay into {}", to.asked);
                Err(Exit::Environment.with(anyhow::Error::from(cause).context(failed)))
            }
        }
    });
    opened.collect()
}

/// A target that replays no more once a signal has come.
struct Stoppable {
    target: Box<dyn Target>,
    stop: Arc<AtomicBool>,
}

impl Target for Stoppable {
    fn implementation(&self) -> About {
        self.target.implementation()
    }

    fn is_live(&self) -> bool {
        self.target.is_live()
    }

    fn prepare(&self, stream: &Stream) -> Stream {
        self.target.prepare(stream)
    }

    fn replay(
        &mut self,
        stream: &Stream,
        begins: Begins,
        cuts: &Cuts,
    ) -> Result<Run, AdapterError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(AdapterError::Interrupted);
        }
        self.target.replay(stream, begins, cuts)
    }
}
