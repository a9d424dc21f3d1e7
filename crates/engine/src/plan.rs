//! What an image will cost, before anything is allocated for it.

use contract::{ImageFormat, Variant};

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
}

/// The small image keeps at least this many pixels to one of the largest variant, on each side, for Lanczos3.
const OVERSAMPLING: f64 = 2.0;

/// Plans `variants` of the image that `probe` describes. Pure.
#[must_use]
pub fn plan(probe: &Probe, variants: &[Variant]) -> Plan {
    let row_shrink = row_shrink(probe, variants);
    let decoded_px = (probe.width_px.div_ceil(row_shrink), probe.height_px.div_ceil(row_shrink));
    let (channels, decoder_bytes) = match probe.format {
        ImageFormat::Png => (decode::png_channels(probe), decode::png_bytes(probe)),
        ImageFormat::Bmp => (Channels::Rgba, decode::bmp_bytes(probe)),
        _ => (Channels::Rgba, probe.pixels() * 8),
    };
    let decode_bytes = decoder_bytes + Shrinker::bytes(channels, (probe.width_px, probe.height_px), row_shrink);
    let peak_bytes = decode_bytes + (4 << 20);
    Plan { shrink: 1, row_shrink, decoded_px, peak_bytes }
}

/// The largest factor that leaves [`OVERSAMPLING`] to the variant that needs most.
fn row_shrink(probe: &Probe, variants: &[Variant]) -> u32 {
    let size = (probe.width_px, probe.height_px);
    // Orientation may stand behind the pixels: the factor must do for both ways of turning.
    let sizes = [size, (size.1, size.0)];
    let layouts = sizes.iter().flat_map(|size| variants.iter().map(|variant| geometry::layout(*size, variant)));
    let least = layouts.map(|layout: Layout| layout.least_shrink()).fold(f64::INFINITY, f64::min);
    // In range: a finite quotient of sides, or infinity without variants.
    ((least / OVERSAMPLING) as u32).clamp(1, MAX_FACTOR)
}
