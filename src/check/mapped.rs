//! Where two boundary maps begin to differ, and which byte of which packet that line speaks of.

use wireseam_analyzer::Direction;

use super::MapDifference;
use crate::claim::Place;

/// The first line in which a map is not the accepted one.
pub(super) fn first_difference(accepted: &str, found: &str) -> Option<MapDifference> {
    let (accepted, found) = (lines(accepted), lines(found));
    let same = accepted
        .iter()
        .zip(&found)
        .take_while(|(one, other)| one == other);
    let at = same.count();
    if at == accepted.len() && at == found.len() {
        return None;
    }
    let line = |lines: &[&str]| lines.get(at).map(|line| (*line).to_owned());
    // what is told of a line that is not there any longer is where the one in front of it stands
    let spoken = found.get(..found.len().min(at + 1)).unwrap_or_default();
    Some(MapDifference {
        line: at + 1,
        accepted: line(&accepted),
        found: line(&found),
        place: place(spoken),
    })
}

/// The lines but for empty ones at the end: a snapshot does not keep those.
fn lines(map: &str) -> Vec<&str> {
    map.trim_end().lines().map(str::trim_end).collect()
}

/// The place that the last line speaks of which speaks of one.
fn place(lines: &[&str]) -> Option<Place> {
    lines.iter().rev().find_map(|line| place_in(line))
}

/// `  >  #8  0.003200  161..165  ..`, `m1  <  text  5  F1  161..172  #8..#9`
fn place_in(line: &str) -> Option<Place> {
    let mut words = line.split_whitespace();
    let direction = words.find_map(|word| match word {
        ">" => Some(Direction::ClientToServer),
        "<" => Some(Direction::ServerToClient),
        _ => None,
    })?;
    let words: Vec<&str> = words.collect();
    let packet = words.iter().find_map(|word| {
        let number = word.strip_prefix('#')?;
        number.split("..").next()?.parse().ok()
    })?;
    let offset = words.iter().find_map(|word| {
        let (start, end) = word.split_once("..")?;
        let (start, _): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
        Some(start)
    })?;
    Some(Place {
        packet,
        direction,
        offset,
    })
}
