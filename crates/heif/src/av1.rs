//! `av1C`, the sequence header of AV1, and whether an item is one frame. Sources: AV1 Codec ISO Media File Format
//! Binding, 2.3; AV1 Bitstream & Decoding Process Specification, 5.3 to 5.5.

mod frame;

use crate::{
    bits::Bits,
    boxes::{Cursor, Fault, cut},
    facts::Nclx,
};

/// Types of units. Source: 6.2.2.
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const TILE_GROUP: u8 = 4;
const METADATA: u8 = 5;
const FRAME: u8 = 6;
const PADDING: u8 = 15;

/// What a picture of AV1 is made of, as `av1C` and as a sequence header say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Av1 {
    /// 8, 10 or 12.
    pub bits: u8,
    /// As `chroma_format_idc` of HEVC: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma: u8,
}

/// One frame by its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Still {
    /// Depth and chroma.
    pub samples: Av1,
    /// Width and height, in pixels.
    pub size: (u32, u32),
    /// Tiles of the frame, which a decoder keeps tables for.
    pub tiles: u32,
    /// Colours; 2 is "unspecified".
    pub nclx: Nclx,
}

impl Av1 {
    /// # Errors
    /// A record that ends early or has values that AV1 has not.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let [marker, _, flags, _] = *body.first_chunk::<4>().ok_or(cut("length of av1C", body))?;
        if marker != 0x81 {
            return Err(Fault::Value { field: "version of av1C", value: marker.into() });
        }
        let flag = |bit: u32| flags >> bit & 1 != 0;
        Ok(Self::new(flag(6), flag(5), flag(4), (flag(3), flag(2))))
    }

    const fn new(is_high: bool, is_twelve: bool, is_grey: bool, halved: (bool, bool)) -> Self {
        let bits = match (is_high, is_twelve) {
            (false, _) => 8,
            (true, false) => 10,
            (true, true) => 12,
        };
        let chroma = match (is_grey, halved) {
            (true, _) => 0,
            (false, (true, true)) => 1,
            (false, (true, false)) => 2,
            (false, _) => 3,
        };
        Self { bits, chroma }
    }
}

impl Still {
    /// The headers of `item`, which must be one frame: a decoder holds what is planned for one.
    ///
    /// # Errors
    /// Units that end early, a header that is missing or comes twice, frames beside the first, and what is not read.
    pub fn read(item: &[u8]) -> Result<Self, Fault> {
        let mut cursor = Cursor { bytes: item };
        let mut sequence: Option<(Sequence, &[u8])> = None;
        let mut still = None;
        while let Some((kind, payload)) = next_unit(&mut cursor)? {
            match (kind, &sequence) {
                (SEQUENCE_HEADER, None) => {
                    let read = Sequence::read(payload).ok_or(cut("length of the sequence header", payload))?;
                    sequence = Some((read, payload));
                }
                (SEQUENCE_HEADER, Some((_, first))) if *first == payload => {}
                (SEQUENCE_HEADER, _) => return Err(Fault::Unsupported("a second sequence header")),
                (FRAME_HEADER | FRAME, _) if still.is_some() => {
                    return Err(Fault::Unsupported("an item of several frames"));
                }
                (FRAME_HEADER | FRAME, Some((sequence, _))) => still = Some(frame::read(sequence, payload)?),
                (TILE_GROUP | TEMPORAL_DELIMITER | METADATA | PADDING, _) => {}
                _ => return Err(Fault::Value { field: "type of a unit", value: kind.into() }),
            }
        }
        still.ok_or(cut("length of the frame header", &[]))
    }
}

/// A sequence header, as far as a frame header needs it.
pub(crate) struct Sequence {
    pub(crate) samples: Av1,
    pub(crate) size: (u32, u32),
    pub(crate) nclx: Nclx,
    pub(crate) is_reduced: bool,
    /// Bits of the width and the height of a frame with a size of its own.
    pub(crate) size_bits: (u32, u32),
    /// Bits of a frame's number; 0 where frames have none.
    pub(crate) id_bits: u32,
    pub(crate) has_large_blocks: bool,
    pub(crate) has_superres: bool,
    pub(crate) has_decoder_model: bool,
    pub(crate) tools: Tools,
}

