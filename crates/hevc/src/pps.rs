//! A picture parameter set. Source: 7.3.2.3 and 7.4.3.3.

use crate::{HevcError, bits::Bits, scaling::ScalingLists, sps::Sps};

/// What a picture parameter set says, as far as intra pictures depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Pps {
    pub(crate) id: u32,
    pub(crate) sps_id: u32,
    pub(crate) has_dependent_slices: bool,
    pub(crate) has_output_flag: bool,
    pub(crate) extra_bits: u32,
    pub(crate) hides_signs: bool,
    pub(crate) quantiser: i32,
    pub(crate) skips_transforms: bool,
    /// `diff_cu_qp_delta_depth`, where quantisers change within a slice.
    pub(crate) delta_depth: Option<u32>,
    /// Of blue and red chroma.
    pub(crate) chroma_offsets: [i32; 2],
    pub(crate) has_slice_chroma_offsets: bool,
    pub(crate) has_bypass: bool,
    pub(crate) is_wavefront: bool,
    /// Columns and rows of tiles, as they are coded.
    pub(crate) tiles: Option<Tiles>,
    pub(crate) filters_across_slices: bool,
    pub(crate) may_override_deblocking: bool,
    pub(crate) is_deblocked: bool,
    /// `pps_beta_offset_div2` and `pps_tc_offset_div2`.
    pub(crate) deblock_offsets: [i32; 2],
    pub(crate) scaling: Option<ScalingLists>,
    pub(crate) has_header_extension: bool,
    pub(crate) range: RangeTools,
}

/// `tiles_enabled_flag` and what follows it.
#[derive(Clone, Debug)]
pub(crate) struct Tiles {
    columns: Sides,
    rows: Sides,
    pub(crate) filters_across: bool,
}

#[derive(Clone, Debug)]
enum Sides {
    Even(u32),
    /// All but the last.
    Coded(Vec<u32>),
}

/// `pps_range_extension()`.
#[derive(Clone, Debug)]
pub(crate) struct RangeTools {
    pub(crate) max_skip_log2: u32,
    pub(crate) crosses_components: bool,
    /// `diff_cu_chroma_qp_offset_depth`, and offsets of blue and red chroma.
    pub(crate) chroma_lists: Option<(u32, Vec<[i32; 2]>)>,
    /// `log2_sao_offset_scale` of luma and chroma.
    pub(crate) offset_scales: [u32; 2],
}

impl Pps {
    /// `payload` without its header; `sps` is what it may refer to.
    pub(crate) fn read(payload: &[u8], sps: &Sps) -> Result<Self, HevcError> {
        let mut bits = Bits::new(payload, "a picture parameter set");
        let bits = &mut bits;
        let id = bits.up_to(63, "pps_pic_parameter_set_id")?;
        let sps_id = bits.up_to(15, "pps_seq_parameter_set_id")?;
        let (has_dependent_slices, has_output_flag, extra_bits) = (bits.flag()?, bits.flag()?, bits.take(3)?);
        let hides_signs = bits.flag()?;
        bits.take(1)?;
        bits.unsigned()?;
        bits.unsigned()?;
        let quantiser = 26 + bits.within(26 + 6 * 4, "init_qp_minus26")?;
        bits.take(1)?;
        let skips_transforms = bits.flag()?;
        let delta_depth = match bits.flag()? {
            true => Some(bits.up_to(sps.tree_block_log2 - sps.min_block_log2, "diff_cu_qp_delta_depth")?),
            false => None,
        };
        let chroma_offsets = [bits.within(12, "pps_cb_qp_offset")?, bits.within(12, "pps_cr_qp_offset")?];
        let has_slice_chroma_offsets = bits.flag()?;
        bits.take(2)?;
        let has_bypass = bits.flag()?;
        let (has_tiles, is_wavefront) = (bits.flag()?, bits.flag()?);
        let tiles = if has_tiles { Some(Tiles::read(bits, sps.tree_blocks())?) } else { None };
        let filters_across_slices = bits.flag()?;
        let (mut may_override_deblocking, mut is_deblocked, mut deblock_offsets) = (false, true, [0; 2]);
        if bits.flag()? {
            may_override_deblocking = bits.flag()?;
            is_deblocked = !bits.flag()?;
            if is_deblocked {
                deblock_offsets = deblocking(bits)?;
            }
        }
        let scaling = if bits.flag()? { Some(ScalingLists::read(bits, sps.chroma_format)?) } else { None };
        bits.take(1)?;
        bits.unsigned()?;
        let has_header_extension = bits.flag()?;
        let mut range =
            RangeTools { max_skip_log2: 2, crosses_components: false, chroma_lists: None, offset_scales: [0; 2] };
        if bits.flag()? {
            let [has_range, _, three_d, screen] = [bits.flag()?, bits.flag()?, bits.flag()?, bits.flag()?];
            bits.take(4)?;
            if three_d || screen {
                return Err(HevcError::Unsupported("screen content or depth"));
            }
            if has_range {
                range = RangeTools::read(bits, skips_transforms, sps)?;
            }
        }
        Ok(Self {
            id,
            sps_id,
            has_dependent_slices,
            has_output_flag,
            extra_bits,
            hides_signs,
            quantiser,
            skips_transforms,
            delta_depth,
            chroma_offsets,
            has_slice_chroma_offsets,
            has_bypass,
            is_wavefront,
            tiles,
            filters_across_slices,
            may_override_deblocking,
            is_deblocked,
            deblock_offsets,
            scaling,
            has_header_extension,
            range,
        })
    }
}

