//! How many packets an interface dropped, by the kernel's list of interfaces (proc_net_dev).
//!
//! libpcap says 0 where it does not know; here that is `None`.

use std::fs;

/// The count of one interface since the capture began.
#[derive(Debug)]
pub(super) struct InterfaceDrops {
    interface: String,
    at_first: Option<u64>,
}

impl InterfaceDrops {
    /// Counts from now on.
    pub(super) fn new(interface: &str) -> Self {
        Self {
            interface: interface.to_owned(),
            at_first: read(interface),
        }
    }

    /// How many it were so far; `None` where nobody counts them.
    pub(super) fn so_far(&self) -> Option<u64> {
        Some(read(&self.interface)?.saturating_sub(self.at_first?))
    }
}

fn read(interface: &str) -> Option<u64> {
    // that of the thread, which may be in another network namespace than its process
    let list = fs::read_to_string("/proc/thread-self/net/dev").ok()?;
    received_drops(&list, interface)
}

/// Receive drops and receive FIFO errors: the fourth and fifth column.
fn received_drops(list: &str, interface: &str) -> Option<u64> {
    let counts = list.lines().find_map(|line| {
        let (name, counts) = line.split_once(':')?;
        (name.trim() == interface).then_some(counts)
    })?;
    let mut counts = counts
        .split_ascii_whitespace()
        .skip(3)
        .map(str::parse::<u64>);
    let (dropped, fifo) = (counts.next()?.ok()?, counts.next()?.ok()?);
    Some(dropped + fifo)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 7054946   19024    0    0    0     0          0         0  7054946   19024    0    0    0     0       0          0
  eth0: 5500   31    1    20    3     0          0         0    1111      10    0    9    8     0       0          0
";

    #[test]
    fn receive_drops_are_the_fourth_and_fifth_column() {
        assert_eq!(received_drops(LIST, "eth0"), Some(23));
        assert_eq!(received_drops(LIST, "lo"), Some(0));
    }

    #[test]
    fn an_interface_that_is_not_listed_is_unknown() {
        assert_eq!(received_drops(LIST, "eth"), None);
        assert_eq!(received_drops(LIST, "any"), None);
    }
}
