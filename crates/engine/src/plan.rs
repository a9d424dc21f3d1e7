//! What an image will cost, before anything is allocated for it.

use contract::{Fit, OutputFormat, Variant};

use crate::{
    Colour, Limits, Plan, Probe,
    canvas::Canvas,
    colour,
    encode::{ENCODER_BYTES, GIF_ENCODER_BYTES, GIF_PIXEL_BYTES, Moving, avif_bytes},
    formats::room,
    geometry,
    limits::MAX_HEADER_BYTES,
    room::{self, Cost, Frames, HeaderPlace, PREFIX_BYTES},
    row_sink::{RowSink, is_held},
    shrink::Shrinker,
    streams::{Streams, keeps_planes, keeps_samples},
    ways,
};

/// Plans `variants` of the image that `probe` describes, made by so many `threads`. Pure. More pixels than any memory
/// holds need `u64::MAX` bytes.
#[must_use]
pub fn plan(probe: &Probe, variants: &[Variant], threads: u32) -> Plan {
    plan_frames(probe, variants, threads, Limits::for_budget(0).max_pixels / probe.pixels().max(1))
}

/// The same with no more than so many frames of an animation.
pub(crate) fn plan_frames(probe: &Probe, variants: &[Variant], threads: u32, most_frames: u64) -> Plan {
    let whole_px = (probe.width_px, probe.height_px);
    let (shrink, row_shrink, frames, threads, variants) = (1, 1, 1, threads.clamp(1, 2), variants.to_vec());
    let peak_bytes = u64::MAX;
    let plan = Plan { shrink, row_shrink, decoded_px: whole_px, peak_bytes, frames, threads, variants };
    if probe.pixels() > MOST_PIXELS {
        return Plan { threads: 1, ..plan };
    }
    // Infinite without variants.
    let least_shrinks = plan.variants.iter().map(|variant| room::least_shrink(probe, variant));
    let least_shrink = least_shrinks.fold(f64::INFINITY, f64::min);
    match probe.detail.frames() {
        Some(frames) if most_frames > 1 && is_animated(probe, &plan.variants) => {
            let most_frames = u32::try_from(most_frames).unwrap_or(u32::MAX);
            let wanted = plan.variants.iter().filter_map(|variant| variant.animated.map(|limits| limits.max_frames));
            let frames_planned = wanted.max().unwrap_or(1).min(most_frames).min(frames.count().unwrap_or(u32::MAX));
            plan_film(probe, frames, least_shrink, Plan { frames: frames_planned, threads: 1, ..plan })
        }
        _ => plan_still(probe, least_shrink, plan),
    }
}

/// Whether a variant is to have all frames of a file that may have several.
pub(crate) fn is_animated(probe: &Probe, variants: &[Variant]) -> bool {
    let has_several = probe.detail.frames().is_some_and(|frames| frames.count().is_none_or(|count| count > 1));
    has_several && variants.iter().any(|variant| variant.animated.is_some_and(|limits| limits.max_frames > 1))
}

fn plan_still(probe: &Probe, least_shrink: f64, plan: Plan) -> Plan {
    let cost = probe.detail.cost(probe, least_shrink);
    let Cost { shrink, row_shrink, bytes, rows, small_px } = cost;
    let variants = &plan.variants;
    let decoded_px = small_px.unwrap_or_else(|| decoded_px(probe, shrink * row_shrink));
    let colour_bytes = colour::transform_bytes(probe.colour, probe.detail.profile_bytes());
    let components = probe.detail.components(probe, &cost);
    let is_shared = plan.threads > 1;
    let bytes = bytes + if is_shared { probe.detail.beside_bytes(probe, &cost) } else { 0 };
    let is_planes = !components.is_empty();
    let (resizing_bytes, resized_bytes) = match is_planes {
        true => Streams::bytes(probe, (shrink, row_shrink), &components, variants),
        false => ways::bytes(stored_channels(probe), decoded_px, probe, variants),
    };
    let sink_bytes = rows.map_or(0, |channels| RowSink::bytes(channels, probe, variants, shrink * row_shrink));
    let small_bytes = pixels(decoded_px) * stored_channels(probe);
    let kept_bytes = if probe.detail.looks_further() { resized_bytes } else { 0 };
    let made_bytes = kept_bytes
        + match is_planes || rows.is_some_and(|_| !is_held(probe, variants)) {
            true => bytes + sink_bytes + resizing_bytes,
            // First the small image, then the variants of it.
            false => (bytes + sink_bytes).max(small_bytes + resizing_bytes),
        };
    let finished_bytes = resized_bytes + render_bytes(probe, is_planes, variants, is_shared);
    let peak_bytes = made_bytes.max(finished_bytes) + colour_bytes;
    Plan { shrink, row_shrink, decoded_px, peak_bytes: with_header(probe, peak_bytes), ..plan }
}

