//! The small image between decoder and encoder.

use resample::{Crop, Kernel, Source, resample};

/// Channels of a pixel, all of eight bits. Alpha is premultiplied as long as an image is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channels {
    Grey,
    GreyAlpha,
    Rgb,
    /// Full range, as in JFIF.
    YCbCr,
    Rgba,
    Cmyk,
}

impl Channels {
    pub(crate) const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::GreyAlpha => 2,
            Self::Rgb | Self::YCbCr => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// What their samples mean, those of light or of ink.
    pub(crate) const fn model(self) -> Model {
        match self {
            Self::Grey | Self::GreyAlpha => Model::Grey,
            Self::YCbCr => Model::YCbCr,
            Self::Rgb | Self::Rgba => Model::Rgb,
            Self::Cmyk => Model::Cmyk,
        }
    }

    /// The samples of what is not there: mid-grey, transparent, or no ink.
    pub(crate) const fn blank(self) -> u8 {
        match self {
            Self::Grey | Self::Rgb | Self::YCbCr => 128,
            Self::GreyAlpha | Self::Rgba | Self::Cmyk => 0,
        }
    }

    pub(crate) const fn has_alpha(self) -> bool {
        matches!(self, Self::GreyAlpha | Self::Rgba)
    }
}

/// Rows of pixels without padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raster {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) channels: Channels,
    /// `width * height * channels.count()` bytes.
    pub(crate) samples: Vec<u8>,
}

impl Raster {
    /// Whether alpha is 255 everywhere, or absent.
    pub(crate) fn is_opaque(&self) -> bool {
        let count = self.channels.count();
        !self.channels.has_alpha() || self.samples.chunks_exact(count).all(|pixel| pixel[count - 1] == 255)
    }

    /// `crop` of it as `size` pixels, width and height.
    pub(crate) fn resized(&self, crop: Crop, size: (u32, u32), kernel: Kernel) -> Self {
        let source = Source {
            width: self.width as u32,
            height: self.height as u32,
            channels: self.channels.count(),
            samples: &self.samples,
        };
        let samples = resample(&source, crop, size, kernel);
        Self { width: size.0 as usize, height: size.1 as usize, channels: self.channels, samples }
    }

    /// Turns it upside down.
    pub(crate) fn flip(&mut self) {
        let mut rows = self.samples.chunks_exact_mut(self.width * self.channels.count());
        while let (Some(first), Some(last)) = (rows.next(), rows.next_back()) {
            first.swap_with_slice(last);
        }
    }

    /// Colour through alpha, rounded; colour under no alpha becomes black.
    pub(crate) fn unpremultiply(&mut self) {
        let count = self.channels.count();
        if !self.channels.has_alpha() {
            return;
        }
        for pixel in self.samples.chunks_exact_mut(count) {
            let alpha = u32::from(pixel[count - 1]);
            for sample in &mut pixel[..count - 1] {
                *sample = match alpha {
                    0 => 0,
                    // Resampling may leave a colour a step above its alpha.
                    _ => ((u32::from(*sample) * 255 + alpha / 2) / alpha).min(255) as u8,
                };
            }
        }
    }

    /// The image without its alpha channel.
    pub(crate) fn without_alpha(self) -> Self {
        let (channels, samples) = match self.channels {
            Channels::GreyAlpha => (Channels::Grey, self.samples.chunks_exact(2).map(|pixel| pixel[0]).collect()),
            Channels::Rgba => {
                let pixels = self.samples.as_chunks::<4>().0.iter();
                (Channels::Rgb, pixels.flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect())
            }
            _ => return self,
        };
        Self { channels, samples, ..self }
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
