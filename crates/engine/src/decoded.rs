//! The small image as a room hands it on, with what was found beside the pixels.

use std::time::Duration;

use resample::Kernel;

use crate::{
    Orientation, Warning,
    colour::Colours,
    geometry::Window,
    planes::Plane,
    raster::{Model, Raster},
};

/// What a decoder hands on.
pub(crate) struct Decoded {
    pub(crate) pixels: Pixels,
    /// Orientation found behind the pixels.
    pub(crate) orientation: Option<Orientation>,
    /// An ICC profile of the samples.
    pub(crate) profile: Option<Vec<u8>>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) elsewhere: Elsewhere,
}

/// What another process took for the image; nothing for most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// CPU time.
    pub cpu: Duration,
    /// The most that it had resident, in bytes.
    pub peak_bytes: u64,
}

/// What the variants are made from.
pub(crate) enum Pixels {
    /// The small image, interleaved, alpha premultiplied; and where on it the whole image lies: its last column and row
    /// may count in part only.
    Raster(Raster, Window, Model),
    /// The same for each variant, resized.
    Resized(Vec<Raster>, Model),
    /// For each variant its components, resized by `Streams`; and their colours.
    Variants(Vec<Vec<Plane>>, Colours),
}

/// A component as its decoder gives it, row by row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Component {
    /// Width and height in samples.
    pub(crate) size: (u32, u32),
    /// How many of them the image covers, from the upper left: the last column and row may count in part only.
    pub(crate) extent: (f64, f64),
    /// Whether full decoders interpolate it to luma's size, which has twice as many samples in a row, or in a column.
    pub(crate) interpolated: (bool, bool),
}

impl Component {
    /// What it is resized with; `is_halved` where it ends at half of luma's size, as in a JPEG.
    ///
    /// Where it ends at luma's size, the two steps of a full decoder, interpolation and Lanczos3, are one here.
    /// SSIMULACRA2 of PNG with it, with Mitchell's cubic, and of sharp: 0.3 MP to 512 px 96.2, 94.9 and 95.3; 1 MP to
    /// 1,024 px 95.3, 94.2 and 91.6; 12 MP to 2,048 px 94.2, 94.0 and 92.4; a camera's 4:2:2 of 12 MP to 2,048 px 95.2,
    /// 95.0 and 94.8.
    pub(crate) fn kernel(&self, is_halved: bool) -> Kernel {
        match self.interpolated {
            (false, false) => Kernel::Lanczos3,
            _ if is_halved => Kernel::CatmullRom,
            (across, down) => Kernel::Interpolated { across, down },
        }
    }
}

impl Decoded {
    /// An interleaved small image.
    pub(crate) fn of_raster(raster: Raster, extent: Window, profile: Option<Vec<u8>>, warnings: Vec<Warning>) -> Self {
        let model = raster.channels.model();
        Self::of_pixels(Pixels::Raster(raster, extent, model), profile, warnings)
    }

    /// Any of the three.
    pub(crate) fn of_pixels(pixels: Pixels, profile: Option<Vec<u8>>, warnings: Vec<Warning>) -> Self {
        Self { pixels, orientation: None, profile, warnings, elsewhere: Elsewhere::default() }
    }
}
