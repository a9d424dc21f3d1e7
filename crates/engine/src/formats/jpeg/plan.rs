//! At which scale a JPEG is decoded, and what that holds.

use ::jpeg::Scale;

use super::header::{Coding, JpegDetail};
use crate::{
    Probe,
    decoded::Component,
    room::{self, Cost},
};

/// Decoded pixels that must be left to one target pixel, on each side, for a scale to be taken: the factor, its scale,
/// and the least that is left.
///
/// SSIMULACRA2 against Lanczos3 from full resolution, three camera photographs (iPhone, Olympus, Nokia) brought to
/// 384 to 4608 px wide, 4:2:0, to 128 px; sharp in brackets:
///
/// | left at 1/8 | 1/8 | 1/4 |
/// |---|---|---|
/// | 1.5 | 92.8 91.4 86.4 (93.2 91.4 80.2) | 94.8 95.1 89.3 |
/// | 2.0 | 94.1 93.8 87.7 (87.3 78.1 88.2) | 94.9 95.4 89.3 |
/// | 2.25 | 94.5 94.3 88.4 (95.2 95.0 83.6) | 95.0 95.5 89.4 |
/// | 3.1 | 94.8 94.6 89.1 (95.7 95.4 85.8) | 94.7 94.6 89.5 |
///
/// 1/4 with 1.25 left scores 91.2 90.8 84.8, with 1.5 left 93.2 92.5 86.8 (93.7 91.6 85.9).
///
/// | left at 1/2 | 1/2 | full size |
/// |---|---|---|
/// | 1.5 | 92.4 92.9 87.3 (89.5 91.0 76.0) | 94.1 94.6 88.9 |
/// | 1.75 | 93.5 93.9 87.9 (91.7 92.7 88.7) | 94.2 94.7 88.7 |
/// | 2.0 | 94.0 94.2 87.5 (92.8 93.7 90.2) | 94.3 94.9 88.0 |
/// | 2.5 | 94.2 94.6 88.6 (91.3 88.7 51.5) | 94.6 95.1 89.2 |
///
/// From 4,032 to 1,024 px (1.97 left; Olympus 4:2:2, Huawei) 1/2 scores 94.2 and 93.2, full size 94.3 and 93.4; from 3,264
/// (1.59 left; iPhone 6) 95.4, full size 95.7. As JPEG of quality 80 the two differ by less than 0.2 either way, and full
/// size takes 15 to 34 % longer. With less left than 1.25, full size.
///
/// From 4,032 to 1,600 px (1.26 left; Samsung 4:4:4, Olympus 4:2:2, Samsung 4:2:2, Huawei) 1/2 scores 93.4 94.2 94.2 91.7,
/// sharp 93.6 94.6 94.0 92.8, and the set of 1,600, 512 and 128 px takes 0.67 to 0.76 of the CPU of full size.
const LEAST_LEFT: [(Scale, u32, f64); 3] = [(Scale::Eighth, 8, 2.25), (Scale::Quarter, 4, 1.5), (Scale::Half, 2, 1.25)];

/// The same for 1/8 in a progressive file with subsampled chroma, which then comes at 1/16.
///
/// 2.25 left scores 88.3 91.1 75.7, 3.1 left 93.6 93.2 83.1, 4 left 94.7 and 86.5 (sharp 96.3 and 90.5). 1/4 scores 95
/// and 89 but reads the whole file: 74 ms against 3 at 12 MP. So 1/8 only where its gain is largest.
///
/// What it costs at 12 MP, where a baseline file scores 95.3 and this 93.4 (sharp 96.2): with exact block means in place
/// of DC without its last bit, chroma at 1/16 scores 94.1 and at 1/8 94.6. So no chroma of the first scans reaches 95.2:
/// the last bit stands behind 40 to 79 % of the file. Tried on the means and dropped: chroma sharpened by 3 to 10 % 94.2
/// to 92.9, guided by luma (a local linear model over 3x3 or 5x5 blocks) 92.1 to 92.4, bilinear 90.6. The first AC scan
/// of chroma takes 16 ms, against 2.5 for all of this.
const PROGRESSIVE_LEFT: f64 = 3.75;

