//! The whole way: header, plan, check, decode, then resize and encode variant by variant.

use std::io::Read;

use contract::{Placeholder, PreviewUse, Variant};

use crate::{
    EngineError, Limits, Plan, PreviewReason, Probe, Warning,
    check::check_written,
    colour::Colours,
    decoded::{Decoded, Elsewhere, Pixels},
    embedded::{self, Held},
    encode::Thumbnail,
    film::{Shown, film},
    finish::finish,
    plan, probe, render,
    room::Frames,
    source::{Pass, Source, Streamed},
    ways,
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
    /// Of the smallest variant's pixels; without variants there is none.
    pub placeholder: Option<Placeholder>,
    /// What a process of the renderer took for it.
    pub elsewhere: Elsewhere,
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
    /// when all are done, and of an animation too, whose frames are resized and encoded while the next ones are decoded.
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
    check_written(variants)?;
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
    let header = probe::read(&mut source, limits, variants).and_then(|probe| limits.check_size(&probe).map(|()| probe));
    let mut held = match &header {
        Err(error) if embedded::reason(error, limits).is_none() => None,
        _ => Held::find(source.prefix(), limits),
    };
    if let Some(preview) = held.take_if(|held| limits.previews == PreviewUse::Prefer && held.is_enough(variants)) {
        let read = source.bytes_read();
        // Where it is damaged, there is still the picture.
        if let Ok(made) = make_held(&preview, read, PreviewReason::Preferred, variants, limits, on_stage) {
            return Ok(made);
        }
    }
    let picture = header.and_then(|probe| planned(&probe, variants, limits).map(|plan| (probe, plan)));
    let (probe, mut plan) = match picture {
        Ok(planned) => planned,
        Err(error) => {
            let read = source.bytes_read();
            let Some(reason) = embedded::reason(&error, limits) else { return Err(error) };
            if let Some(preview) = held {
                return make_held(&preview, read, reason, variants, limits, on_stage).map_err(|_| error);
            }
            return match make_ahead(source, reason, variants, limits, on_stage) {
                Ok(Some(made)) => Ok(made),
                Err(failure) if failure.is_retryable() => Err(failure),
                Ok(None) | Err(_) => Err(error),
            };
        }
    };
    // For the case that pixels are damaged, if both have room.
    let held = held.filter(|held| {
        let all_bytes = plan.peak_bytes.saturating_add(held.bytes());
        limits.check_plan(&Plan { peak_bytes: all_bytes, ..plan.clone() }).is_ok()
            && planned(&held.probe, variants, limits).is_ok()
    });
    plan.peak_bytes += held.as_ref().map_or(0, Held::bytes);
    on_stage(Stage::Probed);
    let is_all_frames = plan::is_animated(&probe, variants);
    if let Some(frames) = probe.detail.frames().filter(|_| plan.frames > 1) {
        return play(source, frames, (&probe, plan), variants, on_stage);
    }
    let decoded = decode(&mut source, &probe, &plan, limits);
    let bytes_read = source.bytes_read();
    drop(source);
    match (decoded, held) {
        (Ok(decoded), _) => {
            let warnings = if is_all_frames { vec![Warning::NotAnimated] } else { Vec::new() };
            finish_decoded(decoded, (probe, plan, bytes_read), warnings, variants, on_stage)
        }
        (Err(error), Some(preview)) => match embedded::reason(&error, limits) {
            Some(reason) => make_held(&preview, bytes_read, reason, variants, limits, on_stage).map_err(|_| error),
            None => Err(error),
        },
        (Err(error), None) => Err(error),
    }
}

/// The plan, within the limits.
fn planned(probe: &Probe, variants: &[Variant], limits: &Limits) -> Result<Plan, EngineError> {
    // All frames together have no more pixels than one picture may have.
    let mut most_frames = limits.max_pixels / probe.pixels().max(1);
    let mut plan = plan::plan_frames(probe, variants, limits.threads, most_frames);
    // One frame is better than none, where no larger tier makes all of them.
    if plan.frames > 1 && !limits.may_go_up && limits.check_plan(&plan).is_err() {
        most_frames = 1;
        plan = plan::plan_frames(probe, variants, limits.threads, most_frames);
    }
    // Two threads are faster, and no reason to refuse an image.
    if plan.threads > 1 && limits.check_plan(&plan).is_err() {
        plan = plan::plan_frames(probe, variants, 1, most_frames);
    }
    limits.check_plan(&plan)?;
    Ok(plan)
}

