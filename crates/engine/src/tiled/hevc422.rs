//! A tile of HEVC by `heic-decoder`: 4:2:2 and grey, which `rust_h265` refuses.
//!
//! The crate's decoder of one picture is behind its feature `internals`, which may change: so each version is looked at.
//! It says by itself where a picture is not whole.

use contract::ImageFormat;
use heic_decoder::{
    HeifError,
    bitreader::strip_emulation_prevention,
    decode_one_image,
    hevc::{
        ctu::{Picture, Plane},
        nal::{is_slice_nal, parse_nal_header},
        params::{Pps, Sps, parse_pps, parse_sps},
        slice::parse_slice_header,
    },
    isobmff::{HevcDecoderConfig, HevcNalArray, ResolvedImage},
};
use heif::{Configuration, Sequence};

use super::{
    frame::{Planes, Shape, Tile, TileDecoder, unreadable},
    layers::Need,
};
use crate::EngineError;

/// Types of units.
const SPS: u8 = 33;
const PPS: u8 = 34;
/// A slice header has a number for each row of blocks, of up to 5 bytes, behind little else.
const HEADER_BYTES: usize = 256;
const ROW_BYTES: usize = 5;

/// Whether a picture is decoded here.
pub(super) const fn is_here(sequence: Sequence) -> bool {
    matches!((sequence.chroma, sequence.bits), (0 | 2, 8..=12))
}

/// What is held, in bytes. Source: `heic-decoder` 0.1.1, `Picture::new` and `apply_sao`.
pub(super) fn need(sequence: Sequence, most_tile_bytes: u64) -> Need {
    let Sequence { coded: (width, height), chroma, .. } = sequence;
    let pixels = u64::from(width).next_multiple_of(64) * u64::from(height).next_multiple_of(64);
    let samples = if chroma == 0 { pixels } else { 2 * pixels };
    // A sample is four bytes and a flag; one plane is copied for its offsets; tables of blocks of 4 by 4 and of trees.
    let picture = samples * 5 + pixels * 4 + pixels * 2;
    // The tile, its units, and these without their escapes.
    Need { decoder_bytes: picture.saturating_add(most_tile_bytes.saturating_mul(3)), frame_bytes: samples * 4 }
}

/// A decoder that knows the parameter sets.
pub(super) struct Hevc422<'picture> {
    format: ImageFormat,
    configuration: &'picture Configuration,
    sets: HevcDecoderConfig,
    /// Parsed with the first tile; the crate parses them again with each.
    parsed: Option<(Sps, Pps)>,
}

fn fault(format: ImageFormat, cause: HeifError) -> EngineError {
    match cause {
        HeifError::Unsupported(what) => EngineError::unsupported(format, what),
        cause => EngineError::decoder(format, cause),
    }
}

impl<'picture> Hevc422<'picture> {
    pub(super) fn new(format: ImageFormat, configuration: &'picture Configuration) -> Self {
        let array = |kind: u8| {
            let is_kind = |unit: &&Vec<u8>| unit.first().is_some_and(|first| first >> 1 & 63 == kind);
            HevcNalArray { nal_unit_type: kind, nalus: configuration.units.iter().filter(is_kind).cloned().collect() }
        };
        let sets = HevcDecoderConfig {
            length_size_minus_one: configuration.length_bytes.saturating_sub(1),
            arrays: vec![array(SPS), array(PPS)],
            ..HevcDecoderConfig::default()
        };
        Self { format, configuration, sets, parsed: None }
    }

    /// Refuses slice headers with more entry points than there are rows: the crate keeps them all, each from a bit on.
    fn check(&mut self, tile: &[u8]) -> Result<(), EngineError> {
        let format = self.format;
        let fault = |cause| fault(format, cause);
        let (sps, pps) = match &mut self.parsed {
            Some(parsed) => parsed,
            parsed => {
                let set = |kind: u8| self.sets.nalus_of_type(kind).next().ok_or(unreadable(format));
                let payload = |unit: &[u8]| parse_nal_header(unit).map(|(_, unit)| strip_emulation_prevention(unit));
                let sps = payload(set(SPS)?).and_then(|set| parse_sps(&set)).map_err(fault)?;
                let pps = payload(set(PPS)?).and_then(|set| parse_pps(&set)).map_err(fault)?;
                parsed.insert((sps, pps))
            }
        };
        let rows = self.configuration.sequence.coded.1.div_ceil(16) as usize;
        let width = usize::from(self.configuration.length_bytes);
        let mut rest = tile;
        while let Some((length, behind)) = rest.split_at_checked(width) {
            let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            let (unit, behind) = behind.split_at_checked(length).ok_or(unreadable(self.format))?;
            rest = behind;
            let unit = &unit[..unit.len().min(HEADER_BYTES + rows * ROW_BYTES)];
            let (header, payload) = parse_nal_header(unit).map_err(fault)?;
            if is_slice_nal(header.nal_unit_type) && header.nuh_layer_id == 0 {
                let payload = strip_emulation_prevention(payload);
                parse_slice_header(&payload, header.nal_unit_type, sps, pps).map_err(fault)?;
            }
        }
        Ok(())
    }
}

impl TileDecoder for Hevc422<'_> {
    fn decode(&mut self, bytes: Vec<u8>) -> Result<Tile, EngineError> {
        self.check(&bytes)?;
        let image = ResolvedImage { hevc_config: self.sets.clone(), data: bytes };
        let (sps, picture) = decode_one_image(&image).map_err(|cause| fault(self.format, cause))?;
        let sequence = self.configuration.sequence;
        let bits = u32::from(sequence.bits);
        let has_chroma = sequence.chroma != 0;
        let is_planned = (sps.pic_width_in_luma_samples, sps.pic_height_in_luma_samples) == sequence.coded
            && sps.chroma_format_idc == u32::from(sequence.chroma)
            && sps.bit_depth_luma == bits
            && (!has_chroma || sps.bit_depth_chroma == bits);
        if !is_planned {
            return Err(EngineError::unsupported(self.format, "luma and chroma of different depths"));
        }
        let [left, right, top, bottom] = sps.conformance_window;
        let side = |all: u32, first: u32, last: u32| all.checked_sub(first)?.checked_sub(last);
        let size = side(sequence.coded.0, left, right).zip(side(sequence.coded.1, top, bottom));
        let size = size.ok_or(unreadable(self.format))?;
        let Picture { y, cb, cr, .. } = picture;
        let planes = [y, cb, cr].map(Samples::new);
        let window = Window { planes, left: left as usize, top: top as usize, size, has_chroma };
        Ok(Tile { planes: Box::new(window), nclx: sequence.nclx })
    }
}

/// A plane as it was coded.
struct Samples {
    width: usize,
    samples: Vec<i32>,
}

impl Samples {
    fn new(plane: Plane) -> Self {
        Self { width: plane.width, samples: plane.into_samples() }
    }
}

/// The part of a coded picture that is seen.
struct Window {
    planes: [Samples; 3],
    left: usize,
    top: usize,
    size: (u32, u32),
    has_chroma: bool,
}

impl Planes for Window {
    fn shape(&self) -> Shape {
        Shape { size: self.size, halved: (self.has_chroma, false) }
    }

    fn row(&self, plane: usize, y: u32, out: &mut [u16]) {
        let Samples { width, samples } = &self.planes[plane];
        let left = if plane > 0 { self.left / 2 } else { self.left };
        let row = &samples[(self.top + y as usize) * width + left..][..out.len()];
        // In range: a sample has 8 to 12 bits.
        out.iter_mut().zip(row).for_each(|(out, sample)| *out = *sample as u16);
    }
}
