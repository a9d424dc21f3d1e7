//! Drawings, which have no pixels before somebody draws them: SVG and PDF, by the caller's [`vector::Renderer`].
//!
//! Their size is only known to who reads all of the file, and how much memory they take to nobody: a renderer holds
//! itself to what it is given, and says when that was not enough. A drawing is drawn at the size of its largest variant.

use std::{
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

use contract::{Fit, ImageFormat, Variant};
use vector::{Ask, Drawing, Drawn, Kind, Refusal};

use crate::{
    Colour, EngineError, Limits, Orientation, Plan, Probe, Warning,
    decoded::{Decoded, Elsewhere},
    error::Damage,
    geometry::Window,
    raster::{Channels, Raster},
    room::{Cost, Detail},
    source::Source,
};

/// What is held here while a renderer reads: the file's first bytes, twice, and what is on its way.
const OWN_BYTES: u64 = 384 << 10;
/// Rasters of four channels that a renderer holds at the least: the picture, and a part of it that is drawn by itself.
const RASTERS: u64 = 2;
/// The longest side of a drawing that no variant wants larger, in pixels.
const LONGEST_PX: f64 = 2_048.0;
/// The same where one does.
const MOST_PX: u32 = 16_384;

/// A drawing that a renderer has read.
struct Sketch(Mutex<Option<Box<dyn Drawing>>>);

impl std::fmt::Debug for Sketch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sketch")
    }
}

/// Has all of `source` read by the renderer of `limits`.
///
/// # Errors
/// [`EngineError`]; [`EngineError::Unsupported`] without a renderer.
pub(crate) fn read(
    source: &mut Source<'_>,
    (format, kind): (ImageFormat, Kind),
    limits: &Limits,
    variants: &[Variant],
) -> Result<Probe, EngineError> {
    let Some(renderer) = limits.renderer else {
        return Err(without_renderer(format));
    };
    let memory_bytes = limits.budget_bytes.saturating_sub(OWN_BYTES);
    let opened = renderer.open(&Ask { kind, page: limits.page, memory_bytes }, &mut *source as &mut dyn Read);
    // A reader that failed outranks what came of the missing bytes.
    if let Some(failure) = source.failure() {
        return Err(failure);
    }
    let drawing = opened.map_err(|refusal| error(format, refusal, OWN_BYTES, (source.bytes_read(), limits)))?;
    let held_bytes = drawing.held_bytes();
    let (width_px, height_px) = size_px(drawing.size(), variants);
    Ok(Probe {
        format,
        width_px,
        height_px,
        bits_per_sample: 8,
        colour: Colour::Rgb,
        // Pages are of paper.
        has_alpha: kind == Kind::Svg,
        interlaced: false,
        orientation: Orientation::Upright,
        header_bytes: 0,
        detail: Arc::new(DrawnDetail { held_bytes, sketch: Sketch(Mutex::new(Some(drawing))) }),
    })
}

#[derive(Debug)]
struct DrawnDetail {
    held_bytes: u64,
    sketch: Sketch,
}

impl DrawnDetail {
    /// What is held here of a picture of `pixels`: as it comes, and without the alpha that it may not have.
    const fn own_bytes(probe: &Probe, pixels: u64) -> u64 {
        OWN_BYTES + pixels * if probe.has_alpha { 4 } else { 7 }
    }
}

impl Detail for DrawnDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        let (width, height) = raster_px(probe, least_shrink);
        let pixels = u64::from(width) * u64::from(height);
        let bytes = self.held_bytes.saturating_add(RASTERS * 4 * pixels + Self::own_bytes(probe, pixels));
        Cost { shrink: 1, row_shrink: 1, bytes, rows: None, small_px: Some((width, height)) }
    }

    fn decode(
        &self,
        source: &mut Source<'_>,
        probe: &Probe,
        plan: &Plan,
        limits: &Limits,
    ) -> Result<Decoded, EngineError> {
        let Some(mut drawing) = self.sketch.0.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Err(EngineError::Corrupt { format: probe.format, cause: Damage::Unreadable });
        };
        let (width, height) = plan.decoded_px;
        let own_bytes = Self::own_bytes(probe, u64::from(width) * u64::from(height));
        let drawn = drawing.draw((width, height), limits.budget_bytes.saturating_sub(own_bytes));
        // What was held for it is free for what follows.
        drop(drawing);
        let Drawn { rgba, lacks, cpu, peak_bytes } =
            drawn.map_err(|refusal| error(probe.format, refusal, own_bytes, (source.bytes_read(), limits)))?;
        let (width, height) = (width as usize, height as usize);
        let raster = Raster { width, height, channels: Channels::Rgba, samples: rgba };
        let raster = if probe.has_alpha { raster } else { raster.without_alpha() };
        let extent = Window { left: 0.0, top: 0.0, width: width as f64, height: height as f64 };
        let warnings = lacks.into_iter().map(Warning::LeftOut).collect();
        Ok(Decoded { elsewhere: Elsewhere { cpu, peak_bytes }, ..Decoded::of_raster(raster, extent, None, warnings) })
    }
}

