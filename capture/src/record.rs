//! The recorder: packets of any source written into pcapng files (draft-ietf-opsawg-pcapng), none uncounted.
//!
//! ```text
//!   Source --packet--> Recorder --blocks--> Output --whole blocks--> file, file-00002, ..
//!                                            held until nothing is waiting, for a second at most
//! ```

mod block;
mod error;
mod files;
mod options;
mod output;
mod recorded;
mod recorder;
mod run;

pub use error::{RecordError, RecordFailure};
pub use options::{Limits, RecordOptions, Rotation};
pub use recorded::Recorded;
pub use run::{Ended, Recording, record};
