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

/// Lossy and lossless frames, of every disposal and blend, half transparent; four times.
pub fn animated() -> Vec<u8> {
    let still = |width: u32, height: u32, pixels: &[u8], lossless: bool| {
        let encoder = ::webpx::Encoder::new_rgba(pixels, width, height).quality(90.0).lossless(lossless);
        encoder.encode(::webpx::Unstoppable).expect("a file")
    };
    let whole = still(WIDTH, HEIGHT, &image::DynamicImage::from(picture()).into_rgba8(), false);
    let part = |width, height, colour: [u8; 4], lossless| {
        still(width, height, &colour.repeat((width * height) as usize), lossless)
    };
    let frames = [
        ((0, 0, WIDTH, HEIGHT), 100, 0, whole),
        ((20, 10, 40, 20), 10, 1, part(40, 20, [200, 0, 0, 128], true)),
        ((30, 20, 50, 30), 250, 2, part(50, 30, [0, 150, 0, 100], false)),
        ((0, 30, 30, 30), 0, 0, part(30, 30, [0, 0, 250, 255], false)),
        ((60, 0, 30, 60), 70, 3, part(30, 60, [250, 250, 0, 200], true)),
    ];
    let three = |number: u32| number.to_le_bytes()[..3].to_vec();
    let mut body = [
        b"WEBPVP8X\x0A\0\0\0\x12\0\0\0".as_slice(),
        &three(WIDTH - 1),
        &three(HEIGHT - 1),
        b"ANIM\x06\0\0\0\0\0\0\0\x04\0",
    ]
    .concat();
    for ((left, top, width, height), ms, flags, file) in frames {
        let chunks = if file[12..].starts_with(b"VP8X") { &file[30..] } else { &file[12..] };
        body.extend(b"ANMF");
        body.extend((16 + chunks.len() as u32).to_le_bytes());
        [left / 2, top / 2, width - 1, height - 1, ms].iter().for_each(|field| body.extend(three(*field)));
        body.push(flags);
        body.extend(chunks);
    }
    [b"RIFF".as_slice(), &(body.len() as u32).to_le_bytes(), &body].concat()
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("webp lossless", encode(&picture().into())),
        ("webp alpha", encode(&picture_rgba().into())),
        ("webp lossy", webp_lossy()),
        ("webp animated", animated()),
    ]
}
