//! What is said of a recording: a line while it goes on, and at its end where every packet is.

use std::io::ErrorKind;

use wireseam_capture::{Counters, Ended, RecordError, Recording, Statistics};

use super::packets;

/// How it goes.
pub(super) fn status(recording: &Recording, statistics: &Statistics) -> String {
    format!(
        "{}, {}, {}",
        packets(recording.packets),
        size(recording.size),
        dropped(statistics)
    )
}

/// What is lost by now.
pub(super) fn dropped(statistics: &Statistics) -> String {
    let dropped = &statistics.dropped;
    format!(
        "dropped: {} by the kernel, {} by the interface",
        known(dropped.kernel),
        known(dropped.interface)
    )
}

/// What was counted on the interface.
fn counters(statistics: &Statistics) -> Counters {
    let first = statistics.notes.interfaces.first();
    first.map_or(Counters::default(), |first| first.counters)
}

/// Where every packet is; `fault` is why it ended early.
pub(super) fn summary(
    recording: &Recording,
    statistics: &Statistics,
    fault: Option<&RecordError>,
) -> String {
    let counters = counters(statistics);
    let mut lines = vec![format!(
        "recorded {} in {}, {}{}",
        packets(recording.packets),
        files(recording),
        size(recording.size),
        ended(recording.ended, fault)
    )];
    let mut line = |what: &str, count: String| lines.push(format!("  {count:>10}  {what}"));
    line("passed the filter", known(counters.accepted));
    line("recorded", recording.packets.to_string());
    line(
        "dropped by the kernel, for want of room in its ring",
        known(counters.dropped_by_kernel),
    );
    if recording.beyond > 0 {
        line(
            "came behind the last one asked for",
            recording.beyond.to_string(),
        );
    }
    if recording.not_written > 0 {
        line(
            "captured, and not written",
            recording.not_written.to_string(),
        );
    }
    let accounted = recording.packets + recording.beyond + recording.not_written;
    let dropped = counters.dropped_by_kernel.unwrap_or(0);
    if let Some(rest) = counters
        .accepted
        .and_then(|all| all.checked_sub(accounted + dropped))
        && rest > 0
    {
        line("left in the ring", rest.to_string());
    }
    line(
        "dropped by the interface in front of the filter",
        known(counters.dropped_by_interface),
    );
    lines.join("\n") + "\n"
}

fn files(recording: &Recording) -> String {
    let many = recording.files.len();
    match (many, recording.files.first(), recording.deleted) {
        (1, Some(file), 0) if file.as_os_str() == "-" => "standard output".to_owned(),
        (1, Some(file), 0) => file.display().to_string(),
        (_, _, 0) => format!("{many} files"),
        (_, _, deleted) => format!("{many} files ({deleted} older ones deleted)"),
    }
}

fn ended(ended: Option<Ended>, fault: Option<&RecordError>) -> &'static str {
    match ended {
        None if fault.is_some_and(nobody_reads_on) => ", until nobody read on",
        None => ", until it failed",
        Some(Ended::Interrupted) => ", until interrupted",
        Some(Ended::Source) => "",
        Some(Ended::Packets) => ", as many as asked for",
        Some(Ended::Size) => ", as large as asked for",
        Some(Ended::Duration) => ", for as long as asked for",
    }
}

/// Whether it failed only because whoever read it is gone, which is no fault.
pub(super) fn nobody_reads_on(fault: &RecordError) -> bool {
    matches!(fault, RecordError::Write { path, cause }
        if path.as_os_str() == "-" && cause.kind() == ErrorKind::BrokenPipe)
}

fn size(bytes: u64) -> String {
    format!("{bytes} bytes")
}

fn known(count: Option<u64>) -> String {
    count.map_or_else(|| "unknown".to_owned(), |count| count.to_string())
}
