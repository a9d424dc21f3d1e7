//! Tiles in the order of the file, each decoded by itself and at once added to the small image.
//!
//! Parameter sets come from `hvcC` alone, where they were read and planned by; in a tile's bytes they are passed over.
//! `rust_h265` may panic on damage: that ends the picture like any other damage.

use std::{
    io::{self, Read},
    panic::{AssertUnwindSafe, catch_unwind},
};

use heif::{Codec, Configuration, Extent, Picture};
use rust_h265::{DecodeError, DecodeLimits, Decoder, Frame, NalUnit, NalUnitType, PixelData, parse_nal};

use super::{FORMAT, HeifDetail, colour, colour::Matrix};
use crate::{
    EngineError, Plan, Probe, decoded::Decoded, error::Damage, raster::Channels, room::at_least_half,
    shrink::Scattered, source::Source,
};

/// What `rust_h265` 0.4.0 says of a slice at a row that is complete.
const COMPLETE: &str = "slice segment overlaps CTB rows already decoded";

pub(super) fn decode(
    source: &mut Source<'_>,
    probe: &Probe,
    detail: &HeifDetail,
    plan: &Plan,
) -> Result<Decoded, EngineError> {
    let picture = &detail.picture;
    let Codec::Hevc(configuration) = &picture.codec else { unreachable!("`step` refuses every other codec") };
    let mut tiles = Tiles { source, at: 0, decoder: decoder(configuration, detail)?, configuration, bytes: Vec::new() };
    let mut small = Small {
        picture,
        matrix: Matrix::new(detail.nclx(), detail.sequence.bits)?,
        out: Scattered::new(Channels::Rgb, (probe.width_px, probe.height_px), plan.row_shrink),
        row: vec![0; picture.tile.0 as usize * 3],
    };
    let mut fault = None;
    let mut whole_rows = 0;
    'rows: for (down, tiles_of_row) in picture.tiles.chunks(picture.grid.0 as usize).enumerate() {
        for (across, tile) in tiles_of_row.iter().enumerate() {
            let added = tiles.decode(*tile).and_then(|frame| small.add(&frame, (across as u32, down as u32)));
            if let Err(cause) = added {
                fault = Some(cause);
                break 'rows;
            }
        }
        // In range: the last row of tiles may stand over by less than a tile.
        whole_rows = (down as u32 + 1).saturating_mul(picture.tile.1);
    }
    let rows = whole_rows.saturating_sub(picture.crop.top).min(probe.height_px);
    let fault = fault.unwrap_or(unreadable());
    // What is well-formed and not decoded is said, whatever came before.
    if matches!(fault, EngineError::Unsupported { .. }) && rows < probe.height_px {
        return Err(fault);
    }
    let warnings = at_least_half(probe, rows, || fault)?;
    let profile = picture.profile.clone().or_else(|| colour::profile(detail.nclx()));
    let (raster, extent) = small.out.finish();
    Ok(Decoded::of_raster(raster, extent, profile, warnings))
}

const fn unreadable() -> EngineError {
    EngineError::Corrupt { format: FORMAT, cause: Damage::Unreadable }
}

fn fault(cause: DecodeError) -> EngineError {
    match cause {
        DecodeError::Unsupported(what) => EngineError::unsupported(FORMAT, what),
        cause => EngineError::decoder(FORMAT, cause),
    }
}

/// A panic is damage.
fn guarded<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    // What it leaves behind is not used again: the picture ends there.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(unreadable()))
}

/// A decoder that knows the parameter sets.
fn decoder(configuration: &Configuration, detail: &HeifDetail) -> Result<Decoder, EngineError> {
    let (width, height) = detail.sequence.coded;
    let limits =
        DecodeLimits { max_picture_pixels: u64::from(width) * u64::from(height), max_picture_memory_bytes: u64::MAX };
    guarded(|| {
        let mut decoder = Decoder::with_limits(limits);
        for unit in &configuration.units {
            decoder.decode_nal(&parse_nal(unit).ok_or_else(unreadable)?).map_err(fault)?;
        }
        Ok(decoder)
    })
}

