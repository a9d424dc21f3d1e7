//! BMP files.

use image::{DynamicImage, ImageFormat};

use super::{HEIGHT, WIDTH, encoded, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::Bmp)
}

/// The picture in 8 levels of grey, as run lengths of 8 bits.
pub fn run_lengths() -> Vec<u8> {
    let grey = DynamicImage::from(picture()).into_luma8();
    let mut runs = Vec::new();
    for row in grey.rows().rev() {
        let row: Vec<u8> = row.map(|pixel| pixel.0[0] >> 5).collect();
        for run in row.chunk_by(|left, right| left == right) {
            runs.extend([run.len() as u8, run[0]]);
        }
        runs.extend([0, 0]);
    }
    runs.extend([0, 1]);
    let palette: Vec<u8> = (0..8_u8).flat_map(|level| [level << 5, level << 5, level << 5, 0]).collect();
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend([14 + 40 + 32, 40, WIDTH, HEIGHT].map(u32::to_le_bytes).concat());
    file.extend([1, 0, 8, 0, 1, 0, 0, 0]);
    file.extend([0, 0, 0, 8, 0].map(u32::to_le_bytes).concat());
    [file, palette, runs].concat()
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("bmp", encode(&picture().into())),
        ("bmp rgba", encode(&picture_rgba().into())),
        ("bmp run lengths", run_lengths()),
    ]
}