/// What is by frame.
#[derive(Clone, Copy)]
pub(crate) struct Tools {
    pub(crate) order_bits: u32,
    /// Screen content tools: off, on, or 2 for "by frame".
    pub(crate) screen: u32,
    /// Whole motion vectors, likewise.
    pub(crate) whole_vectors: u32,
}

impl Sequence {
    /// Source: 5.5.1 and 5.5.2.
    fn read(payload: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(payload.get(..payload.len().min(1024))?.to_vec());
        let profile = bits.take(3)?;
        bits.flag()?;
        let is_reduced = bits.flag()?;
        let has_decoder_model = match is_reduced {
            true => bits.take(5).map(|_| false)?,
            false => operating_points(&mut bits)?,
        };
        let size_bits = (bits.take(4)? + 1, bits.take(4)? + 1);
        let size = (bits.take(size_bits.0)? + 1, bits.take(size_bits.1)? + 1);
        let id_bits = if !is_reduced && bits.flag()? { bits.take(4)? + 2 + bits.take(3)? + 1 } else { 0 };
        let has_large_blocks = bits.flag()?;
        // Filter intra, intra edges.
        bits.take(2)?;
        let tools = match is_reduced {
            true => Tools { order_bits: 0, screen: 2, whole_vectors: 2 },
            false => tools(&mut bits)?,
        };
        let has_superres = bits.flag()?;
        // CDEF, restoration.
        bits.take(2)?;
        let is_high = bits.flag()?;
        let is_twelve = profile == 2 && is_high && bits.flag()?;
        let is_grey = profile != 1 && bits.flag()?;
        let [primaries, transfer, matrix] = match bits.flag()? {
            true => [bits.take(8)? as u8, bits.take(8)? as u8, bits.take(8)? as u8],
            false => [2; 3],
        };
        let is_srgb = !is_grey && [primaries, transfer, matrix] == [1, 13, 0];
        let full_range = is_srgb || bits.flag()?;
        let halved = match profile {
            _ if is_srgb => (false, false),
            0 => (true, true),
            1 => (false, false),
            2 if is_twelve && !is_grey => {
                let across = bits.flag()?;
                (across, across && bits.flag()?)
            }
            2 => (true, false),
            _ => return None,
        };
        let samples = Av1::new(is_high, is_twelve, is_grey, halved);
        let nclx = Nclx { primaries, transfer, matrix, full_range };
        Some(Self {
            samples,
            size,
            nclx,
            is_reduced,
            size_bits,
            id_bits,
            has_large_blocks,
            has_superres,
            has_decoder_model,
            tools,
        })
    }
}

/// Timing, decoder model and the operating points of a header that is not the short one of still pictures; whether there
/// is a decoder model.
fn operating_points(bits: &mut Bits) -> Option<bool> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.skip(64)?;
        if bits.flag()? {
            bits.golomb()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.take(5)? + 1);
            bits.skip(32 + 5 + 5)?;
        }
    }
    let has_delays = bits.flag()?;
    for _ in 0..=bits.take(5)? {
        bits.skip(12)?;
        if bits.take(5)? > 7 {
            bits.take(1)?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * delay_bits as usize + 1)?;
        }
        if has_delays && bits.flag()? {
            bits.take(4)?;
        }
    }
    Some(delay_bits.is_some())
}

/// What only films use, but for the two flags that frames repeat.
fn tools(bits: &mut Bits) -> Option<Tools> {
    bits.take(4)?;
    let has_order = bits.flag()?;
    if has_order {
        bits.take(2)?;
    }
    let screen = if bits.flag()? { 2 } else { bits.take(1)? };
    let whole_vectors = if screen == 0 || bits.flag()? { 2 } else { bits.take(1)? };
    let order_bits = if has_order { bits.take(3)? + 1 } else { 0 };
    Some(Tools { order_bits, screen, whole_vectors })
}

