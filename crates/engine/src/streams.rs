//! Components that come row by row, resized for every variant as they come: no plane is held whole.
//!
//! One decode serves all variants. The largest decides its scale; for each smaller one rows are averaged first, as far
//! as if it were the only variant (`room::row_shrink`, with its figures), so that it costs little more than the mean.

use contract::{OutputFormat, Variant};
use resample::RowResampler;

use crate::{
    Plan, Probe,
    colour::Colours,
    decoded::{Component, Pixels},
    geometry::{self, Layout, Window},
    raster::{Channels, Raster},
    room,
    shrink::Shrinker,
};

/// Takes the rows of all components and gives the variants of a plan.
pub(crate) struct Streams {
    /// By component, then by variant.
    streams: Vec<Vec<Stream>>,
    colours: Colours,
}

impl Streams {
    /// For the components as `plan` has them decoded.
    pub(crate) fn new(probe: &Probe, plan: &Plan, components: &[Component], colours: Colours) -> Self {
        let of = |(index, component): (usize, &Component)| {
            let of = |variant: &Variant| {
                let layout = geometry::layout(probe.seen_px(), variant);
                let is_halved = index > 0 && components.len() == 3 && keeps_planes(&colours, variant, &layout);
                let shape = Shape::new(probe, plan.shrink, component, variant, is_halved);
                Stream::new(component, shape)
            };
            plan.variants.iter().map(of).collect()
        };
        Self { streams: components.iter().enumerate().map(of).collect(), colours }
    }

    /// What [`Streams::new`] holds at the most, resized planes included, and these alone, in bytes.
    pub(crate) fn bytes(probe: &Probe, shrink: u32, components: &[Component], variants: &[Variant]) -> (u64, u64) {
        let (mut all_bytes, mut planes_bytes) = (0, 0);
        for component in components {
            for variant in variants {
                // A profile may ask for chroma at luma's size; what is halved is smaller.
                let shape = Shape::new(probe, shrink, component, variant, false);
                all_bytes += shape.bytes(component);
                planes_bytes += u64::from(shape.size.0) * u64::from(shape.size.1);
            }
        }
        (all_bytes, planes_bytes)
    }

    /// Takes the next row of a component; one of no component is dropped.
    pub(crate) fn push(&mut self, component: usize, row: &[u8]) {
        self.streams.get_mut(component).into_iter().flatten().for_each(|stream| stream.push(row));
    }

    /// The variants, after all rows.
    pub(crate) fn finish(self) -> Pixels {
        let mut streams: Vec<_> = self.streams.into_iter().map(Vec::into_iter).collect();
        let mut variants = Vec::new();
        loop {
            let planes: Vec<_> = streams.iter_mut().filter_map(Iterator::next).map(Stream::finish).collect();
            if planes.is_empty() {
                return Pixels::Variants(variants, self.colours);
            }
            variants.push(planes);
        }
    }
}

/// Whether the three planes go to the encoder as they are, chroma at half the size where a side is even.
pub(crate) fn keeps_planes(colours: &Colours, variant: &Variant, layout: &Layout) -> bool {
    let is_jpeg = matches!(variant.format, OutputFormat::Jpeg | OutputFormat::Auto);
    is_jpeg && colours.keep_samples() && layout.canvas == layout.picture
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
}

impl Shape {
    fn new(probe: &Probe, shrink: u32, component: &Component, variant: &Variant, is_halved: bool) -> Self {
        let layout = geometry::layout(probe.seen_px(), variant);
        let left = room::least_shrink(probe, variant) / f64::from(shrink);
        let factor = component_factor(probe, shrink, component, room::row_shrink(left));
        let small = (component.size.0.div_ceil(factor), component.size.1.div_ceil(factor));
        let (width, height) = (component.extent.0 / f64::from(factor), component.extent.1 / f64::from(factor));
        let extent = Window { left: 0.0, top: 0.0, width, height };
        let stored = ((probe.width_px, probe.height_px), probe.orientation);
        let crop = geometry::on_raster(layout.crop, stored, extent, (small.0 as usize, small.1 as usize));
        let side = |side: u32| if is_halved && side.is_multiple_of(2) { side / 2 } else { side };
        let (width, height) = probe.orientation.seen(layout.picture);
        Self { factor, small, crop, size: (side(width), side(height)) }
    }

    fn bytes(&self, component: &Component) -> u64 {
        let means_bytes = if self.factor == 1 { 0 } else { u64::from(component.size.0) * 2 + u64::from(self.small.0) };
        means_bytes + RowResampler::bytes(self.small, self.crop, self.size, component.kernel)
    }
}

/// How far a component's own rows are averaged: as far as luma's, less what it is coarser already.
fn component_factor(probe: &Probe, shrink: u32, component: &Component, row_shrink: u32) -> u32 {
    let luma = f64::from(probe.width_px) / f64::from(shrink);
    ((f64::from(row_shrink) * component.extent.0 / luma + 1e-9) as u32).clamp(1, row_shrink)
}

/// One component on its way to one variant.
struct Stream {
    means: Option<Shrinker>,
    resampler: RowResampler,
    size: (u32, u32),
}

impl Stream {
    fn new(component: &Component, Shape { factor, small, crop, size }: Shape) -> Self {
        let means = (factor > 1).then(|| Shrinker::of_rows(Channels::Grey, component.size, factor));
        Self { means, resampler: RowResampler::new(small, crop, size, component.kernel), size }
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

    fn finish(self) -> Raster {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        Raster { width, height, channels: Channels::Grey, samples: self.resampler.finish() }
    }
}
