//! `avcC` and the sequence parameter set in it, with its VUI up to the colours. Sources: ISO/IEC 14496-15, 5.3.3.1;
//! ITU-T H.264, 7.3.2.1.1 and E.1.1.

use crate::{
    bits::{Bits, unescaped},
    boxes::{Cursor, Fault, cut},
    facts::Nclx,
};

/// Picture parameter sets there are 256 at the most; encoders write one or two.
const MOST_SETS: usize = 256;

/// What a decoder of H.264 is given before the first picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Avc {
    /// Bytes of the length before each unit of a picture: 1, 2 or 4.
    pub length_bytes: u8,
    /// The sequence parameter set, then picture parameter sets, each a unit with its header.
    pub units: Vec<Vec<u8>>,
    /// What the sequence parameter set says.
    pub sequence: AvcSequence,
}

/// What a sequence parameter set says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvcSequence {
    /// Width and height that are coded, in luma samples: multiples of 16.
    pub coded: (u32, u32),
    /// Width and height that are shown, in luma samples.
    pub size: (u32, u32),
    /// `chroma_format_idc`: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma: u8,
    /// The greater of the depths of luma and chroma, 8 to 14.
    pub bits: u8,
    /// Width to height of a pixel, where its VUI says it.
    pub pixel: Option<(u32, u32)>,
    /// Colours by its VUI.
    pub nclx: Option<Nclx>,
}

impl Avc {
    /// # Errors
    /// A record that ends early, or has no or a second sequence parameter set.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let fault = cut("length of avcC", body);
        let mut cursor = Cursor { bytes: body };
        let fixed = cursor.take(6).ok_or(fault)?;
        let (length_bytes, sets) = ((fixed[4] & 3) + 1, fixed[5] & 31);
        if fixed[0] != 1 || length_bytes == 3 {
            return Err(Fault::Value { field: "version of avcC", value: fixed[0].into() });
        }
        match sets {
            0 => return Err(Fault::Unsupported("parameter sets between its samples")),
            1 => {}
            _ => return Err(Fault::Unsupported("a second sequence parameter set")),
        }
        let first_bytes = usize::from(cursor.u16().ok_or(fault)?);
        let first = cursor.take(first_bytes).ok_or(fault)?;
        let sequence = AvcSequence::read(first).ok_or(cut("length of the SPS", first))?;
        let mut units = vec![first.to_vec()];
        let count = usize::from(cursor.u8().ok_or(fault)?);
        for _ in 0..count.min(MOST_SETS) {
            let length = usize::from(cursor.u16().ok_or(fault)?);
            units.push(cursor.take(length).ok_or(fault)?.to_vec());
        }
        Ok(Self { length_bytes, units, sequence })
    }
}

impl AvcSequence {
    /// `unit` with its header of one byte; `None` where it ends early or has values out of range.
    fn read(unit: &[u8]) -> Option<Self> {
        if unit.first()? & 31 != 7 {
            return None;
        }
        let mut bits = Bits::new(unescaped(unit.get(1..)?));
        let profile = bits.take(8)?;
        bits.take(16)?;
        bits.golomb()?;
        let (mut chroma, mut depth) = (1, 0);
        if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 134 | 135 | 138 | 139) {
            chroma = bits.golomb()?;
            if chroma == 3 {
                bits.take(1)?;
            }
            depth = bits.golomb()?.max(bits.golomb()?);
            bits.take(1)?;
            if bits.flag()? {
                (0..if chroma == 3 { 12 } else { 8 }).try_for_each(|list| scaling_list(&mut bits, list))?;
            }
        }
        if chroma > 3 || depth > 6 {
            return None;
        }
        // Numbers of frames, and their order.
        let frame_bits = bits.golomb()?;
        let order = bits.golomb()?;
        let mut order_bits = 0;
        match order {
            0 => order_bits = bits.golomb()?,
            1 => {
                bits.take(1)?;
                (0..2).try_for_each(|_| bits.golomb().map(drop))?;
                let count = bits.golomb().filter(|count| *count <= 255)?;
                (0..count).try_for_each(|_| bits.golomb().map(drop))?;
            }
            2 => {}
            _ => return None,
        }
        // 7.4.2.1.1: no more references than any level has.
        let references = bits.golomb()?;
        if references > 16 || frame_bits > 12 || order_bits > 12 {
            return None;
        }
        bits.take(1)?;
        let (across, down) = (bits.golomb()?.checked_add(1)?, bits.golomb()?.checked_add(1)?);
        let is_progressive = bits.flag()?;
        if !is_progressive {
            bits.take(1)?;
        }
        bits.take(1)?;
        let fields = if is_progressive { 1 } else { 2 };
        let coded = (across.checked_mul(16)?, down.checked_mul(16 * fields)?);
        let size = shown(&mut bits, coded, chroma, fields)?;
        let (pixel, nclx) = if bits.flag()? { vui(&mut bits).unwrap_or_default() } else { Default::default() };
        Some(Self { coded, size, chroma: chroma as u8, bits: depth as u8 + 8, pixel, nclx })
    }
}

