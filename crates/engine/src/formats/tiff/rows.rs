//! One stored row to 8-bit pixels: prediction, bit depth, palette, inks and alpha.

use std::io::{self, Read};

use contract::ImageFormat;

use super::{
    chunk::Chunk,
    header::{Directory, TiffDetail},
};
use crate::{Colour, EngineError, Probe, exif::Order, samples::to_8};

const FORMAT: ImageFormat = ImageFormat::Tiff;

/// How rows are stored.
pub(super) struct RowFormat {
    order: Order,
    bits: usize,
    /// Samples that follow one another in a row: all of a pixel, or 1 in planes.
    stride: usize,
    planar: bool,
    predicted: bool,
    colour: Colour,
    /// Samples of the output that are colour, then whether alpha follows and is premultiplied.
    colours: usize,
    alpha: Option<Alpha>,
    white_is_zero: bool,
    palette: Vec<[u8; 3]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Alpha {
    Straight,
    Premultiplied,
}

impl RowFormat {
    pub(super) fn new(probe: &Probe, detail: &TiffDetail, directory: &Directory<'_>) -> Result<Self, EngineError> {
        let colours = match probe.colour {
            Colour::Grey | Colour::Palette => 1,
            Colour::Cmyk => 4,
            _ => 3,
        };
        if usize::from(detail.samples) < colours {
            return Err(EngineError::header(FORMAT, "samples per pixel", detail.samples));
        }
        let mut palette = Vec::new();
        if probe.colour == Colour::Palette {
            let entries = 1_usize << probe.bits_per_sample.min(16);
            let Some(Ok(map)) = directory.values(320) else {
                return Err(EngineError::header(FORMAT, "colour map", 0_u8));
            };
            let at = |index| to_8(map.get(index).unwrap_or_default() as u16);
            palette = (0..entries).map(|index| [at(index), at(entries + index), at(2 * entries + index)]).collect();
        }
        let alpha = match (probe.colour, detail.extra_sample) {
            (Colour::Cmyk | Colour::Palette, _) => None,
            (_, Some(1)) => Some(Alpha::Premultiplied),
            (_, Some(2)) => Some(Alpha::Straight),
            _ => None,
        };
        Ok(Self {
            order: detail.order,
            bits: usize::from(probe.bits_per_sample),
            stride: if detail.planar { 1 } else { usize::from(detail.samples) },
            planar: detail.planar,
            predicted: detail.predictor == 2 && matches!(detail.compression, 5 | 8 | 32_946),
            colour: probe.colour,
            colours,
            alpha,
            white_is_zero: detail.photometric == 0,
            palette,
        })
    }

    /// One plane's row of `width` pixels as stored, padded to whole bytes.
    pub(super) fn plane_row_bytes(&self, width: usize, detail: &TiffDetail) -> usize {
        let samples = if detail.planar { 1 } else { usize::from(detail.samples) };
        (width * samples * self.bits).div_ceil(8)
    }

    /// Differences become values, from left to right.
    pub(super) fn undo_prediction(&self, row: &mut [u8]) {
        if !self.predicted {
            return;
        }
        match (self.bits, self.stride) {
            (8, 1) => sums::<1>(row),
            (8, 3) => sums::<3>(row),
            (8, 4) => sums::<4>(row),
            (8, stride) => {
                for at in stride..row.len() {
                    row[at] = row[at].wrapping_add(row[at - stride]);
                }
            }
            (_, stride) => {
                let mut at = stride * 2;
                while at + 1 < row.len() {
                    let value = self.read_16(row, at).wrapping_add(self.read_16(row, at - stride * 2));
                    let bytes = if self.order == Order::Little { value.to_le_bytes() } else { value.to_be_bytes() };
                    row[at..at + 2].copy_from_slice(&bytes);
                    at += 2;
                }
            }
        }
    }

    fn read_16(&self, row: &[u8], at: usize) -> u16 {
        self.order.u16(row, at).unwrap_or_default()
    }

    /// Sample `channel` of pixel `x`, in 8 bits; indices stay as they are.
    fn sample(&self, stored: &[u8], plane_bytes: usize, x: usize, channel: usize) -> u8 {
        let (row, position) = if self.planar {
            (&stored[channel * plane_bytes..][..plane_bytes], x)
        } else {
            (stored, x * self.stride + channel)
        };
        match self.bits {
            8 => row[position],
            16 => to_8(self.read_16(row, position * 2)),
            bits => {
                let bit = position * bits;
                let value = row[bit / 8] >> (8 - bits - bit % 8) & (0xFF >> (8 - bits));
                if self.colour == Colour::Palette { value } else { value * (255 / ((1 << bits) - 1)) as u8 }
            }
        }
    }

