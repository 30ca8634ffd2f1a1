//! What the formats for people say of the capture besides its totals: a line for each thing that there is, none for others.

use wireseam_capture::Stop;

use super::{
    escape::Escaped,
    schema::{Capture, CaptureFile, Checksums, Comment, Interface, Section},
    text::count,
};

/// Each line: what it is about, and what there is to say.
pub(super) fn remarks(capture: &Capture) -> Vec<(&'static str, String)> {
    let lines = [
        ("files", files(&capture.files)),
        (
            "made by",
            listed(&capture.sections, section, capture.left_out.sections),
        ),
        (
            "interfaces",
            listed(&capture.interfaces, interface, capture.left_out.interfaces),
        ),
        ("checksums", checksums(capture)),
        ("IP", fragments(capture)),
        ("lengths", lengths(capture)),
        ("dropped", dropped(capture)),
        ("errors", errors(capture)),
        ("times", backwards(capture)),
        (
            "comments",
            listed(&capture.comments, comment, capture.left_out.comments),
        ),
        ("secrets", secrets(capture)),
        ("stopped", stopped(capture)),
    ];
    lines
        .into_iter()
        .filter_map(|(about, line)| Some((about, line?)))
        .collect()
}

/// Of several files each; of one what the line about the capture does not say.
fn files(files: &[CaptureFile]) -> Option<String> {
    match files {
        [] | [_] => None,
        files => {
            listed(files, |read| Some(file(read)), 0).map(|list| format!("{}: {list}", files.len()))
        }
    }
}

fn file(file: &CaptureFile) -> String {
    let name = Escaped(&file.name);
    match &file.format {
        Some(_) => format!("{name} {}", count(file.packets, "packet")),
        None => format!("{name} unreadable"),
    }
}

fn section(section: &Section) -> Option<String> {
    let said = [&section.application, &section.os, &section.hardware];
    let said: Vec<_> = said.into_iter().flatten().map(|text| shown(text)).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

fn interface(interface: &Interface) -> Option<String> {
    let filter = interface.filter.as_ref();
    let filter = filter.map(|filter| format!("filter {}", shown(filter)));
    let said = [
        interface.name.as_deref().map(shown),
        interface.description.as_deref().map(shown),
        filter,
    ];
    let said: Vec<_> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("{} {}", interface.id, said.join(", ")))
}

fn comment(comment: &Comment) -> Option<String> {
    let on = match (comment.packet, comment.interface, comment.section) {
        (Some(packet), ..) => format!("#{packet}"),
        (_, Some(interface), _) => format!("interface {interface}"),
        (.., section) => format!("section {}", section.unwrap_or_default()),
    };
    Some(format!("{on} {}", shown(&comment.text)))
}

/// Only where some are wrong: that others were left to the interface goes without saying in a capture of the sending host.
fn checksums(capture: &Capture) -> Option<String> {
    let Checksums { ip, tcp } = capture.checksums?;
    let wrong = joined([(ip.wrong, "of IP headers"), (tcp.wrong, "of TCP segments")])?;
    let left = ip.left_to_interface + tcp.left_to_interface;
    let left = joined([(left, "left to the interface")]);
    let left = left.map_or(String::new(), |left| format!("; {left}"));
    Some(format!("wrong are {wrong}{left}"))
}

fn fragments(capture: &Capture) -> Option<String> {
    let fragments = capture.fragments;
    let packets = |number: u64, what: &str| (number, format!("{} {what}", count(number, "packet")));
    let found = [
        (fragments.fragments, count(fragments.fragments, "fragment")),
        packets(fragments.reassembled, "put together"),
        packets(fragments.incomplete, "never whole"),
        packets(fragments.given_up, "given up for others"),
        (fragments.refused, format!("{} refused", fragments.refused)),
        (
            fragments.differing,
            format!("{} with other bytes than before", fragments.differing),
        ),
    ];
    let found: Vec<_> = found
        .into_iter()
        .filter_map(|(number, said)| (number > 0).then_some(said))
        .collect();
    (!found.is_empty()).then(|| found.join(", "))
}

fn lengths(capture: &Capture) -> Option<String> {
    joined([(
        capture.lengths_left_to_interface,
        "left to the interface by the IP header",
    )])
}

fn dropped(capture: &Capture) -> Option<String> {
    let dropped = &capture.dropped;
    let by = [
        (dropped.kernel, "by the kernel"),
        (dropped.interface, "by the interface"),
        (dropped.between, "between packets"),
    ];
    let lost = joined(by.map(|(packets, by)| (packets.unwrap_or(0), by)))?;
    // of a file nobody knows what the recorder was busy with
    let is_live = capture.files.is_empty() && !capture.interfaces.is_empty();
    let why = if is_live && dropped.kernel.is_some_and(|packets| packets > 0) {
        "; the kernel does where packets come faster than they are analyzed and the report is read"
    } else {
        ""
    };
    Some(format!("{lost}{why}"))
}

fn errors(capture: &Capture) -> Option<String> {
    let errors = &capture.link_layer.errors;
    joined(
        errors
            .iter()
            .map(|(error, packets)| (*packets, error.as_str())),
    )
    .map(|errors| format!("on the link layer: {errors}"))
}

fn backwards(capture: &Capture) -> Option<String> {
    let step = capture.backwards.largest_step?;
    let (packets, are) = match capture.backwards.packets {
        1 => ("1 packet".to_owned(), "is"),
        many => (count(many, "packet"), "are"),
    };
    let step = step.microseconds();
    Some(format!(
        "{packets} {are} earlier than the one before, by {step} s at most"
    ))
}

