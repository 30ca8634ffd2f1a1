//! libFuzzer's way into the target `frames`, which tests/fuzz/targets/frames.rs describes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireseam_fuzz::fuzz("frames", data));
