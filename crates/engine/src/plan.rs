//! What an image will cost, before anything is allocated for it.

use contract::{Fit, OutputFormat, Variant};
use resample::{Crop, Kernel, resample_bytes};

use crate::{
    Colour, Plan, Probe, colour, drawn,
    formats::room,
    geometry,
    limits::MAX_HEADER_BYTES,
    room::{self, Cost, HeaderPlace, PREFIX_BYTES},
    streams::{Streams, keeps_planes, keeps_samples},
};

/// Plans `variants` of the image that `probe` describes, made by so many `threads`. Pure. More pixels than any memory
/// holds need `u64::MAX` bytes.
#[must_use]
pub fn plan(probe: &Probe, variants: &[Variant], threads: u32) -> Plan {
    if probe.pixels() > MOST_PIXELS {
        let decoded_px = (probe.width_px, probe.height_px);
        let peak_bytes = u64::MAX;
        return Plan { shrink: 1, row_shrink: 1, decoded_px, peak_bytes, threads: 1, variants: variants.to_vec() };
    }
    // Infinite without variants.
    let least_shrink = variants.iter().map(|variant| room::least_shrink(probe, variant)).fold(f64::INFINITY, f64::min);
    let cost = probe.detail.cost(probe, least_shrink);
    let Cost { shrink, row_shrink, bytes } = cost;
    let decoded_px = match probe.detail.is_drawn() {
        true => drawn::raster_px(probe, least_shrink),
        false => (probe.width_px.div_ceil(shrink * row_shrink), probe.height_px.div_ceil(shrink * row_shrink)),
    };
    let colour_bytes = colour::transform_bytes(probe.colour, probe.detail.profile_bytes());
    let components = probe.detail.components(probe, &cost);
    let threads = threads.clamp(1, 2);
    let is_shared = threads > 1;
    let bytes = bytes + if is_shared { probe.detail.beside_bytes(probe, &cost) } else { 0 };
    let peak_bytes = if components.is_empty() {
        bytes.max(render_bytes(probe, Some(decoded_px), variants, is_shared) + colour_bytes)
    } else {
        let (streams_bytes, planes_bytes) = Streams::bytes(probe, (shrink, row_shrink), &components, variants);
        (bytes + streams_bytes).max(planes_bytes + render_bytes(probe, None, variants, is_shared)) + colour_bytes
    };
    // A long header is held, and copied while it grows; where it may stand at the end, the room plans the file.
    let header_bytes = match room(probe.format).header_place {
        HeaderPlace::Front => 2 * probe.header_bytes.min(MAX_HEADER_BYTES).saturating_sub(PREFIX_BYTES as u64),
        HeaderPlace::Anywhere => 0,
    };
    let peak_bytes = peak_bytes.saturating_add(header_bytes + SMALL_BYTES);
    Plan { shrink, row_shrink, decoded_px, peak_bytes, threads, variants: variants.to_vec() }
}

/// What every room can multiply by its bytes a pixel. Most formats have sides of 32 bits.
const MOST_PIXELS: u64 = 1 << 48;
/// Strings, tables and the allocator's rounding.
const SMALL_BYTES: u64 = 96 << 10;
/// What a second thread holds by itself.
const THREAD_BYTES: u64 = 16 << 10;
/// What an encoder holds beside pixels.
const ENCODER_BYTES: u64 = 64 << 10;
/// The same for PNG, with deflate's window and tables.
const PNG_ENCODER_BYTES: u64 = 400 << 10;

/// The most that is held from the small image to the last encoded variant, in bytes; without a small image where the
/// variants have their sizes already. `is_shared` where two threads each have a variant in hand.
fn render_bytes(probe: &Probe, small_px: Option<(u32, u32)>, variants: &[Variant], is_shared: bool) -> u64 {
    let stored_channels = match (probe.colour, probe.has_alpha) {
        (Colour::Grey, false) => 1,
        (Colour::Grey, true) => 2,
        (Colour::Cmyk, _) | (_, true) => 4,
        _ => 3,
    };
    let pixels = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
    let small_bytes = small_px.map_or(0, pixels) * stored_channels;
    let mut finished_bytes = 0;
    // One by one, and each that is in hand without those before it.
    let mut most_bytes = 0;
    let mut in_hand_bytes = Vec::with_capacity(variants.len());
    for variant in variants {
        // Padding with a colour, WebP or a profile makes grey three channels.
        let stays_grey = stored_channels == 1
            && variant.fit != Fit::Contain
            && variant.format != OutputFormat::Webp
            && probe.detail.profile_bytes() == 0;
        let channels = match stored_channels {
            1 if stays_grey => 1,
            1 | 3 => 3,
            _ => 4,
        };
        let may_be_png = match variant.format {
            OutputFormat::Png => true,
            OutputFormat::Auto => probe.has_alpha,
            OutputFormat::Jpeg | OutputFormat::Webp => false,
        };
        let encoder_bytes = if may_be_png { PNG_ENCODER_BYTES } else { ENCODER_BYTES };
        let layout = geometry::layout(probe.seen_px(), variant);
        // The picture before and after a step. The first one is made by the resizer, where there is a small image.
        let picture_bytes = pixels(layout.picture) * channels;
        let resize_bytes = small_px.map_or(picture_bytes, |small_px| {
            let size = probe.orientation.seen(layout.picture);
            resample_bytes(stored_channels as usize, small_px, Crop::whole(small_px), size, Kernel::Lanczos3)
        }) + picture_bytes;
        let canvas_px = pixels(layout.canvas);
        let (encode_bytes, file_bytes, second_bytes) = if may_be_png || variant.format == OutputFormat::Webp {
            // Pixels, what the encoder makes of them, and the file.
            (canvas_px * (channels + 8), canvas_px * channels, 0)
        } else {
            let is_planes = small_px.is_none() && keeps_planes(keeps_samples(probe), variant, &layout);
            let picture_bytes = match channels {
                1 => canvas_px,
                // Planes are counted as such; one is turned, or chroma of an odd side halved.
                _ if is_planes => canvas_px,
                // Pixels, then planes of them.
                _ => canvas_px * (channels + 4),
            };
            let (encoder_bytes, file_bytes) = jpeg::most_bytes(layout.canvas, stays_grey, variant.quality);
            // What a second thread has written is appended to what the first one has.
            (picture_bytes + encoder_bytes, file_bytes, file_bytes)
        };
        most_bytes = most_bytes.max(finished_bytes + resize_bytes.max(encode_bytes + encoder_bytes));
        in_hand_bytes.push(resize_bytes.max(encode_bytes + encoder_bytes + second_bytes));
        finished_bytes += file_bytes + 4096;
    }
    if is_shared {
        in_hand_bytes.sort_unstable();
        most_bytes = finished_bytes + in_hand_bytes.iter().rev().take(2).sum::<u64>() + THREAD_BYTES;
    }
    small_bytes + most_bytes
}
