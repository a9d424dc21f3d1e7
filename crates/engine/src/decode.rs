//! From the stream to the small image, format by format, on one thread.
//!
//! A second thread, for which the largest tier has 0.7 of a CPU, would not pay: what could run beside the serial part is
//! too little. Of PNG at 12 MP inflating is 73 % of CPU and comes in one call with unfiltering (9 %); shrinking, resizing
//! and encoding are 6 %, so that two threads are at the best 1.06 times as fast. WebP at 12 MP is entropy decoding for
//! 65 %, and libwebp's own second thread is behind an interface that safe code does not reach. JPEG at 100 MP is 81 %
//! Huffman codes, one behind another; undoing the byte stuffing beside them would give 1.1.

mod bmp;
mod gif;
mod jpeg;
pub(crate) mod png;
mod tiff;
mod webp;

use contract::ImageFormat;
use resample::Kernel;

use crate::{
    EngineError, Limits, Orientation, Plan, Probe, Warning,
    error::Damage,
    geometry::Window,
    probe::Model,
    raster::{Channels, Raster},
    shrink::Shrinker,
    source::Source,
};

pub(crate) use bmp::{channels as bmp_channels, plan_bytes as bmp_bytes};
pub(crate) use gif::{channels as gif_channels, plan_bytes as gif_bytes};
pub(crate) use jpeg::{plan_bytes as jpeg_bytes, scale as jpeg_scale};
pub(crate) use png::{channels as png_channels, plan_bytes as png_bytes};
pub(crate) use tiff::{channels as tiff_channels, plan_bytes as tiff_bytes};
pub(crate) use webp::{channels as webp_channels, plan_bytes as webp_bytes};

/// What a decoder hands on.
pub(crate) struct Decoded {
    pub(crate) pixels: Pixels,
    /// Orientation found behind the pixels.
    pub(crate) orientation: Option<Orientation>,
    /// An ICC profile of the samples.
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) warnings: Vec<Warning>,
}

/// The small image, and where on it the whole image lies: its last column and row may count in part only.
pub(crate) enum Pixels {
    /// Interleaved; alpha premultiplied.
    Raster(Raster, Window, Model),
    /// One grey raster for each component of a JPEG, each of its own size.
    Planes(Vec<Plane>, Model),
}

pub(crate) struct Plane {
    pub(crate) raster: Raster,
    pub(crate) extent: Window,
    pub(crate) kernel: Kernel,
}

impl Decoded {
    /// What the rows in `shrinker` became.
    pub(crate) fn of_rows(shrinker: Shrinker, profile: Option<Vec<u8>>, warnings: Vec<Warning>) -> Self {
        let (raster, extent) = shrinker.finish();
        Self::of_raster(raster, extent, profile, warnings)
    }

    /// An interleaved small image.
    pub(crate) fn of_raster(raster: Raster, extent: Window, profile: Option<Vec<u8>>, warnings: Vec<Warning>) -> Self {
        let model = match raster.channels {
            Channels::Grey | Channels::GreyAlpha => Model::Grey,
            Channels::YCbCr => Model::YCbCr,
            Channels::Rgb | Channels::Rgba => Model::Rgb,
            Channels::Cmyk => Model::Cmyk,
        };
        Self { pixels: Pixels::Raster(raster, extent, model), orientation: None, profile, warnings }
    }
}

/// Decodes what `plan` says, with what is left of `source`.
pub(crate) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    plan: &Plan,
    limits: &Limits,
) -> Result<Decoded, EngineError> {
    match probe.format {
        ImageFormat::Jpeg => jpeg::decode(source, probe, plan),
        ImageFormat::Png => png::decode(source, probe, plan, limits),
        ImageFormat::Bmp => bmp::decode(source, probe, plan),
        ImageFormat::Gif => gif::decode(source, probe, plan),
        ImageFormat::Tiff => tiff::decode(source, probe, plan, limits),
        ImageFormat::Webp => webp::decode(source, probe, plan),
    }
}

/// The rule for files that end early or are damaged from some row on: half of the rows make a thumbnail, as browsers
/// show what they have.
///
/// # Errors
/// [`EngineError::Corrupt`] below half, with `cause` where there was not a single row.
pub(crate) fn at_least_half(
    probe: &Probe,
    rows: u32,
    cause: impl FnOnce() -> EngineError,
) -> Result<Vec<Warning>, EngineError> {
    let rows_expected = probe.height_px;
    match rows {
        rows if rows >= rows_expected => Ok(Vec::new()),
        rows if u64::from(rows) * 2 >= u64::from(rows_expected) => Ok(vec![Warning::Truncated { rows, rows_expected }]),
        0 => Err(cause()),
        _ => Err(EngineError::Corrupt { format: probe.format, cause: Damage::TooFewRows { rows, rows_expected } }),
    }
}
