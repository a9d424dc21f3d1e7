//! A window of an 8 bit raster at another size, by a separable filter.
//!
//! Rows come in one by one. Each resized row is made of a window of them, eight such rows are turned, and each resized
//! sample is made of a window of the turned rows: both steps multiply and add up pairs of 16 bit lanes, and load each
//! weight once for eight samples. Sums are rounded once, at the end.

mod across;
mod columns;
mod rows;
#[cfg(test)]
mod tests;
mod weights;

pub use rows::{FINE_BITS, RowResampler};
pub use weights::Kernel;

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

/// A part of the source, in its pixels; its edges may lie within pixels. The filter also sees what lies around it.
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

impl Crop {
    /// All of a raster of this width and height.
    #[must_use]
    pub fn whole((width, height): (u32, u32)) -> Self {
        Self { left: 0.0, top: 0.0, width: width.into(), height: height.into() }
    }

    /// Whether it is that.
    fn is_whole(&self, (width, height): (u32, u32)) -> bool {
        let off = [self.left, self.top, self.width - f64::from(width), self.height - f64::from(height)];
        off.iter().all(|off| off.abs() < 1e-6)
    }
}

/// `crop` of `source` at `size` (width, height); returns its samples, `width * height * channels` bytes.
///
/// Channels are independent of each other: premultiply alpha before.
///
/// # Panics
/// Where `source` has other than 1 to 4 channels or not as many samples as it says, or `crop` does not lie in it.
#[must_use]
pub fn resample(source: &Source<'_>, crop: Crop, size: (u32, u32), kernel: Kernel) -> Vec<u8> {
    let Source { width, height, channels, samples } = *source;
    assert!((1..=4).contains(&channels), "a pixel has 1 to 4 channels, not {channels}");
    let row_samples = width as usize * channels;
    assert_eq!(samples.len(), row_samples * height as usize, "a raster has width * height pixels");
    let ends = [crop.left + crop.width - f64::from(width), crop.top + crop.height - f64::from(height)];
    assert!(ends.iter().all(|end| *end < 1e-3), "the window lies on the raster");
    let mut rows = RowResampler::of_pixels(channels, (width, height), crop, size, kernel);
    samples.chunks_exact(row_samples).for_each(|row| rows.push(row));
    rows.finish()
}
