//! An implementation against a fixture: every stream that it takes, in every segmentation asked for, until one fails.

use wireseam_analyzer::Role;

use super::{
    decoder::{About, AdapterError, Begins, Decoder},
    fixture::Fixture,
    judge::{Failure, FailureKind, Judgement, Outcome, Verdict, judge},
    live::OnWire,
    run::{Run, replay},
    segmentation::{Cuts, Segmentation},
    stream::Stream,
};

/// Something that a stream can be replayed into: a decoder in this process or another, a server, a client.
pub trait Target {
    /// Which implementation it is.
    fn implementation(&self) -> About;

    /// Whether each replay takes a connection, so that fewer are made unless more are asked for.
    fn is_live(&self) -> bool {
        false
    }

    /// The stream as it will be sent: with a handshake of one's own where there has to be a real one.
    fn prepare(&self, stream: &Stream) -> Stream {
        stream.clone()
    }

    /// What a capture says of the cuts of all replays since it was asked last; `None` where none is made.
    fn captured(&mut self) -> Option<OnWire> {
        None
    }

    /// Replays a stream with these cuts.
    ///
    /// # Errors
    ///
    /// The target does not work, which says nothing about what it decodes.
    fn replay(&mut self, stream: &Stream, begins: Begins, cuts: &Cuts)
    -> Result<Run, AdapterError>;
}

impl<D: Decoder> Target for D {
    fn implementation(&self) -> About {
        self.about()
    }

    fn replay(
        &mut self,
        stream: &Stream,
        begins: Begins,
        cuts: &Cuts,
    ) -> Result<Run, AdapterError> {
        replay(self, stream, begins, cuts)
    }
}

/// What came of replaying one stream into one implementation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The fixture.
    pub fixture: String,
    /// The connection.
    pub connection: u64,
    /// Which end the implementation was.
    pub role: Role,
    /// The verdict on all segmentations together: the worst.
    pub verdict: Verdict,
    /// Why it is not `OK`, each once.
    pub notes: Vec<String>,
    /// How many segmentations were replayed; none where it was not tried.
    pub segmentations: usize,
    /// How many the caps left out.
    pub left_out: usize,
    /// How many chunks were handed over, all segmentations together.
    pub chunks: usize,
    /// How many bytes.
    pub bytes: usize,
    /// Of a live peer, how many cuts reached it as cuts, and of how many that is not known.
    pub achieved: Option<(usize, usize)>,
    /// What a capture says of these cuts.
    pub on_wire: Option<OnWire>,
    /// The first segmentation that failed.
    pub failed: Option<Failed>,
    /// Why the trial was not brought to an end: the target does not work.
    pub broken: Option<String>,
}

/// A replay that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// How the stream was cut.
    pub cuts: Cuts,
    /// With which byte the decoder began.
    pub begins: Begins,
    /// How many chunks that are.
    pub chunks: usize,
    /// In which way it failed.
    pub failure: Failure,
    /// The bytes that were sent.
    pub stream: Box<Stream>,
}

impl Trial {
    /// Whether something has to be done: it failed, or was not brought to an end.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.verdict == Verdict::Failed || self.broken.is_some()
    }
}

/// Replays what a fixture holds for these roles in these segmentations, and gives a trial for each stream.
///
/// A stream is replayed in one piece first; a run that differs from that one has failed even where both can be accepted.
/// With the first segmentation that fails the trial of a stream ends.
///
/// # Errors
///
/// Only where somebody wants the replay to end; a target that does not work is told in its [`Trial`].
pub fn try_fixture(
    target: &mut dyn Target,
    fixture: &Fixture,
    roles: &[Role],
    segmentations: &[Segmentation],
) -> Result<Vec<Trial>, AdapterError> {
    let about = target.implementation();
    // that a running server is no client needs no telling
    let takes = |role| !target.is_live() || about.begins(role).is_some();
    let roles: Vec<Role> = roles.iter().copied().filter(|role| takes(*role)).collect();
    let streams = fixture.streams.iter();
    let streams = streams.filter(|stream| roles.contains(&stream.role));
    streams
        .map(|stream| {
            let mut trial = try_stream(target, stream, segmentations);
            let on_wire = target.captured();
            if let Ok(trial) = &mut trial {
                trial.on_wire = on_wire.filter(|seen| seen.asked > 0);
            }
            trial
        })
        .collect()
}

