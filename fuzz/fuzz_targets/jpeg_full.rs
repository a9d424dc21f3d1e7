#![no_main]
#[path = "../jpeg_decode.rs"]
mod jpeg_decode;

libfuzzer_sys::fuzz_target!(|data: &[u8]| jpeg_decode::decode(data, jpeg::Scale::Full));
