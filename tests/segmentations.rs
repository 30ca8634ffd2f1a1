//! However a conversation is cut into segments, the same is said in it: every fixture to whose packets nothing happens, cut
//! at each byte, at one byte, nowhere, and at places that chance draws, against itself as its script cuts it.

use std::{fmt::Debug, io::Cursor};

use wireseam::{
    Options,
    analyzer::{Config, PayloadPolicy},
    capture::FileSource,
    fixtures::{Built, Segmentation},
    report::schema::{CloseFrame, Connection, Report, WebSocket},
};

use crate::case::Case;

/// Conversations of more bytes take too long in segments of one.
const MOST_SINGLE_BYTES: usize = 4_000;

/// In how many places a conversation is cut once, and one of more bytes than that.
const SINGLE_CUTS: [usize; 2] = [8, 2];

/// What chance begins with.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Most fixtures can be cut anew; that few can is a fault of the search.
const FEWEST: usize = 80;

#[test]
fn every_segmentation_says_the_same() {
    let cases = Case::all();
    let differing: Vec<String> = cases.iter().flat_map(differences).collect();
    assert!(
        differing.is_empty(),
        "{} segmentations say something else\n\n{}",
        differing.len(),
        differing.join("\n")
    );
    let cut = cases.iter().filter(|case| length(case).is_some()).count();
    assert!(cut >= FEWEST, "only {cut} fixtures could be cut anew");
}

#[test]
fn in_segments_of_one_byte_every_edge_tears_and_in_whole_ones_none() {
    for case in Case::all() {
        let is_in_turns = case.name != "directions-interleave"; // in it the other end speaks inside a frame
        let fine = length(&case).filter(|length| *length <= MOST_SINGLE_BYTES);
        for segmentation in [
            fine.map(|_| Segmentation::EveryByte),
            fine.filter(|_| is_in_turns).map(|_| Segmentation::Whole),
        ]
        .into_iter()
        .flatten()
        {
            let Some(built) = build(&case, segmentation) else {
                continue;
            };
            for websocket in websockets(&read(&case, &built)) {
                for frame in websocket.frames.iter().filter(|frame| frame.complete) {
                    let edges = frame.payload.1 - frame.header.0 - 1;
                    let torn = match segmentation {
                        Segmentation::Whole => 0,
                        _ => edges,
                    };
                    let found = frame.alignment.torn.len();
                    assert_eq!(
                        found,
                        usize::try_from(torn).unwrap(),
                        "{} {frame:?}",
                        name(&case)
                    );
                }
            }
        }
    }
}

/// The segmentations in which something else is said.
fn differences(case: &Case) -> Vec<String> {
    let Some(length) = length(case) else {
        return Vec::new();
    };
    let expected = said(&case.report());
    segmentations(&case.name, length)
        .into_iter()
        .filter_map(|segmentation| {
            let found = said(&read(case, &build(case, segmentation)?));
            let lines: Vec<String> = unlike(&expected, &found);
            (!lines.is_empty()).then(|| {
                format!(
                    "{}, {segmentation:?}:\n  {}\n",
                    name(case),
                    lines.join("\n  ")
                )
            })
        })
        .collect()
}

/// All whose number does not grow with the conversation, and single cuts spread over it. The first of these depends on the
/// fixture's name, so that all fixtures together are cut in every part of a frame.
fn segmentations(name: &str, length: usize) -> Vec<Segmentation> {
    let is_long = length > MOST_SINGLE_BYTES;
    let step = length.div_ceil(SINGLE_CUTS[usize::from(is_long)]).max(1);
    let first = name.bytes().map(usize::from).sum::<usize>() % step;
    let single = (first..length).step_by(step).map(Segmentation::CutBehind);
    let fine = (!is_long).then_some(Segmentation::EveryByte);
    fine.into_iter()
        .chain([Segmentation::Whole])
        .chain(SEEDS.map(Segmentation::Seeded))
        .chain(single)
        .collect()
}

/// How many bytes both ends send; `None` where the fixture cannot be cut anew.
fn length(case: &Case) -> Option<usize> {
    build(case, Segmentation::Whole)?;
    let report = case.report();
    let bytes = report.connections.iter().map(|connection| {
        let directions = &connection.directions;
        directions.client_to_server.bytes + directions.server_to_client.bytes
    });
    usize::try_from(bytes.sum::<u64>()).ok()
}

