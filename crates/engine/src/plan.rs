//! What an image will cost, before anything is allocated for it.

use contract::{ImageFormat, Variant};
use jpeg::Scale;

use crate::{
    Probe, decode,
    geometry::{self, Layout},
    raster::Channels,
    shrink::{MAX_FACTOR, Shrinker},
};

/// What an image will cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Source pixels to one pixel of the decoder, on each side: 1, 2, 4 or 8. Above 1 for JPEG only.
    pub shrink: u32,
    /// The decoder's pixels to one pixel of the small image, on each side: rows are averaged as they come.
    pub row_shrink: u32,
    /// Width and height of the small image that the variants are resized from, in pixels.
    pub decoded_px: (u32, u32),
    /// The most that is held at once, in bytes, from the first read to the last encoded variant.
    pub peak_bytes: u64,
    /// The same as `shrink` in the words of crate `jpeg`; `None` for full size and for other formats.
    pub(crate) jpeg_scale: Option<Scale>,
}

/// The small image keeps at least this many pixels to one of the largest variant, on each side, for Lanczos3.
///
/// SSIMULACRA2 against Lanczos3 from full resolution, PNG of 1, 3, 12 and 50 MP to 128 px: 1.5 leaves 90.8 to 91.6,
/// 2 leaves 94.7 to 95.3, 3 leaves 95.7 to 95.8, 4 leaves 96.6 to 96.7; libvips and sharp score 88 to 95.
const OVERSAMPLING: f64 = 3.0;

/// Plans `variants` of the image that `probe` describes. Pure.
#[must_use]
pub fn plan(probe: &Probe, variants: &[Variant]) -> Plan {
    let least = least_shrink(probe, variants);
    let scale = if probe.format == ImageFormat::Jpeg { decode::jpeg_scale(probe, least) } else { None };
    let (jpeg_scale, shrink) = (scale.map(|(scale, _)| scale), scale.map_or(1, |(_, factor)| factor));
    // In range: a finite quotient of sides, or infinity without variants.
    let row_shrink = ((least / f64::from(shrink) / OVERSAMPLING) as u32).clamp(1, MAX_FACTOR);
    // A full-size JPEG comes in one piece.
    let row_shrink = if probe.format == ImageFormat::Jpeg && shrink == 1 { 1 } else { row_shrink };
    let decoded_px = (probe.width_px.div_ceil(shrink * row_shrink), probe.height_px.div_ceil(shrink * row_shrink));
    let size = (probe.width_px, probe.height_px);
    let decode_bytes = match probe.format {
        ImageFormat::Jpeg => decode::jpeg_bytes(probe, jpeg_scale, row_shrink),
        ImageFormat::Png => {
            decode::png_bytes(probe) + Shrinker::bytes(decode::png_channels(probe), size, row_shrink)
        }
        ImageFormat::Bmp => {
            decode::bmp_bytes(probe) + Shrinker::bytes(decode::bmp_channels(probe), size, row_shrink)
        }
        ImageFormat::Gif => {
            decode::gif_bytes(probe) + Shrinker::bytes(decode::gif_channels(probe), size, row_shrink)
        }
        ImageFormat::Tiff => {
            decode::tiff_bytes(probe) + Shrinker::bytes(decode::tiff_channels(probe), size, row_shrink)
        }
        _ => probe.pixels() * 8 + Shrinker::bytes(Channels::Rgba, size, row_shrink),
    };
    let peak_bytes = decode_bytes + (4 << 20);
    Plan { shrink, row_shrink, decoded_px, peak_bytes, jpeg_scale }
}

/// Source over target, in pixels per pixel, of the variant that needs most; infinite without variants.
fn least_shrink(probe: &Probe, variants: &[Variant]) -> f64 {
    let size = (probe.width_px, probe.height_px);
    // Orientation may stand behind the pixels: the plan must do for both ways of turning.
    let sizes = [size, (size.1, size.0)];
    let layouts = sizes.iter().flat_map(|size| variants.iter().map(|variant| geometry::layout(*size, variant)));
    layouts.map(|layout: Layout| layout.least_shrink()).fold(f64::INFINITY, f64::min)
}
