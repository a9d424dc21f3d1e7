//! Mutated files through the engine and through another decoder: the same picture, a warning, or a refusal.
//!
//! Deterministic, as `mutations.rs`; `MUTATIONS=200000` tries as many. In about one of 50,000 damaged files the other
//! decoder and libwebp, or the other and crate `image` in HDR, go on from a broken code in ways of their own.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

#[path = "fixtures/against.rs"]
mod against;
mod fixtures;

use std::collections::BTreeMap;

use against::{Verdict, compare};
use contract::ImageFormat;
use fixtures::mutate::{Random, mutated, with_checksums};

const FILES: u64 = 6_000;

/// Formats that have another decoder at hand. JPEG and TIFF have tests of their own.
const FORMATS: [ImageFormat; 8] = [
    ImageFormat::Png,
    ImageFormat::Webp,
    ImageFormat::Gif,
    ImageFormat::Bmp,
    ImageFormat::Pnm,
    ImageFormat::Qoi,
    ImageFormat::Hdr,
    ImageFormat::Farbfeld,
];

#[test]
fn mutated_files_are_the_picture_that_another_decoder_sees() {
    let fixtures: Vec<_> = FORMATS.into_iter().flat_map(fixtures::files).collect();
    let files = std::env::var("MUTATIONS").map_or(FILES, |files| files.parse().unwrap());
    let mut counts = BTreeMap::<&str, [u64; 5]>::new();
    let mut finds = Vec::new();
    for seed in 0..files {
        let (name, original) = &fixtures[seed as usize % fixtures.len()];
        let mut bytes = mutated(original, &mut Random(seed));
        if name.starts_with("png") && !(seed / fixtures.len() as u64).is_multiple_of(4) {
            bytes = with_checksums(bytes);
        }
        let verdict = compare(&bytes);
        let index = match &verdict {
            Verdict::Same => 0,
            Verdict::Refused => 1,
            Verdict::Warned => 2,
            Verdict::Alone => 3,
            Verdict::Different(_) => 4,
        };
        counts.entry(name).or_default()[index] += 1;
        if let Verdict::Different(how) = verdict {
            finds.push(format!("{name}, seed {seed}: {how}"));
        }
    }
    for (name, [same, refused, warned, alone, different]) in &counts {
        println!("{name}: {same} same, {refused} refused, {warned} warned, {alone} alone, {different} different");
    }
    assert!(finds.is_empty(), "{} finds\n{}", finds.len(), finds.join("\n"));
}
