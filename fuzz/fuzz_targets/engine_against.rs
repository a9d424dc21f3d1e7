#![no_main]
//! Any bytes through the engine and another decoder: two pictures of one file are a find.
//!
//! Not WebP: libwebp is its reference, and the other decoder goes on from damage in ways of its own.

#[path = "../../crates/engine/tests/fixtures/against.rs"]
mod against;

use against::{Verdict, compare};
use engine::Limits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"RIFF") {
        return;
    }
    if let Verdict::Different(how) = compare(data, &Limits::for_budget(8 << 20)) {
        panic!("{how}");
    }
});
