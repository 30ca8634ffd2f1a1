//! libFuzzer's way into the target `deflate`, which tests/fuzz/targets/deflate.rs describes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wireseam_fuzz::fuzz("deflate", data));
