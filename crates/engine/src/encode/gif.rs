//! Frames to a GIF: of each the part that changed, in up to 255 colours of its own.
//!
//! Colours of a frame that has more are chosen by NeuQuant (crate `color_quant`). Alpha becomes one bit, at the middle,
//! as libvips and Pillow write it.

use std::collections::HashMap;

use color_quant::NeuQuant;

use super::part::{Part, changed, rows};
use crate::{error::EncodeFault, raster::Raster};

/// What the encoder holds beside pixels and what it made of them, in bytes: NeuQuant's network, tables of colours and
/// codes.
pub(crate) const ENCODER_BYTES: u64 = 512 << 10;
/// What it holds for a pixel, at the most: those that are drawn, once more for NeuQuant, their indices, their codes and
/// a copy of these.
pub(crate) const PIXEL_BYTES: u64 = 4 + 4 + 1 + 4 + 4;
/// One index is for what stays as it was.
const COLOURS: usize = 255;
/// So many pixels are looked at for the choice of colours, where there are more: each takes a search through all of them.
const LEARNED: usize = 16_000;
/// What stands before the first frame that [`gif::Encoder`] writes: signature and screen, and the least table of colours
/// that there is, of two.
const SCREEN_BYTES: usize = 13 + 2 * 3;

/// A GIF that grows by frames.
pub(super) struct GifFile {
    size: (u16, u16),
    /// Signature, screen and frames.
    bytes: Vec<u8>,
    /// In hundredths of a second, rounded: the errors of many frames do not add up.
    shown_hundredths: u32,
    /// Nothing is on the canvas.
    is_clear: bool,
}

/// A frame that is written, but not kept yet.
pub(super) struct GifFrame {
    pub(super) bytes: Vec<u8>,
    end_hundredths: u32,
    /// The canvas is clear behind it.
    clears: bool,
}

