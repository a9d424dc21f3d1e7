//! BMP files.

use image::{DynamicImage, ImageFormat};

use super::{encoded, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::Bmp)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("bmp", encode(&picture().into())), ("bmp rgba", encode(&picture_rgba().into()))]
}
