//! The adapter's side of the protocol: any [`Decoder`] becomes a program that a harness can start.

use std::io::{self, BufRead, Write};

use super::{
    decoder::{AdapterError, Chunk, Decoder, Start},
    protocol::{Ask, about_line, events_line},
};

/// Answers what a harness asks on `input` until it ends.
///
/// ```
/// use wireseam::replay::{Tungstenite, serve};
///
/// let asked = b"{\"do\":\"hello\",\"protocol\":1}\n";
/// let mut answers = Vec::new();
/// serve(&mut Tungstenite::default(), &mut &asked[..], &mut answers)?;
/// assert!(String::from_utf8_lossy(&answers).contains("\"name\":\"tungstenite\""));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// When one of the two cannot be read or written.
pub fn serve(
    decoder: &mut dyn Decoder,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer = match Ask::parse(&line) {
            Ok(Ask::Hello) => about_line(&decoder.about()),
            Ok(Ask::Start(start)) => {
                let start = Start {
                    role: start.role,
                    begins: start.begins,
                    request: &start.request,
                    response: &start.response,
                    extensions: &start.extensions,
                };
                events_line(&decoder.start(&start).map(|()| Vec::new()))
            }
            Ok(Ask::Chunk(bytes)) => {
                let chunk = Chunk::new(&bytes);
                let events = decoder.feed(&chunk);
                chunk.overwrite();
                events_line(&events)
            }
            Ok(Ask::End) => events_line(&decoder.end()),
            Err(fault) => events_line(&Err(AdapterError::Broken(format!(
                "not understood: {fault}"
            )))),
        };
        output.write_all(answer.as_bytes())?;
        output.flush()?;
    }
}