impl GifFile {
    pub(super) fn new((width, height): (usize, usize)) -> Self {
        // Sides of a thumbnail.
        let size = (width as u16, height as u16);
        Self { size, bytes: Vec::new(), shown_hundredths: 0, is_clear: true }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Alpha to one bit, and nothing of a colour that is not seen.
    pub(super) fn prepare(image: &mut Raster) {
        for pixel in image.samples.as_chunks_mut::<4>().0 {
            *pixel = if pixel[3] < 128 { [0; 4] } else { [pixel[0], pixel[1], pixel[2], 255] };
        }
    }

    /// Writes a frame that is seen until `end_ms` from the start, behind `shown`, before `next`.
    ///
    /// # Errors
    /// Of the encoder.
    pub(super) fn frame(
        &self,
        shown: Option<&Raster>,
        frame: &Raster,
        next: Option<&Raster>,
        end_ms: u32,
    ) -> Result<GifFrame, EncodeFault> {
        let shown = shown.filter(|_| !self.is_clear);
        let clears = next.is_some_and(|next| loses_pixels(frame, next));
        let whole = Part { left: 0, top: 0, width: frame.width, height: frame.height };
        // What is cleared is the part of the frame, so that has to be everything.
        let part = if clears { whole } else { shown.map_or(whole, |shown| changed(shown, frame, 1)) };
        let blank = vec![[0; 4]; part.width];
        let mut below = shown.map(|shown| rows(shown, part));
        let mut drawn = Vec::with_capacity(part.width * part.height);
        for row in rows(frame, part) {
            let below = below.as_mut().and_then(Iterator::next).unwrap_or(&blank[..]);
            drawn.extend(row.iter().zip(below).map(|(pixel, below)| {
                let [red, green, blue, alpha] = *pixel;
                (alpha > 0 && pixel != below).then_some([red, green, blue])
            }));
        }
        let (palette, indices) = quantised(&drawn);
        let end_hundredths = (end_ms + 5) / 10;
        // Browsers show a hundredth, or none, as ten.
        let delay = end_hundredths.saturating_sub(self.shown_hundredths).clamp(2, u32::from(u16::MAX));
        let mut frame = gif::Frame {
            delay: delay as u16,
            dispose: if clears { gif::DisposalMethod::Background } else { gif::DisposalMethod::Keep },
            // Also where nothing is: Pillow clears a frame without it to a colour of its table.
            transparent: Some((palette.len() / 3 - 1) as u8),
            left: part.left as u16,
            top: part.top as u16,
            width: part.width as u16,
            height: part.height as u16,
            buffer: indices.into(),
            palette: Some(palette),
            ..gif::Frame::default()
        };
        drop(drawn);
        frame.make_lzw_pre_encoded();
        let mut bytes = written(self.size, &frame).map_err(|cause| EncodeFault(cause.into()))?;
        if !self.bytes.is_empty() {
            bytes.drain(..SCREEN_BYTES);
        }
        Ok(GifFrame { bytes, end_hundredths: self.shown_hundredths + delay, clears })
    }

    /// Keeps the frame that was written last.
    pub(super) fn push(&mut self, frame: &GifFrame) {
        self.is_clear = frame.clears;
        self.shown_hundredths = frame.end_hundredths;
        self.bytes.extend_from_slice(&frame.bytes);
    }

    /// The file, which runs so many `times`; `None` for ever.
    pub(super) fn finish(mut self, times: Option<u32>) -> Vec<u8> {
        // The extension has the number of repetitions, 0 for ever; without it there is none.
        let repetitions = times.map_or(0, |times| times.clamp(1, 1 << 16) - 1);
        if times.is_none() || repetitions > 0 {
            let [low, high] = (repetitions as u16).to_le_bytes();
            let extension = [b"\x21\xFF\x0BNETSCAPE2.0\x03\x01".as_slice(), &[low, high, 0]].concat();
            self.bytes.splice(SCREEN_BYTES..SCREEN_BYTES, extension);
        }
        self.bytes.push(0x3B);
        self.bytes
    }
}

/// Signature, screen and the frame, without the trailer.
fn written((width, height): (u16, u16), frame: &gif::Frame<'_>) -> Result<Vec<u8>, gif::EncodingError> {
    let mut encoder = gif::Encoder::new(Vec::new(), width, height, &[])?;
    encoder.write_lzw_pre_encoded_frame(frame)?;
    let mut bytes = encoder.into_inner()?;
    bytes.pop();
    Ok(bytes)
}

/// Whether `next` is transparent where `frame` is not.
fn loses_pixels(frame: &Raster, next: &Raster) -> bool {
    let pairs = frame.samples.as_chunks::<4>().0.iter().zip(next.samples.as_chunks::<4>().0);
    pairs.into_iter().any(|(before, after)| before[3] > after[3])
}

/// A table of colours, red, green and blue of each, and an index for each pixel. The last colour is for what is not drawn.
fn quantised(drawn: &[Option<[u8; 3]>]) -> (Vec<u8>, Vec<u8>) {
    let mut numbers = HashMap::new();
    for colour in drawn.iter().flatten() {
        let number = numbers.len();
        numbers.entry(*colour).or_insert(number);
        if numbers.len() > COLOURS {
            return chosen(drawn);
        }
    }
    let mut colours = vec![0; (numbers.len() + 1) * 3];
    for (colour, number) in &numbers {
        colours[number * 3..][..3].copy_from_slice(colour);
    }
    let index = |pixel: &Option<[u8; 3]>| pixel.map_or(numbers.len(), |colour| numbers[&colour]) as u8;
    let indices = drawn.iter().map(index).collect();
    (colours, indices)
}

/// The same for more colours than the table has places.
fn chosen(drawn: &[Option<[u8; 3]>]) -> (Vec<u8>, Vec<u8>) {
    let rgba = |[red, green, blue]: [u8; 3]| [red, green, blue, 255];
    let samples: Vec<u8> = drawn.iter().flatten().flat_map(|colour| rgba(*colour)).collect();
    let step = (samples.len() / 4 / LEARNED).clamp(1, 30);
    let network = NeuQuant::new(step as i32, COLOURS, &samples);
    drop(samples);
    let mut colours = network.color_map_rgb();
    colours.extend([0; 3]);
    let index = |pixel: &Option<[u8; 3]>| pixel.map_or(COLOURS, |colour| network.index_of(&rgba(colour))) as u8;
    (colours, drawn.iter().map(index).collect())
}
