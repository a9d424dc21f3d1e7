//! One raster, or one component of it, on its way to every variant: its rows are resized as they come.
//!
//! One decode serves all variants: the largest decides its scale. A variant of a third of its size or less is resized
//! from that one, every other one from the rows.

use contract::Variant;
use resample::{Crop, Kernel, RowResampler};

use crate::{
    Probe,
    geometry::{self, Layout, Window},
    planes::Plane,
    raster::{Channels, Raster},
    shrink::Shrinker,
};

/// From so many times its size on each side a variant is resized from the largest one.
///
/// SSIMULACRA2 against the same variant resized from the full decode, seven camera files and a progressive one, in a set of
/// 1,600, 512 and 128 px: 512 px, 3.1 times smaller, scores 95.0 to 96.1, where it scores 93.8 to 95.3 alone (from a
/// decode at 1/4); 128 px 89.0 to 96.0, alone 87.6 to 94.8, and never more than 0.2 below. It takes 0.80 to 0.92 of the
/// CPU that all variants from the full decode took. Tried and dropped: rows averaged for each smaller variant, 1.05 to
/// 1.10 of it.
const FROM_LARGEST: u32 = 3;

/// How a raster becomes a variant's.
pub(crate) enum Way {
    Rows(Box<Stream>),
    /// From that of the variant with this number, at this width and height.
    From(usize, (u32, u32)),
}

/// Rows that become a raster of another size.
pub(crate) struct Stream {
    /// Averages them before, where that is to be.
    pub(crate) means: Option<Shrinker>,
    pub(crate) resampler: RowResampler,
    pub(crate) channels: Channels,
    /// Width and height of what they become.
    pub(crate) size: (u32, u32),
    pub(crate) is_fine: bool,
}

impl Stream {
    fn push(&mut self, row: &[u8]) {
        match &mut self.means {
            None => self.resampler.push(row),
            Some(means) => {
                means.push(row);
                means.take_row(|row| self.resampler.push(row));
            }
        }
    }

    fn finish(self) -> Plane {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        if self.is_fine {
            return Plane::Fine { size: (width, height), samples: self.resampler.finish_fine() };
        }
        Plane::Samples(Raster { width, height, channels: self.channels, samples: self.resampler.finish() })
    }
}

/// Takes the next row.
pub(crate) fn push(ways: &mut [Way], row: &[u8]) {
    for way in ways {
        if let Way::Rows(stream) = way {
            stream.push(row);
        }
    }
}

/// The raster of each variant, after all rows.
pub(crate) fn finish(ways: Vec<Way>) -> Vec<Plane> {
    let small: Vec<_> =
        ways.iter().map(|way| if let Way::From(index, size) = way { Some((*index, *size)) } else { None }).collect();
    let blank = || Raster { width: 0, height: 0, channels: Channels::Grey, samples: Vec::new() };
    let of_rows = |way| if let Way::Rows(stream) = way { stream.finish() } else { Plane::Samples(blank()) };
    let mut planes: Vec<_> = ways.into_iter().map(of_rows).collect();
    for (plane, (index, size)) in small.into_iter().enumerate().filter_map(|(plane, from)| Some((plane, from?))) {
        let rounded = planes[index].rounded();
        let large = rounded.as_ref().or(planes[index].samples());
        let Some(large) = large else { continue };
        let whole = Crop::whole((large.width as u32, large.height as u32));
        planes[plane] = Plane::Samples(large.resized(whole, size, Kernel::Lanczos3));
    }
    planes
}

