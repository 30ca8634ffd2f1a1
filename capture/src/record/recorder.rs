//! Blocks in their order: a section, its interfaces, their packets, what was counted; in every file anew.

use std::time::Instant;

use wireseam_wire::{LinkType, Packet, Timestamp};

use super::{Ended, RecordError, RecordOptions, Recording, block, files::Files, output::Output};
use crate::{Counters, Interface, Statistics};

/// Writes packets into files.
#[derive(Debug)]
pub(super) struct Recorder<'a> {
    asked: &'a RecordOptions,
    files: Files,
    output: Output,
    opened: Instant,
    interfaces: Vec<Recorded>,
    /// Packets in the file that is written.
    in_file: u64,
    /// Bytes of the files in front of it.
    before: u64,
    /// Packets that are in files.
    pub(super) packets: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// An interface, and how many packets of it were recorded.
#[derive(Debug)]
struct Recorded {
    described: Interface,
    packets: u64,
}

impl<'a> Recorder<'a> {
    /// Makes the first file and describes the interfaces that are known.
    pub(super) fn begin(asked: &'a RecordOptions, known: &Statistics) -> Result<Self, RecordError> {
        let mut files = Files::new(asked);
        let output = open(&mut files)?;
        let recorded = |described: &Interface| Recorded {
            described: described.clone(),
            packets: 0,
        };
        let mut recorder = Self {
            asked,
            files,
            output,
            opened: Instant::now(),
            interfaces: known.notes.interfaces.iter().map(recorded).collect(),
            in_file: 0,
            before: 0,
            packets: 0,
            first: None,
            last: None,
        };
        recorder.head();
        recorder.flush()?;
        Ok(recorder)
    }

    /// Whether a packet is no reason to [look](Self::take) at what the source knows.
    #[inline]
    pub(super) fn has_room_for(&self, packet: &Packet<'_>) -> bool {
        self.knows(packet.interface) && !self.is_full_for(packet.data.len())
    }

    /// Writes a packet, in another file where this one is full, and behind what is `known` of its interface where that was not
    /// described yet.
    #[inline]
    pub(super) fn take(
        &mut self,
        packet: &Packet<'_>,
        known: &Statistics,
    ) -> Result<(), RecordError> {
        if self.is_full_for(packet.data.len()) {
            self.rotate(known)?;
        }
        if !self.knows(packet.interface) {
            self.describe(packet.interface, packet.link, known);
        }
        self.packet(packet)
    }

    /// Whether an interface was described.
    #[inline]
    fn knows(&self, number: u32) -> bool {
        self.place(number).is_some()
    }

    /// Describes an interface.
    fn describe(&mut self, number: u32, link: LinkType, known: &Statistics) {
        let mut all = known.notes.interfaces.iter();
        let described = all.find(|interface| interface.number == number);
        let described = described.cloned().unwrap_or_else(|| bare(number, link));
        block::interface(&mut self.output.held, &described);
        self.interfaces.push(Recorded {
            described,
            packets: 0,
        });
    }

    /// Writes a packet of an interface that was described.
    #[inline]
    pub(super) fn packet(&mut self, packet: &Packet<'_>) -> Result<(), RecordError> {
        let Some(place) = self.place(packet.interface) else {
            return Ok(());
        };
        let id = u32::try_from(place).unwrap_or(u32::MAX);
        block::packet(&mut self.output.held, id, packet);
        self.output.held_packets += 1;
        self.in_file += 1;
        if let Some(recorded) = self.interfaces.get_mut(place) {
            recorded.packets += 1;
        }
        self.first = self.first.or(packet.at);
        self.last = packet.at.or(self.last);
        if self.output.is_full() {
            self.flush()?;
        }
        Ok(())
    }

    /// Whether a packet of that length would make the file longer than it may be.
    #[inline]
    fn is_full_for(&self, data: usize) -> bool {
        self.asked.rotation.size.is_some_and(|size| {
            self.in_file > 0 && self.output.len() + block::packet_len(data) > size
        })
    }

    /// Whether the file was written to for long enough.
    pub(super) fn is_old(&self) -> bool {
        let time = self.asked.rotation.time;
        self.in_file > 0 && time.is_some_and(|time| self.opened.elapsed() >= time)
    }

    /// Ends the file and begins the next.
    pub(super) fn rotate(&mut self, counted: &Statistics) -> Result<(), RecordError> {
        self.end_file(counted)?;
        self.before += self.output.len();
        self.output = open(&mut self.files)?;
        self.opened = Instant::now();
        self.in_file = 0;
        self.head();
        self.flush()
    }

    /// Writes what was counted so far, and everything that is held.
    pub(super) fn end_file(&mut self, counted: &Statistics) -> Result<(), RecordError> {
        for (place, recorded) in self.interfaces.iter().enumerate() {
            let number = recorded.described.number;
            let mut all = counted.notes.interfaces.iter();
            let latest = all.find(|interface| interface.number == number);
            let counters = Counters {
                delivered: Some(recorded.packets),
                ..latest.map_or(Counters::default(), |interface| interface.counters)
            };
            let id = u32::try_from(place).unwrap_or(u32::MAX);
            block::statistics(&mut self.output.held, id, self.first, self.last, &counters);
        }
        self.flush()
    }

    /// Writes everything that is held.
    pub(super) fn flush(&mut self) -> Result<(), RecordError> {
        let (packets, written) = self.output.flush();
        self.packets += packets;
        written
    }

    /// Packets that are in no file.
    pub(super) fn held(&self) -> u64 {
        self.output.held_packets
    }

    /// How many bytes all files have, those deleted included.
    #[inline]
    pub(super) fn size(&self) -> u64 {
        self.before + self.output.len()
    }

    /// What is in the files; what it cannot know is how many packets came too late for them, and why it ended.
    pub(super) fn recording(&self, beyond: u64, ended: Option<Ended>) -> Recording {
        Recording {
            packets: self.packets,
            not_written: self.held(),
            beyond,
            size: self.size(),
            files: self.files.kept.iter().cloned().collect(),
            deleted: self.files.deleted,
            ended,
        }
    }

    /// What every file begins with.
    fn head(&mut self) {
        let os = self
            .interfaces
            .iter()
            .find_map(|recorded| recorded.described.os.as_deref());
        block::section(&mut self.output.held, os, self.asked.comment.as_deref());
        for recorded in &self.interfaces {
            block::interface(&mut self.output.held, &recorded.described);
        }
    }

    #[inline]
    fn place(&self, number: u32) -> Option<usize> {
        let mut all = self.interfaces.iter();
        all.position(|recorded| recorded.described.number == number)
    }
}

fn open(files: &mut Files) -> Result<Output, RecordError> {
    let path = files.next();
    let output = Output::create(&path)?;
    files
        .made(path.clone())
        .map_err(|cause| RecordError::Write { path, cause })?;
    Ok(output)
}

/// An interface of which nothing is said.
fn bare(number: u32, link: LinkType) -> Interface {
    Interface {
        number,
        link,
        snaplen: None,
        name: None,
        description: None,
        filter: None,
        os: None,
        hardware: None,
        counters: Counters::default(),
    }
}
