//! Lessons 1 and 2: three sends, read late and read early.

#[cfg(target_os = "linux")]
use super::super::stage::{Scene, end};
use super::super::{
    lesson::{Part, Told, claim},
    picture::Picture,
    take::{Stream, Take},
};
use super::{PRICES, PRICES_LENGTHS};

/// The client reads when everything is there.
#[cfg(target_os = "linux")]
pub(in super::super) fn play_slow(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    use std::io::Write;

    let (mut client, mut server) = scene.connect()?;
    server.wait_for_arrival_at(&client)?;
    for price in PRICES {
        server.write_all(price.as_bytes())?;
    }
    client.receive()?;
    Ok(end(&mut client, &mut server)?)
}

pub(in super::super) fn tell_slow(take: &Take) -> anyhow::Result<Told> {
    let stream = take.server(0)?;
    sent_apart(stream)?;
    claim(
        stream.receiver.receives == [15],
        "the reader was not slow enough",
    )?;
    Ok(Told {
        scene: "A server sends three prices over TCP, with three calls of send(). The client is busy, and calls recv() a \
                moment later."
            .to_owned(),
        parts: vec![prices(stream)],
        notice: "One recv() gave \"up 5down 3up 10\". That the server called send() three times is nowhere in it: TCP \
                 carries bytes in order, and nothing else."
            .to_owned(),
        belief: "what I send with one call is received with one call",
    })
}

/// The client reads whenever there is something.
#[cfg(target_os = "linux")]
pub(in super::super) fn play_fast(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    use std::io::Write;

    let (mut client, mut server) = scene.connect()?;
    server.wait_for_arrival_at(&client)?;
    for price in PRICES {
        server.write_all(price.as_bytes())?;
        client.receive()?;
    }
    Ok(end(&mut client, &mut server)?)
}

pub(in super::super) fn tell_fast(take: &Take) -> anyhow::Result<Told> {
    let stream = take.server(0)?;
    sent_apart(stream)?;
    claim(
        stream.receives() == stream.sends(),
        "the reader was not fast enough",
    )?;
    Ok(Told {
        scene: "The same server, the same three prices. Only the client is not busy this time: it waits in recv()."
            .to_owned(),
        parts: vec![prices(stream)],
        notice: "All edges meet, and a program that takes each recv() for one price works. But the segments are those of \
                 lesson 1, byte for byte. Only the clock was different; under load it is again."
            .to_owned(),
        belief: "I tested it and it works, so it is right",
    })
}

fn sent_apart(stream: Stream<'_>) -> anyhow::Result<()> {
    claim(
        stream.sender.sends == PRICES_LENGTHS && stream.segments() == stream.sends(),
        "not every send() travelled in a segment of its own",
    )
}

fn prices(stream: Stream<'_>) -> Part {
    Part::Picture(
        Picture::new("from the server to the client, by byte", stream.all())
            .sends(stream, &PRICES)
            .segments(stream)
            .receives(stream),
    )
}
