//! Radiance HDR files.

use image::{DynamicImage, Rgb, Rgb32FImage};

use super::picture;

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

/// A byte for each channel and one for the exponent that they share.
fn rgbe(Rgb(light): &Rgb<f32>) -> [u8; 4] {
    let most = light.iter().copied().fold(0.0, f32::max);
    if most <= 0.0 {
        return [0; 4];
    }
    // The exponent's bits, as `frexp` has them.
    let exponent = (most.to_bits() >> 23) as i32 - 126;
    let [red, green, blue] = light.map(|sample| (sample * 2.0_f32.powi(8 - exponent)) as u8);
    [red, green, blue, (exponent + 128) as u8]
}

/// Runs of at least three, and what is between them.
fn coded(channel: &[u8], into: &mut Vec<u8>) {
    let runs = |at: usize| channel[at..].iter().take(127).take_while(|byte| **byte == channel[at]).count();
    let mut at = 0;
    while at < channel.len() {
        let run = runs(at);
        if run >= 3 {
            into.extend([128 + run as u8, channel[at]]);
            at += run;
            continue;
        }
        let most = channel.len().min(at + 128);
        let end = (at..most).find(|end| channel[*end..].len() >= 3 && runs(*end) >= 3).unwrap_or(most);
        into.push((end - at) as u8);
        into.extend(&channel[at..end]);
        at = end;
    }
}

/// By itself, because `image`, which is not optimised in tests, takes ten times as long.
pub fn encode(image: &DynamicImage) -> Vec<u8> {
    let light = light(image);
    let (width, height) = light.dimensions();
    let mut file = format!("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n").into_bytes();
    for row in light.rows() {
        let pixels: Vec<[u8; 4]> = row.map(rgbe).collect();
        if !(8..=0x7FFF).contains(&width) {
            file.extend(pixels.into_flattened());
            continue;
        }
        file.extend([2, 2, (width >> 8) as u8, width as u8]);
        for channel in 0..4 {
            coded(&pixels.iter().map(|pixel| pixel[channel]).collect::<Vec<_>>(), &mut file);
        }
    }
    file
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    vec![("hdr", encode(&picture().into()))]
}
