//! One stored row to 8-bit pixels: depth, palette, colour model and alpha.

use contract::ImageFormat;

use super::{
    depth::{Depth, Range},
    directory::{Directory, Gap},
    header::{Alpha, COLOUR_MAP, TiffDetail, colours, compression},
    inks::YCbCr,
    predict::{self, Prediction},
};
use crate::{Colour, EngineError, exif::Order, lab::Lab, samples::to_8};

const FORMAT: ImageFormat = ImageFormat::Tiff;

/// How rows are stored.
pub(super) struct RowFormat {
    order: Order,
    bits: usize,
    /// Samples that follow one another in a row: all of a pixel, or 1 in planes.
    stride: usize,
    planar: bool,
    prediction: Prediction,
    depth: Depth,
    model: Model,
    /// Samples of a pixel that are colour.
    colours: usize,
    alpha: Option<Alpha>,
    white_is_zero: bool,
    /// Of YCbCr: luma samples to one of chroma, across and down.
    subsampling: (usize, usize),
    out_channels: usize,
}

/// What colour samples become.
enum Model {
    /// Grey, red, green, blue or ink: their levels.
    Levels,
    Palette(Vec<[u8; 3]>),
    YCbCr(YCbCr),
    Lab(Box<Lab>),
}

impl RowFormat {
    /// `colour` is what the samples mean as they come out of the decompressor: JPEG makes RGB of YCbCr.
    ///
    /// # Errors
    /// [`Gap::Fault`] for a colour map that is missing or too short.
    pub(super) fn new(
        colour: Colour,
        out_channels: usize,
        detail: &TiffDetail,
        directory: &Directory<'_>,
    ) -> Result<Self, Gap> {
        let refuse = || format!("{} bits per sample of format {}", detail.bits, detail.sample_format);
        // L*a*b* is stored in integers, some of which are said to be signed.
        let sample_format = if colour == Colour::Lab { 1 } else { detail.sample_format };
        let depth = Depth::new(sample_format, detail.bits).ok_or_else(|| EngineError::unsupported(FORMAT, refuse()))?;
        let is_number = matches!(depth, Depth::Eight | Depth::Sixteen);
        let is_usable = match colour {
            Colour::Palette => depth.wide().is_none(),
            Colour::Lab => is_number && detail.samples >= 3,
            _ => true,
        };
        if !is_usable {
            return Err(EngineError::unsupported(FORMAT, refuse()).into());
        }
        let model = match colour {
            Colour::Palette => Model::Palette(palette(directory, detail.bits)?),
            Colour::YCbCr => Model::YCbCr(YCbCr::new(directory, detail.bits)?),
            Colour::Lab => Model::Lab(Box::new(Lab::new(detail.photometric == 9))),
            Colour::Grey | Colour::Rgb | Colour::Cmyk => Model::Levels,
        };
        Ok(Self {
            order: detail.order,
            bits: usize::from(detail.bits),
            stride: usize::from(detail.stride()),
            planar: detail.planar,
            prediction: prediction(detail)?,
            depth,
            model,
            colours: usize::from(colours(colour)),
            alpha: detail.alpha,
            white_is_zero: detail.photometric == 0,
            subsampling: (detail.subsampling.0 as usize, detail.subsampling.1 as usize),
            out_channels,
        })
    }

    /// Differences become values, from left to right.
    pub(super) fn undo_prediction(&self, row: &mut [u8]) {
        predict::undo(self.prediction, row, self.bits / 8, self.stride, self.order);
    }

    /// Whether samples are stretched from the range that [`RowFormat::add_range`] finds.
    pub(super) fn is_stretched(&self) -> bool {
        self.depth.wide().is_some()
    }

    /// Adds the colour samples of a row of `width` pixels to `range`.
    pub(super) fn add_range(&self, stored: &[u8], plane_bytes: usize, width: usize, range: &mut Range) {
        let Some(wide) = self.depth.wide() else { return };
        for x in 0..width {
            for channel in 0..self.colours {
                let (row, position) = self.place(stored, plane_bytes, (x, 0), channel);
                range.add(wide.value(row, position, self.order));
            }
        }
    }

    pub(super) const fn set_range(&mut self, range: Range) {
        self.depth.set_range(range);
    }