/// What decoding costs at the smallest scale that is good enough.
pub(super) fn cost(probe: &Probe, detail: &JpegDetail, least_shrink: f64) -> Cost {
    let shrink = shrink(detail, least_shrink);
    let row_shrink = room::row_shrink(least_shrink / f64::from(shrink));
    Cost { shrink, row_shrink, bytes: plan_bytes(probe, detail, scale(shrink)), rows: None, small_px: None }
}

/// The largest factor that is good enough: 1, 2, 4 or 8.
fn shrink(detail: &JpegDetail, least_shrink: f64) -> u32 {
    let JpegDetail { coding, header: Some(header), .. } = detail else { return 1 };
    let subsampled = header.components.windows(2).any(|pair| (pair[0].h, pair[0].v) != (pair[1].h, pair[1].v));
    let least_left = |scale, left| match (scale, coding) {
        (Scale::Eighth, Coding::Progressive) if subsampled => PROGRESSIVE_LEFT,
        _ => left,
    };
    LEAST_LEFT
        .iter()
        .find(|(scale, factor, left)| least_shrink >= f64::from(*factor) * least_left(*scale, *left))
        .map_or(1, |(_, factor, _)| *factor)
}

/// The scale of that factor.
fn scale(shrink: u32) -> Scale {
    LEAST_LEFT.iter().find(|(_, factor, _)| *factor == shrink).map_or(Scale::Full, |(scale, ..)| *scale)
}

/// Pixels below which a picture takes about a millisecond at any scale.
const SMALL_PIXELS: u64 = 1 << 20;

/// The scale of each component: luma's at 1/2, and one step finer at 1/4, and at 1/8 where a file of 4:2:0 is not
/// progressive, so that chroma does not end up at 1/16.
///
/// SSIMULACRA2 of JPEG (PNG) with chroma one step finer than luma, and as luma, of camera files and below of files of
/// `make peers`:
///
/// | 4:2:0 file, box | scale | finer | as luma | sharp |
/// |---|---|---|---|---|
/// | 12 MP, 1,344 px: 1.5 left | 1/2 | 74.6 (92.2) | 74.7 (92.2) | 73.6 (91.5) |
/// | 12 MP, 1,024 px | 1/2 | 74.2 (93.1) | 74.4 (92.9) | 73.6 (93.0) |
/// | 8 MP, 1,024 px | 1/2 | 82.2 (95.3) | 82.3 (95.2) | 81.8 (95.5) |
/// | 9 MP, 1,024 px | 1/2 | 76.0 (94.1) | 76.0 (94.0) | 76.0 (93.7) |
/// | 12 MP of ours, 1,024 px | 1/2 | 72.8 (93.7) | 73.5 (93.4) | 73.2 (93.8) |
/// | 24 MP of ours, 1,024 px | 1/2 | 72.2 (93.6) | 72.9 (93.7) | 64.5 (74.6) |
/// | 12 MP, 672 px: 1.5 left | 1/4 | 74.0 (90.3) | 73.9 (89.5) | 72.9 (89.0) |
/// | 12 MP, 512 px | 1/4 | 75.1 (93.4) | 74.9 (93.1) | 73.6 (92.9) |
/// | 8 MP, 512 px | 1/4 | 80.2 (95.7) | 80.1 (95.4) | 78.0 (95.0) |
/// | 9 MP, 512 px | 1/4 | 76.8 (94.7) | 76.8 (94.5) | 68.4 (77.0) |
/// | 12 MP of ours, 512 px | 1/4 | 71.0 (94.6) | 70.9 (93.5) | 69.0 (95.2) |
/// | 12 MP of ours, progressive, 512 px | 1/4 | 71.0 (94.2) | 70.5 (90.2) | 69.0 (95.2) |
/// | 12 MP, 128 px | 1/8 | 48.7 (95.4) | 48.8 (95.0) | 41.2 (95.5) |
/// | 8 MP, 128 px | 1/8 | 37.9 (96.0) | 37.6 (94.8) | 27.4 (95.7) |
/// | 9 MP, 128 px | 1/8 | 15.3 (92.3) | 14.4 (91.5) | 2.6 (90.3) |
///
/// At 1/2 chroma as luma takes 0.88 and 0.89 of the instructions at 1,024 px (8 and 12 MP; callgrind). At 1/4 it would take
/// 0.91, and lose more than a point.
///
/// Of a picture of less than a megapixel chroma comes one step finer at 1/2 too, because there it is not a matter of time:
/// four camera files reduced to 640 px, to 128 px as PNG, 96.0 to 96.4 instead of 92.7 to 95.0 (sharp 88.6 to 91.7); 0.3 MP
/// of ours 96.7 instead of 90.7 (sharp 93.6).
///
/// 4:2:2 has one side at luma's size already. Three camera files to 128 and 200 px, chroma at 1/8 instead of 1/4: 0.22
/// lower to 0.05 higher (median 0.10 lower), in 0.59 to 0.71 of the time. A progressive file would need its AC scans for
/// chroma at 1/4, and so half of the file.
fn scales(header: &::jpeg::Header, coding: Coding, luma: Scale) -> Vec<Scale> {
    let is_small = u64::from(header.width_px) * u64::from(header.height_px) < SMALL_PIXELS;
    let of = |(narrower, lower): (bool, bool)| match (coding, luma) {
        _ if !narrower && !lower => luma,
        (_, Scale::Quarter) => Scale::Half,
        (_, Scale::Half) if is_small => Scale::Full,
        (Coding::Progressive, _) => luma,
        (_, Scale::Eighth) if narrower && lower => Scale::Quarter,
        _ => luma,
    };
    beside_largest(header, |own, largest| own < largest).into_iter().map(of).collect()
}