struct Tiles<'decode, 'caller> {
    source: &'decode mut Source<'caller>,
    /// Bytes of the file that were read.
    at: u64,
    decoder: Decoder,
    configuration: &'decode Configuration,
    /// Of the tile.
    bytes: Vec<u8>,
}

impl Tiles<'_, '_> {
    fn decode(&mut self, tile: Extent) -> Result<Frame, EngineError> {
        let cause = |cause: io::Error| EngineError::decoder(FORMAT, cause);
        let end = tile.offset + tile.bytes;
        // Ascending: `heif` has looked.
        let gap = tile.offset - self.at;
        self.at += io::copy(&mut self.source.take(gap), &mut io::sink()).map_err(cause)?;
        self.bytes.reserve_exact(usize::try_from(tile.bytes).map_err(|_| unreadable())?);
        self.at += self.source.take(tile.bytes).read_to_end(&mut self.bytes).map_err(cause)? as u64;
        if self.at < end {
            return Err(EngineError::ends(FORMAT, self.at, end));
        }
        let Self { decoder, configuration, bytes, .. } = self;
        guarded(|| {
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
                if decoder.decode_nal(&parse_nal(unit).ok_or_else(unreadable)?).map_err(fault)?.is_some() {
                    return Err(unreadable());
                }
                last = unit;
            }
            if configuration.sequence.blocks > 1 && !is_whole(decoder, configuration, last) {
                return Err(unreadable());
            }
            // The picture's end is when most is held.
            *bytes = Vec::new();
            let frame = decoder.flush().ok_or_else(unreadable)?;
            if decoder.flush().is_some() { Err(unreadable()) } else { Ok(frame) }
        })
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

struct Small<'picture> {
    picture: &'picture Picture,
    matrix: Matrix,
    out: Scattered,
    /// Of a tile, in RGB.
    row: Vec<u8>,
}

impl Small<'_> {
    /// Adds a tile's pixels that the crop keeps.
    fn add(&mut self, frame: &Frame, place: (u32, u32)) -> Result<(), EngineError> {
        if (frame.width, frame.height) != self.picture.tile {
            return Err(EngineError::header(FORMAT, "width of a tile", frame.width));
        }
        match (&frame.y, &frame.u, &frame.v) {
            (PixelData::U8(luma), PixelData::U8(blue), PixelData::U8(red)) => {
                self.add_planes([luma, blue, red], frame.chroma_format_idc, place);
                Ok(())
            }
            (PixelData::U16(luma), PixelData::U16(blue), PixelData::U16(red)) => {
                self.add_planes([luma, blue, red], frame.chroma_format_idc, place);
                Ok(())
            }
            _ => Err(EngineError::unsupported(FORMAT, "luma and chroma of different depths")),
        }
    }

    fn add_planes<T: Copy + Into<i32>>(&mut self, planes: [&[T]; 3], chroma: u32, (across, down): (u32, u32)) {
        let (crop, (width, height)) = (self.picture.crop, self.picture.tile);
        let halved = u32::from(chroma == 1);
        // Sides are below 2^31 in all: a grid has at the most 256 tiles on a side, each of what HEVC can code.
        let (left, top) = (across * width, down * height);
        let kept = |first: u32, side: u32, crop_first: u32, crop_side: u32| {
            (first.max(crop_first), (first + side).min(crop_first + crop_side))
        };
        let (from_x, to_x) = kept(left, width, crop.left, crop.width);
        let (from_y, to_y) = kept(top, height, crop.top, crop.height);
        if from_x >= to_x {
            return;
        }
        let (width, chroma_width) = (width as usize, width.div_ceil(1 << halved) as usize);
        for y in from_y..to_y {
            let line = (y - top) as usize;
            let chroma_at = (line >> halved) * chroma_width;
            let rows = [
                &planes[0][line * width..][..width],
                &planes[1][chroma_at..][..chroma_width],
                &planes[2][chroma_at..][..chroma_width],
            ];
            self.matrix.row(rows, halved, &mut self.row);
            let pixels = &self.row[(from_x - left) as usize * 3..(to_x - left) as usize * 3];
            self.out.push(pixels, (y - crop.top) as usize, (from_x - crop.left) as usize, 1);
        }
    }
}