fn build(case: &Case, segmentation: Segmentation) -> Option<Built> {
    let built = case.script.build_in(segmentation);
    built.unwrap_or_else(|fault| panic!("{fault}"))
}

fn read(case: &Case, built: &Built) -> Report {
    let bytes = Cursor::new(built.bytes.clone());
    let mut source = FileSource::from_reader(case.file_name(), bytes).unwrap();
    let options = Options {
        name: case.file_name(),
        config: Config {
            payload: PayloadPolicy::Sha256,
            ..Config::default()
        },
        ..Options::default()
    };
    wireseam::read(&mut source, &options).unwrap()
}

/// What must not hang on segments, a line for each thing, sorted: the two directions may be told in another order.
fn said(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.connections.iter().flat_map(said_on).collect();
    lines.sort_unstable();
    lines
}

fn said_on(connection: &Connection) -> Vec<String> {
    let id = connection.id;
    let gaps = [
        &connection.directions.client_to_server,
        &connection.directions.server_to_client,
    ]
    .map(|totals| line(id, "stream", &(totals.bytes, &totals.gaps)));
    let requests = connection.requests.iter().map(|request| {
        let (head, response) = (&request.head, &request.response_head);
        line(
            id,
            "request",
            &(&request.target, request.status, head, response),
        )
    });
    let findings = connection.findings.iter().map(|finding| {
        line(
            id,
            "finding",
            &(&finding.id, finding.direction, finding.span),
        )
    });
    let websockets = connection
        .websockets
        .iter()
        .flat_map(|websocket| said_in(id, websocket));
    let proxy = connection.proxy.iter();
    let proxy = proxy.map(|proxy| line(id, "proxy", proxy));
    let interim = connection.interim.iter();
    let interim = interim.map(|response| line(id, "interim response", response));
    gaps.into_iter()
        .chain(proxy)
        .chain(interim)
        .chain(requests)
        .chain(findings)
        .chain(websockets)
        .collect()
}

fn said_in(connection: u64, websocket: &WebSocket) -> Vec<String> {
    let handshake = &websocket.handshake;
    let told = (
        handshake.result,
        handshake.status,
        handshake.accept_valid,
        &handshake.subprotocol,
        &handshake.extensions,
    );
    let close = &websocket.close;
    let frame = |frame: &Option<CloseFrame>| {
        frame
            .as_ref()
            .map(|frame| (frame.code, frame.reason.clone()))
    };
    let closed = (
        frame(&close.client),
        frame(&close.server),
        close.initiator,
        close.clean,
    );
    let frames = websocket.frames.iter().map(|frame| {
        let header = (frame.opcode, frame.fin, frame.rsv1, frame.masked);
        let place = (frame.header, frame.payload, frame.length, frame.complete);
        line(connection, "frame", &(frame.direction, header, place))
    });
    let messages = websocket.messages.iter().map(|message| {
        let kind = (message.opcode, message.compressed, message.complete);
        let content = (message.length, &message.sha256, message.span);
        line(connection, "message", &(message.direction, kind, content))
    });
    let control = websocket.control.iter().map(|control| {
        let what = (control.opcode, control.length, control.answers.is_some());
        line(connection, "control", &(control.direction, what))
    });
    frames
        .chain(messages)
        .chain(control)
        .chain([
            line(connection, "handshake", &told),
            line(connection, "close", &closed),
        ])
        .collect()
}

fn line(connection: u64, what: &str, told: &impl Debug) -> String {
    format!("connection {connection} {what} {told:?}")
}

/// Lines that are in one list only: expected ones with `-`, found ones with `+`.
fn unlike(expected: &[String], found: &[String]) -> Vec<String> {
    let missing = |mark: &str, of: &[String], among: &[String]| {
        let mut among = among.to_vec();
        let mut lines = Vec::new();
        for line in of {
            match among.iter().position(|other| other == line) {
                Some(at) => drop(among.swap_remove(at)),
                None => lines.push(format!("{mark} {line}")),
            }
        }
        lines
    };
    let mut lines = missing("-", expected, found);
    lines.extend(missing("+", found, expected));
    lines
}

fn websockets(report: &Report) -> impl Iterator<Item = &WebSocket> {
    report
        .connections
        .iter()
        .flat_map(|connection| &connection.websockets)
}

fn name(case: &Case) -> String {
    format!("fixtures/{}/{}.toml", case.area, case.name)
}