/// The refusal of a drawing where nothing draws.
pub(crate) fn without_renderer(format: ImageFormat) -> EngineError {
    EngineError::unsupported(format, "no process to draw it in")
}

/// What a drawing is drawn at: as large as the largest variant wants it.
fn raster_px(probe: &Probe, least_shrink: f64) -> (u32, u32) {
    // In range: a u32 scaled down.
    let side = |side: u32| ((f64::from(side) / least_shrink).round() as u32).max(1);
    (side(probe.width_px), side(probe.height_px))
}

/// Whole pixels for a size in units of the file: neither is of more meaning than the shape, so that they are doubled
/// until they keep it, and multiplied until no variant is larger.
fn size_px((width, height): (f64, f64), variants: &[Variant]) -> (u32, u32) {
    let longest = width.max(height);
    let mut scale = (LONGEST_PX / longest).min(1.0);
    while (width * scale).fract() != 0.0 || (height * scale).fract() != 0.0 {
        if longest * scale * 2.0 > LONGEST_PX {
            break;
        }
        scale *= 2.0;
    }
    let side = |side: f64| ((side * scale).round() as u32).max(1);
    let (width, height) = (side(width), side(height));
    let times = |variant: &Variant| {
        let (across, down) = (variant.width_px.div_ceil(width), variant.height_px.div_ceil(height));
        match variant.fit {
            Fit::Inside | Fit::Contain => across.min(down),
            Fit::Cover | Fit::Fill => across.max(down),
        }
    };
    let most = (MOST_PX / width.max(height)).max(1);
    let times = variants.iter().map(times).max().unwrap_or(1).clamp(1, most);
    (width * times, height * times)
}

/// `own_bytes` are held beside what the renderer was given.
fn error(format: ImageFormat, refusal: Refusal, own_bytes: u64, (bytes_read, limits): (u64, &Limits)) -> EngineError {
    match refusal {
        Refusal::TooSlow { limit_s } => EngineError::TooSlow { format, limit_s },
        Refusal::OverMemory { needed_bytes } => EngineError::OverBudget {
            needed_bytes: needed_bytes.saturating_add(own_bytes),
            budget_bytes: limits.budget_bytes,
        },
        Refusal::Corrupt(words) => EngineError::decoder(format, words),
        Refusal::Unsupported(words) => EngineError::unsupported(format, words),
        Refusal::Broken(cause) => EngineError::Source { bytes_read, cause },
    }
}

#[cfg(test)]
mod tests {
    use contract::OutputFormat;

    use super::*;

    fn variant(width_px: u32, height_px: u32, fit: Fit) -> Variant {
        Variant { width_px, height_px, fit, ..Variant::inside(1, OutputFormat::Auto) }
    }

    #[test]
    fn whole_sizes_stay_and_others_keep_their_shape() {
        let check = |size, want| assert_eq!(size_px(size, &[]), want, "{size:?}");
        check((24.0, 24.0), (24, 24));
        check((1_000.0, 10.0), (1_000, 10));
        check((0.5, 0.25), (2, 1));
        check((1.0, 1.41), (1_024, 1_444));
        check((595.276, 841.89), (1_191, 1_684));
        check((1e9, 5e8), (2_048, 1_024));
        check((1e30, 1e-30), (2_048, 1));
        check((1e-30, 1e-30), (1_298, 1_298));
        check((f64::MIN_POSITIVE, 1.0), (1, 2_048));
    }

    #[test]
    fn no_variant_is_larger() {
        let check = |size, variants: &[Variant], want| assert_eq!(size_px(size, variants), want, "{size:?}");
        check((24.0, 24.0), &[variant(128, 128, Fit::Inside)], (144, 144));
        check((24.0, 12.0), &[variant(128, 128, Fit::Inside)], (144, 72));
        check((24.0, 12.0), &[variant(128, 128, Fit::Cover), variant(9, 9, Fit::Inside)], (264, 132));
        check((2_000.0, 1.0), &[variant(4_096, 4_096, Fit::Cover)], (16_000, 8));
    }
}
