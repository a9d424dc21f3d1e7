//! What one image may cost. Limits are checked against the header, before anything is allocated.

use contract::{Formats, PreviewUse};
use vector::Renderer;

/// What one image may cost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// What the engine may hold at once for one image, in bytes; compared with [`crate::Plan::peak_bytes`].
    pub budget_bytes: u64,
    /// What the caller's reader holds besides, in bytes: the window of a Content-Encoding's decoder. Part of the budget
    /// and of the plan.
    pub reader_bytes: u64,
    /// Width times height as stored, in pixels. Bounds CPU, not memory: 2^28, a little above 16,384 x 16,384.
    pub max_pixels: u64,
    /// Longest side as stored, in pixels: 65,535, what JPEG can say.
    pub max_side_px: u32,
    /// What may be read from the source, in bytes: 512 MiB.
    pub max_source_bytes: u64,
    /// What may stand before the first pixel (profiles, Exif, comments), in bytes: 16 MiB.
    pub max_header_bytes: u64,
    /// Among how many threads the work of one image may be divided: 1. More than 2 are not used.
    pub threads: u32,
    /// What is read; a file of another format is refused by its first bytes: all.
    pub formats: Formats,
    /// When an embedded preview stands in for the picture: where nothing else is left.
    pub previews: PreviewUse,
    /// Which page of a PDF or a TIFF, from 1 on: the first. Other formats have one.
    pub page: u32,
    /// What draws SVG and PDF, within what is left of the budget: nothing, so that they are refused.
    pub renderer: Option<&'static dyn Renderer>,
    /// A larger budget is elsewhere, so that being over this one is no reason for a preview: no.
    pub may_go_up: bool,
}

/// [`Limits::max_header_bytes`] of every tier; no longer header is held.
pub(crate) const MAX_HEADER_BYTES: u64 = 16 << 20;

impl Limits {
    /// The defaults named at each field, with this budget.
    #[must_use]
    pub const fn for_budget(budget_bytes: u64) -> Self {
        Self {
            budget_bytes,
            reader_bytes: 0,
            max_pixels: 1 << 28,
            max_side_px: 65_535,
            max_source_bytes: 512 << 20,
            max_header_bytes: MAX_HEADER_BYTES,
            threads: 1,
            formats: Formats::ALL,
            previews: PreviewUse::Fallback,
            page: 1,
            renderer: None,
            may_go_up: false,
        }
    }
}
