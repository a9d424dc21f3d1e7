//! Images for the tests.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

/// A camera's RAF of more than `bytes`: a small JPEG, and samples behind it that nobody reads.
///
/// For each larger tier, because the thresholds of RAW are among the lowest. Source: libopenraw, "RAF file format".
#[must_use]
pub fn raw_over(bytes: u64) -> Vec<u8> {
    let picture = RgbImage::from_fn(900, 600, |x, y| Rgb([(x / 4) as u8, (y / 3) as u8, ((x ^ y) / 4) as u8]));
    let mut jpeg = Vec::new();
    picture.write_to(&mut Cursor::new(&mut jpeg), ImageFormat::Jpeg).expect("a picture is an image");
    let length = u32::try_from(jpeg.len()).expect("a small picture");
    let mut file = b"FUJIFILMCCD-RAW 0201FF389501".to_vec();
    file.resize(84, 0);
    file.extend([160, length].map(u32::to_be_bytes).concat());
    file.resize(160, 0);
    file.extend(jpeg);
    file.resize(usize::try_from(bytes + 1).expect("a test image is smaller").max(file.len()), 0);
    file
}

/// A Photoshop document of more than `bytes`: layers that nobody reads, and behind them the composite, half red and half
/// blue.
#[must_use]
pub fn document_over(bytes: u32) -> Vec<u8> {
    // Three channels of 300 by 400 pixels of 8 bits, in RGB; no palette, no resources.
    let mut file = b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\x01\x2C\0\0\x01\x90\0\x08\0\x03".to_vec();
    file.extend([0; 8]);
    file.extend(bytes.to_be_bytes());
    file.resize(file.len() + bytes as usize, 0);
    file.extend([0, 0]);
    for [left, right] in [[200, 0], [0, 0], [0, 200]] {
        (0..300).for_each(|_| file.extend([[left; 200], [right; 200]].concat()));
    }
    file
}

/// A WebP of more than `bytes`: noise does not compress.
///
/// # Panics
/// If it does compress, so that no test mistakes its size.
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
    let file = fixtures::encoded(&image.into(), ImageFormat::WebP);
    assert!(file.len() as u64 > bytes, "{} of {bytes}", file.len());
    file
}

/// A lossless WebP, opaque black with an alpha channel: 36 bytes, whatever its size, and a decoder that holds every pixel.
///
/// Every code has one symbol, which takes no bits. Source: RFC 9649, section 3.7.
///
/// # Panics
/// For a side that is not 1 to 16,384 pixels.
#[must_use]
pub fn flat_webp(width_px: u32, height_px: u32) -> Vec<u8> {
    assert!([width_px, height_px].iter().all(|side| (1..=16_384).contains(side)));
    let size = u64::from(width_px - 1) | u64::from(height_px - 1) << 14;
    // Five simple codes of one symbol, which has one bit and is 0, but for alpha: eight bits, and 255.
    let bits = 1 << 28 | 1 << 35 | 1 << 39 | 1 << 43 | (1 | 1 << 2 | 255 << 3) << 47 | 1 << 58;
    // One bit of alpha and three of version: no transform, no cache, no meta codes, then the codes of green, red, blue,
    // alpha and distance. What follows the image in its chunk is not read; there is some, because probes look at more than so few bytes.
    [&b"RIFF\x1C\0\0\0WEBPVP8L\x10\0\0\0\x2F"[..], &(size | bits).to_le_bytes(), &[0; 7]].concat()
}
