//! A decoder that has got bytes and says nothing more: it hangs, which is told apart from one that gives the wrong events, and
//! from an adapter that does not work.

use std::{ops::Range, time::Duration};

use super::judge::{Failure, FailureKind, Judgement, Verdict};

/// That no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// How long it was waited for.
    pub waited: Duration,
    /// How many bytes had been handed over.
    pub bytes: usize,
    /// The number of the chunk, from 1, that was not answered.
    pub number: usize,
    /// Its bytes; empty at the end of the stream.
    pub chunk: Range<usize>,
}

impl Silence {
    /// The judgement on a run that ended so: what was wrong before goes first, what is missing since is missing because of it.
    pub(super) fn judge(&self, judged: Judgement) -> Judgement {
        let is_due = |failure: &Failure| {
            let is_missing = matches!(failure.kind, FailureKind::Missing | FailureKind::NotRefused);
            is_missing && failure.at > self.chunk.start
        };
        let expected = match judged.failure {
            Some(failure) if !is_due(&failure) => {
                return Judgement {
                    failure: Some(failure),
                    ..judged
                };
            }
            Some(failure) => failure.expected,
            None => "an answer".to_owned(),
        };
        let (seconds, bytes) = (self.waited.as_secs_f64(), self.bytes);
        let byte = if bytes == 1 { "byte" } else { "bytes" };
        let end = if self.chunk.is_empty() {
            ", when the stream ended"
        } else {
            ""
        };
        Judgement {
            verdict: Verdict::Failed,
            failure: Some(Failure {
                kind: FailureKind::Silent,
                at: self.chunk.end,
                number: self.number,
                chunk: self.chunk.clone(),
                expected,
                found: format!(
                    "did not answer within {seconds} s (--timeout) after {bytes} {byte}{end}"
                ),
            }),
            ..judged
        }
    }
}
