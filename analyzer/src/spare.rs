//! Buffers that a connection needs while it is at work and gives back when it is at rest, so that one at rest is small
//! and one at work finds them where the last one left them: in the cache.

/// How many buffers of a kind are kept for the next.
const KEPT: usize = 16;

/// What can be used again.
pub(crate) trait Reuse: Default {
    /// Makes it as good as new; what it had allocated may stay.
    fn clear(&mut self);
}

/// Buffers that nobody uses.
#[derive(Debug)]
pub(crate) struct Spare<T>(Vec<Box<T>>);

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Reuse> Spare<T> {
    /// One that is as good as new.
    pub(crate) fn take(&mut self) -> Box<T> {
        self.0.pop().unwrap_or_default()
    }

    /// Keeps one for the next.
    pub(crate) fn give_back(&mut self, used: Option<Box<T>>) {
        if let Some(mut used) = used
            && self.0.len() < KEPT
        {
            used.clear();
            self.0.push(used);
        }
    }
}
