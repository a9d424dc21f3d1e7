//! Components that come row by row, resized for every variant as they come: no plane is held whole.
//!
//! One decode serves all variants: the largest decides its scale. A variant of a third of its size or less is resized
//! from its planes, every other one from the rows.

use contract::{OutputFormat, Variant};
use resample::{Kernel, RowResampler};

use crate::{
    Colour, Plan, Probe,
    colour::Colours,
    decoded::{Component, Pixels},
    geometry::{self, Layout, Window},
    planes::Plane,
    raster::{Channels, Model, Raster},
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

/// Takes the rows of all components and gives the variants of a plan.
pub(crate) struct Streams {
    /// By component, then by variant.
    streams: Vec<Vec<Way>>,
    colours: Colours,
}

impl Streams {
    /// For the components as `plan` has them decoded.
    pub(crate) fn new(probe: &Probe, plan: &Plan, components: &[Component], colours: Colours) -> Self {
        let shrinks = (plan.shrink, plan.row_shrink);
        let layouts = layouts(probe, &plan.variants);
        let is_ycbcr = colours.model() == Model::YCbCr && components.len() == 3;
        let are_fine = |number: usize, variant: &Variant| {
            is_ycbcr && are_fine(&layouts, number) && !keeps_planes(colours.keep_samples(), variant, &layouts[number].0)
        };
        let of = |(index, component): (usize, &Component)| {
            let of = |(number, (variant, (layout, from))): (usize, (&Variant, &(Layout, Option<usize>)))| {
                let is_halved = index > 0 && keeps_planes(colours.keep_samples(), variant, layout);
                let shape = Shape::new(probe, shrinks, component, layout, is_halved);
                match *from {
                    Some(larger) => Way::From(larger, shape.size),
                    None => Way::Rows(Box::new(Stream::new(component, shape, are_fine(number, variant)))),
                }
            };
            plan.variants.iter().zip(&layouts).enumerate().map(of).collect()
        };
        Self { streams: components.iter().enumerate().map(of).collect(), colours }
    }

    /// What [`Streams::new`] holds at the most, resized planes included, and these alone, in bytes.
    pub(crate) fn bytes(
        probe: &Probe,
        shrinks: (u32, u32),
        components: &[Component],
        variants: &[Variant],
    ) -> (u64, u64) {
        let (mut all_bytes, mut planes_bytes) = (0, 0);
        let layouts = layouts(probe, variants);
        for (index, component) in components.iter().enumerate() {
            for (number, (variant, (layout, from))) in variants.iter().zip(&layouts).enumerate() {
                let keeps_planes = keeps_planes(keeps_samples(probe), variant, layout);
                let shape = Shape::new(probe, shrinks, component, layout, index > 0 && keeps_planes);
                let plane_bytes = u64::from(shape.size.0) * u64::from(shape.size.1);
                // Fine samples have two bytes.
                let fine_bytes = if !keeps_planes && are_fine(&layouts, number) { plane_bytes } else { 0 };
                planes_bytes += plane_bytes + fine_bytes;
                all_bytes += match from {
                    // What the resizer holds besides is less than the rows of all others, which are gone by then.
                    Some(_) => plane_bytes,
                    None => shape.bytes(component) + fine_bytes,
                };
            }
        }
        (all_bytes, planes_bytes)
    }

    /// Takes the next row of a component; one of no component is dropped.
    pub(crate) fn push(&mut self, component: usize, row: &[u8]) {
        for way in self.streams.get_mut(component).into_iter().flatten() {
            if let Way::Rows(stream) = way {
                stream.push(row);
            }
        }
    }

    /// The variants, after all rows.
    pub(crate) fn finish(self) -> Pixels {
        let mut components: Vec<_> = self.streams.into_iter().map(|ways| finish(ways).into_iter()).collect();
        let mut variants = Vec::new();
        loop {
            let planes: Vec<_> = components.iter_mut().filter_map(Iterator::next).collect();
            if planes.is_empty() {
                return Pixels::Variants(variants, self.colours);
            }
            variants.push(planes);
        }
    }
}

/// A component's plane of each variant.
fn finish(ways: Vec<Way>) -> Vec<Plane> {
    let small: Vec<_> =
        ways.iter().map(|way| if let Way::From(index, size) = way { Some((*index, *size)) } else { None }).collect();
    let blank = || Raster { width: 0, height: 0, channels: Channels::Grey, samples: Vec::new() };
    let of_rows = |way| if let Way::Rows(stream) = way { stream.finish() } else { Plane::Samples(blank()) };
    let mut planes: Vec<_> = ways.into_iter().map(of_rows).collect();
    for (plane, (index, size)) in small.into_iter().enumerate().filter_map(|(plane, from)| Some((plane, from?))) {
        // One that others come from is never fine.
        let Plane::Samples(large) = &planes[index] else { continue };
        let whole = resample::Crop::whole((large.width as u32, large.height as u32));
        planes[plane] = Plane::Samples(large.resized(whole, size, Kernel::Lanczos3));
    }
    planes
}

/// How each variant lies, and the number of the largest one, if the variant shows the same of the image and is small
/// enough to be resized from it.
fn layouts(probe: &Probe, variants: &[Variant]) -> Vec<(Layout, Option<usize>)> {
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

/// Whether a variant may have fine samples: it comes from the rows, and no other variant comes from it.
fn are_fine(layouts: &[(Layout, Option<usize>)], number: usize) -> bool {
    layouts[number].1.is_none() && layouts.iter().all(|(_, from)| *from != Some(number))
}

/// Whether the three planes go to the encoder as they are, chroma at half the size where a side is even.
pub(crate) fn keeps_planes(keeps_samples: bool, variant: &Variant, layout: &Layout) -> bool {
    let is_jpeg = matches!(variant.format, OutputFormat::Jpeg | OutputFormat::Auto);
    is_jpeg && keeps_samples && layout.canvas == layout.picture
}

/// What [`Colours::keep_samples`] will say, as far as the header tells: without a profile for certain.
pub(crate) fn keeps_samples(probe: &Probe) -> bool {
    probe.colour == Colour::YCbCr && probe.detail.profile_bytes() == 0
}

/// How one component becomes a plane of one variant.
struct Shape {
    /// So many rows and columns become one before it is resized.
    factor: u32,
    /// Width and height after that.
    small: (u32, u32),
    crop: resample::Crop,
    /// Width and height of the plane, as stored.
    size: (u32, u32),
    kernel: Kernel,
}

impl Shape {
    fn new(
        probe: &Probe,
        (shrink, row_shrink): (u32, u32),
        component: &Component,
        layout: &Layout,
        is_halved: bool,
    ) -> Self {
        let factor = component_factor(probe, shrink, component, row_shrink);
        let small = (component.size.0.div_ceil(factor), component.size.1.div_ceil(factor));
        let (width, height) = (component.extent.0 / f64::from(factor), component.extent.1 / f64::from(factor));
        let extent = Window { left: 0.0, top: 0.0, width, height };
        let stored = ((probe.width_px, probe.height_px), probe.orientation);
        let crop = geometry::on_raster(layout.crop, stored, extent, (small.0 as usize, small.1 as usize));
        let side = |side: u32| if is_halved && side.is_multiple_of(2) { side / 2 } else { side };
        let (width, height) = probe.orientation.seen(layout.picture);
        Self { factor, small, crop, size: (side(width), side(height)), kernel: component.kernel(is_halved) }
    }

    fn bytes(&self, component: &Component) -> u64 {
        let means_bytes = if self.factor == 1 { 0 } else { u64::from(component.size.0) * 2 + u64::from(self.small.0) };
        means_bytes + RowResampler::bytes(self.small, self.crop, self.size, self.kernel)
    }
}

/// How far a component's own rows are averaged: as far as luma's, less what it is coarser already.
fn component_factor(probe: &Probe, shrink: u32, component: &Component, row_shrink: u32) -> u32 {
    let luma = f64::from(probe.width_px) / f64::from(shrink);
    ((f64::from(row_shrink) * component.extent.0 / luma + 1e-9) as u32).clamp(1, row_shrink)
}

/// How a component becomes a variant's plane.
enum Way {
    Rows(Box<Stream>),
    /// From the plane of the variant with this number, at this width and height.
    From(usize, (u32, u32)),
}

/// One component on its way to one variant.
struct Stream {
    means: Option<Shrinker>,
    resampler: RowResampler,
    size: (u32, u32),
    is_fine: bool,
}

impl Stream {
    fn new(component: &Component, Shape { factor, small, crop, size, kernel }: Shape, is_fine: bool) -> Self {
        let means = (factor > 1).then(|| Shrinker::of_rows(Channels::Grey, component.size, factor));
        let resampler = if is_fine { RowResampler::fine } else { RowResampler::new };
        Self { means, resampler: resampler(small, crop, size, kernel), size, is_fine }
    }

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
        Plane::Samples(Raster { width, height, channels: Channels::Grey, samples: self.resampler.finish() })
    }
}
