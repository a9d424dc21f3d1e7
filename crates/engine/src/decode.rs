//! From the stream to the small image, format by format.

mod bmp;
mod png;
mod whole;

use contract::ImageFormat;

use crate::{
    EngineError, Limits, Orientation, Plan, Probe, Warning, error::Damage, geometry::Window, raster::Raster,
    source::Source,
};

pub(crate) use bmp::plan_bytes as bmp_bytes;
pub(crate) use png::{channels as png_channels, plan_bytes as png_bytes};

/// What a decoder hands on.
pub(crate) struct Decoded {
    /// Alpha premultiplied.
    pub(crate) raster: Raster,
    /// Where the whole image lies on the raster; its last column and row may count in part only.
    pub(crate) extent: Window,
    /// Orientation found behind the pixels.
    pub(crate) orientation: Option<Orientation>,
    /// An ICC profile of the raster's samples.
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) warnings: Vec<Warning>,
}

impl Decoded {
    pub(crate) const fn new(raster: Raster, extent: Window) -> Self {
        Self { raster, extent, orientation: None, profile: None, warnings: Vec::new() }
    }
}

/// Decodes what `plan` says, with what is left of `source`.
pub(crate) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    plan: &Plan,
    limits: &Limits,
) -> Result<Decoded, EngineError> {
    match probe.format {
        ImageFormat::Png => png::decode(source, probe, plan, limits),
        ImageFormat::Bmp => bmp::decode(source, probe, plan),
        _ => whole::decode(source, probe),
    }
}

/// The rule for files that end early or are damaged from some row on: half of the rows make a thumbnail, as browsers
/// show what they have.
///
/// # Errors
/// [`EngineError::Corrupt`] below half, with `cause` where there was not a single row.
pub(crate) fn at_least_half(
    probe: &Probe,
    rows: u32,
    cause: impl FnOnce() -> EngineError,
) -> Result<Vec<Warning>, EngineError> {
    let rows_expected = probe.height_px;
    match rows {
        rows if rows >= rows_expected => Ok(Vec::new()),
        rows if u64::from(rows) * 2 >= u64::from(rows_expected) => Ok(vec![Warning::Truncated { rows, rows_expected }]),
        0 => Err(cause()),
        _ => Err(EngineError::Corrupt { format: probe.format, cause: Damage::TooFewRows { rows, rows_expected } }),
    }
}
