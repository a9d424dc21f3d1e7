//! A window of an 8 bit raster at another size.
//!
//! A crate of its own, because `fast_image_resize` is generic code that its caller compiles: a change in the engine
//! would compile it again.

mod rows;

pub use rows::RowResampler;

use std::f64::consts::PI;

use fast_image_resize::{
    Filter, FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer,
    images::{TypedImage, TypedImageRef},
    pixels::{U8, U8x3, U8x4},
};

/// The weights of the samples around a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Sharp: three lobes.
    Lanczos3,
    /// Softer: two lobes.
    CatmullRom,
}

impl Kernel {
    /// From which distance a weight is 0, in samples of the smaller image.
    fn support(self) -> f64 {
        match self {
            Self::Lanczos3 => 3.0,
            Self::CatmullRom => 2.0,
        }
    }
}

/// Rows of pixels without padding, channels interleaved.
#[derive(Clone, Copy, Debug)]
pub struct Source<'samples> {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// 1 to 4.
    pub channels: usize,
    /// `width * height * channels` bytes.
    pub samples: &'samples [u8],
}

/// A part of the source, in its pixels; its edges may lie within pixels.
#[derive(Clone, Copy, Debug)]
pub struct Crop {
    /// From the left edge of the source.
    pub left: f64,
    /// From its upper edge.
    pub top: f64,
    /// Above 0.
    pub width: f64,
    /// Above 0.
    pub height: f64,
}

/// `crop` of `source` at `size` (width, height); returns its samples, `width * height * channels` bytes.
///
/// Channels are independent of each other: premultiply alpha before.
///
/// # Panics
/// Where `source` has other than 1 to 4 channels or not as many samples as it says, or `crop` does not lie in it.
#[must_use]
pub fn resample(source: &Source<'_>, crop: Crop, size: (u32, u32), kernel: Kernel) -> Vec<u8> {
    let options = options(crop, kernel);
    match source.channels {
        1 => typed::<U8>(source, size, &options),
        2 => by_plane(source, size, &options),
        3 => typed::<U8x3>(source, size, &options),
        4 => typed::<U8x4>(source, size, &options),
        channels => panic!("a pixel has 1 to 4 channels, not {channels}"),
    }
}

fn options(crop: Crop, kernel: Kernel) -> ResizeOptions {
    let filter = match kernel {
        // Tried and dropped: one corrected for the block average's aperture; SSIMULACRA2 at 1 MP 94.7 -> 93.5, at 12 MP
        // 95.3 -> 95.3.
        Kernel::Lanczos3 => {
            FilterType::Custom(Filter::new("Lanczos3", lanczos3, kernel.support()).expect("the support is positive"))
        }
        Kernel::CatmullRom => FilterType::CatmullRom,
    };
    ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(crop.left, crop.top, crop.width, crop.height)
        .use_alpha(false)
}

/// `Resizer::resize` would compile the resizer for all of its thirteen pixel types, 93 s of CPU; these three take 29.
fn typed<Pixel: PixelTrait>(source: &Source<'_>, size: (u32, u32), options: &ResizeOptions) -> Vec<u8> {
    let mut samples = vec![0; size.0 as usize * size.1 as usize * source.channels];
    fill::<Pixel>(&mut Resizer::new(), source, &mut samples, size, options);
    samples
}

fn fill<Pixel: PixelTrait>(
    resizer: &mut Resizer,
    source: &Source<'_>,
    samples: &mut [u8],
    (width, height): (u32, u32),
    options: &ResizeOptions,
) {
    let view = TypedImageRef::<Pixel>::from_buffer(source.width, source.height, source.samples)
        .expect("a raster has width * height pixels");
    let mut target = TypedImage::<Pixel>::from_buffer(width, height, samples).expect("as large as its size says");
    resizer.resize_typed(&view, &mut target, options).expect("the window lies on the raster");
}

/// One channel after the other: the same bytes with nothing more to compile, but half again the time of a PNG at 1,024
/// pixels (33 to 46 ms), which is too much for anything but the rare grey with alpha.
fn by_plane(source: &Source<'_>, size: (u32, u32), options: &ResizeOptions) -> Vec<u8> {
    let mut samples = vec![0; size.0 as usize * size.1 as usize * source.channels];
    for channel in 0..source.channels {
        let plane: Vec<u8> = source.samples.iter().skip(channel).step_by(source.channels).copied().collect();
        let plane = typed::<U8>(&Source { channels: 1, samples: &plane, ..*source }, size, options);
        let slots = samples.iter_mut().skip(channel).step_by(source.channels);
        slots.zip(plane).for_each(|(slot, sample)| *slot = sample);
    }
    samples
}

/// `sinc(x) sinc(x / 3)`, within 1e-8, by one short series: the resizer asks for every weight of every plane, and the
/// two sines of its own kernel were a tenth of a 0.3 MP JPEG.
fn lanczos3(x: f64) -> f64 {
    let third = (x / 3.0).abs();
    if third >= 1.0 {
        return 0.0;
    }
    // sin(pi t) for t up to 1/2, by its series; above, by its symmetry.
    let t = third.min(1.0 - third) * PI;
    let tt = t * t;
    let series = [-1.0 / 39_916_800.0, 1.0 / 362_880.0, -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0];
    let sine = t * series.into_iter().fold(1.0 / 6_227_020_800.0, |sum, term| sum * tt + term);
    // sin(3 a) = 3 sin(a) - 4 sin(a)^3, so both sines are here.
    let (square, angle) = (sine * sine, third * PI);
    if angle < 1e-4 { 1.0 } else { square * (3.0 - 4.0 * square) / (3.0 * angle * angle) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_lanczos() {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        for step in -3500..=3500 {
            let x = f64::from(step) / 1000.0;
            let exact = if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 };
            assert!((lanczos3(x) - exact).abs() < 1e-8, "{x}: {}, not {exact}", lanczos3(x));
        }
    }
}
