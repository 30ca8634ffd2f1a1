//! What a renderer is: events in, a report out.

use std::io;

use wireseam_analyzer::{Detail, Event};

use super::{record::Context, schema::Capture};

/// A way to say what was found. The run loop gives it every event in order, then the totals of the capture.
pub trait Render {
    /// How much the analyzer has to say for it.
    fn detail(&self) -> Detail {
        Detail::Map
    }

    /// Takes the next event.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    fn event(&mut self, context: &Context, event: Event) -> io::Result<()>;

    /// Hands on what was written so far, where it is written as it comes.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Says the rest: there is nothing more to come.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    fn finish(&mut self, capture: &Capture) -> io::Result<()>;
}

impl<R: Render + ?Sized> Render for Box<R> {
    fn detail(&self) -> Detail {
        (**self).detail()
    }

    fn event(&mut self, context: &Context, event: Event) -> io::Result<()> {
        (**self).event(context, event)
    }

    fn flush(&mut self) -> io::Result<()> {
        (**self).flush()
    }

    fn finish(&mut self, capture: &Capture) -> io::Result<()> {
        (**self).finish(capture)
    }
}