/// All frames, each brought to its size before the next one is decoded.
fn play(
    mut source: Source<'_>,
    frames: &dyn Frames,
    (probe, plan): (&Probe, Plan),
    variants: &[Variant],
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Made, EngineError> {
    let shown = film(&mut source, frames, (probe, &plan), variants);
    let shown = match source.failure() {
        Some(failure) => Err(failure),
        None => shown,
    }?;
    on_stage(Stage::Decoded);
    variants.iter().flat_map(|_| [Stage::Resized, Stage::Encoded]).for_each(on_stage);
    let Shown { probe, warnings, placeholder, thumbnails } = shown;
    let (bytes_read, elsewhere) = (source.bytes_read(), Elsewhere::default());
    Ok(Made { probe, plan, bytes_read, warnings, placeholder, elsewhere, thumbnails })
}

fn decode(source: &mut Source<'_>, probe: &Probe, plan: &Plan, limits: &Limits) -> Result<Decoded, EngineError> {
    let decoded = probe.detail.decode(source, probe, plan, limits);
    // A reader that failed outranks what a decoder made of the missing bytes.
    match source.failure() {
        Some(failure) => Err(failure),
        None => decoded,
    }
}

/// Of the preview that was kept, when so many bytes of the file were read.
fn make_held(
    preview: &Held,
    bytes_read: u64,
    reason: PreviewReason,
    variants: &[Variant],
    limits: &Limits,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Made, EngineError> {
    let mut plan = planned(&preview.probe, variants, limits)?;
    plan.peak_bytes = plan.peak_bytes.saturating_add(preview.bytes());
    limits.check_plan(&plan)?;
    on_stage(Stage::Probed);
    let mut reader = preview.file.as_slice();
    let mut streamed = Streamed(&mut reader);
    let mut source = Source::new(&mut streamed, limits);
    preview.enter(&mut source)?;
    let decoded = decode(&mut source, &preview.probe, &plan, limits)?;
    let warnings = vec![Warning::Preview(reason)];
    finish_decoded(decoded, (preview.probe.clone(), plan, bytes_read), warnings, variants, on_stage)
}

/// Of a preview that is further on in the file, if there is one.
fn make_ahead(
    mut source: Source<'_>,
    reason: PreviewReason,
    variants: &[Variant],
    limits: &Limits,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Option<Made>, EngineError> {
    let Some(probe) = embedded::ahead(&mut source, limits)? else { return Ok(None) };
    let plan = planned(&probe, variants, limits)?;
    on_stage(Stage::Probed);
    let decoded = decode(&mut source, &probe, &plan, limits)?;
    let bytes_read = source.bytes_read();
    let warnings = vec![Warning::Preview(reason)];
    finish_decoded(decoded, (probe, plan, bytes_read), warnings, variants, on_stage).map(Some)
}

fn finish_decoded(
    decoded: Decoded,
    (mut probe, plan, bytes_read): (Probe, Plan, u64),
    mut warnings: Vec<Warning>,
    variants: &[Variant],
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Made, EngineError> {
    probe.orientation = decoded.orientation.unwrap_or(probe.orientation);
    warnings.extend(decoded.warnings);
    let elsewhere = decoded.elsewhere;
    on_stage(Stage::Decoded);
    let most_bytes = probe.detail.profile_bytes();
    let mut of_rasters = |resized, model| {
        let colours = Colours::new(model, decoded.profile.as_deref(), most_bytes, &mut warnings);
        let render = |resized, variant: &Variant| render::render(resized, &probe, &colours, variant);
        finish(resized, variants, plan.threads, &render, on_stage)
    };
    let (thumbnails, placeholder) = match decoded.pixels {
        Pixels::Raster(small, extent, model) => {
            let resized = ways::resized(&small, extent, &probe, variants);
            drop(small);
            of_rasters(resized, model)?
        }
        Pixels::Resized(resized, model) => of_rasters(resized, model)?,
        Pixels::Variants(resized, colours) => {
            let render = |planes, variant: &Variant| render::render_planes(planes, &probe, &colours, variant);
            finish(resized, variants, plan.threads, &render, on_stage)?
        }
    };
    Ok(Made { probe, plan, bytes_read, warnings, placeholder, elsewhere, thumbnails })
}
