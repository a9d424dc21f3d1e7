//! Radiance HDR files.

use image::{DynamicImage, ImageFormat, Rgb32FImage};

use super::{encoded, picture};

/// sRGB to light. Source: IEC 61966-2-1.
pub fn light(image: &DynamicImage) -> Rgb32FImage {
    let mut image = image.to_rgb32f();
    for sample in image.iter_mut() {
        *sample = if *sample <= 0.04045 { *sample / 12.92 } else { ((*sample + 0.055) / 1.055).powf(2.4) };
    }
    image
}

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(&light(image).into(), ImageFormat::Hdr)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("hdr", encode(&picture().into()))]
}
