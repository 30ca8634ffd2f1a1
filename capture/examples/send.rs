//! Sends packets from an interface at a steady rate, for `benches/record` to record at the other end.
//!
//! `cargo run --release -p wireseam-capture --example send -- left 700000 150 350000`: interface, packets, bytes of each,
//! packets a second.

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::{
        env, hint,
        time::{Duration, Instant},
    };

    use ferranet::Channel;

    let typed: Vec<String> = env::args().skip(1).collect();
    let [interface, packets, bytes, rate] = &typed[..] else {
        return Err("send INTERFACE PACKETS BYTES PACKETS-A-SECOND".into());
    };
    let (packets, rate) = (packets.parse::<usize>()?, rate.parse::<f64>()?);
    // a protocol that nobody answers
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
    frame.resize(bytes.parse()?, 7);
    let batch = vec![&frame[..]; 32];
    let (mut sender, receiver) = Channel::builder(interface.as_str()).build_sync()?;
    drop(receiver);
    let (began, mut sent) = (Instant::now(), 0);
    while sent < packets {
        // a pause is too long for a few packets, so the time is spent
        let due = began + Duration::from_secs_f64(f64::from(u32::try_from(sent)?) / rate);
        while Instant::now() < due {
            hint::spin_loop();
        }
        sent += sender.send_batch(&batch[..batch.len().min(packets - sent)])?;
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {}
