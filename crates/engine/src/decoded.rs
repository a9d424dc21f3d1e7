//! The small image as a room hands it on, with what was found beside the pixels.

use resample::Kernel;

use crate::{
    Orientation, Warning,
    geometry::Window,
    raster::{Channels, Raster},
    shrink::Shrinker,
};

/// What a decoder hands on.
pub(crate) struct Decoded {
    pub(crate) pixels: Pixels,
    /// Orientation found behind the pixels.
    pub(crate) orientation: Option<Orientation>,
    /// An ICC profile of the samples.
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) warnings: Vec<Warning>,
}

/// The small image, and where on it the whole image lies: its last column and row may count in part only.
pub(crate) enum Pixels {
    /// Interleaved; alpha premultiplied.
    Raster(Raster, Window, Model),
    /// One grey raster for each component of a JPEG, each of its own size.
    Planes(Vec<Plane>, Model),
}

pub(crate) struct Plane {
    pub(crate) raster: Raster,
    pub(crate) extent: Window,
    pub(crate) kernel: Kernel,
}

impl Decoded {
    /// What the rows in `shrinker` became.
    pub(crate) fn of_rows(shrinker: Shrinker, profile: Option<Vec<u8>>, warnings: Vec<Warning>) -> Self {
        let (raster, extent) = shrinker.finish();
        Self::of_raster(raster, extent, profile, warnings)
    }

    /// An interleaved small image.
    pub(crate) fn of_raster(raster: Raster, extent: Window, profile: Option<Vec<u8>>, warnings: Vec<Warning>) -> Self {
        let model = match raster.channels {
            Channels::Grey | Channels::GreyAlpha => Model::Grey,
            Channels::YCbCr => Model::YCbCr,
            Channels::Rgb | Channels::Rgba => Model::Rgb,
            Channels::Cmyk => Model::Cmyk,
        };
        Self { pixels: Pixels::Raster(raster, extent, model), orientation: None, profile, warnings }
    }
}

/// What the components mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Grey,
    YCbCr,
    Rgb,
    /// Adobe stores ink inverted: 255 is none.
    CmykInverted,
    Cmyk,
    /// YCbCr of inverted ink, and inverted black.
    YcckInverted,
}
