//! A source that ends where somebody says so: when asked to, or after so many packets.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use wireseam_wire::{Packet, Timestamp};

use crate::{CaptureError, FileRead, Progress, Source, Statistics, Stop};

/// Hands on what another source gives, until a flag is set or a number of packets is reached.
///
/// It then ends as if the capture did, and [`Statistics::stopped`] says why. A source that fails because it was woken up
/// from waiting counts as stopped too.
#[derive(Debug)]
pub struct Bounded<S> {
    source: S,
    interrupt: Arc<AtomicBool>,
    /// How many packets may still come.
    left: u64,
    stopped: Option<Stop>,
    /// The source's, with why it was stopped.
    statistics: OnceLock<Statistics>,
}

impl<S: Source> Bounded<S> {
    /// Ends when `interrupt` is set, or after `limit` packets where there is a limit.
    pub fn new(source: S, interrupt: Arc<AtomicBool>, limit: Option<u64>) -> Self {
        Self {
            source,
            interrupt,
            left: limit.unwrap_or(u64::MAX),
            stopped: None,
            statistics: OnceLock::new(),
        }
    }

    /// The source.
    pub fn get_ref(&self) -> &S {
        &self.source
    }

    /// Whether and why the source is to end here.
    #[inline]
    fn stop(&self) -> Option<Stop> {
        if self.interrupt.load(Ordering::Relaxed) {
            Some(Stop::Interrupted)
        } else if self.left == 0 {
            Some(Stop::Limit)
        } else {
            None
        }
    }

    /// Whether it ends here.
    #[inline]
    fn has_stopped(&mut self) -> bool {
        if self.stopped.is_none() {
            self.stopped = self.stop();
        }
        self.stopped.is_some()
    }
}

/// The error, unless reading failed because somebody asked to stop: that is why it ends, then.
fn unless_woken(
    error: CaptureError,
    interrupt: &AtomicBool,
    stopped: &mut Option<Stop>,
) -> Result<(), CaptureError> {
    if matches!(error, CaptureError::Read { .. }) && interrupt.load(Ordering::Relaxed) {
        *stopped = Some(Stop::Interrupted);
        return Ok(());
    }
    Err(error)
}

/// How many packets may be handed on before the flag is looked at again: what nobody who waits for the end notices.
const BETWEEN_LOOKS: u64 = 64;