    /// Plane and position in it of sample `channel` of the pixel at `x`, in line `line` of a row of blocks.
    fn place<'row>(
        &self,
        stored: &'row [u8],
        plane_bytes: usize,
        (x, line): (usize, usize),
        channel: usize,
    ) -> (&'row [u8], usize) {
        if self.planar {
            return (&stored[channel * plane_bytes..][..plane_bytes], x);
        }
        let (across, down) = self.subsampling;
        if across * down == 1 {
            return (stored, x * self.stride + channel);
        }
        // A block is its luma samples row by row, then one of either chroma.
        let block = x / across * (across * down + 2);
        let within = if channel == 0 { line * across + x % across } else { across * down + channel - 1 };
        (stored, block + within)
    }

    /// Line `line` of a stored row of all planes, each of `plane_bytes`, as pixels with straight alpha: in `pixels`, or
    /// as they are stored.
    pub(super) fn pixels<'row>(
        &self,
        stored: &'row [u8],
        plane_bytes: usize,
        line: usize,
        pixels: &'row mut [u8],
    ) -> &'row [u8] {
        let is_plain = matches!((&self.depth, &self.model), (Depth::Eight, Model::Levels))
            && !self.planar
            && self.stride == self.out_channels;
        let is_premultiplied = self.alpha.is_some_and(|alpha| alpha.premultiplied);
        if is_plain && !self.white_is_zero && !is_premultiplied {
            return &stored[..pixels.len()];
        }
        if is_plain {
            pixels.copy_from_slice(&stored[..pixels.len()]);
        } else {
            for (x, pixel) in pixels.chunks_exact_mut(self.out_channels).enumerate() {
                self.pixel(stored, plane_bytes, (x, line), pixel);
            }
        }
        // Before the turn of black and white: it is the stored sample that was multiplied.
        if is_premultiplied && !matches!(self.model, Model::Palette(_)) {
            unpremultiply(pixels, self.out_channels);
        }
        if self.white_is_zero {
            pixels.iter_mut().step_by(self.out_channels).for_each(|sample| *sample = 255 - *sample);
        }
        pixels
    }

    fn pixel(&self, stored: &[u8], plane_bytes: usize, at: (usize, usize), pixel: &mut [u8]) {
        let place = |channel| self.place(stored, plane_bytes, at, channel);
        let level = |channel| {
            let (row, position) = place(channel);
            self.depth.level(row, position, self.order)
        };
        let number = |channel| {
            let (row, position) = place(channel);
            self.depth.number(row, position, self.order)
        };
        match &self.model {
            Model::Levels => {
                pixel.iter_mut().take(self.colours).enumerate().for_each(|(channel, out)| *out = level(channel));
            }
            Model::Palette(palette) => {
                let colour = palette.get(usize::from(number(0))).copied().unwrap_or_default();
                pixel[..3].copy_from_slice(&colour);
            }
            Model::YCbCr(model) => pixel[..3].copy_from_slice(&model.to_rgb([0, 1, 2].map(level))),
            Model::Lab(model) => {
                let is_wide = matches!(self.depth, Depth::Sixteen);
                pixel[..3].copy_from_slice(&model.to_rgb([0, 1, 2].map(number), is_wide));
            }
        }
        if let Some(alpha) = self.alpha {
            let (row, position) = place(usize::from(alpha.channel));
            pixel[self.out_channels - 1] = self.depth.alpha(row, position, self.order);
        }
    }
}

/// Colour through alpha, rounded.
fn unpremultiply(pixels: &mut [u8], channels: usize) {
    for pixel in pixels.chunks_exact_mut(channels) {
        let alpha = u32::from(pixel[channels - 1]).max(1);
        for sample in &mut pixel[..channels - 1] {
            *sample = ((u32::from(*sample) * 255 + alpha / 2) / alpha).min(255) as u8;
        }
    }
}

/// Colours of indices of `bits` bits.
///
/// A map without a number above 255 was written in eight bits instead of sixteen. Source: libtiff, `checkcmap`.
fn palette(directory: &Directory<'_>, bits: u8) -> Result<Vec<[u8; 3]>, Gap> {
    let entries = 1_usize << bits.min(16);
    let map = directory.values(COLOUR_MAP)?;
    let found = map.map_or(0, |map| map.len());
    let Some(map) = map.filter(|_| found >= 3 * entries) else {
        return Err(EngineError::header(FORMAT, "number of values in the colour map", found as u64).into());
    };
    let value = |index| map.get(index).unwrap_or_default() as u16;
    let is_narrow = (0..3 * entries).all(|index| value(index) < 256);
    let at = |index| if is_narrow { value(index) as u8 } else { to_8(value(index)) };
    Ok((0..entries).map(|index| [at(index), at(entries + index), at(2 * entries + index)]).collect())
}

/// Only LZW and Deflate are predicted, whatever the tag says. Source: libtiff, `tif_predict.c`.
fn prediction(detail: &TiffDetail) -> Result<Prediction, EngineError> {
    let TiffDetail { compression, predictor, bits, sample_format, subsampling, .. } = *detail;
    if !matches!(compression, compression::LZW | compression::DEFLATE | compression::OLD_DEFLATE) {
        return Ok(Prediction::None);
    }
    match (predictor, bits) {
        (1, _) => Ok(Prediction::None),
        (2, 8 | 16 | 32 | 64) if subsampling == (1, 1) => Ok(Prediction::Left),
        (3, 16 | 32 | 64) if sample_format == 3 => Ok(Prediction::Floats),
        _ => Err(EngineError::unsupported(FORMAT, format!("predictor {predictor} on {bits} bits per sample"))),
    }
}
