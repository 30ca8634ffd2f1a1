//! From what was typed behind `--to` to a target that works.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use wireseam::replay::{
    About, AdapterError, Begins, Cuts, Exec, LiveClient, LiveServer, OnWire, Own, Run, Stream,
    Target, Tungstenite,
};

use super::{Exit, Failure, Signals};
use crate::cli::{Replay, To, ToKind};

/// Every target, in order.
///
/// Live peers come first: their connections are captured where that is allowed, and what else is started has no right to.
pub(super) fn open(
    asked: &Replay,
    signals: &Signals,
    stderr: &mut dyn Write,
) -> Result<Vec<Box<dyn Target>>, Failure> {
    let mut live = open_live(asked, signals, stderr)?;
    let opened = asked.to.iter().zip(&mut live).map(|(to, live)| {
        let target: Result<Box<dyn Target>, AdapterError> = match (&to.kind, live.take()) {
            (_, Some(live)) => Ok(live.target()),
            (ToKind::Tungstenite(true), _) => Ok(Box::new(Tungstenite::with_handshake())),
            (ToKind::Tungstenite(false), _) => Ok(Box::new(Tungstenite::default())),
            (ToKind::Exec(command), _) => Exec::start(command, asked.timeout, signals.flag())
                .map(|adapter| Box::new(adapter) as Box<dyn Target>),
            _ => Ok(Box::new(Own::default())),
        };
        let target = target.map_err(|cause| failure(cause, to, signals))?;
        let stop = signals.flag();
        Ok(Box::new(Stoppable { target, stop }) as Box<dyn Target>)
    });
    opened.collect()
}

fn failure(cause: AdapterError, to: &To, signals: &Signals) -> Failure {
    if cause == AdapterError::Interrupted {
        let exit = signals.exit().unwrap_or(Exit::Interrupted);
        return exit.with(anyhow::anyhow!("interrupted"));
    }
    let failed = format!("failed to replay into {}", to.asked);
    Exit::Environment.with(anyhow::Error::from(cause).context(failed))
}

/// A live peer.
enum Live {
    Server(LiveServer),
    Client(LiveClient),
}

impl Live {
    fn target(self) -> Box<dyn Target> {
        match self {
            Self::Server(server) => Box::new(server),
            Self::Client(client) => Box::new(client),
        }
    }
}

/// Those of the targets that are live, in their places.
fn open_live(
    asked: &Replay,
    signals: &Signals,
    stderr: &mut dyn Write,
) -> Result<Vec<Option<Live>>, Failure> {
    let (timeout, flag) = (asked.timeout, || signals.flag());
    let mut live = Vec::new();
    for to in &asked.to {
        let opened = match &to.kind {
            ToKind::Server(address) => {
                Some(LiveServer::new(address, timeout, flag()).map(Live::Server))
            }
            ToKind::Client(address) => {
                Some(LiveClient::listen(address, timeout, flag()).map(Live::Client))
            }
            _ => None,
        };
        let opened = opened.transpose();
        live.push(opened.map_err(|cause| failure(cause, to, signals))?);
    }
    capture(live.iter_mut().flatten(), stderr)?;
    Ok(live)
}

/// Captures the connections with live peers, and gives up the rights that it takes; why not is said once.
#[cfg(target_os = "linux")]
fn capture<'a>(
    live: impl Iterator<Item = &'a mut Live>,
    stderr: &mut dyn Write,
) -> Result<(), Failure> {
    use wireseam_capture::LiveError;

    let (mut fault, mut is_capturing) = (None, false);
    for live in live {
        let captured = match live {
            Live::Server(server) => server.capture(),
            Live::Client(client) => client.capture(),
        };
        match captured {
            Ok(()) => is_capturing = true,
            Err(cause) => fault = fault.or(Some(cause)),
        }
    }
    if is_capturing {
        super::super::device::give_up_rights(false)?;
    }
    let why = match fault {
        None => return Ok(()),
        Some(LiveError::NotPermitted { program, .. }) => format!(
            "capturing is not permitted; run sudo setcap cap_net_raw,cap_net_admin=eip {program} once, or run it with sudo"
        ),
        Some(cause) => cause.to_string(),
    };
    // a message that cannot be written has no other place to go
    let _ = writeln!(
        stderr,
        "wireseam: cuts are told from the peer's queue, and not from the wire as well: {why}"
    );
    Ok(())
}

/// Captures nothing: interfaces of other systems are not known.
#[cfg(not(target_os = "linux"))]
fn capture<'a>(_: impl Iterator<Item = &'a mut Live>, _: &mut dyn Write) -> Result<(), Failure> {
    Ok(())
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

    fn captured(&mut self) -> Option<OnWire> {
        self.target.captured()
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