impl<S: Source> Source for Bounded<S> {
    #[inline]
    fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
        if self.has_stopped() {
            return Ok(None);
        }
        match self.source.next_packet() {
            Ok(Some(packet)) => {
                self.left -= 1;
                Ok(Some(packet))
            }
            Err(error) => unless_woken(error, &self.interrupt, &mut self.stopped).map(|()| None),
            Ok(None) => Ok(None),
        }
    }

    fn next_packets(
        &mut self,
        most: u64,
        take: &mut dyn FnMut(&[Packet<'_>]),
    ) -> Result<u64, CaptureError> {
        if self.has_stopped() {
            return Ok(0);
        }
        let most = most.min(self.left).min(BETWEEN_LOOKS);
        match self.source.next_packets(most, take) {
            Ok(taken) => {
                self.left -= taken;
                Ok(taken)
            }
            Err(error) => unless_woken(error, &self.interrupt, &mut self.stopped).map(|()| 0),
        }
    }

    fn wait_for_packet(&mut self, at_most: Duration) -> Result<bool, CaptureError> {
        if self.stopped.is_some() || self.stop().is_some() {
            return Ok(true);
        }
        self.source.wait_for_packet(at_most)
    }

    fn has_packet(&self) -> bool {
        self.source.has_packet()
    }

    fn now(&self) -> Option<Timestamp> {
        self.source.now()
    }

    fn statistics(&self) -> &Statistics {
        match self.stopped {
            None => self.source.statistics(),
            stopped => self.statistics.get_or_init(|| Statistics {
                stopped,
                ..self.source.statistics().clone()
            }),
        }
    }

    fn files(&self) -> Vec<FileRead> {
        self.source.files()
    }

    fn progress(&self) -> Progress {
        self.source.progress()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use wireseam_wire::LinkType;

    use super::*;
    use crate::{MemorySource, OwnedPacket};

    fn three() -> MemorySource {
        MemorySource::new([1, 2, 3].map(|n| OwnedPacket::new(LinkType::RawIp, vec![n])))
    }

    fn drain(source: &mut impl Source) -> u64 {
        let mut packets = 0;
        while source.next_packet().unwrap().is_some() {
            packets += 1;
        }
        assert!(source.next_packet().unwrap().is_none());
        assert_eq!(source.statistics().packets, packets);
        packets
    }

    /// The same, in lots of so many.
    fn drain_in_lots(source: &mut impl Source, most: u64) -> u64 {
        let mut packets = 0;
        loop {
            let taken = source
                .next_packets(most, &mut |lot| packets += lot.len() as u64)
                .unwrap();
            assert_eq!(source.statistics().packets, packets);
            if taken == 0 {
                return packets;
            }
        }
    }

    /// Sets the flag with its second packet, as a signal handler would at any time.
    struct Interrupting(MemorySource, Arc<AtomicBool>);

    impl Source for Interrupting {
        fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
            let before = self.0.statistics().packets;
            self.1.fetch_or(before == 1, Ordering::Relaxed);
            self.0.next_packet()
        }

        fn statistics(&self) -> &Statistics {
            self.0.statistics()
        }
    }

    #[test]
    fn a_source_that_is_not_stopped_is_as_it_was() {
        let mut source = Bounded::new(three(), Arc::default(), None);
        assert_eq!(drain(&mut source), 3);
        assert_eq!(source.statistics().stopped, None);
    }

    #[test]
    fn nothing_is_waited_for_once_it_has_ended() {
        /// Never has a packet.
        struct Quiet(Statistics);
        impl Source for Quiet {
            fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
                Ok(None)
            }

            fn wait_for_packet(&mut self, _: Duration) -> Result<bool, CaptureError> {
                Ok(false)
            }

            fn statistics(&self) -> &Statistics {
                &self.0
            }
        }
        let flag = Arc::new(AtomicBool::new(false));
        let quiet = Quiet(Statistics::default());
        let mut source = Bounded::new(quiet, Arc::clone(&flag), None);
        assert!(!source.wait_for_packet(Duration::ZERO).unwrap());
        flag.store(true, Ordering::Relaxed);
        assert!(source.wait_for_packet(Duration::ZERO).unwrap());
    }

    #[test]
    fn a_limit_ends_it_when_it_is_reached() {
        let limited = |limit| {
            let mut source = Bounded::new(three(), Arc::default(), Some(limit));
            (drain(&mut source), source.statistics().stopped)
        };
        assert_eq!(limited(2), (2, Some(Stop::Limit)));
        assert_eq!(limited(3), (3, Some(Stop::Limit)));
        assert_eq!(limited(4), (3, None));
        for most in 1..5 {
            let in_lots = |limit| {
                let mut source = Bounded::new(three(), Arc::default(), Some(limit));
                let packets = drain_in_lots(&mut source, most);
                (packets, source.statistics().stopped)
            };
            assert_eq!(in_lots(2), (2, Some(Stop::Limit)));
            assert_eq!(in_lots(3), (3, Some(Stop::Limit)));
            assert_eq!(in_lots(4), (3, None));
        }
    }

    #[test]
    fn a_flag_ends_it_behind_the_packet_at_hand() {
        let flag = Arc::new(AtomicBool::new(false));
        let inner = Interrupting(three(), Arc::clone(&flag));
        let mut source = Bounded::new(inner, flag, None);
        assert_eq!(drain(&mut source), 2);
        assert_eq!(source.statistics().stopped, Some(Stop::Interrupted));

        let flag = Arc::new(AtomicBool::new(false));
        let inner = Interrupting(three(), Arc::clone(&flag));
        let mut source = Bounded::new(inner, flag, None);
        assert_eq!(drain_in_lots(&mut source, 100), 2);
        assert_eq!(source.statistics().stopped, Some(Stop::Interrupted));
    }

    #[test]
    fn a_read_that_was_woken_up_is_no_failure() {
        struct Woken(Statistics);
        impl Source for Woken {
            fn next_packet(&mut self) -> Result<Option<Packet<'_>>, CaptureError> {
                Err(CaptureError::Read {
                    name: "test".to_owned(),
                    cause: io::ErrorKind::Other.into(),
                })
            }

            fn statistics(&self) -> &Statistics {
                &self.0
            }
        }
        let flag = Arc::new(AtomicBool::new(false));
        let mut source = Bounded::new(Woken(Statistics::default()), Arc::clone(&flag), None);
        assert!(source.next_packet().is_err());
        flag.store(true, Ordering::Relaxed);
        assert_eq!(drain(&mut source), 0);
        let mut source = Bounded::new(Woken(Statistics::default()), flag, None);
        assert_eq!(drain_in_lots(&mut source, 100), 0);
    }
}
