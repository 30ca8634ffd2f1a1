//! Lessons 3 and 4: several sends in one segment, and one send in several.

use wireseam::report::schema::Bytes;

use super::super::{
    lesson::{Part, Told, claim},
    picture::Picture,
    take::Take,
};
#[cfg(target_os = "linux")]
use super::super::{
    namespace::Offload,
    stage::{Scene, end},
};

#[cfg(target_os = "linux")]
pub(in super::super) fn play_cork(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    use std::io::Write;

    let (mut client, mut server) = scene.connect()?;
    server.cork(true)?;
    for word in WORDS {
        server.write_all(word.as_bytes())?;
    }
    server.cork(false)?;
    client.wait_for(26)?;
    client.receive_at_most(9);
    for _ in 0..3 {
        client.receive()?;
    }
    Ok(end(&mut client, &mut server)?)
}

pub(in super::super) fn tell_cork(take: &Take) -> anyhow::Result<Told> {
    let stream = take.server(0)?;
    claim(
        stream.sender.sends.len() == WORDS.len(),
        "the server did not send five times",
    )?;
    claim(
        stream.segments().len() == 1,
        "the kernel did not wait for all five sends",
    )?;
    claim(
        stream.receiver.receives == [9, 9, 8],
        "the client did not receive three times",
    )?;
    let inner = |pieces: Vec<Bytes>| pieces.into_iter().skip(1).map(|piece| piece.0);
    claim(
        inner(stream.sends()).all(|edge| inner(stream.receives()).all(|other| other != edge)),
        "an edge of a send() is an edge of a recv()",
    )?;
    Ok(Told {
        scene: "A server asks the kernel to wait until a segment is full (TCP_CORK; Nagle's algorithm does the like unasked), \
                and sends five words. The client calls recv() with a buffer of 9 bytes."
            .to_owned(),
        parts: vec![Part::Picture(
            Picture::new("from the server to the client, by byte", stream.all())
                .sends(stream, &WORDS)
                .segments(stream)
                .receives(stream),
        )],
        notice: "Five sends, one segment, three recvs, and no edge of one is an edge of another but the first and the last. \
                 Nothing went wrong: that is TCP."
            .to_owned(),
        belief: "each send() becomes a packet",
    })
}

#[cfg(target_os = "linux")]
pub(in super::super) fn play_mtu(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    use std::io::Write;

    for offload in [Offload::On, Offload::Off] {
        scene.offload(offload)?;
        let (mut client, mut server) = scene.connect()?;
        server.write_all(&[b'x'; LARGE])?;
        client.wait_for(LARGE as u64)?;
        client.receive_at_most(LARGE / 2);
        for _ in 0..2 {
            client.receive()?;
        }
        end(&mut client, &mut server)?;
    }
    Ok(())
}

pub(in super::super) fn tell_mtu(take: &Take) -> anyhow::Result<Told> {
    let (on, off) = (take.server(0)?, take.server(1)?);
    for stream in [on, off] {
        claim(
            stream.sender.sends == [LARGE as u64],
            "the kernel did not take it all at once",
        )?;
        claim(
            stream.receiver.receives == [3620, 3620],
            "the client did not receive twice",
        )?;
    }
    claim(
        on.segments().len() == 1,
        "with offload the kernel cut the data itself",
    )?;
    claim(
        off.segments()
            .iter()
            .all(|segment| segment.length() <= 1448)
            && off.segments().len() == 5,
        "without offload the kernel did not cut the data into full segments",
    )?;
    let picture = |caption: &str, stream| {
        Part::Picture(
            Picture::new(caption, on.all())
                .sends(stream, &[])
                .segments(stream)
                .receives(stream),
        )
    };
    Ok(Told {
        scene: "A server sends 7240 bytes with one call, over an interface whose MTU is 1500. Twice: with segmentation \
                offload, and without."
            .to_owned(),
        parts: vec![
            picture("with offload: the capture sees what goes to the interface", on),
            picture("without offload: the kernel cuts first, 1448 bytes and 52 of headers", off),
        ],
        notice: "A packet of 7240 bytes cannot be on a wire that takes 1500: a capture on the sending host shows it before \
                 the network card has cut it. What travels is the second picture."
            .to_owned(),
        belief: "one send() is one packet, and a capture shows what is on the wire",
    })
}

const WORDS: [&str; 5] = ["TCP ", "knows ", "bytes, ", "not ", "words"];

/// Five full segments, which is less than is sent before the first acknowledgement.
const LARGE: usize = 5 * 1448;
