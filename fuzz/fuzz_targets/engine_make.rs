#![no_main]
//! Any bytes through the whole engine. The last byte chooses how small, and so the decoder's scale.

#[path = "../../crates/engine/tests/fixtures/any_bytes.rs"]
mod any_bytes;

use any_bytes::{SIDES_PX, make};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_last() else { return };
    // A run takes milliseconds, or the fuzzer is slow.
    let _ = make(file, SIDES_PX[usize::from(*choice) % SIDES_PX.len()], 1 << 20);
});
