//! Images for the tests.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

/// A WebP of more than `bytes`: noise does not compress, and of all formats WebP has the lowest thresholds.
///
/// # Panics
/// If it does compress, so that no test mistakes its tier.
#[must_use]
pub fn webp_over(bytes: u64) -> Vec<u8> {
    let mut noise = 0x9E37_79B9_u32;
    let mut next = || {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        Rgb([noise as u8, (noise >> 8) as u8, (noise >> 16) as u8])
    };
    let rows = u32::try_from(bytes / (1000 * 3) + 1).expect("a test image is smaller");
    let image = RgbImage::from_fn(1000, rows, |_, _| next());
    let mut file = Vec::new();
    image.write_to(&mut Cursor::new(&mut file), ImageFormat::WebP).expect("noise is an image");
    assert!(file.len() as u64 > bytes, "{} of {bytes}", file.len());
    file
}
