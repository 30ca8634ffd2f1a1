//! Lesson 10: closing in order, and not.

#[cfg(target_os = "linux")]
use super::super::stage::{Scene, Talk};
use super::super::{
    lesson::{Part, Told, claim},
    picture::Picture,
    take::Take,
};

#[cfg(target_os = "linux")]
pub(in super::super) fn play(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    use tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};

    let (mut client, mut server) = scene.upgrade()?;
    server.get_ref().cork(true)?;
    server.send(LAST.into())?;
    server.close(Some(CloseFrame {
        code: CloseCode::Normal,
        reason: REASON.into(),
    }))?;
    server.get_ref().finish()?;
    client.get_ref().wait_for(FRAMES)?;
    hear(&mut client);
    client.get_mut().wait_for_end()?;
    client.get_ref().finish()?;
    hear(&mut server);
    server.get_mut().wait_for_end()?;

    let (mut client, mut server) = scene.upgrade()?;
    server.send(LAST.into())?;
    server.get_ref().finish()?;
    hear(&mut client);
    client.get_ref().finish()?;
    Ok(server.get_mut().wait_for_end()?)
}

/// Reads to the end, and notes what the library says.
#[cfg(target_os = "linux")]
fn hear(talk: &mut Talk) {
    use tungstenite::Message;

    loop {
        let said = match talk.read() {
            Ok(Message::Text(text)) => text.to_string(),
            Ok(Message::Close(Some(frame))) => format!("closed with {}", u16::from(frame.code)),
            Ok(_) => continue,
            Err(tungstenite::Error::ConnectionClosed) => return,
            Err(_) => {
                talk.get_ref().says("the connection was lost: 1006");
                return;
            }
        };
        let is_close = said.starts_with("closed");
        talk.get_ref().says(said);
        if is_close {
            // what it has to answer goes out
            let _sent_or_gone = talk.flush();
            return;
        }
    }
}

pub(in super::super) fn tell(take: &Take) -> anyhow::Result<Told> {
    let (orderly, lost) = (take.server(0)?, take.server(1)?);
    claim(
        orderly.receiver.says == [LAST, "closed with 1000"],
        "the client did not hear that the server closed",
    )?;
    claim(
        lost.receiver.says == [LAST, "the connection was lost: 1006"],
        "the client did not see the connection lost",
    )?;
    claim(
        orderly.segments().len() == 2 && orderly.fin() == Some(orderly.all().1),
        "the kernel did not put message, Close and FIN into one segment",
    )?;
    let part = |caption: &str, stream: super::super::take::Stream<'_>| {
        Part::Picture(
            Picture::new(caption, orderly.behind_http())
                .sends(stream, &[])
                .segments(stream)
                .frames(stream),
        )
    };
    let said = |stream: super::super::take::Stream<'_>| {
        Part::Lines(vec![format!(
            "  the client's library says: {}",
            stream.receiver.says.join(", ")
        )])
    };
    Ok(Told {
        scene: "A server says its last word, closes with 1000 and ends the connection: one segment carries message, Close \
                frame and FIN. Another one just goes away."
            .to_owned(),
        parts: vec![
            part("in order, from the server", orderly),
            said(orderly),
            part("not in order: the FIN comes, and no Close frame", lost),
            said(lost),
        ],
        notice: "No frame says 1006, and none may (RFC 6455 7.4.1). It is what your library says when the bytes end without a \
                 Close frame. `inspect` tells who ended them, and how."
            .to_owned(),
        belief: "1006 is an error that the other side sent",
    })
}

const LAST: &str = "bye";

#[cfg(target_os = "linux")]
const REASON: &str = "done";

/// What the server sends behind the upgrade: the message, and the Close frame with a code and a reason.
#[cfg(target_os = "linux")]
const FRAMES: u64 = 5 + 2 + 2 + 4;
