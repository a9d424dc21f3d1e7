//! What an image will cost, before anything is allocated for it.

use contract::Variant;

use crate::Probe;

/// What an image will cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Source pixels to one decoded pixel, on each side: 1, 2, 4 or 8.
    pub shrink: u32,
    /// Width and height of the decoded image, in pixels.
    pub decoded_px: (u32, u32),
    /// The most that is held at once, in bytes, from the first read to the last encoded variant.
    pub peak_bytes: u64,
}

/// Plans `variants` of the image that `probe` describes. Pure.
#[must_use]
pub fn plan(probe: &Probe, variants: &[Variant]) -> Plan {
    let _ = variants;
    // The first cut holds the file and the image at full size, in up to 16 bits, and its 8-bit copy.
    let sample_bytes = if probe.bits_per_sample > 8 { 2 } else { 1 };
    let channels = if probe.has_alpha { 4 } else { 3 };
    let file_bytes = probe.pixels();
    let peak_bytes = file_bytes + probe.pixels() * (channels * sample_bytes + 4) + (4 << 20);
    Plan { shrink: 1, decoded_px: (probe.width_px, probe.height_px), peak_bytes }
}
