//! Components that come row by row, resized for every variant as they come: no plane is held whole.

use contract::{OutputFormat, Variant};
use resample::{Crop, Kernel, RowResampler};

use crate::{
    Colour, Plan, Probe,
    colour::Colours,
    decoded::{Component, Pixels},
    geometry::{self, Layout, Window},
    raster::{Channels, Model},
    shrink::Shrinker,
    ways::{self, Stream, Way},
};

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
        let layouts = ways::layouts(probe, &plan.variants);
        let is_ycbcr = colours.model() == Model::YCbCr && components.len() == 3;
        let are_fine = |number: usize, variant: &Variant| {
            is_ycbcr && !keeps_planes(colours.keep_samples(), variant, &layouts[number].0)
        };
        let of = |(index, component): (usize, &Component)| {
            let of = |(number, (variant, (layout, from))): (usize, (&Variant, &(Layout, Option<usize>)))| {
                let is_halved = index > 0 && keeps_planes(colours.keep_samples(), variant, layout);
                let shape = Shape::new(probe, shrinks, component, layout, is_halved);
                match *from {
                    Some(larger) => Way::From(larger, shape.size),
                    None => Way::Rows(Box::new(shape.stream(component, are_fine(number, variant)))),
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
        let layouts = ways::layouts(probe, variants);
        for (index, component) in components.iter().enumerate() {
            for (variant, (layout, from)) in variants.iter().zip(&layouts) {
                let keeps_planes = keeps_planes(keeps_samples(probe), variant, layout);
                let shape = Shape::new(probe, shrinks, component, layout, index > 0 && keeps_planes);
                let plane_bytes = u64::from(shape.size.0) * u64::from(shape.size.1);
                // Fine samples have two bytes.
                let fine_bytes = if !keeps_planes && from.is_none() { plane_bytes } else { 0 };
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
        self.streams.get_mut(component).into_iter().for_each(|ways| ways::push(ways, row));
    }

    /// The variants, after all rows.
    pub(crate) fn finish(self) -> Pixels {
        let mut components: Vec<_> = self.streams.into_iter().map(|ways| ways::finish(ways).into_iter()).collect();
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
    crop: Crop,
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
        Self {
            factor,
            small,
            crop,
            size: (side(width), side(height)),
            kernel: component.kernel(is_halved || factor > 1),
        }
    }

    fn stream(self, component: &Component, is_fine: bool) -> Stream {
        let Self { factor, small, crop, size, kernel } = self;
        let means = (factor > 1).then(|| Shrinker::of_rows(Channels::Grey, component.size, factor));
        let resampler = if is_fine { RowResampler::fine } else { RowResampler::new };
        Stream { means, resampler: resampler(small, crop, size, kernel), channels: Channels::Grey, size, is_fine }
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
