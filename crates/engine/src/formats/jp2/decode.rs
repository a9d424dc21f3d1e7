//! The codestream in memory, and the picture out of it at one of its resolutions.

use std::io::Read;

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::{
    FORMAT,
    header::{Jp2Detail, fault},
    main_header::check_tiles,
};
use crate::{
    EngineError, Plan, Probe,
    decoded::Decoded,
    geometry::Window,
    room::{Cost, guarded, row_shrink},
    shrink::Shrinker,
    source::Source,
};

/// Pixels that must be left to one of the largest variant, on each side: as of JPEG. The first sample of a resolution is
/// that of the first pixel, and not of a block's middle: `decode` says where the picture lies.
const LEAST_LEFT: f64 = 2.25;
/// The least resolution that is used.
const MOST_HALVED: u32 = 3;
/// Tables, buffers of a block of code, lists of bands.
const FIXED_BYTES: u64 = 512 << 10;

/// How often the picture is halved.
fn halved(detail: &Jp2Detail, probe: &Probe, least_shrink: f64) -> u32 {
    // As often as the crate does it for a size.
    let by_side = probe.width_px.ilog2().min(probe.height_px.ilog2());
    let most = MOST_HALVED.min(detail.main.levels()).min(by_side);
    let most = if detail.has_palette { 0 } else { most };
    (0..=most).rev().find(|halved| least_shrink >= f64::from(1_u32 << halved) * LEAST_LEFT).unwrap_or(0)
}

pub(super) fn cost(detail: &Jp2Detail, probe: &Probe, least_shrink: f64) -> Cost {
    let halved = halved(detail, probe, least_shrink);
    let shrink = 1 << halved;
    let row_shrink = row_shrink(least_shrink / f64::from(shrink));
    let small = (probe.width_px.div_ceil(shrink), probe.height_px.div_ceil(shrink));
    // The crate's own may be a pixel larger.
    let pixels = (u64::from(small.0) + 9) * (u64::from(small.1) + 1);
    let components = u64::from(detail.main.components);
    let channels = detail.channels.count() as u64;
    // Planes of floats, twice where they are put in another order or looked up.
    let planes = pixels * 4 * components;
    let again = match (detail.has_palette, detail.has_order) {
        (false, false) => 0,
        (true, false) => pixels * 4 * channels,
        (false, true) => planes,
        (true, true) => pixels * 8 * channels,
    };
    let (tile_width, tile_height) = detail.main.tile_px(halved);
    let tile = (tile_width + 8) * (tile_height + 8);
    // Coefficients, and what the wavelets become of them, in two.
    let tile = tile * 4 * 3;
    let rows = pixels * channels + Shrinker::bytes(detail.channels, (small.0 + 1, small.1 + 1), row_shrink);
    let profile = 2 * detail.profile.as_ref().map_or(0, |profile| profile.len() as u64);
    let bytes = [detail.most_bytes(), planes, again.max(tile), rows, detail.main.table_bytes(), profile, FIXED_BYTES];
    Cost { shrink, row_shrink, bytes: bytes.into_iter().fold(0, u64::saturating_add), rows: None, small_px: None }
}

impl Jp2Detail {
    /// The most that is read of the file: no more than the samples themselves would be, or the boxes say.
    fn most_bytes(&self) -> u64 {
        let (width, height) = self.main.size_px;
        let samples =
            u64::from(width) * u64::from(height) * u64::from(self.main.components * self.main.bits).div_ceil(8);
        let most = samples.saturating_add(self.start + (64 << 10));
        self.end.unwrap_or(most).min(most)
    }
}

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &Jp2Detail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let most = detail.most_bytes();
    let mut file = Vec::with_capacity(usize::try_from(most).unwrap_or_default());
    source.take(most).read_to_end(&mut file).map_err(|cause| EngineError::decoder(FORMAT, cause))?;
    let is_longer = match detail.end {
        Some(end) => end > most,
        None => source.read(&mut [0]).map_err(|cause| EngineError::decoder(FORMAT, cause))? > 0,
    };
    // What stands behind the end of a bare codestream is not of it.
    if is_longer && detail.end.is_some() {
        return Err(EngineError::unsupported(FORMAT, format!("more than {most} bytes, more than its samples have")));
    }
    check_tiles(file.get(detail.start as usize..).unwrap_or_default())?;

    let (width, height) = (probe.width_px / plan.shrink, probe.height_px / plan.shrink);
    let target_resolution = (plan.shrink > 1).then_some((width, height));
    let settings = DecodeSettings { target_resolution, ..DecodeSettings::default() };
    let channels = detail.channels.count();
    let (pixels, size) = guarded(FORMAT, || {
        let image = Image::new(&file, &settings).map_err(fault)?;
        let size = (image.width(), image.height());
        let planned = (probe.width_px.div_ceil(plan.shrink), probe.height_px.div_ceil(plan.shrink));
        if size.0.abs_diff(planned.0) > 1 || size.1.abs_diff(planned.1) > 1 {
            return Err(EngineError::header(FORMAT, "width", size.0));
        }
        let mut context = DecoderContext::default();
        let decoded = image.decode(&mut context).map_err(fault)?;
        if decoded.components().len() != channels {
            return Err(EngineError::header(FORMAT, "number of components", decoded.components().len() as u64));
        }
        Ok((decoded.data_u8(), size))
    })?;
    // Room for the last pixels, which lie beyond where their sample does.
    let more = u32::from(plan.shrink > 1);
    let size = (size.0 + more, size.1 + more);
    let mut shrinker = Shrinker::new(detail.channels, size, plan.row_shrink);
    let mut wide = Vec::with_capacity(size.0 as usize * channels);
    for row in pixels.chunks_exact((size.0 - more) as usize * channels) {
        wide.clear();
        wide.extend_from_slice(row);
        (0..more).for_each(|_| wide.extend_from_slice(&row[row.len() - channels..]));
        shrinker.push(&wide);
    }
    (0..more).for_each(|_| shrinker.push(&wide));
    let (raster, extent) = shrinker.finish();
    let part = |side: u32| f64::from(side) / f64::from(plan.shrink * plan.row_shrink);
    // Half of a sample, less half of a pixel.
    let moved = (0.5 - 0.5 / f64::from(plan.shrink)) / f64::from(plan.row_shrink);
    let extent = Window {
        left: moved,
        top: moved,
        width: part(probe.width_px).min(extent.width - moved),
        height: part(probe.height_px).min(extent.height - moved),
    };
    Ok(Decoded::of_raster(raster, extent, detail.profile.clone(), Vec::new()))
}
