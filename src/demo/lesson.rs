//! What a lesson is: how it is played, how it is told from what was captured, and the list of all.

#[cfg(target_os = "linux")]
use super::stage::Scene;
use super::{
    lessons::{closing, decoding, http, segments, socketio, streams, websocket},
    picture::Picture,
    take::Take,
};

/// A lesson.
#[derive(Debug)]
pub(super) struct Lesson {
    /// The key that chooses it.
    pub(super) key: &'static str,
    /// The word that chooses it.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// How it is played; `None` where there is only a recording.
    #[cfg(target_os = "linux")]
    pub(super) play: Option<fn(&mut Scene<'_>) -> anyhow::Result<()>>,
    /// What it shows, or why this take does not show it.
    pub(super) tell: fn(&Take) -> anyhow::Result<Told>,
    pub(super) recording: Recording,
}

/// A take of a lesson that was made earlier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recording {
    pub(super) capture: &'static [u8],
    /// What its format is called in the names of files.
    pub(super) extension: &'static str,
    pub(super) log: &'static str,
}

/// What a lesson shows.
#[derive(Debug)]
pub(super) struct Told {
    /// What is done.
    pub(super) scene: String,
    pub(super) parts: Vec<Part>,
    /// What to notice in it.
    pub(super) notice: String,
    /// The belief that it kills.
    pub(super) belief: &'static str,
}

/// A part of a lesson.
#[derive(Debug)]
pub(super) enum Part {
    Picture(Picture),
    /// Lines as they are.
    Lines(Vec<String>),
}

/// Stops a take from teaching what it does not show.
pub(super) fn claim(holds: bool, otherwise: &str) -> anyhow::Result<()> {
    anyhow::ensure!(holds, "{otherwise}");
    Ok(())
}

impl Lesson {
    /// What its files are called.
    pub(super) fn file(&self, extension: &str) -> String {
        format!("{}-{}.{extension}", self.key, self.name)
    }
}

macro_rules! recording {
    ($name:literal) => {
        Recording {
            capture: include_bytes!(concat!("recordings/", $name, ".pcapng")),
            extension: "pcapng",
            log: include_str!(concat!("recordings/", $name, ".log")),
        }
    };
}

macro_rules! lessons {
    ($($key:literal $name:literal $title:literal $play:expr, $tell:path, $recording:expr;)*) => {
        [$(Lesson {
            key: $key,
            name: $name,
            title: $title,
            #[cfg(target_os = "linux")]
            play: $play,
            tell: $tell,
            recording: $recording,
        }),*]
    };
}

/// All of them, in the order in which they build on each other.
pub(super) static LESSONS: [Lesson; 11] = lessons! {
    "1" "sends" "Sends are not receives" Some(streams::play_slow), streams::tell_slow, recording!("1-sends");
    "2" "luck" "It worked is not it is right" Some(streams::play_fast), streams::tell_fast, recording!("2-luck");
    "3" "cork" "Five sends, one segment" Some(segments::play_cork), segments::tell_cork, recording!("3-cork");
    "4" "mtu" "One send, and who cuts it" Some(segments::play_mtu), segments::tell_mtu, recording!("4-mtu");
    "5" "http" "HTTP on the same socket" Some(http::play_http), http::tell_http, recording!("5-http");
    "6" "upgrade" "The upgrade, and a message right behind it" Some(http::play_upgrade), http::tell_upgrade, recording!("6-upgrade");
    "7" "frames" "The same texts as WebSocket messages" Some(websocket::play_frames), websocket::tell_frames, recording!("7-frames");
    "8" "fragments" "Fragments, a ping between them, and cuts anywhere" Some(websocket::play_fragments), websocket::tell_fragments, recording!("8-fragments");
    "9" "broken" "A decoder that passes every test on localhost" Some(decoding::play), decoding::tell, recording!("9-broken");
    "0" "close" "Closing, and what 1006 means" Some(closing::play), closing::tell, recording!("0-close");
    "s" "socketio" "Socket.IO events in messages in segments" None, socketio::tell, Recording {
        capture: include_bytes!("../../fixtures/recordings/sio-polling-upgrade.pcap"),
        extension: "pcap",
        log: "",
    };
};

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may unwrap")]

    use super::{super::log::Log, *};

    #[test]
    fn a_lesson_is_told_of_no_take_that_does_not_show_it() {
        for of in &LESSONS {
            let log = Log::parse(of.recording.log).unwrap();
            let take = Take::new(of.recording.capture, log).unwrap();
            for lesson in &LESSONS {
                let told = (lesson.tell)(&take);
                assert_eq!(
                    told.is_ok(),
                    lesson.name == of.name,
                    "{} of the take of {}: {:?}",
                    lesson.name,
                    of.name,
                    told.err()
                );
            }
        }
    }
}
