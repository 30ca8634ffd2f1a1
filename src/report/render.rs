//! What a renderer is: events in, a report out.

use std::io;

use wireseam_analyzer::{Detail, Event};

use super::{record::Context, schema::Capture, tally::Tally};

/// A way to say what was found. The run loop gives it every event in order, then the totals of the capture.
pub trait Render {
    /// How much the analyzer has to say for it.
    fn detail(&self) -> Detail {
        Detail::Map
    }

    /// Where everything is to be counted that needs no order; `None` where each event is to come in its order.
    ///
    /// Of the events only the ends of connections are then sure to come, and of these only such as may be among the foremost
    /// of a list. All others may be counted on the thread that found them, and added up here before the end.
    fn tally(&mut self) -> Option<&mut Tally> {
        None
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

    fn tally(&mut self) -> Option<&mut Tally> {
        (**self).tally()
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
