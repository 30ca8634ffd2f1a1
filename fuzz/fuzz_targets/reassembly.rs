//! libFuzzer's way into the target `reassembly`, which tests/fuzz/targets/reassembly.rs describes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireseam_fuzz::fuzz("reassembly", data));
