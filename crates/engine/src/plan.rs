//! What an image will cost, before anything is allocated for it.

use contract::{ImageFormat, OutputFormat, Variant};
use jpeg::Scale;

use crate::{
    Colour, Probe, decode,
    geometry::{self, Layout},
    shrink::{MAX_FACTOR, Scattered, Shrinker},
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
    let by_row = |channels| {
        let small_bytes = if probe.interlaced { Scattered::bytes } else { Shrinker::bytes };
        small_bytes(channels, size, row_shrink)
    };
    let decode_bytes = match probe.format {
        ImageFormat::Jpeg => decode::jpeg_bytes(probe, jpeg_scale, row_shrink),
        ImageFormat::Png => decode::png_bytes(probe) + by_row(decode::png_channels(probe)),
        ImageFormat::Bmp => decode::bmp_bytes(probe) + by_row(decode::bmp_channels(probe)),
        ImageFormat::Gif => decode::gif_bytes(probe) + by_row(decode::gif_channels(probe)),
        ImageFormat::Tiff => decode::tiff_bytes(probe) + by_row(decode::tiff_channels(probe)),
        ImageFormat::Webp => decode::webp_bytes(probe) + by_row(decode::webp_channels(probe)),
    };
    let peak_bytes = decode_bytes.max(render_bytes(probe, decoded_px, variants)) + SMALL_BYTES;
    Plan { shrink, row_shrink, decoded_px, peak_bytes, jpeg_scale }
}

/// Strings, tables and the allocator's rounding.
const SMALL_BYTES: u64 = 96 << 10;
/// What an encoder holds beside pixels.
const ENCODER_BYTES: u64 = 64 << 10;
/// The same for PNG, with deflate's window and tables.
const PNG_ENCODER_BYTES: u64 = 400 << 10;

/// The most that is held from the small image to the last encoded variant, in bytes.
fn render_bytes(probe: &Probe, (width, height): (u32, u32), variants: &[Variant]) -> u64 {
    let stored_channels = match (probe.colour, probe.has_alpha) {
        (Colour::Grey, false) => 1,
        (Colour::Grey, true) => 2,
        (Colour::Cmyk, _) | (_, true) => 4,
        _ => 3,
    };
    let small_bytes = u64::from(width) * u64::from(height) * stored_channels;
    let mut finished_bytes = 0;
    let mut most_bytes = 0;
    // Padding with a colour, or WebP, makes grey three channels.
    let channels = if stored_channels % 2 == 0 { 4 } else { 3 };
    for variant in variants {
        let may_be_png = match variant.format {
            OutputFormat::Png => true,
            OutputFormat::Auto => probe.has_alpha,
            OutputFormat::Jpeg | OutputFormat::Webp => false,
        };
        let encoder_bytes = if may_be_png { PNG_ENCODER_BYTES } else { ENCODER_BYTES };
        let layout = geometry::layout(probe.seen_px(), variant);
        let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        let (picture_width, _) = probe.orientation.seen(layout.picture);
        // The resizer's rows between its two passes, then the picture before and after a step.
        let between_bytes = u64::from(picture_width) * u64::from(height) * stored_channels;
        let resize_bytes = between_bytes + pixels(layout.picture) * channels * 2;
        // Pixels, planes, coefficients of 16 bits and the file, at the most 4 bytes for a pixel.
        let encode_bytes = pixels(layout.canvas) * (channels + 8) + encoder_bytes;
        most_bytes = most_bytes.max(finished_bytes + resize_bytes.max(encode_bytes));
        finished_bytes += pixels(layout.canvas) * channels / 2 + 4096;
    }
    small_bytes + most_bytes
}

/// Source over target, in pixels per pixel, of the variant that needs most; infinite without variants.
fn least_shrink(probe: &Probe, variants: &[Variant]) -> f64 {
    let size = (probe.width_px, probe.height_px);
    // Orientation may stand behind the pixels: the plan must do for both ways of turning.
    let sizes = [size, (size.1, size.0)];
    let layouts = sizes.iter().flat_map(|size| variants.iter().map(|variant| geometry::layout(*size, variant)));
    layouts.map(|layout: Layout| layout.least_shrink()).fold(f64::INFINITY, f64::min)
}
