//! What a source knows about its capture, as the record of it.

use std::path::Path;

use wireseam_capture::{self as capture, CommentOn, FileRead, Source};
use wireseam_wire::{self as wire, Timestamp};

use super::schema::{
    Backwards, Capture, CaptureFile, Checksums, Comment, Dropped, Fragments, Interface, LeftOut,
    LinkLayer, Seconds, Secrets, Section, Word, WrongChecksums,
};

/// Fills in what decoding the packets told.
pub(crate) fn describe_decoding(
    record: &mut Capture,
    statistics: &wire::Statistics,
    looked_at: wire::Checksums,
) {
    let not_right = |checksums: wire::ChecksumStatistics| WrongChecksums {
        wrong: checksums.wrong,
        left_to_interface: checksums.left_to_interface,
    };
    record.checksums = (looked_at != wire::Checksums::Ignore).then(|| Checksums {
        ip: not_right(statistics.ip_checksums),
        tcp: not_right(statistics.tcp_checksums),
    });
    let fragments = statistics.fragments;
    record.fragments = Fragments {
        fragments: fragments.fragments,
        reassembled: fragments.reassembled,
        incomplete: fragments.expired + fragments.pending,
        given_up: fragments.evicted,
        refused: fragments.refused,
        differing: fragments.differing,
    };
    record.lengths_left_to_interface = statistics.unfinished_lengths;
}

/// Fills in what the source tells; times count from `start`.
pub(crate) fn describe(record: &mut Capture, source: &dyn Source, start: Option<Timestamp>) {
    let statistics = source.statistics();
    record.packets = statistics.packets;
    record.bytes = statistics.bytes;
    record.link_types = names(&statistics.link_types);
    record.dropped = Dropped {
        kernel: statistics.dropped.kernel,
        interface: statistics.dropped.interface,
        between: statistics.dropped.between,
    };
    record.truncated_file = statistics.truncated.is_some();
    record.stopped = statistics.stopped.map(Word);
    record.backwards = backwards(statistics.backwards);
    record.files = source
        .files()
        .into_iter()
        .map(|read| file(read, start))
        .collect();
    let notes = &statistics.notes;
    record.sections = notes.sections.iter().cloned().map(section).collect();
    record.interfaces = notes.interfaces.iter().cloned().map(interface).collect();
    record.comments = notes.comments.iter().cloned().map(comment).collect();
    record.secrets = notes.secrets.iter().map(secrets).collect();
    record.link_layer = LinkLayer {
        inbound: notes.flags.inbound,
        outbound: notes.flags.outbound,
        errors: notes
            .flags
            .errors()
            .map(|(error, packets)| (error.to_owned(), packets))
            .collect(),
    };
    record.left_out = LeftOut {
        sections: notes.left_out.sections,
        interfaces: notes.left_out.interfaces,
        comments: notes.left_out.comments,
        secret_bytes: notes.left_out.secret_bytes,
    };
}

fn names(link_types: &[wireseam_wire::LinkType]) -> Vec<String> {
    link_types.iter().map(ToString::to_string).collect()
}

fn backwards(backwards: capture::Backwards) -> Backwards {
    let nanoseconds = i64::try_from(backwards.largest_step).unwrap_or(i64::MAX);
    Backwards {
        packets: backwards.packets,
        largest_step: (backwards.packets > 0).then_some(Seconds { nanoseconds }),
    }
}

fn file(read: FileRead, start: Option<Timestamp>) -> CaptureFile {
    let seconds = |at: Option<Timestamp>| {
        let nanoseconds = at?.nanoseconds_since(start?);
        Some(Seconds { nanoseconds })
    };
    let name = Path::new(&read.name).file_name();
    CaptureFile {
        name: name.map_or(read.name.clone(), |name| {
            name.to_string_lossy().into_owned()
        }),
        format: read.format.map(Word),
        compression: read.compression.map(Word),
        size: read.size,
        packets: read.packets,
        bytes: read.bytes,
        first: seconds(read.first),
        last: seconds(read.last),
        truncated: read.truncated,
        fault: read.fault,
    }
}

fn section(section: capture::Section) -> Section {
    Section {
        hardware: section.hardware,
        os: section.os,
        application: section.application,
    }
}

fn interface(interface: capture::Interface) -> Interface {
    Interface {
        id: interface.number,
        link_type: interface.link.to_string(),
        snaplen: interface.snaplen,
        name: interface.name,
        description: interface.description,
        filter: interface.filter,
        os: interface.os,
        hardware: interface.hardware,
        received: interface.counters.received,
        dropped_by_interface: interface.counters.dropped_by_interface,
        accepted: interface.counters.accepted,
        dropped_by_kernel: interface.counters.dropped_by_kernel,
        delivered: interface.counters.delivered,
    }
}

fn comment(comment: capture::Comment) -> Comment {
    let (packet, interface, section) = match comment.on {
        CommentOn::Packet(number) => (Some(number), None, None),
        CommentOn::Interface(number) => (None, Some(number), None),
        CommentOn::Section(number) => (None, None, Some(number)),
    };
    Comment {
        packet,
        interface,
        section,
        text: comment.text,
    }
}

fn secrets(secrets: &capture::Secrets) -> Secrets {
    Secrets {
        kind: secrets.kind.to_string(),
        blocks: secrets.blocks,
        lines: secrets.lines(),
    }
}
