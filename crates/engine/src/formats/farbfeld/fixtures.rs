//! Farbfeld files.

use image::{DynamicImage, ImageFormat};

use super::{encoded, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(&image.to_rgba16().into(), ImageFormat::Farbfeld)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("farbfeld", encode(&picture().into())), ("farbfeld rgba", encode(&picture_rgba().into()))]
}
