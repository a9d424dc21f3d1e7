//! A sequence parameter set. Source: 7.3.2.2 and 7.4.3.2.

use crate::{HevcError, bits::Bits, scaling::ScalingLists, vui};

/// What a sequence parameter set says, as far as pixels depend on it.
#[derive(Clone, Debug)]
pub(crate) struct Sps {
    pub(crate) id: u32,
    /// `chroma_format_idc`: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub(crate) chroma_format: u32,
    /// In luma samples, as coded.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// What is shown, in luma samples: columns and rows that are left out on the left, right, top and bottom.
    pub(crate) window: [u32; 4],
    /// Of luma and chroma.
    pub(crate) depths: [u32; 2],
    pub(crate) order_bits: u32,
    pub(crate) min_block_log2: u32,
    pub(crate) tree_block_log2: u32,
    pub(crate) min_transform_log2: u32,
    pub(crate) max_transform_log2: u32,
    pub(crate) max_transform_depth: u32,
    pub(crate) scaling: Option<ScalingLists>,
    pub(crate) has_offsets: bool,
    pub(crate) pcm: Option<Pcm>,
    /// Pictures of each short-term reference set.
    pub(crate) reference_sets: Vec<u32>,
    /// The long-term pictures that a slice may name, where it may have any.
    pub(crate) long_term: Option<u32>,
    pub(crate) has_temporal_vectors: bool,
    pub(crate) smooths_strongly: bool,
    pub(crate) range: RangeTools,
}

/// Blocks of plain samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pcm {
    /// Of luma and chroma.
    pub(crate) depths: [u32; 2],
    pub(crate) min_log2: u32,
    pub(crate) max_log2: u32,
    pub(crate) is_deblocked: bool,
}

/// `sps_range_extension()`, as far as intra pictures use it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RangeTools {
    pub(crate) rotates: bool,
    pub(crate) has_skip_context: bool,
    pub(crate) sums_implicitly: bool,
    pub(crate) is_never_smoothed: bool,
    pub(crate) adapts_rice: bool,
}

impl Sps {
    /// `payload` without its header.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, HevcError> {
        let mut bits = Bits::new(payload, "a sequence parameter set");
        let bits = &mut bits;
        bits.take(4)?;
        let sub_layers = bits.take(3)?;
        bits.take(1)?;
        vui::pass_profile(bits, sub_layers)?;
        let id = bits.up_to(15, "sps_seq_parameter_set_id")?;
        let chroma_format = bits.up_to(3, "chroma_format_idc")?;
        if chroma_format == 3 && bits.flag()? {
            return Err(HevcError::Unsupported("three separate colour planes"));
        }
        // 8,192 by 4,320 is the largest of the levels; a side has no more than 65,535 here.
        let width = bits.up_to(0xffff, "pic_width_in_luma_samples")?;
        let height = bits.up_to(0xffff, "pic_height_in_luma_samples")?;
        let window = window(bits, (width, height), chroma_format)?;
        let depths = [8 + bits.unsigned()?.min(8), 8 + bits.unsigned()?.min(8)];
        if depths.iter().any(|depth| *depth > 12) {
            return Err(HevcError::Unsupported("more than 12 bits a sample"));
        }
        if chroma_format != 0 && depths[0] != depths[1] {
            return Err(HevcError::Unsupported("luma and chroma of different depths"));
        }
        let order_bits = 4 + bits.up_to(12, "log2_max_pic_order_cnt_lsb_minus4")?;
        let first = if bits.flag()? { 0 } else { sub_layers };
        for _ in first..=sub_layers {
            (0..3).try_for_each(|_| bits.unsigned().map(drop))?;
        }
        let min_block_log2 = 3 + bits.up_to(3, "log2_min_luma_coding_block_size_minus3")?;
        let tree_block_log2 = min_block_log2 + bits.up_to(3, "log2_diff_max_min_luma_coding_block_size")?;
        let min_transform_log2 = 2 + bits.up_to(3, "log2_min_luma_transform_block_size_minus2")?;
        let max_transform_log2 = min_transform_log2 + bits.up_to(3, "log2_diff_max_min_luma_transform_block_size")?;
        if !(4..=6).contains(&tree_block_log2)
            || min_transform_log2 >= min_block_log2
            || max_transform_log2 > tree_block_log2.min(5)
        {
            return Err(HevcError::Value("the size of coding or transform blocks"));
        }
        let is_whole = |side: u32| side > 0 && side.is_multiple_of(1 << min_block_log2);
        if !is_whole(width) || !is_whole(height) {
            return Err(HevcError::Value("pic_width_in_luma_samples or pic_height_in_luma_samples"));
        }
        bits.unsigned()?;
        let max_transform_depth = bits.up_to(4, "max_transform_hierarchy_depth_intra")?;
        let scaling = match bits.flag()? {
            false => None,
            true if bits.flag()? => Some(ScalingLists::read(bits, chroma_format)?),
            true => Some(ScalingLists::standard()),
        };
        bits.take(1)?;
        let has_offsets = bits.flag()?;
        let pcm = match bits.flag()? {
            true => Some(Pcm::read(bits, depths, tree_block_log2)?),
            false => None,
        };
        let reference_sets = vui::reference_sets(bits)?;
        let mut long_term = None;
        if bits.flag()? {
            let count = bits.up_to(32, "num_long_term_ref_pics_sps")?;
            bits.skip((count * (order_bits + 1)) as usize)?;
            long_term = Some(count);
        }
        let has_temporal_vectors = bits.flag()?;
        let smooths_strongly = bits.flag()?;
        if bits.flag()? {
            vui::pass(bits, sub_layers)?;
        }
        let range = if bits.flag()? { RangeTools::read(bits)? } else { RangeTools::default() };
        Ok(Self {
            id,
            chroma_format,
            width,
            height,
            window,
            depths,
            order_bits,
            min_block_log2,
            tree_block_log2,
            min_transform_log2,
            max_transform_log2,
            max_transform_depth,
            scaling,
            has_offsets,
            pcm,
            reference_sets,
            long_term,
            has_temporal_vectors,
            smooths_strongly,
            range,
        })
    }

    /// How much smaller chroma is, as a power of two: in columns and in rows.
    pub(crate) const fn chroma_shifts(&self) -> (u32, u32) {
        match self.chroma_format {
            1 => (1, 1),
            2 => (1, 0),
            _ => (0, 0),
        }
    }

    /// How many planes there are.
    pub(crate) const fn planes(&self) -> usize {
        if self.chroma_format == 0 { 1 } else { 3 }
    }

    /// Coding tree blocks in a row, and rows of them.
    pub(crate) const fn tree_blocks(&self) -> (u32, u32) {
        (self.width.div_ceil(1 << self.tree_block_log2), self.height.div_ceil(1 << self.tree_block_log2))
    }
}