/// How each variant lies, and the number of the largest one, if the variant shows the same of the image and is small
/// enough to be resized from it.
pub(crate) fn layouts(probe: &Probe, variants: &[Variant]) -> Vec<(Layout, Option<usize>)> {
    let layouts: Vec<_> = variants.iter().map(|variant| geometry::layout(probe.seen_px(), variant)).collect();
    let pixels = |layout: &Layout| u64::from(layout.picture.0) * u64::from(layout.picture.1);
    let largest = layouts.iter().copied().enumerate().max_by_key(|(_, layout)| pixels(layout));
    let from = |small: &Layout| {
        let (index, large) = largest?;
        let fits = |small: u32, large: u32| small.saturating_mul(FROM_LARGEST) <= large;
        let is_small = fits(small.picture.0, large.picture.0) && fits(small.picture.1, large.picture.1);
        (is_small && small.crop == large.crop).then_some(index)
    };
    layouts.iter().map(|layout| (*layout, from(layout))).collect()
}

/// The ways of interleaved pixels, of which `size` (width, height) come and `extent` is covered by the whole image;
/// `from_bottom` where the last row comes first.
pub(crate) fn of_pixels(
    channels: Channels,
    (size, extent): ((u32, u32), Window),
    (probe, variants): (&Probe, &[Variant]),
    from_bottom: bool,
) -> Vec<Way> {
    let stored = ((probe.width_px, probe.height_px), probe.orientation);
    let way = |(layout, from): (Layout, Option<usize>)| {
        let to = probe.orientation.seen(layout.picture);
        if let Some(larger) = from {
            return Way::From(larger, to);
        }
        let mut crop = geometry::on_raster(layout.crop, stored, extent, (size.0 as usize, size.1 as usize));
        if from_bottom {
            crop.top = (extent.height - crop.top - crop.height).max(0.0);
        }
        let resampler = RowResampler::of_pixels(channels.count(), size, crop, to, Kernel::Lanczos3);
        Way::Rows(Box::new(Stream { means: None, resampler, channels, size: to, is_fine: false }))
    };
    layouts(probe, variants).into_iter().map(way).collect()
}

/// A raster, of which `extent` is the whole image, at the size of each variant.
pub(crate) fn resized(raster: &Raster, extent: Window, probe: &Probe, variants: &[Variant]) -> Vec<Raster> {
    let size = (raster.width as u32, raster.height as u32);
    let mut ways = of_pixels(raster.channels, (size, extent), (probe, variants), false);
    raster.samples.chunks_exact(raster.width * raster.channels.count()).for_each(|row| push(&mut ways, row));
    rasters(ways)
}

/// The same at the size of one variant.
pub(crate) fn resized_one((raster, extent): (&Raster, Window), probe: &Probe, variant: &Variant) -> Raster {
    let one = resized(raster, extent, probe, std::slice::from_ref(variant)).pop();
    one.expect("a variant has a raster")
}

/// Of ways of interleaved pixels.
pub(crate) fn rasters(ways: Vec<Way>) -> Vec<Raster> {
    finish(ways).into_iter().filter_map(Plane::into_raster).collect()
}

/// The most that [`of_pixels`] holds for `size` (width, height) pixels of so many channels, the resized ones included,
/// and these alone, in bytes; however the image turns out to be turned.
pub(crate) fn bytes(channels: u64, size: (u32, u32), probe: &Probe, variants: &[Variant]) -> (u64, u64) {
    let turned = Probe { width_px: probe.height_px, height_px: probe.width_px, ..probe.clone() };
    let of = |of_probe: &Probe, size: (u32, u32)| {
        let (mut all_bytes, mut resized_bytes) = (0, 0);
        for (layout, from) in layouts(of_probe, variants) {
            let to = probe.orientation.seen(layout.picture);
            let pixels_bytes = u64::from(to.0) * u64::from(to.1) * channels;
            resized_bytes += pixels_bytes;
            all_bytes += match from {
                // What the resizer holds besides is less than that of all others, which is gone by then.
                Some(_) => pixels_bytes,
                None => RowResampler::bytes_of_pixels(channels as usize, size, Crop::whole(size), to, Kernel::Lanczos3),
            };
        }
        (all_bytes, resized_bytes)
    };
    let (as_said, as_turned) = (of(probe, size), of(&turned, (size.1, size.0)));
    (as_said.0.max(as_turned.0), as_said.1.max(as_turned.1))
}
