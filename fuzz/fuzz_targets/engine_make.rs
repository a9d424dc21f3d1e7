#![no_main]
//! Any bytes through the whole engine, in a budget that leaves no room for a header that lies. The last byte chooses
//! how small, and so the decoder's scale.

use contract::{Background, Fit, OutputFormat, Variant};
use engine::Limits;

/// What a run may hold, in bytes; a picture that plans more is refused, as in a small tier.
const BUDGET_BYTES: u64 = 16 << 20;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, mut file)) = data.split_last() else { return };
    let side_px = [5, 10, 20, 64][usize::from(*choice) % 4];
    let (name, fit, format) = ("a".to_owned(), Fit::Inside, OutputFormat::Auto);
    let variant = Variant {
        name,
        width_px: side_px,
        height_px: side_px,
        fit,
        format,
        quality: 80,
        background: Background::default(),
    };
    let mut limits = Limits::for_budget(BUDGET_BYTES);
    // A run takes milliseconds, or the fuzzer is slow.
    limits.max_pixels = 1 << 20;
    match engine::make(&mut file, &[variant], &limits, &mut |_| ()) {
        Ok(made) => assert!(made.plan.peak_bytes <= BUDGET_BYTES && made.thumbnails.len() == 1),
        Err(error) => assert!(!error.is_retryable() && error.name() != "encode", "{error}"),
    }
});
