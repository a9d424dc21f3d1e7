//! A slice segment's header. Source: 7.3.6.1 and 7.4.7.1.

use crate::{
    HevcError,
    bits::Bits,
    pps::{Pps, deblocking},
    sps::Sps,
    units::Kind,
    vui,
};

/// What the header of a slice says, as far as intra pictures depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// The coding tree block that it begins with, row by row: `SliceAddrRs`.
    pub(crate) address: u32,
    /// Of luma and chroma.
    pub(crate) has_offsets: [bool; 2],
    pub(crate) quantiser: i32,
    /// Of blue and red chroma.
    pub(crate) chroma_offsets: [i32; 2],
    pub(crate) has_chroma_lists: bool,
    pub(crate) is_deblocked: bool,
    /// `slice_beta_offset_div2` and `slice_tc_offset_div2`.
    pub(crate) deblock_offsets: [i32; 2],
    pub(crate) filters_across: bool,
}

/// The start of a header.
pub(crate) struct Start {
    pub(crate) is_first: bool,
    pub(crate) pps_id: u32,
}

/// A segment of a slice.
pub(crate) struct Segment<'unit> {
    /// Where it begins, in coding tree blocks, row by row.
    pub(crate) address: u32,
    /// Whether it goes on with the slice before it.
    pub(crate) is_dependent: bool,
    pub(crate) slice: Slice,
    pub(crate) data: &'unit [u8],
}

/// What comes before the parameter sets are known.
pub(crate) fn start(bits: &mut Bits<'_>, kind: Kind) -> Result<Start, HevcError> {
    let is_first = bits.flag()?;
    if kind != Kind::Slice {
        bits.take(1)?;
    }
    Ok(Start { is_first, pps_id: bits.up_to(63, "slice_pic_parameter_set_id")? })
}

/// The rest of the header, and the data behind it. `before` is the slice that a dependent segment goes on with.
pub(crate) fn read<'unit>(
    mut bits: Bits<'unit>,
    (kind, start): (Kind, &Start),
    (sps, pps): (&Sps, &Pps),
    before: Option<Slice>,
) -> Result<Segment<'unit>, HevcError> {
    let (across, down) = sps.tree_blocks();
    let (mut is_dependent, mut address) = (false, 0);
    if !start.is_first {
        is_dependent = pps.has_dependent_slices && bits.flag()?;
        address = bits.below(across * down)?;
        if address >= across * down {
            return Err(HevcError::Value("slice_segment_address"));
        }
    }
    let slice = if is_dependent {
        before.ok_or(HevcError::Value("dependent_slice_segment_flag"))?
    } else {
        slice(&mut bits, address, kind, sps, pps)?
    };
    if pps.tiles.is_some() || pps.is_wavefront {
        // Sub-streams follow one another, so that nothing is looked up by its entry point.
        let entries = bits.up_to(across * down, "num_entry_point_offsets")?;
        if entries > 0 {
            let width = 1 + bits.up_to(31, "offset_len_minus1")?;
            bits.skip(entries as usize * width as usize)?;
        }
    }
    if pps.has_header_extension {
        let bytes = bits.up_to(256, "slice_segment_header_extension_length")?;
        bits.skip(8 * bytes as usize)?;
    }
    Ok(Segment { address, is_dependent, slice, data: bits.aligned()? })
}

fn slice(bits: &mut Bits<'_>, address: u32, kind: Kind, sps: &Sps, pps: &Pps) -> Result<Slice, HevcError> {
    bits.take(pps.extra_bits)?;
    if bits.up_to(2, "slice_type")? != 2 {
        return Err(HevcError::Unsupported("a picture that refers to others"));
    }
    if pps.has_output_flag {
        bits.take(1)?;
    }
    if kind != Kind::Fresh {
        pass_references(bits, sps)?;
    }
    let mut has_offsets = [false; 2];
    if sps.has_offsets {
        has_offsets = [bits.flag()?, sps.chroma_format != 0 && bits.flag()?];
    }
    let quantiser = pps.quantiser + bits.within(26 + 51 + 6 * 4, "slice_qp_delta")?;
    if !(-6 * (sps.depths[0] as i32 - 8)..=51).contains(&quantiser) {
        return Err(HevcError::Value("slice_qp_delta"));
    }
    let mut chroma_offsets = [0; 2];
    if pps.has_slice_chroma_offsets {
        chroma_offsets = [bits.within(12, "slice_cb_qp_offset")?, bits.within(12, "slice_cr_qp_offset")?];
    }
    let has_chroma_lists = pps.range.chroma_lists.is_some() && bits.flag()?;
    let (mut is_deblocked, mut deblock_offsets) = (pps.is_deblocked, pps.deblock_offsets);
    if pps.may_override_deblocking && bits.flag()? {
        is_deblocked = !bits.flag()?;
        if is_deblocked {
            deblock_offsets = deblocking(bits)?;
        }
    }
    let mut filters_across = pps.filters_across_slices;
    if filters_across && (has_offsets != [false; 2] || is_deblocked) {
        filters_across = bits.flag()?;
    }
    Ok(Slice {
        address,
        has_offsets,
        quantiser,
        chroma_offsets,
        has_chroma_lists,
        is_deblocked,
        deblock_offsets,
        filters_across,
    })
}

/// Which pictures later ones may refer to.
fn pass_references(bits: &mut Bits<'_>, sps: &Sps) -> Result<(), HevcError> {
    bits.take(sps.order_bits)?;
    if bits.flag()? {
        bits.below(sps.reference_sets.len() as u32)?;
    } else {
        vui::reference_set(bits, &sps.reference_sets, true)?;
    }
    if let Some(named) = sps.long_term {
        let by_name = if named > 0 { bits.up_to(named, "num_long_term_sps")? } else { 0 };
        let others = bits.up_to(32, "num_long_term_pics")?;
        for index in 0..by_name + others {
            if index < by_name {
                bits.below(named)?;
            } else {
                bits.take(sps.order_bits + 1)?;
            }
            if bits.flag()? {
                bits.unsigned()?;
            }
        }
    }
    if sps.has_temporal_vectors {
        bits.take(1)?;
    }
    Ok(())
}
