//! libFuzzer's way into the target `packets`, which tests/fuzz/targets/packets.rs describes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireseam_fuzz::fuzz("packets", data));
