//! A key frame of VP9 by `rusty_vp9`, each by a decoder of its own, so that none before it is kept.

use contract::ImageFormat;
use heif::Vp9;
use rusty_vp9::{DecodedFrame, Error, Vp9Decoder};

use super::frame::{Lines, Planes, Shape, TileDecoder, hand_on, unreadable};
use crate::EngineError;

/// What is held, in bytes. Source: `rusty_vp9` 0.1.3, `decode_frame`, `PlaneBuf`, `ModeInfo` and `crop_frame`.
pub(super) fn need(samples: Vp9, (width, height): (u32, u32), most_tile_bytes: u64) -> u64 {
    let aligned = |side: u32| u64::from(side).next_multiple_of(64) + 160;
    let pixels = aligned(width) * aligned(height);
    let plane_halves = match samples.chroma {
        1 => 3,
        2 => 4,
        _ => 6,
    };
    // A sample is two bytes while it is decoded; those that are seen are copied, of 8 bits as bytes.
    let coded = pixels * plane_halves;
    let seen = pixels * plane_halves / 2 * if samples.bits > 8 { 2 } else { 1 };
    // Tables of blocks of 8 by 8, vectors of such, and a map of segments; probabilities.
    let tables = pixels * 3 / 2 + (1 << 20);
    // The frame's bytes, and twice a copy of them.
    (coded + seen + tables).saturating_add(most_tile_bytes.saturating_mul(3))
}

/// Decodes one frame, and what was planned.
pub(super) struct Vp9Frames {
    pub(super) format: ImageFormat,
    pub(super) samples: Vp9,
    pub(super) size: (u32, u32),
}

impl TileDecoder for Vp9Frames {
    fn decode(&mut self, bytes: Vec<u8>, out: &mut dyn Lines) -> Result<(), EngineError> {
        let fault = |cause: Error| EngineError::decoder(self.format, cause.to_string());
        let mut frame = Vp9::first_frame(&bytes).to_vec();
        drop(bytes);
        let (header, size) = Vp9::of_frame(&frame).map_err(|fault| super::refused(self.format, fault))?;
        if size != self.size {
            return Err(EngineError::header(self.format, "width of a frame", size.0));
        }
        if (header.bits, header.chroma) != (self.samples.bits, self.samples.chroma) {
            return Err(EngineError::header(self.format, "bit depth of a frame", header.bits));
        }
        // One frame, and no index of several, each of which may be as large as it likes.
        frame.push(0);
        let mut decoder = Vp9Decoder::new();
        decoder.push(&frame, None).map_err(fault)?;
        drop(frame);
        let frame = decoder.next_frame().map_err(fault)?;
        match (frame.width, frame.height) == self.size && frame.bit_depth == u32::from(self.samples.bits) {
            true => {
                // A box may say that it does not know.
                let nclx = self.samples.nclx.filter(|nclx| nclx.matrix != 2).or(header.nclx);
                hand_on(&frame, nclx, out)
            }
            false => Err(unreadable(self.format)),
        }
    }
}

impl Planes for DecodedFrame {
    fn shape(&self) -> Shape {
        let halved = (self.subsampling_x == 1, self.subsampling_y == 1);
        Shape { size: (self.width, self.height), halved, is_grey: false }
    }

    fn row(&self, plane: usize, y: u32, out: &mut [u16]) {
        let samples = self.planes[plane].get(self.strides[plane] * y as usize..).unwrap_or_default();
        if self.bit_depth > 8 {
            let samples = samples.as_chunks::<2>().0;
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = u16::from_le_bytes(*sample));
        } else {
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = u16::from(*sample));
        }
    }
}
