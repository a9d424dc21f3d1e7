//! `hvcC` and the sequence parameter set in it, up to the colours of its VUI. Sources: ISO/IEC 14496-15, 8.3.3.1.2;
//! ITU-T H.265, 7.3.2.2, 7.3.3, 7.3.4, 7.3.7 and E.2.1.

use crate::{
    avc::{self, Seen},
    bits::{Bits, unescaped},
    boxes::{Cursor, Fault, cut},
    facts::Nclx,
};

/// Parameter sets of one kind there are 64 at the most.
const MOST_SETS: usize = 192;
/// The type of a unit that holds a sequence parameter set.
const SPS: u8 = 33;

/// What a decoder is given before the first picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Bytes of the length before each unit of a picture: 1, 2 or 4.
    pub length_bytes: u8,
    /// Parameter sets, each a unit with its header.
    pub units: Vec<Vec<u8>>,
    /// The first sequence parameter set.
    pub sequence: Sequence,
}

/// What a sequence parameter set says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Width and height that are shown, in luma samples.
    pub size: (u32, u32),
    /// `chroma_format_idc`: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma: u8,
    /// The greater of the depths of luma and chroma, 8 to 16.
    pub bits: u8,
    /// Width to height of a pixel, where its VUI says it.
    pub pixel: Option<(u32, u32)>,
    /// Colours by its VUI.
    pub nclx: Option<Nclx>,
}

impl Configuration {
    /// # Errors
    /// A record that ends early or has no sequence parameter set.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Fault> {
        let fault = cut("length of hvcC", body);
        let mut cursor = Cursor { bytes: body };
        let fixed = cursor.take(23).ok_or(fault)?;
        let (length_bytes, arrays) = ((fixed[21] & 3) + 1, fixed[22]);
        let mut units: Vec<Vec<u8>> = Vec::new();
        let mut sequence = None;
        for _ in 0..arrays {
            let kind = cursor.u8().ok_or(fault)? & 63;
            for _ in 0..cursor.u16().ok_or(fault)? {
                let length = usize::from(cursor.u16().ok_or(fault)?);
                let unit = cursor.take(length).ok_or(fault)?;
                // SEI and others say nothing about a still picture.
                if !(32..=34).contains(&kind) {
                    continue;
                }
                if units.len() == MOST_SETS {
                    return Err(Fault::Unsupported("so many parameter sets"));
                }
                if kind == SPS && sequence.is_none() {
                    sequence = Some(Sequence::read(unit).ok_or(cut("length of the SPS", unit))?);
                } else if kind == SPS {
                    return Err(Fault::Unsupported("a second sequence parameter set"));
                }
                units.push(unit.to_vec());
            }
        }
        let sequence = sequence.ok_or(fault)?;
        Ok(Self { length_bytes, units, sequence })
    }
}

impl Sequence {
    /// `unit` with its header of two bytes; `None` where it ends early or has values out of range.
    fn read(unit: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(unescaped(unit.get(2..)?));
        bits.take(4)?;
        let sub_layers = bits.take(3)?;
        bits.take(1)?;
        profile_tier_level(&mut bits, sub_layers)?;
        bits.golomb()?;
        let chroma = bits.golomb()?;
        if chroma == 3 {
            bits.take(1)?;
        }
        let coded = (bits.golomb()?, bits.golomb()?);
        let size = avc::shown(&mut bits, coded, chroma, 1)?;
        let depth = bits.golomb()?.max(bits.golomb()?);
        if chroma > 3 || depth > 8 || coded.0 == 0 || coded.1 == 0 {
            return None;
        }
        let order_bits = bits.golomb()?.checked_add(4)?;
        let first = if bits.flag()? { 0 } else { sub_layers };
        for _ in first..=sub_layers {
            (0..3).try_for_each(|_| bits.golomb().map(drop))?;
        }
        (0..2).try_for_each(|_| bits.golomb().map(drop))?;
        let (pixel, nclx) = seen(&mut bits, order_bits).unwrap_or_default();
        Some(Self { size, chroma: chroma as u8, bits: depth as u8 + 8, pixel, nclx })
    }
}

/// From behind the size of blocks to the VUI; `None` where it cannot be reached.
fn seen(bits: &mut Bits, order_bits: u32) -> Option<Seen> {
    (0..4).try_for_each(|_| bits.golomb().map(drop))?;
    if bits.flag()? && bits.flag()? {
        scaling_lists(bits)?;
    }
    bits.take(2)?;
    if bits.flag()? {
        bits.take(8)?;
        bits.golomb()?;
        bits.golomb()?;
        bits.take(1)?;
    }
    reference_sets(bits)?;
    if bits.flag()? {
        let count = bits.golomb()?;
        for _ in 0..count.min(32) {
            bits.take(order_bits.min(16))?;
            bits.take(1)?;
        }
    }
    bits.take(2)?;
    if !bits.flag()? {
        return Some((None, None));
    }
    let pixel = if bits.flag()? { avc::pixel(bits)? } else { None };
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

fn profile_tier_level(bits: &mut Bits, sub_layers: u32) -> Option<()> {
    bits.skip(88 + 8)?;
    let mut present = Vec::new();
    for _ in 0..sub_layers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - sub_layers as usize))?;
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    Some(())
}

fn scaling_lists(bits: &mut Bits) -> Option<()> {
    for size in 0..4 {
        let step = if size == 3 { 3 } else { 1 };
        for _ in (0..6).step_by(step) {
            if !bits.flag()? {
                bits.golomb()?;
                continue;
            }
            if size > 1 {
                bits.golomb()?;
            }
            (0..64.min(1 << (4 + (size << 1)))).try_for_each(|_| bits.golomb().map(drop))?;
        }
    }
    Some(())
}

/// Each is written out, or by the one before it. Source: ITU-T H.265, 7.3.7 and 7.4.8.
fn reference_sets(bits: &mut Bits) -> Option<()> {
    let sets = bits.golomb()?;
    let mut before = 0;
    for set in 0..sets {
        if set > 64 {
            return None;
        }
        if set > 0 && bits.flag()? {
            bits.take(1)?;
            bits.golomb()?;
            let mut count = 0;
            for _ in 0..=before {
                // Used now, or later.
                count += u32::from(bits.flag()? || bits.flag()?);
            }
            before = count;
        } else {
            before = bits.golomb()?.checked_add(bits.golomb()?)?;
            for _ in 0..before.min(32) {
                bits.golomb()?;
                bits.take(1)?;
            }
        }
        if before > 32 {
            return None;
        }
    }
    Some(())
}
