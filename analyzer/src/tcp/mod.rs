//! TCP (RFC 9293) as an observer sees it: whose connection, which bytes, what each segment was.

mod classify;
mod flow;
mod past;
mod reassembly;
mod recent;
mod standing;
mod state;
mod window;

pub(crate) use flow::{AsleepFlow, EndedFlow, Flow};
pub(crate) use past::{Past, Stream};
pub(crate) use reassembly::{Chunk, Conflict, Content, Incoming};
pub(crate) use recent::{Recent, fingerprint};
pub(crate) use standing::Standing;
pub(crate) use state::{Ends, TcpState, assume_client, guess_client};