fn secrets(capture: &Capture) -> Option<String> {
    let kinds = capture.secrets.iter().map(|secrets| {
        let (blocks, lines) = (count(secrets.blocks, "block"), count(secrets.lines, "line"));
        format!("{blocks}, {}, {lines}", Escaped(&secrets.kind))
    });
    let kinds: Vec<_> = kinds.collect();
    (!kinds.is_empty()).then(|| kinds.join("; "))
}

fn stopped(capture: &Capture) -> Option<String> {
    let why = match capture.stopped?.0 {
        Stop::Interrupted => "when it was interrupted",
        Stop::Limit => "after as many packets as were asked for",
        Stop::Duration => "after as long as was asked for",
    };
    // an interface has no end that could have been missed
    let goes_on = match capture.files[..] {
        [] => "",
        _ => "; the capture may go on behind what was read",
    };
    Some(format!("{why}{goes_on}"))
}

/// "5 by the kernel, 1 by the interface", without zeros.
fn joined<'a>(counts: impl IntoIterator<Item = (u64, &'a str)>) -> Option<String> {
    let counts = counts.into_iter().filter(|(number, _)| *number > 0);
    let counts: Vec<_> = counts
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

/// The first few of a list, repetitions left out, and how many more there are.
fn listed<T>(all: &[T], say: impl Fn(&T) -> Option<String>, left_out: u64) -> Option<String> {
    let mut said: Vec<_> = all.iter().filter_map(say).collect();
    said.dedup();
    let mut said = said.into_iter();
    let mut few: Vec<_> = said.by_ref().take(MOST_SHOWN).collect();
    let more = said.count() as u64 + left_out;
    if few.is_empty() {
        return None;
    }
    if more > 0 {
        few.push(format!("{more} more"));
    }
    Some(few.join("; "))
}

/// The beginning of a text, in quotation marks where it is more than a word.
fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let beginning: String = chars.by_ref().take(MOST_CHARS).collect();
    let more = if chars.next().is_some() { ".." } else { "" };
    format!("\"{}{more}\"", Escaped(&beginning))
}

/// How many files, interfaces or comments a line shows; JSON has them all.
const MOST_SHOWN: usize = 4;

/// How much of a text is shown.
const MOST_CHARS: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{
        samples,
        schema::{
            Backwards, Dropped, Fragments, LeftOut, LinkLayer, Seconds, Secrets, WrongChecksums,
        },
    };

    fn lines(capture: &Capture) -> Vec<String> {
        remarks(capture)
            .into_iter()
            .map(|(about, line)| format!("{about}: {line}"))
            .collect()
    }

    #[test]
    fn a_capture_that_says_nothing_has_no_line() {
        assert_eq!(lines(&samples::capture()), [""; 0]);
        let dropped = Dropped {
            kernel: Some(0),
            ..Dropped::default()
        };
        let offloaded = WrongChecksums {
            left_to_interface: 9,
            ..WrongChecksums::default()
        };
        let nothing_lost = Capture {
            dropped,
            checksums: Some(Checksums {
                ip: offloaded,
                tcp: offloaded,
            }),
            ..Capture::default()
        };
        assert_eq!(lines(&nothing_lost), [""; 0]);
    }

    #[test]
    fn everything_is_said_in_a_line_and_escaped() {
        let comment = |packet: u64, text: &str| Comment {
            packet: Some(packet),
            interface: None,
            section: None,
            text: text.to_owned(),
        };
        let capture = Capture {
            sections: vec![Section {
                hardware: None,
                os: Some("Linux\u{1b}[2J".to_owned()),
                application: Some("Dumpcap".to_owned()),
            }],
            checksums: Some(Checksums {
                ip: WrongChecksums::default(),
                tcp: WrongChecksums {
                    wrong: 3,
                    left_to_interface: 9,
                },
            }),
            fragments: Fragments {
                fragments: 6,
                reassembled: 2,
                incomplete: 1,
                ..Fragments::default()
            },
            lengths_left_to_interface: 4,
            dropped: Dropped {
                kernel: Some(5),
                interface: Some(0),
                between: Some(2),
            },
            backwards: Backwards {
                packets: 2,
                largest_step: Some(Seconds {
                    nanoseconds: 1_500_000_000,
                }),
            },
            comments: (1..=6).map(|n| comment(n, "odd \u{202e}")).collect(),
            secrets: vec![Secrets {
                kind: "TLS key log".to_owned(),
                blocks: 1,
                lines: 3,
            }],
            link_layer: LinkLayer {
                errors: [("CRC".to_owned(), 3)].into(),
                ..LinkLayer::default()
            },
            left_out: LeftOut {
                comments: 7,
                ..LeftOut::default()
            },
            ..Capture::default()
        };
        let odd = r#""odd \u{202e}""#;
        assert_eq!(
            lines(&capture),
            [
                r#"made by: "Dumpcap", "Linux\x1b[2J""#.to_owned(),
                "checksums: wrong are 3 of TCP segments; 9 left to the interface".to_owned(),
                "IP: 6 fragments, 2 packets put together, 1 packet never whole".to_owned(),
                "lengths: 4 left to the interface by the IP header".to_owned(),
                "dropped: 5 by the kernel, 2 between packets".to_owned(),
                "errors: on the link layer: 3 CRC".to_owned(),
                "times: 2 packets are earlier than the one before, by 1.500000 s at most"
                    .to_owned(),
                format!("comments: #1 {odd}; #2 {odd}; #3 {odd}; #4 {odd}; 9 more"),
                "secrets: 1 block, TLS key log, 3 lines".to_owned(),
            ]
        );
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        assert_eq!(shown(&"x".repeat(60)), format!("\"{}\"", "x".repeat(60)));
        assert_eq!(shown(&"x".repeat(61)), format!("\"{}..\"", "x".repeat(60)));
    }
}
