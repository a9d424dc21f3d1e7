//! Quantisers: of luma from group to group, of chroma from luma. Source: 8.6.1.

use crate::{picture::Picture, pps::Pps, slice::Slice, sps::Sps};

/// `QpC` by `qPi` from 30 to 42 in 4:2:0 (table 8-10).
const CHROMA: [i32; 13] = [29, 30, 31, 32, 33, 33, 34, 34, 35, 35, 36, 36, 37];

/// The quantiser of chroma for an index; below 0 it is the index.
pub(crate) fn of_chroma(chroma_format: u32, index: i32) -> i32 {
    match (chroma_format, index) {
        (1, 30..=42) => CHROMA[index as usize - 30],
        (1, 43..) => index - 6,
        _ => index.min(51),
    }
}

/// What quantisers depend on.
pub(crate) struct Quantiser {
    /// Of luma and chroma, `QpBdOffset`.
    offsets: [i32; 2],
    chroma_format: u32,
    of_picture: [i32; 2],
    /// Of a group, and of a group for chroma, as powers of two; where there are groups.
    group_log2: Option<u32>,
    chroma_group_log2: Option<u32>,
    lists: Vec<[i32; 2]>,
    of_slice: i32,
    of_slice_chroma: [i32; 2],
    has_lists: bool,
    /// `qPY_PREV`, and `qPY_PRED` of the group.
    before: i32,
    predicted: i32,
    /// `QpY`.
    pub(crate) luma: i32,
    /// `IsCuQpDeltaCoded` and `IsCuChromaQpOffsetCoded`.
    pub(crate) is_delta_known: bool,
    pub(crate) is_chroma_known: bool,
    /// `CuQpOffsetCb` and `CuQpOffsetCr`.
    chroma_adjustment: [i32; 2],
}

impl Quantiser {
    pub(crate) fn new(sps: &Sps, pps: &Pps) -> Self {
        let lists = pps.range.chroma_lists.as_ref();
        Self {
            offsets: sps.depths.map(|depth| 6 * (depth as i32 - 8)),
            chroma_format: sps.chroma_format,
            of_picture: pps.chroma_offsets,
            group_log2: pps.delta_depth.map(|depth| sps.tree_block_log2 - depth),
            chroma_group_log2: lists.map(|(depth, _)| sps.tree_block_log2 - depth),
            lists: lists.map_or_else(Vec::new, |(_, offsets)| offsets.clone()),
            of_slice: 0,
            of_slice_chroma: [0; 2],
            has_lists: false,
            before: 0,
            predicted: 0,
            luma: 0,
            is_delta_known: true,
            is_chroma_known: true,
            chroma_adjustment: [0; 2],
        }
    }

    pub(crate) fn begin_slice(&mut self, slice: &Slice) {
        self.of_slice = slice.quantiser;
        self.of_slice_chroma = slice.chroma_offsets;
        self.has_lists = slice.has_chroma_lists;
        self.chroma_adjustment = [0; 2];
        self.begin_row();
    }

    /// Of a tile, or of blocks that are a sub-stream.
    pub(crate) const fn begin_row(&mut self) {
        self.before = self.of_slice;
        self.luma = self.of_slice;
    }

    /// At each node of the coding quadtree: whether a group begins there.
    pub(crate) fn begin_group(&mut self, picture: &Picture, (x, y): (usize, usize), log2: u32) {
        if self.chroma_group_log2.is_some_and(|group| log2 >= group) {
            self.is_chroma_known = false;
        }
        if self.group_log2.is_some_and(|group| log2 >= group) {
            self.is_delta_known = false;
            // Neighbours count in the same coding tree block alone, where all of them are decoded.
            let mask = (1 << picture.log2) - 1;
            let left = if x & mask > 0 { i32::from(picture.quantisers.at(x / 8 - 1, y / 8)) } else { self.before };
            let above = if y & mask > 0 { i32::from(picture.quantisers.at(x / 8, y / 8 - 1)) } else { self.before };
            self.predicted = (left + above + 1) >> 1;
            self.luma = self.predicted;
        }
    }

    /// `CuQpDeltaVal`.
    pub(crate) const fn set_delta(&mut self, delta: i32) {
        self.is_delta_known = true;
        let offset = self.offsets[0];
        self.luma = (self.predicted + delta + 52 + 2 * offset).rem_euclid(52 + offset) - offset;
    }

    /// Whether blocks of chroma may say by how much theirs differs, and from how many.
    pub(crate) fn chroma_choices(&self) -> usize {
        if self.has_lists && !self.is_chroma_known { self.lists.len() } else { 0 }
    }

    /// An entry of the list, or none.
    pub(crate) fn set_chroma(&mut self, choice: Option<usize>) {
        self.is_chroma_known = true;
        self.chroma_adjustment = choice.map_or([0; 2], |choice| self.lists[choice]);
    }

    /// `Qp'Y`, `Qp'Cb` or `Qp'Cr`.
    pub(crate) fn of(&self, plane: usize) -> i32 {
        let Some(chroma) = plane.checked_sub(1) else { return self.luma + self.offsets[0] };
        let offset = self.of_picture[chroma] + self.of_slice_chroma[chroma] + self.chroma_adjustment[chroma];
        let index = (self.luma + offset).clamp(-self.offsets[1], 57);
        of_chroma(self.chroma_format, index) + self.offsets[1]
    }

    pub(crate) fn end_unit(&mut self, picture: &mut Picture, (x, y): (usize, usize), log2: u32) {
        let cells = 1 << (log2 - 3);
        picture.quantisers.fill((x / 8, y / 8), (cells, cells), self.luma as i8);
        self.before = self.luma;
    }
}