/// The next unit, type and payload; `None` at the end. Source: 5.3.
fn next_unit<'item>(cursor: &mut Cursor<'item>) -> Result<Option<(u8, &'item [u8])>, Fault> {
    let start = cursor.bytes;
    let Some(header) = cursor.u8() else { return Ok(None) };
    let unit = (|| {
        if header & 4 != 0 {
            cursor.u8()?;
        }
        // The last unit may do without its length.
        let bytes = if header & 2 == 0 { cursor.bytes.len() as u64 } else { leb128(cursor)? };
        cursor.take(usize::try_from(bytes).ok()?)
    })();
    let payload = unit.ok_or(cut("length of a unit", start))?;
    Ok(Some((header >> 3 & 15, payload)))
}

/// Source: 4.10.5.
fn leb128(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut number = 0;
    for shift in 0..8 {
        let byte = cursor.u8()?;
        number |= u64::from(byte & 127) << (shift * 7);
        if byte & 128 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A still of 90 by 60 pixels, 4:4:4, of 8 bits, with the short header; and a frame of one tile.
    fn units() -> (Vec<u8>, Vec<u8>) {
        let mut bits = Written::default();
        for (value, count) in [(1, 3), (3, 2), (31, 5), (0xFF, 8), (89, 16), (59, 16), (0, 6), (0, 1)] {
            bits.put(value, count);
        }
        // Colours, full range, no steps of chroma; no grain, the end.
        for (value, count) in [(1, 1), (0x01_0D_06, 24), (1, 1), (0, 1), (1, 2)] {
            bits.put(value, count);
        }
        let mut frame = Written::default();
        // 2 by 1 blocks: an even column, and no second one.
        for (value, count) in [(4, 3), (1, 1), (0, 1), (1, 8), (0, 32)] {
            frame.put(value, count);
        }
        (unit(SEQUENCE_HEADER, &bits.bytes), unit(FRAME, &frame.bytes))
    }

    #[derive(Default)]
    struct Written {
        bytes: Vec<u8>,
        used: usize,
    }

    impl Written {
        fn put(&mut self, value: u32, count: u32) {
            for shift in (0..count).rev() {
                if self.used.is_multiple_of(8) {
                    self.bytes.push(0);
                }
                let at = self.bytes.len() - 1;
                self.bytes[at] |= ((value >> shift & 1) as u8) << (7 - self.used % 8);
                self.used += 1;
            }
        }
    }

    fn unit(kind: u8, payload: &[u8]) -> Vec<u8> {
        [&[kind << 3 | 2, payload.len() as u8], payload].concat()
    }

    #[test]
    fn a_still_says_its_size_depth_chroma_and_tiles() {
        let (sequence, frame) = units();
        let still = Still::read(&[unit(TEMPORAL_DELIMITER, &[]), sequence, frame].concat()).unwrap();
        assert_eq!((still.size, still.tiles), ((90, 60), 1));
        assert_eq!(still.samples, Av1 { bits: 8, chroma: 3 });
        assert_eq!(still.nclx, Nclx { primaries: 1, transfer: 13, matrix: 6, full_range: true });
    }

    #[test]
    fn two_frames_other_headers_and_cut_units_are_refused() {
        let (sequence, frame) = units();
        let check = |parts: &[&[u8]], want: &str| {
            let error = Still::read(&parts.concat()).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        };
        check(&[&sequence, &frame, &frame], "several frames");
        check(&[&frame, &sequence], "type of a unit is 6");
        check(&[&sequence], "length of the frame header");
        check(&[&sequence, &frame[..frame.len() - 1]], "length of a unit");
        let mut other = sequence.clone();
        other[4] ^= 1;
        check(&[&sequence, &other, &frame], "second sequence header");
        check(&[&sequence, &unit(9, &[])], "type of a unit is 9");
        // The same header once more is allowed.
        assert!(Still::read(&[sequence.clone(), sequence, frame].concat()).is_ok());
    }

    #[test]
    fn a_configuration_says_depth_and_chroma() {
        let check = |flags: u8, bits: u8, chroma: u8| {
            assert_eq!(Av1::read(&[0x81, 0, flags, 0]).unwrap(), Av1 { bits, chroma });
        };
        check(0b0000_1100, 8, 1);
        check(0b0100_1000, 10, 2);
        check(0b0110_0000, 12, 3);
        check(0b0001_1100, 8, 0);
        assert!(Av1::read(&[0x82, 0, 0, 0]).is_err() && Av1::read(&[0x81, 0, 0]).is_err());
    }
}
