//! A tile of HEVC by `rust_h265`.
//!
//! Parameter sets come from `hvcC` alone, where they were read and planned by; in a tile's bytes they are passed over.

use contract::ImageFormat;
use heif::{Configuration, Sequence};
use rust_h265::{DecodeError, DecodeLimits, Decoder, Frame, NalUnit, NalUnitType, PixelData, parse_nal};

use super::{
    frame::{Planes, Shape, Tile, TileDecoder, unreadable},
    layers::Need,
};
use crate::EngineError;

/// What `rust_h265` 0.4.0 says of a slice at a row that is complete.
const COMPLETE: &str = "slice segment overlaps CTB rows already decoded";

/// What is not decoded, in words; `None` for what is.
pub(super) fn refusal(sequence: Sequence) -> Option<String> {
    match (sequence.chroma, sequence.bits) {
        (1 | 3, 8..=12) => None,
        #[cfg(feature = "hevc422")]
        (0 | 2, 8..=12) => None,
        #[cfg(not(feature = "hevc422"))]
        (0, _) => Some("HEVC without chroma, in a build without it (feature `hevc422`)".to_owned()),
        #[cfg(not(feature = "hevc422"))]
        (2, _) => Some("4:2:2 chroma of HEVC, in a build without it (feature `hevc422`)".to_owned()),
        (_, bits) => Some(format!("{bits} bits per sample")),
    }
}

/// What is held, in bytes.
///
/// `rust_h265` 0.4.0 holds the planes twice while it reads slices, three times when a picture ends, once more for the
/// tile before as a reference, and for each pixel 2 bytes of tables of blocks of 4 by 4.
pub(super) fn need(sequence: Sequence, tiles: usize, most_tile_bytes: u64) -> Need {
    let Sequence { coded: (width, height), chroma, bits, .. } = sequence;
    let aligned = |side: u32| u64::from(side).div_ceil(64) * 64;
    let pixels = aligned(width) * aligned(height);
    let sample_bytes = if bits > 8 { 2 } else { 1 };
    let plane_halves = if chroma == 3 { 6 } else { 3 };
    let planes = pixels * plane_halves * sample_bytes / 2;
    let before = if tiles == 1 { 0 } else { planes };
    // Units without their escapes are a copy, and each escape has its place in a list: see `is_escaped`.
    let tile = most_tile_bytes.saturating_mul(9) / 4;
    let most = (planes * 3).max((planes * 2).saturating_add(tile));
    Need { decoder_bytes: most.saturating_add(before + pixels * 5 / 2), frame_bytes: planes }
}

fn fault(format: ImageFormat, cause: DecodeError) -> EngineError {
    match cause {
        DecodeError::Unsupported(what) => EngineError::unsupported(format, what),
        cause => EngineError::decoder(format, cause),
    }
}

/// A decoder that knows the parameter sets.
pub(super) struct Hevc<'picture> {
    format: ImageFormat,
    decoder: Decoder,
    configuration: &'picture Configuration,
}

impl<'picture> Hevc<'picture> {
    pub(super) fn new(format: ImageFormat, configuration: &'picture Configuration) -> Result<Self, EngineError> {
        let (width, height) = configuration.sequence.coded;
        let pixels = u64::from(width) * u64::from(height);
        let limits = DecodeLimits { max_picture_pixels: pixels, max_picture_memory_bytes: u64::MAX };
        let mut decoder = Decoder::with_limits(limits);
        for unit in &configuration.units {
            let unit = parse_nal(unit).ok_or_else(|| unreadable(format))?;
            decoder.decode_nal(&unit).map_err(|cause| fault(format, cause))?;
        }
        Ok(Self { format, decoder, configuration })
    }
}

impl TileDecoder for Hevc<'_> {
    fn decode(&mut self, bytes: Vec<u8>) -> Result<Tile, EngineError> {
        let Self { format, decoder, configuration } = self;
        let unreadable = || unreadable(*format);
        let width = usize::from(configuration.length_bytes);
        let mut rest = bytes.as_slice();
        let mut last: &[u8] = &[];
        while let Some((length, behind)) = rest.split_at_checked(width) {
            let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            let (unit, behind) = behind.split_at_checked(length).ok_or_else(unreadable)?;
            rest = behind;
            if is_escaped(unit) {
                return Err(unreadable());
            }
            // Slices only: 0 to 31.
            if unit.first().is_none_or(|first| first >> 1 & 63 > 31) {
                continue;
            }
            // One picture to a tile: its frame comes at the end.
            let parsed = parse_nal(unit).ok_or_else(unreadable)?;
            if decoder.decode_nal(&parsed).map_err(|cause| fault(*format, cause))?.is_some() {
                return Err(unreadable());
            }
            last = unit;
        }
        if configuration.sequence.blocks > 1 && !is_whole(decoder, configuration, last) {
            return Err(unreadable());
        }
        // The picture's end is when most is held.
        drop(bytes);
        let frame = decoder.flush().ok_or_else(unreadable)?;
        match decoder.flush() {
            None => Ok(Tile { planes: Box::new(frame), nclx: configuration.sequence.nclx }),
            Some(_) => Err(unreadable()),
        }
    }
}

impl Planes for Frame {
    fn shape(&self) -> Shape {
        let halved = self.chroma_format_idc == 1;
        Shape { size: (self.width, self.height), halved: (halved, halved) }
    }

    fn row(&self, plane: usize, y: u32, out: &mut [u16]) {
        let at = y as usize * out.len();
        match [&self.y, &self.u, &self.v][plane] {
            PixelData::U8(samples) => {
                out.iter_mut().zip(&samples[at..]).for_each(|(out, sample)| *out = u16::from(*sample));
            }
            PixelData::U16(samples) => out.copy_from_slice(&samples[at..][..out.len()]),
        }
    }
}

/// Whether every block was decoded: a slice that damage ends early leaves others grey, without an error.
///
/// `rust_h265` does not say which, but it takes no slice at a row of blocks that is complete, with all above it: so it is
/// asked to decode the last block once more. Where it takes that slice, the picture is lost anyway.
fn is_whole(decoder: &mut Decoder, configuration: &Configuration, slice: &[u8]) -> bool {
    configuration.last_blocks(slice).any(|payload| {
        let again = NalUnit {
            nal_unit_type: NalUnitType::IdrNLp,
            nuh_layer_id: 0,
            temporal_id: 0,
            rbsp: payload.into(),
            epb_positions: Vec::new(),
        };
        matches!(decoder.decode_nal(&again), Err(DecodeError::InvalidSyntax(COMPLETE)))
    })
}

/// Whether more bytes than one in 64 are escapes. Entropy coded data has one in millions, and `rust_h265` keeps a list
/// of them, 16 bytes for each while it grows: the plan counts a quarter of the tile's bytes for it.
fn is_escaped(unit: &[u8]) -> bool {
    unit.windows(3).filter(|bytes| *bytes == [0, 0, 3]).count() > unit.len() / 64 + 1024
}
