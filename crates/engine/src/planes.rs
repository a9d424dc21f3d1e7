//! The components of a variant, resized and not yet turned.

use resample::FINE_BITS;

use crate::{
    colour,
    raster::{Channels, Raster},
};

/// One component of a variant.
pub(crate) enum Plane {
    /// In one channel.
    Samples(Raster),
    /// With [`FINE_BITS`] behind the point, on its way to RGB.
    ///
    /// Y, Cb and Cr rounded to 8 bits before they are RGB cost 1.2 of SSIMULACRA2: four camera files to 128 px scored
    /// 94.3 to 95.0 as PNG, where sharp, which resizes RGB, has 95.5 to 96.1.
    Fine {
        /// Width and height in samples.
        size: (usize, usize),
        /// Row by row.
        samples: Vec<i16>,
    },
}

impl Plane {
    /// Samples of 8 bits; `None` for fine ones.
    pub(crate) fn samples(&self) -> Option<&Raster> {
        match self {
            Self::Samples(raster) => Some(raster),
            Self::Fine { .. } => None,
        }
    }

    /// Fine samples in 8 bits; `None` for others.
    pub(crate) fn rounded(&self) -> Option<Raster> {
        let Self::Fine { size, samples } = self else { return None };
        let half = 1 << (FINE_BITS - 1);
        let round = |sample: &i16| ((i32::from(*sample) + half) >> FINE_BITS).clamp(0, 255) as u8;
        let samples = samples.iter().map(round).collect();
        Some(Raster { width: size.0, height: size.1, channels: Channels::Grey, samples })
    }

    /// In one channel of 8 bits; `None` for fine samples.
    pub(crate) fn into_raster(self) -> Option<Raster> {
        match self {
            Self::Samples(raster) => Some(raster),
            Self::Fine { .. } => None,
        }
    }
}

/// Fine Y, Cb and Cr as RGB; `None` for anything else.
pub(crate) fn rgb(planes: &[Plane]) -> Option<Raster> {
    let [Plane::Fine { size, samples: y }, Plane::Fine { samples: cb, .. }, Plane::Fine { samples: cr, .. }] = planes
    else {
        return None;
    };
    let pixels = y.iter().zip(cb).zip(cr);
    let samples = pixels.flat_map(|((y, cb), cr)| colour::rgb_of_fine([*y, *cb, *cr], FINE_BITS)).collect();
    Some(Raster { width: size.0, height: size.1, channels: Channels::Rgb, samples })
}
