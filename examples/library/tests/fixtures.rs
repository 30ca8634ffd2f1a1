//! All the tests that this library needs about where bytes are cut: two lines, and an adapter.

use wireseam::analyzer::Role;
use wireseam::replay::{About, AdapterError, Begins, Chunk, Content, Decoder, Event, Kind, Start};
use wireseam_example_library::Message;

const FIXTURES: &str = "tests/fixtures";

/// The captures are as claimed, and their maps those that were accepted.
#[test]
fn the_fixtures_are_as_claimed_and_accepted() {
    wireseam::check::assert_folder(FIXTURES);
}

/// Every fixture, cut at every byte, in every pair of places in headers, byte by byte, all at once, and by chance.
#[test]
fn messages_are_the_same_whatever_way_the_bytes_were_cut() {
    wireseam::replay::assert_folder(&mut Adapter::default(), FIXTURES);
}

/// The library as the harness sees it.
#[derive(Default)]
struct Adapter(wireseam_example_library::Decoder);

impl Decoder for Adapter {
    fn about(&self) -> About {
        About {
            name: "example library".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            server: Some(Begins::AtFrames),
            client: Some(Begins::AtFrames),
            extensions: Vec::new(),
            reports: Kind::ALL.to_vec(),
        }
    }

    fn start(&mut self, start: &Start<'_>) -> Result<(), AdapterError> {
        self.0 = wireseam_example_library::Decoder::new(start.role == Role::Server);
        Ok(())
    }

    fn feed(&mut self, chunk: &Chunk) -> Result<Vec<Event>, AdapterError> {
        let messages = self.0.decode(&chunk.bytes());
        Ok(messages.iter().map(event).collect())
    }
}

fn event(message: &Message) -> Event {
    match message {
        Message::Text(text) => Event::text(text),
        Message::Binary(bytes) => Event::binary(bytes),
        Message::Ping(payload) => Event::Ping(Content::of(payload)),
        Message::Pong(payload) => Event::Pong(Content::of(payload)),
        Message::Close(None) => Event::close(None, ""),
        Message::Close(Some((code, reason))) => Event::close(Some(*code), reason),
        Message::Broken(code, why) => Event::error(Some(*code), *why),
    }
}
