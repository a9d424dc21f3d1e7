#![no_main]
//! Any bytes as a header: a probe that plans, or a refusal with a name.

use contract::{Fit, OutputFormat, Variant};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(probe) = engine::probe(data) else { return };
    assert!(probe.width_px > 0 && probe.height_px > 0);
    for fit in [Fit::Inside, Fit::Cover, Fit::Contain, Fit::Fill] {
        let variant = Variant { height_px: 96, fit, ..Variant::inside(128, OutputFormat::Auto) };
        let plan = engine::plan(&probe, &[variant], 1);
        assert!(plan.peak_bytes > 0 && plan.decoded_px.0 > 0 && plan.decoded_px.1 > 0);
    }
});
