//! The header read, and nothing else: what an image is, before a pixel is decoded.
//!
//! Bytes in, [`Probe`] out. Every number in it is the file's claim; decoders check it against the data.

use contract::{ImageFormat, Variant};

use crate::{
    EngineError, Limits, Probe, drawn,
    error::Damage,
    formats::room,
    room::{HeaderPlace, PREFIX_BYTES, Previews, Step},
    source::{Pass, Source},
    videos,
};

const FIRST_PAGE: u32 = 1;

/// Reads the header in `prefix`, the file's first bytes: [`PREFIX_BYTES`] are enough for most files.
///
/// A header that goes on past the prefix is no error once the size is known; orientation is then upright.
///
/// # Errors
/// [`EngineError::NotAnImage`], [`EngineError::Unsupported`], [`EngineError::Corrupt`], and
/// [`EngineError::HeaderBeyondPrefix`] where the size stands further on (most TIFF files: at the end).
pub fn probe(prefix: &[u8]) -> Result<Probe, EngineError> {
    let format = format(prefix)?;
    match step(format, prefix, FIRST_PAGE)? {
        Step::Done(probe) | Step::Known(probe, _) => Ok(probe),
        Step::More(needed_bytes) => {
            Err(EngineError::HeaderBeyondPrefix { format, needed_bytes, have_bytes: prefix.len() as u64 })
        }
        // Only who reads all of it knows its size: `probe_source`.
        Step::Drawn(_) => Err(drawn::without_renderer(format)),
        Step::Film => videos::probe(format, prefix),
        // The largest, whatever it will be made into.
        Step::Previews(previews) => {
            let Some(preview) = previews.choose(&[]) else { return Err(no_preview()) };
            let file = usize::try_from(preview.at).ok().and_then(|at| prefix.get(at..)).unwrap_or_default();
            match step(ImageFormat::Jpeg, file, FIRST_PAGE)? {
                Step::Done(probe) | Step::Known(probe, _) => Ok(of_preview(probe, &previews)),
                _ => {
                    let needed_bytes = preview.at + PREFIX_BYTES as u64;
                    Err(EngineError::HeaderBeyondPrefix { format, needed_bytes, have_bytes: prefix.len() as u64 })
                }
            }
        }
    }
}

fn no_preview() -> EngineError {
    EngineError::unsupported(ImageFormat::Raw, "no JPEG preview")
}

fn inside(probe: Probe, previews: Option<&Previews>) -> Probe {
    match previews {
        Some(previews) => of_preview(probe, previews),
        None => probe,
    }
}

/// The probe of a preview is that of the file that it is in.
fn of_preview(mut probe: Probe, previews: &Previews) -> Probe {
    probe.format = ImageFormat::Raw;
    probe.orientation = previews.orientation.unwrap_or(probe.orientation);
    probe
}

/// The format of the first bytes.
fn format(prefix: &[u8]) -> Result<ImageFormat, EngineError> {
    ImageFormat::from_bytes(prefix).ok_or_else(|| {
        if let Some(name) = contract::unread_format(prefix) {
            return EngineError::UnreadFormat { name };
        }
        EngineError::not_an_image(prefix)
    })
}

/// One try at the header with the bytes at hand.
fn step(format: ImageFormat, prefix: &[u8], page: u32) -> Result<Step, EngineError> {
    let step = (room(format).step)(prefix, page)?;
    if let Step::Done(probe) | Step::Known(probe, _) = &step {
        for (field, side_px) in [("width", probe.width_px), ("height", probe.height_px)] {
            if side_px == 0 {
                return Err(EngineError::header(format, field, side_px));
            }
        }
    }
    Ok(step)
}

/// The header of a file that ended at `prefix`.
fn step_at_end(format: ImageFormat, prefix: &[u8], page: u32) -> Result<Probe, EngineError> {
    match step(format, prefix, page)? {
        Step::Done(probe) | Step::Known(probe, _) => Ok(probe),
        Step::More(_) | Step::Previews(_) | Step::Drawn(_) | Step::Film => {
            let cause = Damage::HeaderEnds { bytes: prefix.len() as u64 };
            Err(EngineError::Corrupt { format, cause })
        }
    }
}

