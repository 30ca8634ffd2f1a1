//! Every cap on what grows with the traffic: its default and its reason.

/// What the analyzer may hold on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many frames [`Alignment::shares_with`](crate::Alignment::shares_with) names; a segment of empty frames holds 32,747.
    pub shared_frames: usize,
    /// How many bytes of a message [`PayloadPolicy::Preview`] keeps.
    pub preview: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { shared_frames: 64, preview: 64 }
    }
}

/// How much of each message's application data to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadPolicy {
    /// Nothing.
    None,
    /// The first [`Limits::preview`] bytes.
    #[default]
    Preview,
    /// SHA-256 only.
    Sha256,
    /// All of it, and its SHA-256.
    Full,
}
