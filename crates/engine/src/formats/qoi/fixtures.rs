//! QOI files.

use image::{DynamicImage, ImageFormat};

use super::{encoded, picture, picture_rgba};

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::Qoi)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("qoi", encode(&picture().into())), ("qoi rgba", encode(&picture_rgba().into()))]
}
