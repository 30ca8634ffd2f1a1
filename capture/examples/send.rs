//! Sends packets from an interface at a steady rate, for `benches/record` and `benches/live` to take at the other end.
//!
//! `cargo run --release -p wireseam-capture --example send -- left 700000 150 350000`: interface, packets, bytes of each,
//! packets a second. `.. send -- left chat.pcap 200000`: interface, the packets of this capture, packets a second.

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::{
        env, hint,
        time::{Duration, Instant},
    };

    use ferranet::Channel;
    use wireseam_capture::{FileSource, Source};

    let typed: Vec<String> = env::args().skip(1).collect();
    let (interface, rate, frames) = match &typed[..] {
        [interface, packets, bytes, rate] => {
            // a protocol that nobody answers
            let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
            frame.resize(bytes.parse()?, 7);
            (interface, rate, vec![frame; packets.parse()?])
        }
        [interface, file, rate] => {
            let mut source = FileSource::open(file)?;
            let mut frames = Vec::new();
            while let Some(packet) = source.next_packet()? {
                frames.push(packet.data.to_vec());
            }
            (interface, rate, frames)
        }
        _ => return Err("send INTERFACE (PACKETS BYTES | FILE) PACKETS-A-SECOND".into()),
    };
    let rate = rate.parse::<f64>()?;
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let (mut sender, receiver) = Channel::builder(interface.as_str()).build_sync()?;
    drop(receiver);
    let (began, mut sent) = (Instant::now(), 0);
    while let Some(left) = frames.get(sent..).filter(|left| !left.is_empty()) {
        // a pause is too long for a few packets, so the time is spent
        let due = began + Duration::from_secs_f64(f64::from(u32::try_from(sent)?) / rate);
        while Instant::now() < due {
            hint::spin_loop();
        }
        sent += sender.send_batch(left.get(..AT_ONCE).unwrap_or(left))?;
    }
    Ok(())
}

/// So many packets are given to the kernel with one call.
#[cfg(target_os = "linux")]
const AT_ONCE: usize = 32;

#[cfg(not(target_os = "linux"))]
fn main() {}