/// Reads the header of a JPEG file that `source` is at the start of.
///
/// # Errors
/// As [`probe`], and what the reader said.
pub(crate) fn read_jpeg(source: &mut Source<'_>, limits: &Limits) -> Result<Probe, EngineError> {
    const FORMAT: ImageFormat = ImageFormat::Jpeg;
    source.fill_prefix(PREFIX_BYTES as u64)?;
    if ImageFormat::from_bytes(source.prefix()) != Some(FORMAT) {
        let first = source.prefix().first().copied().unwrap_or_default();
        return Err(EngineError::header(FORMAT, "first byte", first));
    }
    loop {
        match step(FORMAT, source.prefix(), FIRST_PAGE)? {
            Step::Done(probe) => return Ok(probe),
            _ if source.is_at_end() => return step_at_end(FORMAT, source.prefix(), FIRST_PAGE),
            Step::Known(_, need) | Step::More(need) if need <= limits.max_header_bytes => source.fill_prefix(need)?,
            _ => return Err(EngineError::header(FORMAT, "header length", limits.max_header_bytes)),
        }
    }
}

/// The header of `source` as [`crate::make`] reads it for `variants`: of a drawing by the renderer of `limits`, which
/// reads all of it.
///
/// # Errors
/// As [`probe`], what the reader said, and sizes beyond `limits`.
pub fn probe_source(source: &mut dyn Pass, variants: &[Variant], limits: &Limits) -> Result<Probe, EngineError> {
    read(&mut Source::new(source, limits), limits, variants)
}

/// Reads the header of `source`, and no more of the file than that and a first block; of a file with previews up to the
/// one that is enough for `variants`.
///
/// # Errors
/// As [`probe`], what the reader said, and sizes beyond `limits`.
pub(crate) fn read(source: &mut Source<'_>, limits: &Limits, variants: &[Variant]) -> Result<Probe, EngineError> {
    source.fill_prefix(PREFIX_BYTES as u64)?;
    let mut format = format(source.prefix())?;
    // A camera's file may begin as TIFF does: only its directories tell which it is.
    if !(format == ImageFormat::Tiff && limits.formats.contains(ImageFormat::Raw)) {
        limits.check_format(format)?;
    }
    // Of the file around a preview.
    let mut outer: Option<Previews> = None;
    loop {
        let step_here = step(format, source.prefix(), limits.page)?;
        match &step_here {
            Step::Previews(_) => limits.check_format(ImageFormat::Raw)?,
            Step::Done(_) | Step::Known(..) | Step::Drawn(_) | Step::Film if outer.is_none() => {
                limits.check_format(format)?;
            }
            _ => {}
        }
        let need = match step_here {
            Step::Done(probe) => return Ok(inside(probe, outer.as_ref())),
            Step::Drawn(kind) => return drawn::read(source, (format, kind), limits, variants),
            Step::Film => return videos::read(source, format, limits),
            Step::Previews(previews) if outer.is_none() => {
                let preview = previews.choose(variants).ok_or_else(no_preview)?;
                source.enter(preview.at, preview.bytes)?;
                source.fill_prefix(PREFIX_BYTES as u64)?;
                (format, outer) = (ImageFormat::Jpeg, Some(previews));
                continue;
            }
            Step::Previews(_) => return Err(no_preview()),
            Step::Known(probe, need) => {
                limits.check_size(&probe)?;
                need
            }
            Step::More(need) => need,
        };
        if source.is_at_end() {
            let probe = step_at_end(format, source.prefix(), limits.page)?;
            return Ok(inside(probe, outer.as_ref()));
        }
        let place = room(format).header_place;
        let limit_bytes = match place {
            HeaderPlace::Front => limits.max_header_bytes,
            HeaderPlace::Anywhere => limits.max_source_bytes.min(limits.budget_bytes),
        };
        if need > limit_bytes {
            return match step(format, source.prefix(), limits.page)? {
                Step::Known(probe, _) if place == HeaderPlace::Front => Ok(inside(probe, outer.as_ref())),
                _ if need > limits.budget_bytes => {
                    Err(EngineError::OverBudget { needed_bytes: need, budget_bytes: limits.budget_bytes })
                }
                _ => Err(EngineError::header(format, "header length", need)),
            };
        }
        source.fill_prefix(need.max(PREFIX_BYTES as u64))?;
    }
}
