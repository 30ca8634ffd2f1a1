//! libpcap's functions, as the `pcap` crate declares them: each goes on to the real one.
//!
//! What a function takes and gives is passed on untouched, so pointers need no type here.

use std::{
    ffi::{c_char, c_int, c_uint, c_void},
    sync::OnceLock,
};

use crate::library;

/// Defines functions that go on to those of the same name. Where there are none, they give what stands behind `or`;
/// a function with a buffer for the reason (`because errbuf`) writes one into it first.
macro_rules! forward {
    ($(
        fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $(, because $errbuf:ident)?, or $absent:expr;
    )*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            type Function = unsafe extern "C" fn($($type),*) $(-> $result)?;
            static FUNCTION: OnceLock<Option<Function>> = OnceLock::new();
            // SAFETY: the type is the one that the `pcap` crate declares for this name.
            let function = FUNCTION.get_or_init(|| unsafe { library::function(stringify!($name)) });
            match function {
                // SAFETY: the caller keeps the promises of the function of that name, which is the one called.
                Some(function) => unsafe { function($($argument),*) },
                None => {
                    $(
                        // SAFETY: the caller gives a buffer of PCAP_ERRBUF_SIZE bytes, as libpcap asks for.
                        unsafe { write_reason($errbuf) };
                    )?
                    $absent
                }
            }
        }
    )*};
}

forward! {
    fn pcap_create(source: *const c_char, errbuf: *mut c_char) -> Pointer, because errbuf, or NULL;
    fn pcap_set_snaplen(p: Pointer, snaplen: c_int) -> c_int, or ERROR;
    fn pcap_set_promisc(p: Pointer, promisc: c_int) -> c_int, or ERROR;
    fn pcap_set_timeout(p: Pointer, ms: c_int) -> c_int, or ERROR;
    fn pcap_set_buffer_size(p: Pointer, size: c_int) -> c_int, or ERROR;
    fn pcap_set_tstamp_type(p: Pointer, kind: c_int) -> c_int, or ERROR;
    fn pcap_set_tstamp_precision(p: Pointer, precision: c_int) -> c_int, or ERROR;
    fn pcap_set_immediate_mode(p: Pointer, on: c_int) -> c_int, or ERROR;
    fn pcap_set_rfmon(p: Pointer, on: c_int) -> c_int, or ERROR;
    fn pcap_activate(p: Pointer) -> c_int, or ERROR;
    fn pcap_open_dead(link: c_int, snaplen: c_int) -> Pointer, or NULL;
    fn pcap_open_dead_with_tstamp_precision(link: c_int, snaplen: c_int, precision: c_uint) -> Pointer, or NULL;
    fn pcap_open_offline(file: *const c_char, errbuf: *mut c_char) -> Pointer, because errbuf, or NULL;
    fn pcap_open_offline_with_tstamp_precision(file: *const c_char, precision: c_uint, errbuf: *mut c_char) -> Pointer,
        because errbuf, or NULL;
    fn pcap_fopen_offline(file: Pointer, errbuf: *mut c_char) -> Pointer, because errbuf, or NULL;
    fn pcap_fopen_offline_with_tstamp_precision(file: Pointer, precision: c_uint, errbuf: *mut c_char) -> Pointer,
        because errbuf, or NULL;
    fn pcap_close(p: Pointer), or ();
    fn pcap_loop(p: Pointer, packets: c_int, handler: Handler, user: Pointer) -> c_int, or ERROR;
    fn pcap_dispatch(p: Pointer, packets: c_int, handler: Handler, user: Pointer) -> c_int, or ERROR;
    fn pcap_next_ex(p: Pointer, header: Pointer, data: Pointer) -> c_int, or ERROR;
    fn pcap_breakloop(p: Pointer), or ();
    fn pcap_stats(p: Pointer, stats: Pointer) -> c_int, or ERROR;
    fn pcap_setfilter(p: Pointer, program: Pointer) -> c_int, or ERROR;
    fn pcap_setdirection(p: Pointer, direction: c_uint) -> c_int, or ERROR;
    fn pcap_setnonblock(p: Pointer, on: c_int, errbuf: *mut c_char) -> c_int, because errbuf, or ERROR;
    fn pcap_sendpacket(p: Pointer, data: Pointer, len: c_int) -> c_int, or ERROR;
    fn pcap_geterr(p: Pointer) -> *const c_char, or REASON.as_ptr().cast();
    fn pcap_compile(p: Pointer, program: Pointer, text: *const c_char, optimize: c_int, netmask: c_uint) -> c_int, or ERROR;
    fn pcap_freecode(program: Pointer), or ();
    fn pcap_offline_filter(program: Pointer, header: Pointer, data: Pointer) -> c_int, or 0;
    fn pcap_datalink(p: Pointer) -> c_int, or ERROR;
    fn pcap_list_datalinks(p: Pointer, links: Pointer) -> c_int, or ERROR;
    fn pcap_set_datalink(p: Pointer, link: c_int) -> c_int, or ERROR;
    fn pcap_free_datalinks(links: Pointer), or ();
    fn pcap_datalink_name_to_val(name: *const c_char) -> c_int, or ERROR;
    fn pcap_datalink_val_to_name(link: c_int) -> *const c_char, or std::ptr::null();
    fn pcap_datalink_val_to_description(link: c_int) -> *const c_char, or std::ptr::null();
    fn pcap_major_version(p: Pointer) -> c_int, or 0;
    fn pcap_minor_version(p: Pointer) -> c_int, or 0;
    fn pcap_fileno(p: Pointer) -> c_int, or ERROR;
    fn pcap_get_selectable_fd(p: Pointer) -> c_int, or ERROR;
    fn pcap_dump_open(p: Pointer, file: *const c_char) -> Pointer, or NULL;
    fn pcap_dump_open_append(p: Pointer, file: *const c_char) -> Pointer, or NULL;
    fn pcap_dump_fopen(p: Pointer, file: Pointer) -> Pointer, or NULL;
    fn pcap_dump_flush(dumper: Pointer) -> c_int, or ERROR;
    fn pcap_dump_close(dumper: Pointer), or ();
    fn pcap_dump(dumper: Pointer, header: Pointer, data: Pointer), or ();
    fn pcap_findalldevs(devices: Pointer, errbuf: *mut c_char) -> c_int, because errbuf, or ERROR;
    fn pcap_freealldevs(devices: Pointer), or ();
}

/// Says why into a buffer for that.
///
/// # Safety
///
/// `errbuf` is null or has `PCAP_ERRBUF_SIZE` (256) bytes, which is more than the reason has.
unsafe fn write_reason(errbuf: *mut c_char) {
    if !errbuf.is_null() {
        // SAFETY: the buffer is longer than the reason, and nobody else's.
        unsafe { std::ptr::copy_nonoverlapping(REASON.as_ptr().cast(), errbuf, REASON.len()) };
    }
}

/// What nobody looks behind here.
type Pointer = *mut c_void;

/// A function that libpcap calls with every packet; passed on, never called.
type Handler = *const c_void;

/// `PCAP_ERROR`.
const ERROR: c_int = -1;

const NULL: Pointer = std::ptr::null_mut();

/// What stands in error buffers.
const REASON: &[u8] = b"libpcap is not installed\0";
