//! DDS files, by hand: no encoder at hand writes them.

use image::DynamicImage;

use super::picture;

/// DXT1 or DXT5 with one colour for each block of 4 by 4 pixels; sides are rounded up to whole blocks.
fn blocks(image: &DynamicImage, code: &[u8; 4]) -> Vec<u8> {
    let image = image.to_rgb8();
    let (width, height) = (image.width().next_multiple_of(4), image.height().next_multiple_of(4));
    let mut file = b"DDS ".to_vec();
    for word in [124, 0x1007, height, width, 0, 0, 0].into_iter().chain([0; 11]).chain([32, 4]) {
        file.extend(word.to_le_bytes());
    }
    file.extend(code);
    file.resize(128, 0);
    for y in (0..height).step_by(4) {
        for x in (0..width).step_by(4) {
            let [red, green, blue] =
                image.get_pixel((x + 1).min(image.width() - 1), (y + 1).min(image.height() - 1)).0.map(u16::from);
            let colour = (red >> 3 << 11 | green >> 2 << 5 | blue >> 3).to_le_bytes();
            if code == b"DXT5" {
                // Half transparent.
                file.extend([128, 128, 0, 0, 0, 0, 0, 0]);
            }
            file.extend([colour, colour].concat());
            file.extend([0; 4]);
        }
    }
    file
}

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    blocks(image, b"DXT1")
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("dds", encode(&picture().into())), ("dds alpha", blocks(&picture().into(), b"DXT5"))]
}