    /// A row of all planes, each of `plane_bytes`, as pixels with straight alpha: in `pixels`, or as they are stored.
    pub(super) fn pixels<'row>(&self, stored: &'row [u8], plane_bytes: usize, pixels: &'row mut [u8]) -> &'row [u8] {
        let out_channels =
            if self.colour == Colour::Palette { 3 } else { self.colours + usize::from(self.alpha.is_some()) };
        let plain = self.bits == 8 && !self.planar && self.stride == out_channels && self.colour != Colour::Palette;
        if plain && !self.white_is_zero && self.alpha != Some(Alpha::Premultiplied) {
            return &stored[..pixels.len()];
        }
        if plain {
            pixels.copy_from_slice(&stored[..pixels.len()]);
        } else {
            for (x, pixel) in pixels.chunks_exact_mut(out_channels).enumerate() {
                if self.colour == Colour::Palette {
                    let index = match self.bits {
                        16 => usize::from(self.read_16(stored, x * self.stride * 2)),
                        _ => usize::from(self.sample(stored, plane_bytes, x, 0)),
                    };
                    pixel.copy_from_slice(&self.palette.get(index).copied().unwrap_or_default());
                } else {
                    for (channel, out) in pixel.iter_mut().enumerate() {
                        *out = self.sample(stored, plane_bytes, x, channel);
                    }
                }
            }
        }
        if self.white_is_zero {
            let step = self.colours + usize::from(self.alpha.is_some());
            pixels.iter_mut().step_by(step).for_each(|sample| *sample = 255 - *sample);
        }
        if self.alpha == Some(Alpha::Premultiplied) {
            for pixel in pixels.chunks_exact_mut(out_channels) {
                let alpha = u32::from(pixel[out_channels - 1]).max(1);
                for sample in &mut pixel[..out_channels - 1] {
                    *sample = ((u32::from(*sample) * 255 + alpha / 2) / alpha).min(255) as u8;
                }
            }
        }
        pixels
    }
}

/// Running sums of pixels of `N` samples.
fn sums<const N: usize>(row: &mut [u8]) {
    let mut sum = [0_u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for channel in 0..N {
            sum[channel] = sum[channel].wrapping_add(pixel[channel]);
            pixel[channel] = sum[channel];
        }
    }
}

/// Run lengths of bytes. Source: TIFF 6.0, section 9.
pub(super) struct PackBits<'file> {
    input: &'file [u8],
    /// Bytes of the packet still to come: copied, or one byte repeated.
    literal: usize,
    run: Option<(u8, usize)>,
}

impl PackBits<'_> {
    pub(super) const fn new() -> Self {
        Self { input: &[], literal: 0, run: None }
    }
}

impl<'file> Chunk<'file> for PackBits<'file> {
    fn start(&mut self, input: &'file [u8]) {
        *self = Self { input, ..Self::new() };
    }
}

impl Read for PackBits<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some((byte, left)) = self.run {
                let count = left.min(buffer.len());
                buffer[..count].fill(byte);
                self.run = (left > count).then_some((byte, left - count));
                return Ok(count);
            }
            if self.literal > 0 {
                let count = self.literal.min(buffer.len()).min(self.input.len());
                let (bytes, rest) = self.input.split_at(count);
                buffer[..count].copy_from_slice(bytes);
                self.input = rest;
                self.literal -= count;
                return Ok(count);
            }
            let Some((header, rest)) = self.input.split_first() else { return Ok(0) };
            self.input = rest;
            match header.cast_signed() {
                -128 => {}
                count @ 0.. => self.literal = count as usize + 1,
                count => {
                    let Some((byte, rest)) = self.input.split_first() else { return Ok(0) };
                    self.input = rest;
                    self.run = Some((*byte, 1 + usize::from(count.unsigned_abs())));
                }
            }
        }
    }
}

/// Decodes an abbreviated JPEG with the directory's tables to rows of `row_bytes`; `rows` of them are needed.
pub(super) fn jpeg_chunk(
    chunk: &[u8],
    tables: &[u8],
    probe: &Probe,
    (width, row_bytes): (usize, usize),
    rows: usize,
) -> Result<Vec<u8>, EngineError> {
    use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
    let fault = |cause: zune_jpeg::errors::DecodeErrors| EngineError::decoder(FORMAT, cause);
    // Tables end with EOI, the chunk starts with SOI: both go, so that one file remains.
    let tables = tables.strip_suffix(&[0xFF, 0xD9]).unwrap_or(tables);
    let file = match tables.is_empty() {
        true => chunk.to_vec(),
        false => [tables, chunk.get(2..).unwrap_or_default()].concat(),
    };
    let wanted = match probe.colour {
        Colour::Grey | Colour::Palette => ColorSpace::Luma,
        // Stored as they are: without an Adobe segment the decoder takes them for YCbCr and must not convert.
        Colour::Rgb => ColorSpace::YCbCr,
        Colour::Cmyk => ColorSpace::CMYK,
        _ => ColorSpace::RGB,
    };
    let options = DecoderOptions::default()
        .set_max_width(width.max(1))
        .set_max_height(usize::from(u16::MAX))
        .set_strict_mode(false)
        .jpeg_set_out_colorspace(wanted);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(file.as_slice()), options);
    decoder.decode_headers().map_err(fault)?;
    let (found_width, found_height) = decoder.dimensions().unwrap_or_default();
    if found_width != width || found_height < rows || found_height > rows.next_multiple_of(16).max(64) * 64 {
        return Err(EngineError::header(FORMAT, "width of the JPEG inside", found_width as u64));
    }
    let samples = decoder.decode().map_err(fault)?;
    if samples.len() < rows * row_bytes || samples.len() / found_height.max(1) != row_bytes {
        return Err(EngineError::header(FORMAT, "samples of the JPEG inside", samples.len() as u64));
    }
    Ok(samples)
}
