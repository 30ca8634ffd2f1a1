//! One replay: a stream handed to a decoder in chunks, and which chunk brought which event.

use std::{ops::Range, time::Duration};

use super::{
    decoder::{AdapterError, Begins, Chunk, Decoder, Event},
    segmentation::Cuts,
    silence::Silence,
    stream::Stream,
};

/// A decoder that gives so many more events than must come is stopped: it would give them without an end.
const MOST_MORE_EVENTS: usize = 1_000;

/// What came of a replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The events, in the order in which they came.
    pub found: Vec<Found>,
    /// How many chunks were handed over.
    pub chunks: usize,
    /// How many bytes.
    pub bytes: usize,
    /// Of a live peer, at how many of the cuts it had read everything before the next bytes were sent.
    pub achieved: usize,
    /// At how many it cannot be known.
    pub unknown: usize,
    /// That it ended because no answer came.
    pub silence: Option<Silence>,
}

/// An event and the chunk that brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The event.
    pub event: Event,
    /// The chunk's number, from 1.
    pub number: usize,
    /// The chunk's bytes; empty at the end of the stream where the event came with none.
    pub chunk: Range<usize>,
}

/// Hands a stream to a decoder, cut at these places.
pub(super) fn replay(
    decoder: &mut dyn Decoder,
    stream: &Stream,
    begins: Begins,
    cuts: &Cuts,
) -> Result<Run, AdapterError> {
    let (begin, end) = (stream.begin(begins), stream.bytes.len());
    let most = stream.items.len() + MOST_MORE_EVENTS;
    let mut run = Run::default();
    // who keeps a reference finds overwritten bytes behind it, not memory that has another use by now
    let mut kept = Vec::new();
    decoder.start(&stream.start(begins))?;
    for range in cuts.chunks(begin, end) {
        let chunk = Chunk::new(stream.bytes.get(range.clone()).unwrap_or_default());
        let events = decoder.feed(&chunk);
        chunk.overwrite();
        kept.push(chunk);
        run.chunks += 1;
        run.bytes += range.len();
        let Some(events) = run.answered(events, &range)? else {
            return Ok(run);
        };
        run.take(events, range);
        if run.found.len() > most {
            return Ok(run);
        }
    }
    let late = decoder.end();
    let late = run.answered(late, &(end..end))?;
    let late = late
        .unwrap_or_default()
        .into_iter()
        .filter(|event| !matches!(event, Event::Error(_)));
    run.take(late, end..end);
    Ok(run)
}

impl Run {
    /// What was answered to these bytes; where nothing was, that is kept.
    fn answered(
        &mut self,
        answer: Result<Vec<Event>, AdapterError>,
        bytes: &Range<usize>,
    ) -> Result<Option<Vec<Event>>, AdapterError> {
        match answer {
            Ok(events) => Ok(Some(events)),
            Err(AdapterError::Silent(waited)) => {
                self.fall_silent(waited, bytes);
                Ok(None)
            }
            Err(cause) => Err(cause),
        }
    }

    /// Nothing has come for so long, the last of the bytes being these.
    pub(super) fn fall_silent(&mut self, waited: Duration, bytes: &Range<usize>) {
        self.silence = Some(Silence {
            waited,
            bytes: self.bytes,
            number: self.chunks + usize::from(bytes.is_empty()),
            chunk: bytes.clone(),
        });
    }

    /// The peer refuses, somewhere in these bytes.
    pub(super) fn refuse(&mut self, bytes: &Range<usize>, why: String) {
        self.found.push(Found {
            event: Event::error(None, why),
            number: self.chunks,
            chunk: bytes.clone(),
        });
    }

    fn take(&mut self, events: impl IntoIterator<Item = Event>, chunk: Range<usize>) {
        let number = self.chunks + usize::from(chunk.is_empty());
        let found = events.into_iter().map(|event| Found {
            event,
            number,
            chunk: chunk.clone(),
        });
        self.found.extend(found);
    }
}
