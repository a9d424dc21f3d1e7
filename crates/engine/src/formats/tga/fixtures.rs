//! TGA files: run lengths by crate `image`, the rest by hand.

use image::{DynamicImage, ImageFormat};

use super::{HEIGHT, WIDTH, encoded, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::Tga)
}

/// `pixels` from the bottom up behind a header of that kind.
fn by_hand(kind: u8, depth: u8, map: &[[u8; 3]], pixels: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let [width, height] = [WIDTH, HEIGHT].map(|side| (side as u16).to_le_bytes());
    let mut file = vec![4, u8::from(!map.is_empty()), kind, 0, 0];
    file.extend((map.len() as u16).to_le_bytes());
    file.extend([if map.is_empty() { 0 } else { 24 }, 0, 0, 0, 0]);
    file.extend(width.into_iter().chain(height).chain([depth, 0]));
    file.extend(b"name");
    file.extend(map.as_flattened());
    let rows: Vec<Vec<u8>> = pixels.collect::<Vec<_>>().chunks(WIDTH as usize).map(<[_]>::concat).collect();
    file.extend(rows.into_iter().rev().flatten());
    file
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let picture = picture();
    // Three bits of each colour but the last, as blue, green, red.
    let map: Vec<[u8; 3]> = (0..=255_u8).map(|index| [index << 6, index << 3 & 0xE0, index & 0xE0]).collect();
    let index = |[red, green, blue]: [u8; 3]| vec![red & 0xE0 | green >> 3 & 0x1C | blue >> 6];
    let fifteen = |[red, green, blue]: [u8; 3]| {
        let pixel = u16::from(red >> 3) << 10 | u16::from(green >> 3) << 5 | u16::from(blue >> 3);
        pixel.to_le_bytes().to_vec()
    };
    vec![
        ("tga", encode(&picture.clone().into())),
        ("tga rgba", encode(&picture_rgba().into())),
        ("tga mapped", by_hand(1, 8, &map, picture.pixels().map(|pixel| index(pixel.0)))),
        ("tga 15 bit", by_hand(2, 16, &[], picture.pixels().map(|pixel| fifteen(pixel.0)))),
    ]
}
