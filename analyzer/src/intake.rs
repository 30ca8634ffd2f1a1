//! Bytes in order that no layer has used yet, because they are too few to tell or wait for the other direction.

use crate::{Offset, Span};

/// One direction's waiting bytes; mostly none.
#[derive(Debug, Default)]
pub(crate) struct Intake(Option<Box<Waiting>>);

/// Some bytes that wait.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) bytes: Vec<u8>,
    /// Where the first of them stands.
    pub(crate) start: Offset,
    /// From where on the bytes of their packets reach.
    pub(crate) keep_from: Offset,
}

impl Waiting {
    pub(crate) fn span(&self) -> Span {
        Span::of_length(self.start, self.bytes.len() as u64)
    }
}

impl Intake {
    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// What waits.
    pub(crate) fn waiting(&self) -> Option<&Waiting> {
        self.0.as_deref()
    }

    pub(crate) fn waiting_mut(&mut self) -> Option<&mut Waiting> {
        self.0.as_deref_mut()
    }

    /// Takes what waits out.
    pub(crate) fn take(&mut self) -> Option<Box<Waiting>> {
        self.0.take()
    }

    /// Lets bytes wait, where there are any.
    pub(crate) fn put(&mut self, waiting: Box<Waiting>) {
        self.0 = Some(waiting).filter(|waiting| !waiting.bytes.is_empty());
    }

    /// From where on the map is needed for them, when everything before `next` was delivered.
    pub(crate) fn needed_from(&self, next: Offset) -> Offset {
        self.waiting().map_or(next, |waiting| waiting.keep_from)
    }
}
