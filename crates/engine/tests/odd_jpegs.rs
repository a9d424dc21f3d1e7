//! One picture, written in every way that a JPEG may be: the same thumbnail, at full size too.

// Helpers unwrap as the tests do.
#![allow(clippy::unwrap_used)]

use std::{fs, path::PathBuf};

use contract::{Background, Fit, OutputFormat, Variant};
use engine::Limits;
use image::RgbImage;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../jpeg/tests/fixtures")
}

/// In its own size: nothing is decoded smaller.
fn full_size(name: &str) -> RgbImage {
    let bytes = fs::read(folder().join(name)).unwrap();
    let (fit, format, background) = (Fit::Inside, OutputFormat::Png, Background::default());
    let variant = Variant { name: "a".into(), width_px: 400, height_px: 400, fit, format, quality: 80, background };
    let made = engine::make(&mut bytes.as_slice(), &[variant], &Limits::for_budget(16 << 20), &mut |_| ());
    image::load_from_memory(&made.unwrap().thumbnails[0].bytes).unwrap().to_rgb8()
}

/// Mean difference of a sample, of 255.
fn difference(left: &RgbImage, right: &RgbImage) -> f64 {
    let pairs = left.as_raw().iter().zip(right.as_raw());
    pairs.map(|(left, right)| f64::from(left.abs_diff(*right))).sum::<f64>() / left.as_raw().len() as f64
}

#[test]
fn scans_and_sampling_factors_do_not_change_the_picture() {
    // Of the other fixtures with these prefixes, one has two components and one is another picture.
    let prefixes = ["apart_", "together_", "progressive", "sampling_", "scans_", "restart_"];
    let want = full_size("sampling_1x1.jpg");
    let mut seen = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_meant = prefixes.iter().any(|prefix| name.starts_with(prefix)) && name.ends_with(".jpg");
        if is_meant && !["apart_1x1_4x3.jpg", "progressive_quality_100.jpg"].contains(&name.as_str()) {
            let got = full_size(&name);
            assert_eq!(got.dimensions(), want.dimensions(), "{name}");
            // Coarse chroma costs up to 7.
            assert!(difference(&got, &want) < 8.0, "{name}: {}", difference(&got, &want));
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} files");
}
