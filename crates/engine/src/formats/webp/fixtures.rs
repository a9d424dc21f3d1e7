//! WebP files, lossless by crate `image`, lossy by libwebp.

use image::{DynamicImage, ImageFormat};

use super::{HEIGHT, WIDTH, encoded, exif, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::WebP)
}

/// A simple WebP file in the extended form, its Exif behind the pixels.
pub fn webp_with_exif(webp: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = exif(orientation);
    let length = exif.len() as u32;
    if exif.len() % 2 == 1 {
        exif.push(0);
    }
    let side = |side: u32| (side - 1).to_le_bytes();
    let header = [b"VP8X\x0A\0\0\0\x08\0\0\0".as_slice(), &side(WIDTH)[..3], &side(HEIGHT)[..3]].concat();
    let body = [b"WEBP", header.as_slice(), &webp[12..], b"EXIF", &length.to_le_bytes(), &exif].concat();
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

pub fn webp_lossy() -> Vec<u8> {
    ::webpx::Encoder::new_rgb(&picture(), WIDTH, HEIGHT).quality(90.0).encode(::webpx::Unstoppable).expect("a file")
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("webp lossless", encode(&picture().into())),
        ("webp alpha", encode(&picture_rgba().into())),
        ("webp lossy", webp_lossy()),
    ]
}
