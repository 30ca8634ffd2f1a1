//! Whether this process may capture: its effective capabilities (capabilities(7)).

use std::fs;

/// Whether this process has the capability that capturing needs, `CAP_NET_RAW`.
///
/// Where that cannot be told it is said to have it: opening the interface will tell.
#[must_use]
pub fn may_capture() -> bool {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    effective(&status).is_none_or(|capabilities| capabilities >> CAP_NET_RAW & 1 == 1)
}

/// The effective capabilities in a status file.
fn effective(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(line.trim(), 16).ok()
}

const CAP_NET_RAW: u32 = 13;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_read_as_the_kernel_writes_them() {
        let status = "Name:\tx\nCapPrm:\t0000000000000000\nCapEff:\t0000000000003000\n";
        assert_eq!(effective(status), Some(1 << 12 | 1 << 13));
        assert_eq!(effective("Name:\tx\n"), None);
    }
}
