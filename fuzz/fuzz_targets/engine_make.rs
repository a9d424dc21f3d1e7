#![no_main]
//! Any bytes through the whole engine. The last byte chooses how small, and so the decoder's scale, and whether it moves.

#[path = "../../crates/engine/tests/fixtures/any_bytes.rs"]
mod any_bytes;

use any_bytes::{SIDES_PX, make, variant};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_last() else { return };
    // A run takes milliseconds, or the fuzzer is slow.
    let side_px = SIDES_PX[usize::from(*choice) % SIDES_PX.len()];
    let _ = make(file, variant(side_px, u64::from(*choice) / 8), 1 << 20);
});
