//! What the tests of HEIC and AVIF share: both are tiles in the boxes of HEIF.
#![cfg_attr(not(all(feature = "av1", feature = "hevc")), allow(dead_code, unused_imports))]

use crate::wanted::small_png;
use std::io::Cursor;

use engine::{EngineError, Limits, Made};

pub(crate) fn make(bytes: &[u8], side_px: u32) -> Result<Made, EngineError> {
    engine::make(&mut Cursor::new(bytes), &[small_png(side_px)], &Limits::for_budget(64 << 20), &mut |_| {})
}

/// The mean and the greatest difference of samples, of pictures of one size.
pub(crate) fn difference<P: image::Pixel<Subpixel = u8>>(
    one: &image::ImageBuffer<P, Vec<u8>>,
    other: &image::ImageBuffer<P, Vec<u8>>,
) -> (f64, u8) {
    assert_eq!(one.dimensions(), other.dimensions());
    let steps: Vec<u8> = one.iter().zip(other.iter()).map(|(one, other)| one.abs_diff(*other)).collect();
    let sum: f64 = steps.iter().copied().map(f64::from).sum();
    (sum / steps.len() as f64, steps.into_iter().max().unwrap_or_default())
}

/// A header that ends early is refused, and one with another number, at each of `places(header bytes)`, is refused by name
/// or made within the budget.
pub(crate) fn check_numbers_that_lie(file: &[u8], places: impl FnOnce(usize) -> std::ops::Range<usize>) {
    let header = engine::probe(file).unwrap().header_bytes as usize;
    for end in 0..header {
        assert!(make(&file[..end], 30).is_err(), "{end} bytes");
    }
    let mut refused = 0;
    for at in places(header) {
        for word in [0_u32, 1, 0x7FFF_FFFF, 0xFFFF_FFFF] {
            let mut lying = file.to_vec();
            lying[at..at + 4].copy_from_slice(&word.to_be_bytes());
            match make(&lying, 30) {
                Ok(made) => assert!(made.plan.peak_bytes <= 64 << 20),
                Err(error) => {
                    refused += 1;
                    let named = ["corrupt", "unsupported", "not_an_image", "over_budget", "side_too_long"];
                    assert!(named.contains(&error.name()), "{at}: {error}");
                }
            }
        }
    }
    assert!(refused > header, "{refused}");
}

/// The refusal of `file` with `to` wherever `from` stands.
pub(crate) fn refusal_with(mut file: Vec<u8>, from: &[u8], to: &[u8]) -> EngineError {
    let places: Vec<usize> = (0..file.len() - from.len()).filter(|at| file[*at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "{}", from.escape_ascii());
    places.into_iter().for_each(|at| file[at..at + to.len()].copy_from_slice(to));
    make(&file, 30).unwrap_err()
}
