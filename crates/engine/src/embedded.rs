//! The smaller picture that a file carries, where it stands in for the file's own.

use std::io::Read;

use contract::{PreviewUse, Variant};

use crate::{
    EngineError, Limits, Probe,
    formats::embedded,
    probe,
    room::{Embedded, Inner, is_enough},
    source::{Source, Streamed},
    warning::PreviewReason,
};

/// No more of a file is kept for the case that its picture turns out damaged: an Exif block has 64 kB at the most, and
/// an iPhone's thumbnail ends before 25.
const MOST_HELD_BYTES: u64 = 256 << 10;
/// Smaller ones are icons, and a pixel more or less is another shape.
const LEAST_SIDE_PX: u32 = 64;

/// A preview whose header was read, with the first bytes of the file as far as it needs them.
pub(crate) struct Held {
    pub(crate) probe: Probe,
    pub(crate) file: Vec<u8>,
    inner: Inner,
}

impl Held {
    /// The preview of a file, where it ends in the first bytes that are at hand and has the shape of the picture.
    pub(crate) fn find(prefix: &[u8], limits: &Limits) -> Option<Self> {
        let found = embedded(prefix).filter(|_| limits.previews != PreviewUse::Never)?;
        let end = found.inner.end();
        let file = usize::try_from(end).ok().and_then(|end| prefix.get(..end)).filter(|_| end <= MOST_HELD_BYTES)?;
        let file = file.to_vec();
        let mut reader = file.as_slice();
        let probe = enter(&mut Source::new(&mut Streamed(&mut reader), limits), &found, limits).ok()??;
        Some(Self { probe, file, inner: found.inner })
    }

    /// What it holds, in bytes: the file's first bytes, and a copy of them while it is decoded.
    pub(crate) fn bytes(&self) -> u64 {
        2 * self.file.len() as u64
    }

    /// Whether it has pixels enough for every variant: as many as the small image that the picture itself is decoded to.
    pub(crate) fn is_enough(&self, variants: &[Variant]) -> bool {
        is_enough(self.probe.seen_px(), variants)
    }

    /// A source that is at the preview.
    ///
    /// # Errors
    /// None but what its own bytes cause.
    pub(crate) fn enter(&self, source: &mut Source<'_>) -> Result<(), EngineError> {
        source.fill_prefix(self.file.len() as u64)?;
        match self.inner {
            Inner::Jpeg { at, bytes, .. } => source.enter(at, bytes),
            Inner::OfRoom { .. } => Ok(()),
        }
    }
}

/// Goes to a preview that is further on in `source`, where it has the shape of the picture; else to nothing.
///
/// # Errors
/// What the reader said; the preview's own faults.
pub(crate) fn ahead(source: &mut Source<'_>, limits: &Limits) -> Result<Option<Probe>, EngineError> {
    match embedded(source.prefix()).filter(|_| limits.previews != PreviewUse::Never) {
        Some(found) => enter(source, &found, limits),
        None => Ok(None),
    }
}

fn enter(source: &mut Source<'_>, found: &Embedded, limits: &Limits) -> Result<Option<Probe>, EngineError> {
    let probe = match &found.inner {
        Inner::Jpeg { at, bytes, orientation } => {
            source.fill_prefix(1)?;
            source.enter(*at, *bytes)?;
            let mut probe = probe::read_jpeg(source, limits)?;
            (probe.format, probe.orientation) = (found.format, *orientation);
            probe
        }
        Inner::OfRoom { probe, .. } => probe.clone(),
    };
    limits.check_size(&probe)?;
    Ok(has_shape(probe.seen_px(), found.whole_px).then_some(probe))
}

/// Whether a picture is the other one made smaller, by its shape: whoever shrinks one rounds a side to a whole pixel.
///
/// Another shape is another picture: black bars, or what an edit has cut away since.
fn has_shape(small: (u32, u32), whole: (u32, u32)) -> bool {
    let (width, height) = (u64::from(whole.0), u64::from(whole.1));
    let off = (u64::from(small.0) * height).abs_diff(u64::from(small.1) * width);
    let is_smaller = small.0 <= whole.0 && small.1 <= whole.1;
    is_smaller && small.0.max(small.1) >= LEAST_SIDE_PX && off <= width.max(height)
}

/// Why a preview may be used instead of a picture that failed so; `None` where it may not.
pub(crate) const fn reason(error: &EngineError, limits: &Limits) -> Option<PreviewReason> {
    match error {
        EngineError::Unsupported { .. } => Some(PreviewReason::Unsupported),
        EngineError::Corrupt { .. } => Some(PreviewReason::Corrupt),
        EngineError::OverBudget { .. } if !limits.may_go_up => Some(PreviewReason::OverBudget),
        _ => None,
    }
}

impl Inner {
    /// Where its bytes end, in bytes from the start of the file.
    const fn end(&self) -> u64 {
        match self {
            Self::Jpeg { at, bytes, .. } => at.saturating_add(*bytes),
            Self::OfRoom { end, .. } => *end,
        }
    }
}

/// Width and height as seen of the preview that stands in for the picture of a file that begins so, if there is one.
#[must_use]
pub fn preview_px(prefix: &[u8]) -> Option<(u32, u32)> {
    let limits = Limits::for_budget(u64::MAX);
    let mut rest = prefix;
    let mut reader: &mut dyn Read = &mut rest;
    let mut streamed = Streamed(&mut reader);
    let mut source = Source::new(&mut streamed, &limits);
    source.fill_prefix(prefix.len() as u64).ok()?;
    ahead(&mut source, &limits).ok()?.map(|probe| probe.seen_px())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_is_the_same_up_to_a_pixel_on_a_side() {
        let check = |small, whole, want| assert_eq!(has_shape(small, whole), want, "{small:?} of {whole:?}");
        check((320, 240), (4032, 3024), true);
        check((160, 120), (4032, 3024), true);
        check((160, 107), (3000, 2000), true); // 106.67.
        check((160, 106), (3000, 2000), true);
        check((160, 105), (3000, 2000), false);
        check((160, 120), (3000, 2000), false); // Black bars.
        check((120, 160), (4032, 3024), false); // Turned.
        check((160, 120), (80, 60), false);
        check((32, 24), (4032, 3024), false);
        check((u32::MAX, 1), (u32::MAX, u32::MAX), false);
    }
}