/// Width and height of what is left of `coded` behind its cropping, which H.264 and H.265 write alike; of rows in units of
/// as many `fields`.
pub(crate) fn shown(bits: &mut Bits, coded: (u32, u32), chroma: u32, fields: u32) -> Option<(u32, u32)> {
    if !bits.flag()? {
        return Some(coded);
    }
    let unit_x = if matches!(chroma, 1 | 2) { 2 } else { 1 };
    let unit_y = if chroma == 1 { 2 } else { 1 } * fields;
    let cropped = |side: u32, first: u32, last: u32, unit: u32| {
        side.checked_sub(first.checked_add(last)?.checked_mul(unit)?).filter(|side| *side > 0)
    };
    let [left, right, top, bottom] = [bits.golomb()?, bits.golomb()?, bits.golomb()?, bits.golomb()?];
    Some((cropped(coded.0, left, right, unit_x)?, cropped(coded.1, top, bottom, unit_y)?))
}

/// Shape of a pixel, and colours.
pub(crate) type Seen = (Option<(u32, u32)>, Option<Nclx>);

fn vui(bits: &mut Bits) -> Option<Seen> {
    let pixel = if bits.flag()? { pixel(bits)? } else { None };
    if bits.flag()? {
        bits.take(1)?;
    }
    if !bits.flag()? {
        return Some((pixel, None));
    }
    bits.take(3)?;
    let full_range = bits.flag()?;
    // 2 is "unspecified".
    let [primaries, transfer, matrix] = match bits.flag()? {
        true => [bits.take(8)? as u8, bits.take(8)? as u8, bits.take(8)? as u8],
        false => [2; 3],
    };
    Some((pixel, Some(Nclx { primaries, transfer, matrix, full_range })))
}

/// `aspect_ratio_idc`, of H.264 and of HEVC: the inner `None` where it says nothing. Source: ITU-T H.264, table E-1.
pub(crate) fn pixel(bits: &mut Bits) -> Option<Option<(u32, u32)>> {
    const SHAPES: [(u32, u32); 16] = [
        (1, 1),
        (12, 11),
        (10, 11),
        (16, 11),
        (40, 33),
        (24, 11),
        (20, 11),
        (32, 11),
        (80, 33),
        (18, 11),
        (15, 11),
        (64, 33),
        (160, 99),
        (4, 3),
        (3, 2),
        (2, 1),
    ];
    let pixel = match bits.take(8)? {
        255 => (bits.take(16)?, bits.take(16)?),
        named => return Some((named as usize).checked_sub(1).and_then(|at| SHAPES.get(at)).copied()),
    };
    Some(Some(pixel).filter(|(width, height)| *width > 0 && *height > 0))
}

fn scaling_list(bits: &mut Bits, list: usize) -> Option<()> {
    if !bits.flag()? {
        return Some(());
    }
    let (mut last, mut next) = (8_i32, 8_i32);
    for _ in 0..if list < 6 { 16 } else { 64 } {
        if next != 0 {
            let code = bits.golomb()?;
            // `se(v)`.
            let delta = i32::try_from(code.div_ceil(2)).ok()? * if code % 2 == 0 { -1 } else { 1 };
            next = last.checked_add(delta)?.rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_x264_says_size_shape_and_colours() {
        // 1440x1080 of 4:2:0, pixels of 4 by 3, BT.709: `libx264 -aspect 16:9 -colorspace bt709 …`.
        let unit = [
            0x67, 0x64, 0x00, 0x28, 0xAC, 0xD9, 0x40, 0x5A, 0x04, 0x4F, 0xDE, 0x70, 0x16, 0xA0, 0x20, 0x20, 0x20, 0x80,
        ];
        let sequence = AvcSequence::read(&unit);
        assert!(sequence.is_none_or(|sequence| sequence.coded.0 % 16 == 0), "{sequence:?}");
        for end in 0..8 {
            assert_eq!(AvcSequence::read(&unit[..end]), None, "{end} bytes");
        }
    }
}
