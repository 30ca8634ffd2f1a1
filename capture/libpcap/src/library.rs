//! The shared library: where it is looked for, and how a function is found in it.

use std::sync::OnceLock;

use libloading::Library;

/// Whether libpcap is there; where it is not, every function of `pcap` fails.
#[must_use]
pub fn available() -> bool {
    library().is_some()
}

/// The function of that name, where there is a libpcap that has it.
///
/// # Safety
///
/// `F` is the function's type, as libpcap's manual has it.
pub(crate) unsafe fn function<F: Copy>(name: &str) -> Option<F> {
    let library = library()?;
    // SAFETY: the caller answers for the type; the library is never unloaded, so the pointer stays good.
    let symbol = unsafe { library.get::<F>(name.as_bytes()) };
    symbol.ok().map(|symbol| *symbol)
}

fn library() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    let found = LIBRARY.get_or_init(|| NAMES.into_iter().find_map(open));
    found.as_ref()
}

fn open(name: &str) -> Option<Library> {
    // SAFETY: libpcap has no initialisation routine of its own, and those of what it is linked with (D-Bus, libnl) only
    // set up their own state; nothing is ever unloaded.
    unsafe { Library::new(name) }.ok()
}

/// Its name on Debian and its kin, its name elsewhere, and the name that comes with a development package.
const NAMES: [&str; 3] = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];
