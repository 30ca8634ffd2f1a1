//! Lessons 7 and 8: messages in segments of any size, and in fragments.

#[cfg(target_os = "linux")]
use super::super::stage::{Scene, end};
use super::super::{
    lesson::{Part, Told, claim},
    picture::Picture,
    take::Take,
};
use super::PRICES;

#[cfg(target_os = "linux")]
pub(in super::super) fn play_frames(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    for one_by_one in [true, false] {
        let (mut client, mut server) = scene.upgrade()?;
        if one_by_one {
            server.get_mut().cut(&[1; FRAMES]);
            server.get_mut().wait_for_arrival_at(client.get_ref())?;
            client.get_mut().receive_at_most(8);
        }
        server.get_ref().cork(!one_by_one)?;
        for price in PRICES {
            server.send(price.into())?;
        }
        server.get_ref().cork(false)?;
        client.get_ref().wait_for(FRAMES as u64)?;
        for _ in PRICES {
            let price = client.read()?.into_text()?;
            client.get_ref().says(price.as_str());
        }
        end(client.get_mut(), server.get_mut())?;
    }
    Ok(())
}

pub(in super::super) fn tell_frames(take: &Take) -> anyhow::Result<Told> {
    let (torn, joined) = (take.server(0)?, take.server(1)?);
    for stream in [torn, joined] {
        claim(
            stream.texts() == PRICES && stream.receiver.says == PRICES,
            "the client did not understand three messages",
        )?;
    }
    let frames = FRAMES + 1;
    claim(
        torn.segments().len() == frames,
        "the kernel did not send every byte by itself",
    )?;
    claim(
        joined.segments().len() == 2,
        "the kernel did not put all frames into one segment",
    )?;
    let picture = |caption: &str, stream: super::super::take::Stream<'_>| {
        Picture::new(caption, stream.behind_http())
            .sends(stream, &[])
            .segments(stream)
            .receives(stream)
    };
    Ok(Told {
        scene:
            "The prices of lesson 1 as WebSocket messages: first with every byte in a segment of \
                its own, then with all of them in one segment."
                .to_owned(),
        parts: vec![
            Part::Picture(
                picture("byte by byte, behind the upgrade", torn)
                    .frames(torn)
                    .messages(torn),
            ),
            Part::Picture(picture("the same bytes, all at once", joined).messages(joined)),
        ],
        notice:
            "The same three messages, both times. A frame's header says how long it is: the reader \
                 needs no edge of the network, and none can disturb it."
                .to_owned(),
        belief: "messages arrive whole because packets do",
    })
}

#[cfg(target_os = "linux")]
pub(in super::super) fn play_fragments(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    use tungstenite::{
        Message,
        protocol::frame::{
            Frame,
            coding::{Data, OpCode},
        },
    };

    let (mut client, mut server) = scene.upgrade()?;
    let [first, last] = TEXT;
    client.get_mut().cut(&CUTS);
    client.get_mut().wait_for_arrival_at(server.get_ref())?;
    let fragment = |text: &str, opcode, is_final| {
        Message::Frame(Frame::message(
            text.as_bytes().to_vec(),
            OpCode::Data(opcode),
            is_final,
        ))
    };
    client.write(fragment(first, Data::Text, false))?;
    client.write(Message::Ping("?".into()))?;
    client.write(fragment(last, Data::Continue, true))?;
    client.flush()?;
    server
        .get_ref()
        .wait_for(CUTS.iter().sum::<usize>() as u64)?;
    for _ in 0..2 {
        match server.read()? {
            Message::Ping(_) => server.get_ref().says("a ping"),
            message => server.get_ref().says(message.into_text()?.as_str()),
        }
    }
    let pong = client.read()?;
    anyhow::ensure!(pong.is_pong(), "the server did not answer the ping");
    Ok(end(client.get_mut(), server.get_mut())?)
}

pub(in super::super) fn tell_fragments(take: &Take) -> anyhow::Result<Told> {
    let stream = take.client(0)?;
    claim(
        stream.receiver.says == ["a ping".to_owned(), TEXT.concat()]
            && stream.texts() == [TEXT.concat()],
        "the server did not understand a ping and a message",
    )?;
    claim(
        stream.frames().count() == 3 && stream.segments().len() == 1 + CUTS.len(),
        "the kernel cut the frames otherwise",
    )?;
    Ok(Told {
        scene: format!(
            "A client sends \"{}\" in two fragments, with a ping between them, and cuts the bytes where it hurts: inside a \
             masking key, between the two bytes of the letter \u{e4}, inside another key.",
            TEXT.concat()
        ),
        parts: vec![Part::Picture(
            Picture::new("from the client, behind the upgrade", stream.behind_http())
                .segments(stream)
                .parts(stream)
                .frames(stream)
                .messages(stream),
        )],
        notice: "The ping came inside the message and was delivered first; that is allowed (RFC 6455 5.4). The key and the \
                 letter were put together again before anybody read them."
            .to_owned(),
        belief: "a text that I can decode so far is all there is to decode",
    })
}

/// Bytes of the three prices as frames: two of header each.
const FRAMES: usize = 15 + 3 * 2;

/// A message in two fragments: 9 bytes, of which the letter takes two.
const TEXT: [&str; 2] = ["M\u{e4}rz ", "5.20"];

/// Behind two bytes of the first masking key, between the two bytes of the letter, in the middle of the last frame.
const CUTS: [usize; 4] = [4, 4, 15, 6];
