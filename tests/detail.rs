//! Whether the map was asked for or counts: what is found is the same, in every fixture.

use std::io::{self, Cursor};

use wireseam::{
    Options,
    analyzer::{Detail, Event, EventKind},
    capture::FileSource,
    report::{Context, Render, schema::Capture},
};

use crate::case::Case;

/// Notes what is said.
struct Notes {
    detail: Detail,
    lines: Vec<String>,
    /// Whether messages are noted.
    messages: bool,
    /// How many events there were that only the map has.
    of_map: usize,
}

impl Render for Notes {
    fn detail(&self) -> Detail {
        self.detail
    }

    fn event(&mut self, _: &Context, event: Event) -> io::Result<()> {
        let Event {
            connection,
            moment,
            kind,
        } = event;
        let said = match kind {
            EventKind::Segment(_)
            | EventKind::Tls(_)
            | EventKind::Exchange(_)
            | EventKind::Frame(_)
            | EventKind::Acknowledged(_) => {
                self.of_map += 1;
                return Ok(());
            }
            EventKind::WebSocket(handshake) => format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                handshake.websocket,
                handshake.result,
                handshake.status,
                handshake.accept_valid,
                handshake.extensions,
                handshake.frames_from,
                handshake.confidence
            ),
            EventKind::Opened(_)
            | EventKind::Layer(_)
            | EventKind::Gap(_)
            | EventKind::Control(_)
            | EventKind::Finding(_)
            | EventKind::Ended(_) => format!("{kind:?}"),
            EventKind::Message(_) if self.messages => format!("{kind:?}"),
            _ => return Ok(()),
        };
        self.lines.push(format!("{connection:?} {moment:?} {said}"));
        Ok(())
    }

    fn finish(&mut self, _: &Capture) -> io::Result<()> {
        Ok(())
    }
}

fn notes(case: &Case, detail: Detail, messages: bool) -> Notes {
    let mut notes = Notes {
        detail,
        messages,
        lines: Vec::new(),
        of_map: 0,
    };
    let bytes = Cursor::new(case.built.bytes.clone());
    let mut source = FileSource::from_reader(case.name.clone(), bytes).unwrap();
    wireseam::inspect(&mut source, &Options::default(), &mut notes).unwrap();
    notes
}

#[test]
fn counts_come_with_the_findings_of_the_map() {
    for case in Case::all() {
        let [map, counts] = [Detail::Map, Detail::Counts].map(|detail| notes(&case, detail, false));
        assert_eq!(counts.lines, map.lines, "{}/{}", case.area, case.name);
        assert_eq!(counts.of_map, 0, "{}/{}", case.area, case.name);
    }
}

#[test]
fn messages_are_those_of_the_map() {
    for case in Case::all() {
        let [map, messages] =
            [Detail::Map, Detail::Messages].map(|detail| notes(&case, detail, true));
        assert_eq!(messages.lines, map.lines, "{}/{}", case.area, case.name);
        assert_eq!(messages.of_map, 0, "{}/{}", case.area, case.name);
    }
}
