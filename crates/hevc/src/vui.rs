//! What stands between a sequence's tools and its extensions. Source: 7.3.3, 7.3.7, E.2.1, E.2.2 and E.2.3.

use crate::{HevcError, bits::Bits};

/// The most reference picture sets, and pictures in one (7.4.3.2.1, 7.4.8).
const MOST_SETS: u32 = 64;
const MOST_PICTURES: u32 = 16;

/// `profile_tier_level(1, sub_layers)`.
pub(crate) fn pass_profile(bits: &mut Bits<'_>, sub_layers: u32) -> Result<(), HevcError> {
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
    Ok(())
}

/// How many pictures each `st_ref_pic_set` has, which is all that later ones and slices are read by.
pub(crate) fn reference_sets(bits: &mut Bits<'_>) -> Result<Vec<u32>, HevcError> {
    let count = bits.up_to(MOST_SETS, "num_short_term_ref_pic_sets")?;
    let mut sets = Vec::new();
    for _ in 0..count {
        let set = reference_set(bits, &sets, false)?;
        sets.push(set);
    }
    Ok(sets)
}

/// The pictures of a `st_ref_pic_set` behind `sets`; one of a slice may be told by any of them.
pub(crate) fn reference_set(bits: &mut Bits<'_>, sets: &[u32], is_of_slice: bool) -> Result<u32, HevcError> {
    const SET: &str = "st_ref_pic_set";
    if !sets.is_empty() && bits.flag()? {
        let back = if is_of_slice { bits.unsigned()? as usize } else { 0 };
        let before = sets.iter().rev().nth(back).ok_or(HevcError::Value("delta_idx_minus1"))?;
        bits.take(1)?;
        bits.unsigned()?;
        let mut pictures = 0;
        for _ in 0..=*before {
            // Used now, or later.
            pictures += u32::from(bits.flag()? || bits.flag()?);
        }
        return if pictures <= MOST_PICTURES { Ok(pictures) } else { Err(HevcError::Value(SET)) };
    }
    let pictures = bits.up_to(MOST_PICTURES, SET)? + bits.up_to(MOST_PICTURES, SET)?;
    if pictures > MOST_PICTURES {
        return Err(HevcError::Value(SET));
    }
    for _ in 0..pictures {
        bits.unsigned()?;
        bits.take(1)?;
    }
    Ok(pictures)
}

/// `vui_parameters()`.
pub(crate) fn pass(bits: &mut Bits<'_>, sub_layers: u32) -> Result<(), HevcError> {
    // The shape of pixels.
    if bits.flag()? && bits.take(8)? == 255 {
        bits.skip(32)?;
    }
    // Overscan.
    if bits.flag()? {
        bits.take(1)?;
    }
    // Colours.
    if bits.flag()? {
        bits.take(4)?;
        if bits.flag()? {
            bits.take(24)?;
        }
    }
    // The place of chroma.
    if bits.flag()? {
        numbers(bits, 2)?;
    }
    bits.take(3)?;
    // A window for display.
    if bits.flag()? {
        numbers(bits, 4)?;
    }
    // Time.
    if bits.flag()? {
        bits.skip(64)?;
        if bits.flag()? {
            bits.unsigned()?;
        }
        if bits.flag()? {
            pass_buffers(bits, sub_layers)?;
        }
    }
    // Restrictions.
    if bits.flag()? {
        bits.take(3)?;
        numbers(bits, 5)?;
    }
    Ok(())
}

/// `hrd_parameters(1, sub_layers)`.
fn pass_buffers(bits: &mut Bits<'_>, sub_layers: u32) -> Result<(), HevcError> {
    let kinds = u32::from(bits.flag()?) + u32::from(bits.flag()?);
    let mut has_parts = false;
    if kinds > 0 {
        has_parts = bits.flag()?;
        bits.skip(if has_parts { 19 } else { 0 } + 8 + if has_parts { 4 } else { 0 } + 15)?;
    }
    for _ in 0..=sub_layers {
        let is_fixed = bits.flag()? || bits.flag()?;
        let mut is_late = false;
        if is_fixed {
            bits.unsigned()?;
        } else {
            is_late = bits.flag()?;
        }
        let buffers = if is_late { 1 } else { 1 + bits.up_to(31, "cpb_cnt_minus1")? };
        for _ in 0..kinds * buffers {
            numbers(bits, if has_parts { 4 } else { 2 })?;
            bits.take(1)?;
        }
    }
    Ok(())
}

fn numbers(bits: &mut Bits<'_>, count: u32) -> Result<(), HevcError> {
    (0..count).try_for_each(|_| bits.unsigned().map(drop))
}