/// `conf_win_left_offset` and the others, in luma samples.
fn window(bits: &mut Bits<'_>, (width, height): (u32, u32), chroma_format: u32) -> Result<[u32; 4], HevcError> {
    if !bits.flag()? {
        return Ok([0; 4]);
    }
    let unit = [if matches!(chroma_format, 1 | 2) { 2 } else { 1 }, if chroma_format == 1 { 2 } else { 1 }];
    let mut window = [0; 4];
    for (index, side) in window.iter_mut().enumerate() {
        *side = bits.up_to(0xffff, "conformance_window")? * unit[index / 2];
    }
    let [left, right, top, bottom] = window;
    if left + right >= width || top + bottom >= height {
        return Err(HevcError::Value("conformance_window"));
    }
    Ok(window)
}

impl Pcm {
    fn read(bits: &mut Bits<'_>, depths: [u32; 2], tree_block_log2: u32) -> Result<Self, HevcError> {
        let own = [bits.take(4)? + 1, bits.take(4)? + 1];
        let min_log2 = 3 + bits.up_to(2, "log2_min_pcm_luma_coding_block_size_minus3")?;
        let max_log2 = min_log2 + bits.up_to(2, "log2_diff_max_min_pcm_luma_coding_block_size")?;
        let is_deblocked = !bits.flag()?;
        if own[0] > depths[0] || own[1] > depths[1] || max_log2 > tree_block_log2.min(5) {
            return Err(HevcError::Value("pcm_sample_bit_depth or the size of its blocks"));
        }
        Ok(Self { depths: own, min_log2, max_log2, is_deblocked })
    }
}

impl RangeTools {
    /// From `sps_extension_present_flag` on.
    fn read(bits: &mut Bits<'_>) -> Result<Self, HevcError> {
        let [range, layers, three_d, screen] = [bits.flag()?, bits.flag()?, bits.flag()?, bits.flag()?];
        bits.take(4)?;
        if three_d || screen {
            return Err(HevcError::Unsupported("screen content or depth"));
        }
        let mut tools = Self::default();
        if range {
            tools.rotates = bits.flag()?;
            tools.has_skip_context = bits.flag()?;
            tools.sums_implicitly = bits.flag()?;
            bits.take(1)?;
            let is_extended = bits.flag()?;
            tools.is_never_smoothed = bits.flag()?;
            bits.take(1)?;
            tools.adapts_rice = bits.flag()?;
            if is_extended || bits.flag()? {
                return Err(HevcError::Unsupported("extended precision or aligned bypass bins"));
            }
        }
        if layers {
            bits.take(1)?;
        }
        Ok(tools)
    }
}