fn try_stream(
    target: &mut dyn Target,
    stream: &Stream,
    segmentations: &[Segmentation],
) -> Result<Trial, AdapterError> {
    let about = target.implementation();
    let mut trial = Trial {
        fixture: stream.fixture.clone(),
        connection: stream.connection,
        role: stream.role,
        verdict: Verdict::Ok,
        notes: Vec::new(),
        segmentations: 0,
        left_out: 0,
        chunks: 0,
        bytes: 0,
        achieved: None,
        on_wire: None,
        failed: None,
        broken: None,
    };
    let Some(begins) = about.begins(stream.role) else {
        return Ok(trial.unimplemented(format!("it is no {}", stream.role)));
    };
    if let Some(unknown) = unknown_extension(&about, stream) {
        return Ok(trial.unimplemented(format!("it does not know {unknown}")));
    }
    let stream = target.prepare(stream);
    let mut shape = stream.shape(begins);
    if target.is_live() {
        // who has taken a Close frame need not echo any more what came with it (RFC 6455 5.5.1)
        shape.turns.extend(stream.closes());
    }
    let mut first: Option<(Outcome, Cuts)> = None;
    let whole = [Segmentation::CoalesceAll];
    let only_places = matches!(segmentations, [Segmentation::Cuts(_)]);
    let is_other = |way: &&Segmentation| **way != Segmentation::CoalesceAll;
    let ways = whole.iter().filter(|_| !only_places);
    for way in ways.chain(segmentations.iter().filter(is_other)) {
        let plan = way.plan(&shape);
        trial.left_out += plan.left_out;
        for cuts in plan.segmentations {
            let run = match target.replay(&stream, begins, &cuts) {
                Ok(run) => run,
                Err(AdapterError::Interrupted) => return Err(AdapterError::Interrupted),
                Err(AdapterError::Unsupported(why)) => return Ok(trial.unimplemented(why)),
                Err(AdapterError::Declined(why)) => {
                    trial.verdict = trial.verdict.max(Verdict::Informational);
                    trial.notes.push(why);
                    return Ok(trial);
                }
                Err(why) => {
                    trial.broken = Some(format!("{why} ({})", cuts.name));
                    return Ok(trial);
                }
            };
            let judgement = judge_run(&stream, &about, begins, &run, &cuts, &mut first);
            if trial.take(&stream, begins, &run, &cuts, judgement) {
                return Ok(trial);
            }
        }
    }
    Ok(trial)
}

/// Judges a run by what must come of the stream, and then by the first run.
pub(super) fn judge_run(
    stream: &Stream,
    about: &About,
    begins: Begins,
    run: &Run,
    cuts: &Cuts,
    first: &mut Option<(Outcome, Cuts)>,
) -> Judgement {
    let mut judgement = judge(stream, about, begins, run);
    if let Some(silence) = &run.silence {
        judgement = silence.judge(judgement);
    }
    if judgement.verdict == Verdict::Failed {
        return judgement;
    }
    // whether bytes came early is a matter of time, and a limit may be one on pieces: both may differ
    if stream.is_early() || Outcome::is_limited(run) {
        return judgement;
    }
    let outcome = Outcome::of(run);
    match first {
        None => *first = Some((outcome, cuts.clone())),
        Some((known, how)) => {
            if let Some((expected, found)) = known.differs(&outcome) {
                let place = outcome.refused_at().or(known.refused_at()).cloned();
                let place = place.unwrap_or(stream.bytes.len()..stream.bytes.len());
                judgement.verdict = Verdict::Failed;
                judgement.failure = Some(Failure {
                    kind: FailureKind::Inconsistent,
                    at: place.start,
                    number: 0,
                    chunk: place,
                    expected: format!("{expected}, as with {}", how.name),
                    found,
                });
            }
        }
    }
    judgement
}

impl Trial {
    fn unimplemented(mut self, why: String) -> Self {
        self.verdict = Verdict::Unimplemented;
        self.notes.push(why);
        self
    }

    /// Takes the judgement on a run; whether the trial has failed with it.
    fn take(
        &mut self,
        stream: &Stream,
        begins: Begins,
        run: &Run,
        cuts: &Cuts,
        judgement: Judgement,
    ) -> bool {
        self.segmentations += 1;
        self.chunks += run.chunks;
        self.bytes += run.bytes;
        if run.achieved + run.unknown > 0 {
            let (achieved, unknown) = self.achieved.get_or_insert((0, 0));
            *achieved += run.achieved;
            *unknown += run.unknown;
        }
        self.verdict = self.verdict.max(judgement.verdict);
        for note in judgement.notes {
            if !self.notes.contains(&note) && self.notes.len() < MOST_NOTES {
                self.notes.push(note);
            }
        }
        let Some(mut failure) = judgement.failure else {
            return false;
        };
        let chunks = cuts.chunks(stream.begin(begins), stream.bytes.len());
        let mut chunks = chunks.enumerate();
        if failure.number == 0 {
            // the chunk that holds the byte in question
            let last = failure
                .at
                .saturating_sub(usize::from(failure.kind != FailureKind::NotRefused));
            if let Some((at, chunk)) = chunks.find(|(_, chunk)| chunk.contains(&last)) {
                (failure.number, failure.chunk) = (at + 1, chunk);
            }
        }
        self.failed = Some(Failed {
            cuts: cuts.clone(),
            begins,
            chunks: cuts
                .chunks(stream.begin(begins), stream.bytes.len())
                .count(),
            failure,
            stream: Box::new(stream.clone()),
        });
        true
    }
}

/// An extension that the handshake agreed on and the implementation does not know.
fn unknown_extension(about: &About, stream: &Stream) -> Option<String> {
    let names = stream.extensions.iter().map(|extension| {
        let name = extension.split(';').next().unwrap_or_default();
        name.trim().to_ascii_lowercase()
    });
    let mut unknown = names.filter(|name| !about.extensions.contains(name));
    unknown.next()
}

/// No more notes are kept of a trial: they are of few kinds.
const MOST_NOTES: usize = 64;
