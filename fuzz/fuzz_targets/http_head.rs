//! libFuzzer's way into the target `http_head`, which tests/fuzz/targets/http_head.rs describes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireseam_fuzz::fuzz("http_head", data));
