//! The whole way: header, plan, check, decode, then resize and encode variant by variant.

use std::io::Read;

use contract::Variant;

use crate::{
    EngineError, Limits, Plan, Probe, Warning,
    colour::Colours,
    decoded::Pixels,
    encode::Thumbnail,
    finish::finish,
    plan, probe, render,
    source::{Pass, Source, Streamed},
};

/// What `make` has done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Made {
    /// What the header said; orientation also from metadata that stands behind the pixels.
    pub probe: Probe,
    /// What was planned before the first pixel.
    pub plan: Plan,
    /// What was read of the source, in bytes; less than the file where the engine had enough.
    pub bytes_read: u64,
    /// What was wrong with the image, and not bad enough to refuse it.
    pub warnings: Vec<Warning>,
    /// In the order of the variants.
    pub thumbnails: Vec<Thumbnail>,
}

/// What has just been done. The caller stamps the times; the engine reads no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The header is read and the plan within the limits; no pixel yet.
    Probed,
    /// The small image is there; nothing more is read from the source.
    Decoded,
    /// A variant has its size and its colours; comes once for each variant. Of those that a second thread makes it comes
    /// when all are done.
    Resized,
    /// The same variant is a file; comes once for each variant, after its `Resized`.
    Encoded,
}

/// Makes all `variants` of the image in `source`, with one decode.
///
/// Reads from `source` no more than is needed; what is left in it is the caller's to drop.
///
/// # Errors
/// [`EngineError::Source`] where `source` fails: run it again. Every other variant is final.
///
/// # Panics
/// Never by intent; callers keep one bad file from taking a process down all the same.
pub fn make(
    source: &mut dyn Read,
    variants: &[Variant],
    limits: &Limits,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Made, EngineError> {
    make_passing(&mut Streamed(source), variants, limits, on_stage)
}

/// The same of a source that may pass over what is not needed, a file as [`crate::Seeking`].
///
/// # Errors
/// As [`make`].
///
/// # Panics
/// As [`make`].
pub fn make_passing(
    source: &mut dyn Pass,
    variants: &[Variant],
    limits: &Limits,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Made, EngineError> {
    // What the reader holds is not there for the image, and it holds it from its first byte.
    let Limits { budget_bytes: whole_bytes, reader_bytes, .. } = *limits;
    let Some(budget_bytes) = whole_bytes.checked_sub(reader_bytes) else {
        return Err(EngineError::OverBudget { needed_bytes: reader_bytes, budget_bytes: whole_bytes });
    };
    match make_within(source, variants, &Limits { budget_bytes, ..*limits }, on_stage) {
        Ok(mut made) => {
            made.plan.peak_bytes = made.plan.peak_bytes.saturating_add(reader_bytes);
            Ok(made)
        }
        Err(EngineError::OverBudget { needed_bytes, .. }) => Err(EngineError::OverBudget {
            needed_bytes: needed_bytes.saturating_add(reader_bytes),
            budget_bytes: whole_bytes,
        }),
        Err(error) => Err(error),
    }
}

/// With the whole budget for the image.
fn make_within(
    source: &mut dyn Pass,
    variants: &[Variant],
    limits: &Limits,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Made, EngineError> {
    let mut source = Source::new(source, limits);
    let mut probe = probe::read(&mut source, limits, variants)?;
    limits.check_size(&probe)?;
    let mut plan = plan::plan(&probe, variants, limits.threads);
    // Two threads are faster, and no reason to refuse an image.
    if plan.threads > 1 && limits.check_plan(&plan).is_err() {
        plan = plan::plan(&probe, variants, 1);
    }
    limits.check_plan(&plan)?;
    on_stage(Stage::Probed);

    // A reader that failed outranks what a decoder made of the missing bytes.
    let decoded = probe.detail.decode(&mut source, &probe, &plan, limits);
    let decoded = match source.failure() {
        Some(failure) => return Err(failure),
        None => decoded?,
    };
    let bytes_read = source.bytes_read();
    drop(source);
    probe.orientation = decoded.orientation.unwrap_or(probe.orientation);
    let mut warnings = decoded.warnings;
    on_stage(Stage::Decoded);

    let thumbnails = match decoded.pixels {
        Pixels::Raster(small, extent, model) => {
            let most_bytes = probe.detail.profile_bytes();
            let colours = Colours::new(model, decoded.profile.as_deref(), most_bytes, &mut warnings);
            let pictures = variants.iter().map(|_| ()).collect();
            let render = |(), variant: &Variant| render::render((&small, extent), &probe, &colours, variant);
            finish(pictures, variants, plan.threads, &render, on_stage)?
        }
        Pixels::Variants(resized, colours) => {
            let render = |planes, variant: &Variant| render::render_planes(planes, &probe, &colours, variant);
            finish(resized, variants, plan.threads, &render, on_stage)?
        }
    };
    Ok(Made { probe, plan, bytes_read, warnings, thumbnails })
}