/// The canvas, what decodes onto it, the small image, and all animated thumbnails are there at once, and one thumbnail is
/// in hand.
fn plan_film(probe: &Probe, frames: &dyn Frames, least_shrink: f64, plan: Plan) -> Plan {
    let row_shrink = room::row_shrink(least_shrink);
    let channels = frames.channels(probe);
    let decoded_px = decoded_px(probe, row_shrink);
    let colour_bytes = colour::transform_bytes(probe.colour, probe.detail.profile_bytes());
    let canvas_bytes = Canvas::bytes(channels, probe.pixels());
    let small_bytes = Shrinker::bytes(channels, (probe.width_px, probe.height_px), row_shrink);
    let seen = Probe { has_alpha: true, ..probe.clone() };
    let moving_bytes = plan.variants.iter().filter_map(|variant| {
        // Turned, where the orientation is known later.
        let most = pixels(geometry::layout(probe.seen_px(), variant).canvas).max(pixels_turned(probe, variant));
        variant.animated.map(|limits| Moving::bytes(variant, &limits, most))
    });
    let peak_bytes = frames.bytes(probe)
        + canvas_bytes
        + small_bytes
        + moving_bytes.sum::<u64>()
        + pixels(decoded_px) * stored_channels(&seen)
        + ways::bytes(stored_channels(&seen), decoded_px, &seen, &plan.variants).0
        + render_bytes(&seen, false, &plan.variants, false)
        + colour_bytes;
    Plan { row_shrink, decoded_px, peak_bytes: with_header(probe, peak_bytes), ..plan }
}

/// Pixels of the thumbnail if the picture lies on its side.
fn pixels_turned(probe: &Probe, variant: &Variant) -> u64 {
    pixels(geometry::layout((probe.height_px, probe.width_px), variant).canvas)
}

const fn decoded_px(probe: &Probe, factor: u32) -> (u32, u32) {
    (probe.width_px.div_ceil(factor), probe.height_px.div_ceil(factor))
}

/// With a long header, which is held, and copied while it grows; where it may stand at the end, the room plans the file.
fn with_header(probe: &Probe, peak_bytes: u64) -> u64 {
    let header_bytes = match room(probe.format).header_place {
        HeaderPlace::Front => 2 * probe.header_bytes.min(MAX_HEADER_BYTES).saturating_sub(PREFIX_BYTES as u64),
        HeaderPlace::Anywhere => 0,
    };
    peak_bytes.saturating_add(header_bytes + SMALL_BYTES)
}

/// What every room can multiply by its bytes a pixel. Most formats have sides of 32 bits.
const MOST_PIXELS: u64 = 1 << 48;
/// Strings, tables and the allocator's rounding.
const SMALL_BYTES: u64 = 96 << 10;
/// What a second thread holds by itself.
const THREAD_BYTES: u64 = 16 << 10;
/// The same for PNG, with deflate's window and tables.
const PNG_ENCODER_BYTES: u64 = 400 << 10;

/// Channels of a pixel as it is resized.
const fn stored_channels(probe: &Probe) -> u64 {
    match (probe.colour, probe.has_alpha) {
        (Colour::Grey, false) => 1,
        (Colour::Grey, true) => 2,
        (Colour::Cmyk, _) | (_, true) => 4,
        _ => 3,
    }
}