/// What `is` says of each component's sampling factor and the largest, across and down.
fn beside_largest(header: &::jpeg::Header, is: impl Fn(u8, u8) -> bool) -> Vec<(bool, bool)> {
    let widest = header.components.iter().map(|component| component.h).max().unwrap_or(1);
    let tallest = header.components.iter().map(|component| component.v).max().unwrap_or(1);
    header.components.iter().map(|component| (is(component.h, widest), is(component.v, tallest))).collect()
}

/// What decoding holds beside the variants, in bytes.
fn plan_bytes(probe: &Probe, detail: &JpegDetail, scale: Scale) -> u64 {
    // Without the whole header there is no decode.
    let Some(header) = &detail.header else { return probe.header_bytes };
    let Ok(plan) = ::jpeg::plan(header, &scales(header, detail.coding, scale)) else { return probe.header_bytes };
    // The header is kept with the probe, and the profile is handed on.
    let [icc_bytes, exif_bytes] = [&header.icc, &header.exif].map(|kept| kept.as_ref().map_or(0, Vec::len) as u64);
    plan.peak_bytes + probe.header_bytes + 2 * icc_bytes + exif_bytes
}

/// Pixels from which on a second thread pays: starting it takes as long as reading and transforming a few thousand blocks.
const LEAST_PIXELS: u64 = 1 << 19;

/// Whether a second thread is worth its start.
pub(super) fn is_large(probe: &Probe) -> bool {
    probe.pixels() >= LEAST_PIXELS
}

/// What decoding holds besides where a second thread helps, in bytes.
pub(super) fn beside_bytes(probe: &Probe, detail: &JpegDetail, shrink: u32) -> u64 {
    match &detail.header {
        Some(header) if is_large(probe) => ::jpeg::beside_bytes(header, &scales(header, detail.coding, scale(shrink))),
        _ => 0,
    }
}

/// The scale of each component where luma shrinks so far, and what it then comes out as.
///
/// # Errors
/// As `jpeg::plan`.
pub(super) fn components(
    header: &::jpeg::Header,
    coding: Coding,
    shrink: u32,
) -> Result<(Vec<Scale>, Vec<Component>), ::jpeg::Error> {
    let scales = scales(header, coding, scale(shrink));
    let planned = ::jpeg::plan(header, &scales)?;
    let halves = beside_largest(header, |own, largest| own * 2 == largest);
    let components = planned.components.iter().zip(halves).map(|(component, (across, down))| {
        let is_full = component.scale == Scale::Full;
        Component {
            size: (component.width_samples as u32, component.height_samples as u32),
            // The exact, fractional extent: worth 5 to 10 points of SSIMULACRA2 where sides are no multiples of 8.
            extent: (component.extent_width_samples, component.extent_height_samples),
            interpolated: (is_full && across, is_full && down),
        }
    });
    let components = components.collect();
    Ok((scales, components))
}
