//! Replaying fixtures into WebSocket decoders, cut in every way: whether they give the same messages whatever the segments.
//!
//! ```text
//!   Fixture --> Stream, one for each direction --Segmentation--> Cuts --chunk by chunk--> Target
//!                 |                                                                         |
//!                 +-- Item: what must come of it, from the claim and the RFC ---> judge <---+-- Run: which chunk
//!                                                                                 |             brought which event
//!                                                                              Trial, a Verdict
//! ```
//!
//! What is judged: the events are those that the fixture claims, in every segmentation; each comes with the chunk that
//! completes it and not later; nothing is lost where the handshake ends; nothing comes after a Close frame; what must be
//! refused is refused, at the same byte however it was cut. No time is measured.
//!
//! In a test of your own, one line replays a folder:
//!
//! ```no_run
//! # use wireseam::replay::Tungstenite as MyDecoder;
//! #[test]
//! fn messages_are_the_same_whatever_way_the_bytes_were_cut() {
//!     wireseam::replay::assert_folder(&mut MyDecoder::default(), "tests/fixtures");
//! }
//! ```
//!
//! `examples/library` is a whole project that does so. The parts of it:
//!
//! ```
//! use std::path::Path;
//! use wireseam::{analyzer::Role, replay::{Fixture, Segmentation, Tungstenite, Verdict, try_fixture}};
//!
//! let fixture = Fixture::open(Path::new("fixtures/alignment/torn-mask.toml"))?;
//! let ways = [Segmentation::OneByte, Segmentation::EverySplit];
//! let mut decoder = Tungstenite::default(); // or any other `Decoder`
//! for trial in try_fixture(&mut decoder, &fixture, &[Role::Server, Role::Client], &ways)? {
//!     assert_eq!(trial.verdict, Verdict::Ok, "{trial:?}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asserted;
mod claimed;
mod collected;
mod decoder;
mod derive;
mod exec;
mod expected;
mod fixture;
mod judge;
mod live;
mod own;
mod protocol;
pub mod report;
mod run;
mod segmentation;
mod serve;
mod shrink;
mod silence;
mod stream;
mod trial;
mod tungstenite;

pub use self::{
    asserted::{assert_folder, usual},
    decoder::{
        About, AdapterError, Begins, Chunk, CloseEvent, Content, Decoder, Event, Kind, MessageType,
        Refusal, Start,
    },
    exec::Exec,
    expected::{Binding, Fault, Item, Pattern, Wanted},
    fixture::{Fixture, FixtureError},
    judge::{Failure, FailureKind, Judgement, Verdict},
    live::{LiveClient, LiveServer, OnWire, Wire},
    own::Own,
    run::{Found, Run},
    segmentation::{Cuts, MOST_BYTES, MOST_SEGMENTATIONS, Plan, Segmentation, Shape},
    serve::serve,
    shrink::shrink,
    silence::Silence,
    stream::{FramePlace, Stream},
    trial::{Failed, Target, Trial, try_fixture},
    tungstenite::Tungstenite,
};
