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
    /// Chroma that full decoders blur on its way to luma's size.
    pub(crate) is_blurred: bool,
}

impl Component {
    /// What it is resized with; `is_halved` where it ends at half of luma's size.
    ///
    /// Chroma of 4:2:0 at full size that is not blurred looks too sharp beside full decoders' where it ends at luma's
    /// size. SSIMULACRA2 of PNG with Catmull-Rom's cubic, with Mitchell's, and by sharp: 1 MP to 1,024 px 90.7, 93.1 and
    /// 92.0; 3 MP 92.6, 93.6 and 95.2; 12 MP to 2,048 px 91.8, 92.0 and 93.3; 8 MP 93.9, 94.0 and 95.1. A JPEG ends at
    /// half and scores 0.0 to 1.3 lower with Mitchell's.
    ///
    /// Those scores are against RGB that was rounded to eight bits before it was resized, as sharp's is. Against a reference
    /// that is rounded once a camera's 4:4:4 at 2,048 px scores 94.6, sharp 93.0 (`benches/peers/reference.py`).
    pub(crate) fn kernel(&self, is_halved: bool) -> Kernel {
        match (self.is_blurred, is_halved) {
            (false, _) => Kernel::Lanczos3,
            (true, true) => Kernel::CatmullRom,
            (true, false) => Kernel::Mitchell,
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
