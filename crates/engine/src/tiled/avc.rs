//! A key frame of H.264 by `rust_h264`, each by a decoder of its own, so that none before it is kept.
//!
//! Parameter sets come from `avcC` alone, where they were read and planned by; in a frame's bytes they are passed over.

use contract::ImageFormat;
use heif::{Avc, AvcSequence};
use rust_h264::{
    decoder::{ChromaFormat, Decoder, Frame},
    error::DecodeError,
    nal::{NalUnitType, parse_avcc},
};

use super::frame::{Lines, Planes, Shape, TileDecoder, hand_on, unreadable};
use crate::EngineError;

/// Parameter sets, states of the arithmetic decoder, lists.
const FIXED_BYTES: u64 = 64 << 10;
/// Each slice but the first copies all that is held of a picture: no more bytes than these, times pixels.
const MOST_COPIED_PIXELS: u64 = 1 << 28;
/// So many slices every picture may have, which is what broadcasters write.
const LEAST_SLICES: u64 = 20;

/// What is not decoded, in words; `None` for what is.
pub(super) fn refusal(sequence: AvcSequence) -> Option<String> {
    match (sequence.chroma, sequence.bits) {
        (0..=2, 8 | 10) => None,
        (3, _) => Some("4:4:4 chroma of H.264".to_owned()),
        (_, bits) => Some(format!("{bits} bits per sample of H.264")),
    }
}

fn pixels(sequence: AvcSequence) -> u64 {
    u64::from(sequence.coded.0) * u64::from(sequence.coded.1)
}

/// What is held, in bytes. Source: `rust_h264` 0.6.0, `PictureState`, `finalize_pending` and `finish_output`.
pub(super) fn need(sequence: AvcSequence, most_tile_bytes: u64) -> u64 {
    let pixels = pixels(sequence);
    let plane_halves = if sequence.chroma == 2 { 4 } else { 3 };
    let planes = pixels * plane_halves * if sequence.bits > 8 { 2 } else { 1 } / 2;
    // A block of 16 by 16 has 810 bytes of tables.
    let picture = planes + pixels * 13 / 4;
    // Twice where a slice follows another, with the frame's bytes, one unit without its escapes, and a copy of that. Then the
    // picture is there as a reference, as it was coded, and as it is shown.
    let slices = (picture * 2).saturating_add(most_tile_bytes.saturating_mul(3));
    slices.max(picture + planes * 2) + FIXED_BYTES
}

/// Decodes one frame, and what was planned.
pub(super) struct AvcFrames<'picture> {
    pub(super) format: ImageFormat,
    pub(super) configuration: &'picture Avc,
}

impl AvcFrames<'_> {
    fn fault(&self, cause: DecodeError) -> EngineError {
        match cause {
            DecodeError::Unsupported(what) => EngineError::unsupported(self.format, what),
            cause => EngineError::decoder(self.format, cause),
        }
    }
}

impl TileDecoder for AvcFrames<'_> {
    fn decode(&mut self, bytes: Vec<u8>, out: &mut dyn Lines) -> Result<(), EngineError> {
        let Avc { length_bytes, units, sequence } = self.configuration;
        let unreadable = || unreadable(self.format);
        let mut decoder = Decoder::new();
        for unit in units {
            // As units of a frame: the length before each.
            let unit = [&(unit.len() as u32).to_be_bytes()[..], unit].concat();
            for unit in parse_avcc(&unit, 4) {
                decoder.decode_nal(&unit).map_err(|cause| self.fault(cause))?;
            }
        }
        let width = usize::from(*length_bytes);
        let most_slices = (MOST_COPIED_PIXELS / pixels(*sequence)).max(LEAST_SLICES);
        let (mut rest, mut slices, mut frame) = (bytes.as_slice(), 0, None);
        while let Some((length, _)) = rest.split_at_checked(width) {
            let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            let (unit, behind) = rest.split_at_checked(width.saturating_add(length)).ok_or_else(unreadable)?;
            rest = behind;
            let Some(unit) = parse_avcc(unit, width).pop() else { continue };
            match unit.nal_unit_type {
                NalUnitType::Slice | NalUnitType::SliceIdr => {}
                NalUnitType::SliceDataA | NalUnitType::SliceDataB | NalUnitType::SliceDataC => {
                    return Err(EngineError::unsupported(self.format, "partitions of H.264"));
                }
                _ => continue,
            }
            slices += 1;
            if slices > most_slices {
                return Err(EngineError::unsupported(self.format, format!("more than {most_slices} slices")));
            }
            frame = decoder.decode_nal(&unit).map_err(|cause| self.fault(cause))?;
            if frame.is_some() {
                break;
            }
        }
        // The picture's end is when most is held.
        drop(bytes);
        let frame = frame.or_else(|| decoder.flush()).ok_or_else(unreadable)?;
        let is_planned = (frame.width, frame.height) == sequence.size
            && frame.bit_depth == sequence.bits
            && (frame.chroma_format == ChromaFormat::Yuv422) == (sequence.chroma == 2);
        match is_planned {
            true => hand_on(&frame, sequence.nclx, out),
            false => Err(unreadable()),
        }
    }
}

impl Planes for Frame {
    fn shape(&self) -> Shape {
        // Grey comes with chroma that is grey.
        let halved = (true, self.chroma_format == ChromaFormat::Yuv420);
        Shape { size: (self.width, self.height), halved, is_grey: false }
    }

    fn row(&self, plane: usize, y: u32, out: &mut [u16]) {
        // In pairs of pixels wherever there is chroma: its window is cropped in those.
        let (plane, at) = ([&self.y, &self.u, &self.v][plane], y as usize * out.len());
        if self.bit_depth > 8 {
            let samples = plane.as_chunks::<2>().0.get(at..).unwrap_or_default();
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = u16::from_le_bytes(*sample));
        } else {
            let samples = plane.get(at..).unwrap_or_default();
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = u16::from(*sample));
        }
    }
}
