//! What became of the cuts at a live peer: how many were asked for, made on the wire, and read apart.

use std::fmt;

use crate::replay::{live::OnWire, trial::Trial};

/// The cuts of some trials together.
#[derive(Clone, Debug, Default)]
pub(super) struct Cuts {
    achieved: usize,
    unknown: usize,
    on_wire: Option<OnWire>,
}

impl Cuts {
    /// Those of one trial.
    pub(super) fn of(trial: &Trial) -> Self {
        let (achieved, unknown) = trial.achieved.unwrap_or_default();
        Self {
            achieved,
            unknown,
            on_wire: trial.on_wire.clone(),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.achieved += other.achieved;
        self.unknown += other.unknown;
        if let Some(seen) = &other.on_wire {
            self.on_wire.get_or_insert_default().add(seen);
        }
    }

    /// How many were asked for; of a replay that was broken off only the capture knows.
    pub(super) fn asked(&self) -> usize {
        let captured = self.on_wire.as_ref().map_or(0, |seen| seen.asked);
        captured.max(self.achieved + self.unknown)
    }

    /// At how many it is not known whether the peer read them apart.
    pub(super) fn unknown(&self) -> usize {
        self.asked() - self.achieved
    }

    /// Whether some of them are not known to have been made on the wire.
    pub(super) fn are_short(&self) -> bool {
        let seen = self.on_wire.as_ref();
        seen.is_some_and(|seen| seen.apart < seen.asked || seen.rejoined > 0)
    }
}

impl fmt::Display for Cuts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cuts: {} asked", self.asked())?;
        if let Some(seen) = &self.on_wire {
            write!(
                f,
                ", {} on the wire (captured on {}",
                seen.apart, seen.interface
            )?;
            let not_captured = self.asked() - seen.apart - seen.coalesced;
            for (count, what) in [
                (seen.coalesced, "inside a segment"),
                (seen.rejoined, "joined again by a retransmission"),
                (not_captured, "not captured"),
            ] {
                if count > 0 {
                    write!(f, "; {count} {what}")?;
                }
            }
            if seen.dropped > 0 {
                write!(f, "; the capture lost {} packets", seen.dropped)?;
            }
            if let Some(why) = &seen.ended {
                write!(f, "; {why}")?;
            }
            f.write_str(")")?;
        }
        write!(f, ", {} read apart by the peer", self.achieved)?;
        match self.unknown() {
            0 => Ok(()),
            unknown => write!(f, ", of {unknown} that is not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_less_than_was_asked_for_is_said_with_its_reason() {
        let mut cuts = Cuts {
            achieved: 40,
            unknown: 1,
            on_wire: None,
        };
        assert_eq!(
            cuts.to_string(),
            "cuts: 41 asked, 40 read apart by the peer, of 1 that is not known"
        );
        cuts.on_wire = Some(OnWire {
            interface: "lo".to_owned(),
            asked: 41,
            apart: 41,
            ..OnWire::default()
        });
        assert!(!cuts.are_short());
        let says = "cuts: 41 asked, 41 on the wire (captured on lo), 40 read apart by the peer";
        assert_eq!(cuts.to_string(), format!("{says}, of 1 that is not known"));
        // of a replay that was broken off only the capture tells
        cuts.add(&Cuts {
            on_wire: Some(OnWire {
                interface: "lo".to_owned(),
                asked: 9,
                apart: 3,
                coalesced: 4,
                rejoined: 1,
                dropped: 7,
                ended: None,
            }),
            ..Cuts::default()
        });
        assert!(cuts.are_short());
        assert_eq!(
            cuts.to_string(),
            "cuts: 50 asked, 44 on the wire (captured on lo; 4 inside a segment; 1 joined again by a retransmission; \
             2 not captured; the capture lost 7 packets), 40 read apart by the peer, of 10 that is not known"
        );
    }
}
