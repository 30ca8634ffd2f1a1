//! libFuzzer's way into the target `file`, which tests/fuzz/targets/file.rs describes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireseam_fuzz::fuzz("file", data));