/// `beta_offset_div2` and `tc_offset_div2`, of a picture or a slice.
pub(crate) fn deblocking(bits: &mut Bits<'_>) -> Result<[i32; 2], HevcError> {
    Ok([bits.within(6, "beta_offset_div2")?, bits.within(6, "tc_offset_div2")?])
}

impl Tiles {
    fn read(bits: &mut Bits<'_>, (across, down): (u32, u32)) -> Result<Self, HevcError> {
        let columns = 1 + bits.up_to(across.min(20) - 1, "num_tile_columns_minus1")?;
        let rows = 1 + bits.up_to(down.min(22) - 1, "num_tile_rows_minus1")?;
        let (columns, rows) = if bits.flag()? {
            (Sides::Even(columns), Sides::Even(rows))
        } else {
            (Sides::read(bits, columns, across)?, Sides::read(bits, rows, down)?)
        };
        Ok(Self { columns, rows, filters_across: bits.flag()? })
    }

    /// The first column of each tile and the first row, in coding tree blocks, and what is behind the last.
    pub(crate) fn edges(&self, (across, down): (u32, u32)) -> (Vec<u32>, Vec<u32>) {
        (self.columns.edges(across), self.rows.edges(down))
    }
}

impl Sides {
    fn read(bits: &mut Bits<'_>, count: u32, whole: u32) -> Result<Self, HevcError> {
        let mut sides = Vec::new();
        let mut left = whole;
        for _ in 1..count {
            let side = 1 + bits.up_to(0xffff, "the size of a tile")?;
            left = left.checked_sub(side).filter(|left| *left > 0).ok_or(HevcError::Value("the size of a tile"))?;
            sides.push(side);
        }
        Ok(Self::Coded(sides))
    }

    /// 6.5.1.
    fn edges(&self, whole: u32) -> Vec<u32> {
        match self {
            Self::Even(count) => (0..=*count).map(|index| index * whole / count).collect(),
            Self::Coded(sides) => {
                let firsts = sides.iter().scan(0, |at, side| {
                    *at += side;
                    Some(*at)
                });
                std::iter::once(0).chain(firsts).chain([whole]).collect()
            }
        }
    }
}

impl RangeTools {
    fn read(bits: &mut Bits<'_>, skips_transforms: bool, sps: &Sps) -> Result<Self, HevcError> {
        let mut max_skip_log2 = 2;
        if skips_transforms {
            max_skip_log2 = 2 + bits.up_to(3, "log2_max_transform_skip_block_size_minus2")?;
        }
        let crosses_components = bits.flag()?;
        if crosses_components && sps.chroma_format != 3 {
            return Err(HevcError::Value("cross_component_prediction_enabled_flag"));
        }
        let mut chroma_lists = None;
        if bits.flag()? {
            let depth = bits.up_to(sps.tree_block_log2 - sps.min_block_log2, "diff_cu_chroma_qp_offset_depth")?;
            let count = 1 + bits.up_to(5, "chroma_qp_offset_list_len_minus1")?;
            let mut offsets = Vec::new();
            for _ in 0..count {
                offsets.push([bits.within(12, "cb_qp_offset_list")?, bits.within(12, "cr_qp_offset_list")?]);
            }
            chroma_lists = Some((depth, offsets));
        }
        let mut offset_scales = [0; 2];
        for (scale, depth) in offset_scales.iter_mut().zip(sps.depths) {
            *scale = bits.up_to(depth.saturating_sub(10), "log2_sao_offset_scale")?;
        }
        Ok(Self { max_skip_log2, crosses_components, chroma_lists, offset_scales })
    }
}
