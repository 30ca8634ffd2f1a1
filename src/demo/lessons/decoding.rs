//! Lesson 9: a decoder that takes each recv() for a frame, and one that does not.

#[cfg(target_os = "linux")]
use super::super::stage::{Scene, end};
use super::super::{
    lesson::{Part, Told, claim},
    picture::Picture,
    take::{Stream, Take},
};
use super::PRICES;

/// Takes what one recv() gave for one frame from a server: the mistake.
#[cfg(target_os = "linux")]
fn decode_one_frame(received: &[u8]) -> String {
    let [first, length, payload @ ..] = received else {
        return "too short, thrown away".to_owned();
    };
    let (opcode, length) = (first & 0x0f, usize::from(length & 0x7f));
    match payload.get(..length) {
        Some(text) if opcode == 1 => String::from_utf8_lossy(text).into_owned(),
        Some(_) => format!("opcode {opcode}, thrown away"),
        None => format!("opcode {opcode}, {length} bytes: broken"),
    }
}

/// Keeps what is left over until the rest comes: tungstenite, from the same bytes.
#[cfg(target_os = "linux")]
fn decode_frames(received: &[Vec<u8>]) -> anyhow::Result<Vec<String>> {
    use std::io::Cursor;

    use tungstenite::{WebSocket, protocol::Role};

    let bytes = Cursor::new(received.concat());
    let mut right = WebSocket::from_raw_socket(bytes, Role::Client, None);
    let texts = PRICES.map(|_| anyhow::Ok(right.read()?.into_text()?.to_string()));
    texts.into_iter().collect()
}

#[cfg(target_os = "linux")]
pub(in super::super) fn play(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    for cuts in [&WHOLE, &CUT] {
        let (mut client, mut server) = scene.upgrade()?;
        let (client, server) = (client.get_mut(), server.get_mut());
        let mut frames = Vec::new();
        for price in PRICES {
            frames.extend([0x81, u8::try_from(price.len())?]);
            frames.extend(price.as_bytes());
        }
        server.cut(cuts);
        server.wait_for_arrival_at(client)?;
        let mut received = Vec::new();
        let mut left = &*frames;
        while !left.is_empty() {
            use std::io::Write;

            let sent = server.write(left)?;
            left = left.get(sent..).unwrap_or_default();
            received.push(client.receive()?);
        }
        for one in &received {
            client.says(decode_one_frame(one));
        }
        for text in decode_frames(&received)? {
            client.says(text);
        }
        end(client, server)?;
    }
    Ok(())
}

pub(in super::super) fn tell(take: &Take) -> anyhow::Result<Told> {
    let mut parts = Vec::new();
    for (number, caption, cuts) in [
        (0, "on localhost: a segment is a recv() is a frame", WHOLE),
        (1, "on the way: the same bytes, cut elsewhere", CUT),
    ] {
        let stream = take.server(number)?;
        let says = &stream.receiver.says;
        let (broken, right) = says.split_at_checked(3).unwrap_or_default();
        claim(cut_as(stream, &cuts), "the kernel cut the frames otherwise")?;
        claim(
            right == PRICES,
            "the right decoder did not understand three prices",
        )?;
        claim(
            (broken == PRICES) == (number == 0),
            "the broken decoder did not do what it was to show",
        )?;
        parts.push(Part::Picture(
            Picture::new(caption, stream.behind_http())
                .segments(stream)
                .receives(stream)
                .frames(stream),
        ));
        let (broken, right) = (broken.join(" | "), right.join(" | "));
        parts.push(Part::Lines(if broken == right {
            vec![format!("  both read: {right}")]
        } else {
            vec![format!("  broken: {broken}"), format!("  right:  {right}")]
        }));
    }
    Ok(Told {
        scene: "Two decoders read the same prices. One takes each recv() for a frame. The other takes a \
                frame when all its bytes are there, and keeps the rest."
            .to_owned(),
        parts,
        notice: "On localhost nobody cuts, and the broken decoder passes. Cut your own test data at \
                 every byte: `wireseam build` makes captures that do."
            .to_owned(),
        belief: "a decoder that passes all its tests decodes",
    })
}

fn cut_as(stream: Stream<'_>, cuts: &[usize]) -> bool {
    let from = stream.behind_http().0;
    let pieces = stream
        .segments()
        .into_iter()
        .filter(|piece| piece.0 >= from);
    pieces
        .map(|piece| piece.length())
        .eq(cuts.iter().map(|cut| *cut as u64))
}

/// Where frames end.
const WHOLE: [usize; 3] = [6, 8, 7];

/// Behind the first byte of the second header, and inside the third payload.
const CUT: [usize; 3] = [7, 11, 3];
