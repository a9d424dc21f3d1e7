//! Where the rows of a decoder go: averaged, and resized for every variant as they come, so that no picture is held.

use std::io;

use contract::{Fit, Gravity, Variant};

use crate::{
    EngineError, Plan, Probe, Warning,
    decoded::{Decoded, Pixels},
    error::Damage,
    geometry::Window,
    raster::{Channels, Raster},
    shrink::Shrinker,
    ways::{self, Way},
};

/// Takes rows of 8-bit samples, straight alpha.
pub(crate) struct RowSink {
    channels: Channels,
    /// Width and height of the image.
    size: (u32, u32),
    rows: u32,
    /// `None` where a row is resized as it is.
    means: Option<Shrinker>,
    /// `None` where the small image is held.
    ways: Option<Vec<Way>>,
    from_bottom: bool,
    /// So many rows and columns become one before they are resized.
    factor: u32,
}

impl RowSink {
    /// For the rows of an image from the top down, its pixels in these channels.
    pub(crate) fn new(probe: &Probe, plan: &Plan, channels: Channels) -> Self {
        Self::with(probe, (probe.width_px, probe.height_px), plan, channels, false)
    }

    /// For rows that are stored in another size (width, height) than the image is seen in.
    pub(crate) fn of_stored(probe: &Probe, size: (u32, u32), plan: &Plan, channels: Channels) -> Self {
        Self::with(probe, size, plan, channels, false)
    }

    /// For rows of which the lowest comes first.
    pub(crate) fn from_bottom(probe: &Probe, plan: &Plan, channels: Channels) -> Self {
        Self::with(probe, (probe.width_px, probe.height_px), plan, channels, true)
    }

    fn with(probe: &Probe, size: (u32, u32), plan: &Plan, channels: Channels, from_bottom: bool) -> Self {
        let factor = plan.shrink * plan.row_shrink;
        let small = (size.0.div_ceil(factor), size.1.div_ceil(factor));
        let part = |side: u32| f64::from(side) / f64::from(factor);
        let extent = Window { left: 0.0, top: 0.0, width: part(size.0), height: part(size.1) };
        let is_held = is_held(probe, &plan.variants);
        let ways = || ways::of_pixels(channels, (small, extent), (probe, &plan.variants), from_bottom);
        let means = match (is_held, factor) {
            (true, _) => Some(Shrinker::new(channels, size, factor)),
            (false, 1) if !channels.has_alpha() => None,
            (false, _) => Some(Shrinker::of_rows(channels, size, factor)),
        };
        Self { channels, size, rows: 0, means, ways: (!is_held).then(ways), from_bottom, factor }
    }

    /// What it holds besides what [`ways::bytes`] says, in bytes.
    pub(crate) fn bytes(channels: Channels, probe: &Probe, variants: &[Variant], factor: u32) -> u64 {
        let (width, height) = (probe.width_px, probe.height_px);
        let (count, small_width) = (channels.count() as u64, u64::from(width.div_ceil(factor)));
        // Blank rows, where some are missing, and one that was averaged.
        let rows_bytes = 2 * small_width * count;
        let rows_held = if is_held(probe, variants) { height } else { 1 };
        rows_bytes + Shrinker::bytes(channels, (width, rows_held), factor)
    }

    /// Rows taken so far.
    pub(crate) fn rows(&self) -> u32 {
        self.rows
    }

    /// Samples of a row, each a byte.
    pub(crate) fn row_bytes(&self) -> usize {
        self.size.0 as usize * self.channels.count()
    }

    /// Takes the next row. Rows past the height are dropped.
    pub(crate) fn push(&mut self, row: &[u8]) {
        debug_assert_eq!(row.len(), self.row_bytes());
        if self.rows == self.size.1 {
            return;
        }
        self.rows += 1;
        match &mut self.means {
            None => self.ways.iter_mut().for_each(|ways| ways::push(ways, row)),
            Some(means) => {
                means.push(row);
                self.pass_mean();
            }
        }
    }

    /// Hands on the row that was averaged last, if there is one.
    fn pass_mean(&mut self) {
        if let (Some(means), Some(ways)) = (&mut self.means, &mut self.ways) {
            means.take_row(|row| ways::push(ways, row));
        }
    }

    /// Makes the rows taken so far transparent; of use with alpha only.
    pub(crate) fn blank(&mut self) {
        debug_assert!(self.channels.has_alpha());
        self.means.iter_mut().for_each(Shrinker::blank);
        for way in self.ways.iter_mut().flatten() {
            if let Way::Rows(stream) = way {
                stream.resampler.blank();
            }
        }
    }

    /// What the rows became, with a profile of their colours.
    pub(crate) fn decoded(self, profile: Option<Vec<u8>>, warnings: Vec<Warning>) -> Decoded {
        Decoded::of_pixels(self.finish(), profile, warnings)
    }

    /// The variants, or the small image. Rows that never came are blank: transparent, mid-grey, or no ink.
    pub(crate) fn finish(mut self) -> Pixels {
        let model = self.channels.model();
        if self.ways.is_none() {
            let (raster, extent) = self.means.expect("what is held is averaged").finish();
            return Pixels::Raster(raster, extent, model);
        }
        if let Some(means) = &mut self.means {
            means.end();
        }
        self.pass_mean();
        let mut ways = self.ways.unwrap_or_default();
        if self.rows < self.size.1 {
            let small = |side: u32| side.div_ceil(self.factor);
            let blank = vec![self.channels.blank(); small(self.size.0) as usize * self.channels.count()];
            (small(self.rows)..small(self.size.1)).for_each(|_| ways::push(&mut ways, &blank));
        }
        let mut rasters = ways::rasters(ways);
        if self.from_bottom {
            rasters.iter_mut().for_each(Raster::flip);
        }
        Pixels::Resized(rasters, model)
    }
}

/// Whether variants can be laid out only when all of the file is read: its orientation may stand behind the pixels, and
/// turned it would become other pixels than these. A square box that shows the middle takes the same ones either way.
pub(crate) fn is_held(probe: &Probe, variants: &[Variant]) -> bool {
    let turns_alike = |variant: &Variant| {
        let is_focused = variant.fit == Fit::Cover && matches!(variant.gravity, Gravity::Focus(_));
        variant.width_px == variant.height_px && !is_focused
    };
    probe.detail.may_turn() && !variants.iter().all(turns_alike)
}

/// Fills `rows`, one or more of them, and hands them on as they come, until the picture is whole or `fill` fails; no
/// warning means whole.
///
/// # Errors
/// As [`at_least_half`], with the error of `fill` where there was not a single row.
pub(crate) fn rows_until_damage(
    probe: &Probe,
    sink: &mut RowSink,
    rows: &mut [u8],
    mut fill: impl FnMut(&mut [u8]) -> io::Result<()>,
) -> Result<Vec<Warning>, EngineError> {
    while sink.rows() < probe.height_px {
        if let Err(cause) = fill(rows) {
            return at_least_half(probe, sink.rows(), || EngineError::decoder(probe.format, cause));
        }
        rows.chunks_exact(sink.row_bytes()).for_each(|row| sink.push(row));
    }
    Ok(Vec::new())
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
