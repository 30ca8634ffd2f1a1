//! Messages equal tungstenite's, whichever way the bytes were cut.

use std::io::{self, Cursor, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tungstenite::Message;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::protocol::{Role, WebSocket};
use wireseam_analyzer::{Direction, MessageKind};

use crate::bench::{REQUEST, RESPONSE, Streams, run};

/// A socket of memory.
#[derive(Debug, Default)]
struct Memory {
    input: Cursor<Vec<u8>>,
    output: Vec<u8>,
}

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.input.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn said() -> impl Strategy<Value = Vec<Message>> {
    let message = prop_oneof![
        4 => "\\PC{0,60}".prop_map(Message::text),
        3 => vec(any::<u8>(), 0..300).prop_map(Message::binary),
        1 => vec(any::<u8>(), 65_530..65_540).prop_map(Message::binary),
        1 => vec(any::<u8>(), 0..125).prop_map(|data| Message::Ping(data.into())),
        1 => vec(any::<u8>(), 0..125).prop_map(|data| Message::Pong(data.into())),
        1 => ("[a-z]{0,9}", any::<bool>()).prop_map(|(data, _)| Message::Frame(Frame::message(data.into_bytes(), OpCode::Data(Data::Text), false))),
    ];
    vec(message, 0..10)
}

/// What tungstenite writes for these messages; a fragment is followed by a ping and its last one.
fn written(role: Role, messages: &[Message]) -> Vec<u8> {
    let mut socket = WebSocket::from_raw_socket(Memory::default(), role, None);
    for message in messages {
        let is_fragment = matches!(message, Message::Frame(_));
        socket.write(message.clone()).unwrap();
        if is_fragment {
            socket
                .write(Message::Ping(b"between".to_vec().into()))
                .unwrap();
            socket
                .write(Message::Frame(Frame::message(
                    b"end".to_vec(),
                    OpCode::Data(Data::Continue),
                    true,
                )))
                .unwrap();
        }
    }
    socket
        .close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: "done".into(),
        }))
        .unwrap();
    socket.flush().unwrap();
    socket.get_ref().output.clone()
}

/// What tungstenite reads from these bytes.
fn read(role: Role, bytes: &[u8]) -> Vec<(MessageKind, Vec<u8>)> {
    let memory = Memory {
        input: Cursor::new(bytes.to_vec()),
        output: Vec::new(),
    };
    let mut socket = WebSocket::from_raw_socket(memory, role, None);
    let mut messages = Vec::new();
    while let Ok(message) = socket.read() {
        match message {
            Message::Text(text) => messages.push((MessageKind::Text, text.as_bytes().to_vec())),
            Message::Binary(data) => messages.push((MessageKind::Binary, data.to_vec())),
            _ => {}
        }
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_tungstenite_writes_is_read_as_tungstenite_reads_it(
        client in said(),
        server in said(),
        client_cuts in vec(any::<Index>(), 0..30),
        server_cuts in vec(any::<Index>(), 0..30),
    ) {
        let streams = Streams::after_handshake(&written(Role::Client, &client), &written(Role::Server, &server));
        let places = |cuts: &[Index], length: usize| cuts.iter().map(|cut| cut.index(length + 1)).collect::<Vec<_>>();
        let pieces = streams.cut(&places(&client_cuts, streams.client.len()), &places(&server_cuts, streams.server.len()));
        let outcome = run(&streams, &pieces);
        prop_assert!(outcome.findings().is_empty(), "{:?}", outcome.findings());
        let ours = |direction| outcome.messages().into_iter().filter(|message| message.direction == direction)
            .map(|message| (message.kind, message.payload.bytes.clone())).collect::<Vec<_>>();
        prop_assert_eq!(ours(Direction::ClientToServer), read(Role::Server, &streams.client[REQUEST.len()..]));
        prop_assert_eq!(ours(Direction::ServerToClient), read(Role::Client, &streams.server[RESPONSE.len()..]));
    }
}
