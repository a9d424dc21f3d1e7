//! Radiance HDR files.

use image::{DynamicImage, ImageFormat, Rgb, Rgb32FImage};

use super::{encoded, picture};

/// sRGB to light. Source: IEC 61966-2-1.
pub fn light(image: &DynamicImage) -> Rgb32FImage {
    let light = |sample: f32| if sample <= 0.04045 { sample / 12.92 } else { ((sample + 0.055) / 1.055).powf(2.4) };
    if let DynamicImage::ImageRgb8(image) = image {
        // A picture of ten megapixels has 31 million samples, of 256 levels.
        let levels: Vec<f32> = (0..=255).map(|level: u8| light(f32::from(level) / 255.0)).collect();
        let of = |level: u8| levels[usize::from(level)];
        return Rgb32FImage::from_fn(image.width(), image.height(), |x, y| Rgb(image.get_pixel(x, y).0.map(of)));
    }
    let mut image = image.to_rgb32f();
    image.iter_mut().for_each(|sample| *sample = light(*sample));
    image
}

pub fn encode(image: &DynamicImage) -> Vec<u8> {
    encoded(&light(image).into(), ImageFormat::Hdr)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("hdr", encode(&picture().into()))]
}
