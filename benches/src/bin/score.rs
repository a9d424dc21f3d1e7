//! How near one picture is to another: `{"picture": "a.png", "reference": "b.png"}` a line on standard input gives
//! `{"ssimulacra2": 94.1, "ssim": 0.99}` a line on standard output. Alpha is laid on white before.

use std::io::{self, BufRead, Write};

use image::{DynamicImage, GrayImage, RgbImage};
use serde::Deserialize;
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

type AnyError = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct Pair {
    picture: String,
    reference: String,
}

fn main() -> Result<(), AnyError> {
    for line in io::stdin().lock().lines() {
        let pair: Pair = serde_json::from_str(&line?)?;
        let answer = match score(&pair) {
            Ok((ssimulacra2, ssim)) => serde_json::json!({ "ssimulacra2": ssimulacra2, "ssim": ssim }),
            Err(error) => serde_json::json!({ "error": error.to_string() }),
        };
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn score(pair: &Pair) -> Result<(f64, f64), AnyError> {
    let (picture, reference) = (on_white(&pair.picture)?, on_white(&pair.reference)?);
    if picture.dimensions() != reference.dimensions() {
        return Err(format!("{:?} against {:?} pixels", picture.dimensions(), reference.dimensions()).into());
    }
    let ssimulacra2 = compute_frame_ssimulacra2(linear_ready(&reference)?, linear_ready(&picture)?)?;
    let grey = |image: RgbImage| DynamicImage::from(image).into_luma8();
    Ok((ssimulacra2, ssim(&grey(reference), &grey(picture))))
}

fn on_white(path: &str) -> Result<RgbImage, AnyError> {
    let image = fixtures::decoded(&std::fs::read(path)?).ok_or("no picture that can be read")?.into_rgba8();
    Ok(RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0.map(u32::from);
        let over = |light: u32| ((light * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        image::Rgb([red, green, blue].map(over))
    }))
}

/// sRGB in 0 to 1; the metric makes it linear itself.
fn linear_ready(image: &RgbImage) -> Result<Rgb, AnyError> {
    let pixels = image.pixels().map(|pixel| pixel.0.map(|light| f32::from(light) / 255.0)).collect();
    let (width, height) = (image.width() as usize, image.height() as usize);
    Ok(Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)?)
}

/// The windows' side.
const WINDOW: usize = 11;

/// Mean structural similarity of luma, 1 for equal pictures.
///
/// Source: Wang, Bovik, Sheikh, Simoncelli 2004: Gaussian windows of 11x11, sigma 1.5, K1 = 0.01, K2 = 0.03.
/// Pictures smaller than a window are one window.
fn ssim(reference: &GrayImage, picture: &GrayImage) -> f64 {
    let (width, height) = (reference.width() as usize, reference.height() as usize);
    let side = WINDOW.min(width).min(height);
    let weights = window(side);
    let (c1, c2) = ((0.01 * 255.0_f64).powi(2), (0.03 * 255.0_f64).powi(2));
    let (mut sum, mut windows) = (0.0, 0.0);
    for top in 0..=height - side {
        for left in 0..=width - side {
            let mut moments = [0.0; 5];
            for (index, weight) in weights.iter().enumerate() {
                let at = (top + index / side) * width + left + index % side;
                let (a, b) = (f64::from(reference.as_raw()[at]), f64::from(picture.as_raw()[at]));
                for (moment, value) in moments.iter_mut().zip([a, b, a * a, b * b, a * b]) {
                    *moment += weight * value;
                }
            }
            let [mean_a, mean_b, square_a, square_b, product] = moments;
            let (variance_a, variance_b) = (square_a - mean_a * mean_a, square_b - mean_b * mean_b);
            let covariance = product - mean_a * mean_b;
            sum += (2.0 * mean_a * mean_b + c1) * (2.0 * covariance + c2)
                / ((mean_a * mean_a + mean_b * mean_b + c1) * (variance_a + variance_b + c2));
            windows += 1.0;
        }
    }
    sum / windows
}

/// Gaussian weights of `side` x `side`, that sum to 1.
fn window(side: usize) -> Vec<f64> {
    let bell = |at: usize| (-(at as f64 - (side as f64 - 1.0) / 2.0).powi(2) / (2.0 * 1.5 * 1.5)).exp();
    let weights: Vec<f64> = (0..side * side).map(|index| bell(index / side) * bell(index % side)).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pictures_score_one_and_noise_takes_from_it() {
        let plain = GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * 5 + y) as u8]));
        let noisy = GrayImage::from_fn(40, 30, |x, y| image::Luma([(x * 5 + y + (x * 7 + y * 3) % 9) as u8]));
        assert!((ssim(&plain, &plain) - 1.0).abs() < 1e-12);
        let score = ssim(&plain, &noisy);
        assert!((0.5..0.999).contains(&score), "{score}");
        let tiny = GrayImage::new(1, 1);
        assert!((ssim(&tiny, &tiny) - 1.0).abs() < 1e-12);
    }
}
