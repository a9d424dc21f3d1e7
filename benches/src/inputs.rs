//! A photograph that nobody took: light, shapes with edges, texture and sensor noise, at about 2 bit a pixel as JPEG.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JPEG 4:2:0 of quality 85, baseline.
    Jpeg,
    /// The same, progressive.
    JpegProgressive,
    /// PNG, 8-bit RGB, not interlaced.
    Png,
    /// WebP, lossless.
    Webp,
    /// GIF, one frame, 256 colours.
    Gif,
    /// TIFF, 8-bit RGB, not compressed.
    Tiff,
    /// BMP, 24 bit.
    Bmp,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Jpeg, Self::JpegProgressive, Self::Png, Self::Webp, Self::Gif, Self::Tiff, Self::Bmp];

    /// The name in bench ids.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::JpegProgressive => "jpeg-progressive",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::Bmp => "bmp",
        }
    }

    /// A file of this kind.
    ///
    /// # Panics
    /// Where an encoder refuses, which none does for such an image.
    #[must_use]
    pub fn encode(self, photograph: &RgbImage) -> Vec<u8> {
        let format = match self {
            Self::Jpeg => return jpeg(photograph, false),
            Self::JpegProgressive => return jpeg(photograph, true),
            Self::Png => ImageFormat::Png,
            Self::Webp => ImageFormat::WebP,
            Self::Gif => ImageFormat::Gif,
            Self::Tiff => ImageFormat::Tiff,
            Self::Bmp => ImageFormat::Bmp,
        };
        let mut file = Cursor::new(Vec::new());
        // GIF is written from RGBA, the rest from RGB.
        let image = match self {
            Self::Gif => DynamicImage::from(DynamicImage::from(photograph.clone()).into_rgba8()),
            _ => photograph.clone().into(),
        };
        image.write_to(&mut file, format).expect("memory takes every image");
        file.into_inner()
    }
}

fn jpeg(photograph: &RgbImage, progressive: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 85);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(progressive);
    let side = |side: u32| u16::try_from(side).expect("no input is wider than a JPEG can be");
    let (width, height) = (side(photograph.width()), side(photograph.height()));
    encoder.encode(photograph, width, height, ColorType::Rgb).expect("memory takes every image");
    file
}

/// A photograph of `megapixels`, four wide to three high; sides are no multiples of 16, as few are.
#[must_use]
pub fn photograph(megapixels: f64) -> RgbImage {
    let height = (megapixels * 1e6 * 3.0 / 4.0).sqrt();
    // A positive number of pixels, far below the limit of u32.
    let (width, height) = ((height * 4.0 / 3.0) as u32 | 1, height as u32 | 1);
    let (scale_x, scale_y) = (1.0 / width as f32, 1.0 / height as f32);
    let mut noise = Noise(0x9E37_79B9);
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 * scale_x, y as f32 * scale_y);
        let [red, green, blue] = scene(u, v);
        // Texture of two scales, and the grain of a sensor: the same grain on all channels, as after demosaicing.
        let weave = ((x as f32 * 0.7).sin() * (y as f32 * 0.9).cos() + (x as f32 * 0.13 + y as f32 * 0.21).sin()) * 4.0;
        let grain = weave + noise.next();
        image::Rgb([red, green, blue].map(|light| (light + grain).clamp(0.0, 255.0) as u8))
    })
}

/// Sky, hills, a field and a wall of windows, in 0 to 255.
fn scene(u: f32, v: f32) -> [f32; 3] {
    let ridge = 0.45 + 0.08 * (u * 9.0).sin() + 0.03 * (u * 31.0).sin();
    if u > 0.62 && u < 0.92 && v > 0.25 && v < 0.8 {
        let pane = ((u * 60.0).fract() < 0.7) && ((v * 40.0).fract() < 0.6);
        return if pane { [60.0 + 90.0 * v, 80.0, 110.0] } else { [190.0, 170.0, 150.0 - 40.0 * u] };
    }
    if v < ridge {
        return [110.0 + 100.0 * v, 150.0 + 70.0 * v, 235.0 - 30.0 * u];
    }
    let furrow = 14.0 * ((u - 0.4) * 80.0 / (v + 0.1)).sin();
    [90.0 + furrow + 40.0 * u, 130.0 + furrow - 50.0 * (v - 0.5), 60.0 + 0.5 * furrow]
}

/// Marsaglia's xorshift, in three sums: close enough to a bell curve.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        let byte = |shift: u32| ((self.0 >> shift) & 0xFF) as f32 - 127.5;
        (byte(0) + byte(8) + byte(16)) * GRAIN
    }
}

/// Brings a JPEG of quality 85 to about 2 bit a pixel, as camera files have.
const GRAIN: f32 = 0.045;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photograph_costs_about_two_bits_a_pixel_and_is_the_same_every_time() {
        let photograph = super::photograph(1.0);
        let file = Kind::Jpeg.encode(&photograph);
        let bits = file.len() as f64 * 8.0 / (f64::from(photograph.width()) * f64::from(photograph.height()));
        assert!((1.7..2.3).contains(&bits), "{bits} bit a pixel");
        assert_eq!(file, Kind::Jpeg.encode(&super::photograph(1.0)));
    }

    #[test]
    fn every_kind_is_read_as_what_it_is() {
        for kind in Kind::ALL {
            let probe = engine::probe(&kind.encode(&photograph(0.05))).unwrap();
            assert!(kind.name().starts_with(probe.format.name()), "{kind:?}");
            assert_eq!(probe.interlaced, kind == Kind::JpegProgressive, "{kind:?}");
        }
    }
}
