//! Icons and cursors: directories by hand, with pictures by crate `image`.

use image::{DynamicImage, ImageFormat};

use super::{HEIGHT, WIDTH, encoded, picture, picture_rgba};

/// An icon (1) or cursor (2) of one picture.
fn container(kind: u8, (width, height): (u32, u32), picture: &[u8]) -> Vec<u8> {
    // 0 stands for 256 and more.
    let side = |side: u32| u8::try_from(side).unwrap_or(0);
    let mut file = vec![0, 0, kind, 0, 1, 0, side(width), side(height), 0, 0, 1, 0, 32, 0];
    file.extend((picture.len() as u32).to_le_bytes());
    file.extend(22_u32.to_le_bytes());
    [file.as_slice(), picture].concat()
}

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    container(1, (image.width(), image.height()), &encoded(image, ImageFormat::Png))
}

/// A BMP of 24 bits with a mask that hides its right third.
fn bitmap(kind: u8) -> Vec<u8> {
    let bmp = encoded(&picture().into(), ImageFormat::Bmp);
    let mut picture = bmp[14..].to_vec();
    picture[8..12].copy_from_slice(&(HEIGHT * 2).to_le_bytes());
    for _ in 0..HEIGHT {
        let mask = (0..WIDTH.div_ceil(32) * 4).map(|byte| if byte * 8 >= WIDTH * 2 / 3 { 0xFF } else { 0 });
        picture.extend(mask);
    }
    container(kind, (WIDTH, HEIGHT), &picture)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("ico png", encode(&picture().into())),
        ("ico png rgba", encode(&picture_rgba().into())),
        ("ico bmp", bitmap(1)),
        ("cur bmp", bitmap(2)),
    ]
}