/// Width times height.
fn pixels((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// The most that is held from the resized variants, which are not counted, to the last encoded one, in bytes. `is_planes`
/// where they are components; `is_shared` where two threads each have a variant in hand.
fn render_bytes(probe: &Probe, is_planes: bool, variants: &[Variant], is_shared: bool) -> u64 {
    let stored_channels = stored_channels(probe);
    let mut finished_bytes = 0;
    // One by one, and each that is in hand without those before it.
    let mut most_bytes = 0;
    let mut in_hand_bytes = Vec::with_capacity(variants.len());
    for variant in variants {
        // Padding with a colour, WebP or a profile makes grey three channels.
        let stays_grey = stored_channels == 1
            && variant.fit != Fit::Contain
            && !matches!(variant.format, OutputFormat::Webp | OutputFormat::Gif)
            && probe.detail.profile_bytes() == 0;
        let channels = match stored_channels {
            1 if stays_grey => 1,
            1 | 3 => 3,
            _ => 4,
        };
        let may_be_png = match variant.format {
            OutputFormat::Png => true,
            OutputFormat::Auto => probe.has_alpha,
            OutputFormat::Jpeg | OutputFormat::Webp | OutputFormat::Avif | OutputFormat::Gif => false,
        };
        let encoder_bytes = match variant.format {
            _ if may_be_png => PNG_ENCODER_BYTES,
            OutputFormat::Gif => GIF_ENCODER_BYTES,
            _ => ENCODER_BYTES,
        };
        let layout = geometry::layout(probe.seen_px(), variant);
        // The picture before and after a step.
        let resize_bytes = 2 * pixels(layout.picture) * channels;
        let canvas_px = pixels(layout.canvas);
        let (encode_bytes, file_bytes, second_bytes) = if variant.format == OutputFormat::Gif {
            // Pixels, the same with alpha, and what the encoder makes of them.
            (canvas_px * (channels + 4 + GIF_PIXEL_BYTES), canvas_px * 2, 0)
        } else if variant.format == OutputFormat::Avif {
            let (encoder_bytes, file_bytes) = avif_bytes(layout.canvas, variant.quality);
            (canvas_px * channels + encoder_bytes, file_bytes, 0)
        } else if may_be_png || variant.format == OutputFormat::Webp {
            // Pixels, what the encoder makes of them, and the file.
            (canvas_px * (channels + 8), canvas_px * channels, 0)
        } else {
            let is_planes = is_planes && keeps_planes(keeps_samples(probe), variant, &layout);
            let picture_bytes = match channels {
                1 => canvas_px,
                // Planes are counted as such; one is turned, or chroma of an odd side halved.
                _ if is_planes => canvas_px,
                // Pixels, then planes of them, chroma at its whole size before it is halved.
                _ if probe.colour == Colour::YCbCr => canvas_px * (channels + 4),
                // Chroma of half the size on each side.
                _ => canvas_px * (channels + 2),
            };
            let (encoder_bytes, file_bytes) = jpeg::most_bytes(layout.canvas, stays_grey, variant.quality);
            // What a second thread has written is appended to what the first one has.
            (picture_bytes + encoder_bytes, file_bytes, file_bytes)
        };
        // What it is made of is counted already; of components pixels are made first.
        let own_bytes = if is_planes { 0 } else { pixels(layout.picture) * stored_channels };
        let in_hand = |bytes: u64| resize_bytes.max(bytes).saturating_sub(own_bytes);
        most_bytes = most_bytes.max(finished_bytes + in_hand(encode_bytes + encoder_bytes));
        in_hand_bytes.push(in_hand(encode_bytes + encoder_bytes + second_bytes));
        finished_bytes += file_bytes + 4096;
    }
    if is_shared {
        in_hand_bytes.sort_unstable();
        most_bytes = finished_bytes + in_hand_bytes.iter().rev().take(2).sum::<u64>() + THREAD_BYTES;
    }
    most_bytes
}
