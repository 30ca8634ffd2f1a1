//! Lessons 5 and 6: HTTP as bytes of a stream, and the upgrade.

#[cfg(target_os = "linux")]
use super::super::stage::{Scene, end};
use super::super::{
    lesson::{Part, Told, claim},
    picture::Picture,
    take::Take,
};

#[cfg(target_os = "linux")]
pub(in super::super) fn play_http(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    use std::io::Write;

    let (mut client, mut server) = scene.connect()?;
    let requests = REQUESTS.concat();
    // in the middle of the second head's first line, and once more in its last
    client.cut(&[45, 12]);
    client.wait_for_arrival_at(&server)?;
    client.write_all(requests.as_bytes())?;
    server.wait_for(requests.len() as u64)?;
    server.receive_at_most(32);
    let mut received = 0;
    while received < requests.len() {
        received += server.receive()?.len();
    }
    server.wait_for_arrival_at(&client)?;
    for piece in RESPONSES {
        server.write_all(piece.as_bytes())?;
    }
    client.receive()?;
    Ok(end(&mut client, &mut server)?)
}

pub(in super::super) fn tell_http(take: &Take) -> anyhow::Result<Told> {
    let (requests, responses) = (take.client(0)?, take.server(0)?);
    claim(
        requests.segments() == requests.sends() && responses.segments() == responses.sends(),
        "not every send() travelled in a segment of its own",
    )?;
    claim(responses.receives().len() == 1, "the client was too fast")?;
    claim(
        requests.http().len() == 2 && responses.http().len() == 4,
        "wireseam did not find two requests and two responses with bodies",
    )?;
    Ok(Told {
        scene: "A client asks for two pages on one connection without waiting: \"GET /a HTTP/1.1\\r\\nHost: demo\\r\\n\\r\\n\", \
                then /b. Its bytes go out in three sends."
            .to_owned(),
        parts: vec![
            Part::Picture(
                Picture::new("requests", requests.all())
                    .sends(requests, &[])
                    .segments(requests)
                    .receives(requests)
                    .http(requests),
            ),
            Part::Picture(
                Picture::new("responses", responses.all())
                    .sends(responses, &[])
                    .segments(responses)
                    .receives(responses)
                    .http(responses),
            ),
        ],
        notice: "HTTP has edges because it writes them: an empty line ends a head, Content-Length ends a body. They meet the \
                 edges of segments and recvs only by chance."
            .to_owned(),
        belief: "one recv() gives me one request",
    })
}

#[cfg(target_os = "linux")]
pub(in super::super) fn play_upgrade(scene: &mut Scene<'_>) -> anyhow::Result<()> {
    let (client, server) = scene.connect()?;
    let ((mut client, greeting), mut server) = std::thread::scope(|scope| {
        let server = scope.spawn(move || {
            server.cork(true)?;
            let mut server = tungstenite::accept(server)?;
            server.send(GREETING.into())?;
            server.get_ref().cork(false)?;
            anyhow::Ok(server)
        });
        let (mut client, _) = tungstenite::client("ws://demo/", client)?;
        let greeting = client.read()?;
        let server = server.join();
        anyhow::Ok((
            (client, greeting),
            server.map_err(|_| anyhow::anyhow!("the server broke off"))??,
        ))
    })?;
    client.get_ref().says(greeting.into_text()?.as_str());
    Ok(end(client.get_mut(), server.get_mut())?)
}

pub(in super::super) fn tell_upgrade(take: &Take) -> anyhow::Result<Told> {
    let (request, response) = (take.client(0)?, take.server(0)?);
    claim(response.sends().len() == 2, "the server did not send twice")?;
    claim(
        response.segments().len() == 1 && response.receives().len() == 1,
        "the greeting travelled behind the 101, in a segment of its own",
    )?;
    claim(
        response.texts() == [GREETING] && response.receiver.says == [GREETING],
        "the greeting was not understood",
    )?;
    Ok(Told {
        scene: "A WebSocket begins as an HTTP request. The server answers 101 Switching Protocols, and greets at once with \
                a message."
            .to_owned(),
        parts: vec![
            Part::Picture(
                Picture::new("from the client", request.all())
                    .segments(request)
                    .http(request),
            ),
            Part::Picture(
                Picture::new("from the server", response.all())
                    .sends(response, &["101", "frame"])
                    .segments(response)
                    .receives(response)
                    .http(response)
                    .frames(response)
                    .messages(response),
            ),
        ],
        notice: "The recv() that ended the handshake had brought the first frame along. A client that begins with an empty \
                 buffer behind the 101 loses its first message, and only when the server is quick."
            .to_owned(),
        belief: "behind the empty line of the 101 the WebSocket starts afresh",
    })
}

#[cfg(target_os = "linux")]
const REQUESTS: [&str; 2] = [
    "GET /a HTTP/1.1\r\nHost: demo\r\n\r\n",
    "GET /b HTTP/1.1\r\nHost: demo\r\n\r\n",
];

/// Two responses, in three sends.
#[cfg(target_os = "linux")]
const RESPONSES: [&str; 3] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n",
    "page aHTTP/1.1 200 OK\r\n",
    "Content-Length: 6\r\n\r\npage b",
];

const GREETING: &str = "welcome";
