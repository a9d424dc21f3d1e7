//! Coding tree blocks of a slice segment: coding quadtrees and coding units. Source: 7.3.8.1 to 7.3.8.5.

use crate::{
    HevcError,
    cabac::{Cabac, Contexts},
    contexts::{BYPASS, CHROMA_MODE, PART_MODE, PROBABLE_MODE, SPLIT_BLOCK},
    intra::{DC, HORIZONTAL, PLANAR, VERTICAL},
    picture::Picture,
    sao,
    slice::{Segment, Slice},
    sps::Pcm,
    state::{Tree, Unit},
};

/// Mode of chroma that is in 4:2:2 what the first is in 4:2:0 (table 8-3).
const MODE_422: [u8; 35] = [
    0, 1, 2, 2, 2, 2, 3, 5, 7, 8, 10, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23, 23, 24, 24, 25, 25, 26, 27, 27, 28, 28,
    29, 29, 30, 31,
];
/// `intra_chroma_pred_mode` of the mode that luma has.
pub(crate) const AS_LUMA: u8 = 4;

impl Tree<'_> {
    /// Decodes a segment, and calls `row` behind the last block of each row of blocks.
    pub(crate) fn decode(
        &mut self,
        segment: &Segment<'_>,
        row: &mut dyn FnMut(&mut Picture, u32),
    ) -> Result<(), HevcError> {
        if self.next != Some(segment.address) {
            return Err(self.next.map_or(HevcError::Value("slice_segment_address"), HevcError::Missing));
        }
        let slice = segment.slice;
        if !segment.is_dependent {
            self.picture.slices.push(slice);
            self.quantiser.begin_slice(&slice);
        }
        let mut address = segment.address;
        let begin = || Contexts::new(slice.quantiser);
        let mut cabac = Cabac::new(segment.data, begin());
        if segment.is_dependent
            && let Some(contexts) = self.of_segment.take()
        {
            cabac.contexts = contexts;
        }
        let mut is_start = true;
        loop {
            self.picture.begin_block(address);
            let layout = &self.picture.layout;
            let begins_tile = layout.begins_tile(address);
            let begins_row = self.pps.is_wavefront && layout.begins_row(address);
            if begins_tile || begins_row {
                self.quantiser.begin_row();
                let contexts = if begins_tile { begin() } else { self.contexts_above(address).unwrap_or_else(begin) };
                if is_start {
                    cabac.contexts = contexts;
                } else {
                    cabac.restart(contexts);
                }
            }
            is_start = false;
            self.tree_block(&mut cabac, address, &slice)?;
            let layout = &self.picture.layout;
            let (x, y) = layout.place(address);
            if self.pps.is_wavefront && x > 0 && layout.begins_row(address - 1) {
                self.of_row = Some(cabac.contexts.clone());
            }
            let ends = cabac.ends();
            if cabac.is_beyond() {
                return Err(HevcError::Ends("a slice"));
            }
            let ends_row = x + 1 == layout.across;
            self.next = layout.next(address);
            if ends_row && !layout.is_sideways() {
                row(&mut self.picture, y);
            }
            let Some(next) = self.next else {
                return if ends { Ok(()) } else { Err(HevcError::Value("end_of_slice_segment_flag")) };
            };
            if ends {
                self.of_segment = self.pps.has_dependent_slices.then(|| cabac.contexts.clone());
                return Ok(());
            }
            let layout = &self.picture.layout;
            let is_new = layout.begins_tile(next) || self.pps.is_wavefront && layout.begins_row(next);
            if is_new && !cabac.ends() {
                return Err(HevcError::Value("end_of_subset_one_bit"));
            }
            address = next;
        }
    }

    /// The contexts for the first block of a row, where the block above the one on its right is there (9.3.1).
    fn contexts_above(&self, address: u32) -> Option<Contexts> {
        let (x, y) = self.picture.layout.place(address);
        let side = 1_isize << self.picture.log2;
        let here = (x as isize * side, y as isize * side);
        let there = (here.0 + side, here.1 - side);
        let is_there = self.picture.is_available((here.0 as usize, here.1 as usize), there);
        self.of_row.clone().filter(|_| is_there)
    }

    /// `coding_tree_unit()`.
    fn tree_block(&mut self, cabac: &mut Cabac<'_>, address: u32, slice: &Slice) -> Result<(), HevcError> {
        let (x, y) = self.picture.layout.place(address);
        sao::read(cabac, &mut self.picture, (self.sps, self.pps), address, slice);
        let log2 = self.picture.log2;
        self.quadtree(cabac, ((x as usize) << log2, (y as usize) << log2), log2, 0)
    }

    /// `coding_quadtree()`.
    fn quadtree(
        &mut self,
        cabac: &mut Cabac<'_>,
        (x, y): (usize, usize),
        log2: u32,
        depth: u8,
    ) -> Result<(), HevcError> {
        let (width, height) = self.picture.size();
        let side = 1 << log2;
        let is_inside = x + side <= width && y + side <= height;
        let may_split = log2 > self.sps.min_block_log2;
        let splits = if is_inside && may_split {
            let deeper = |picture: &Picture, there: (isize, isize)| {
                picture.is_available((x, y), there)
                    && picture.depths.at(there.0 as usize / 8, there.1 as usize / 8) > depth
            };
            let (here_x, here_y) = (x as isize, y as isize);
            let left = deeper(&self.picture, (here_x - 1, here_y));
            let above = deeper(&self.picture, (here_x, here_y - 1));
            cabac.bin(SPLIT_BLOCK + usize::from(left) + usize::from(above))
        } else {
            may_split
        };
        self.quantiser.begin_group(&self.picture, (x, y), log2);
        if !splits {
            self.picture.depths.fill((x / 8, y / 8), (side / 8, side / 8), depth);
            return self.unit(cabac, (x, y), log2);
        }
        let half = side / 2;
        for (x, y) in [(x, y), (x + half, y), (x, y + half), (x + half, y + half)] {
            if x < width && y < height {
                self.quadtree(cabac, (x, y), log2 - 1, depth + 1)?;
            }
        }
        Ok(())
    }

    /// `coding_unit()`.
    fn unit(&mut self, cabac: &mut Cabac<'_>, (x, y): (usize, usize), log2: u32) -> Result<(), HevcError> {
        let is_bypass = self.pps.has_bypass && cabac.bin(BYPASS);
        let is_split = log2 == self.sps.min_block_log2 && !cabac.bin(PART_MODE);
        let cells = 1 << (log2 - 3);
        let mut pcm = self.sps.pcm.filter(|pcm| !is_split && (pcm.min_log2..=pcm.max_log2).contains(&log2));
        pcm = pcm.filter(|_| cabac.ends());
        if is_bypass || pcm.is_some_and(|pcm| !pcm.is_deblocked) {
            self.picture.fixed.fill((x / 8, y / 8), (cells, cells), true);
        }
        if let Some(pcm) = pcm {
            self.picture.modes.fill((x / 4, y / 4), (2 * cells, 2 * cells), DC);
            self.plain(cabac, (x, y), log2, &pcm)?;
            self.mark_edges((x, y), log2);
        } else {
            let unit = self.modes(cabac, (x, y), log2, (is_bypass, is_split));
            self.transforms(cabac, &unit, (x, y))?;
        }
        self.quantiser.end_unit(&mut self.picture, (x, y), log2);
        Ok(())
    }

    /// The modes of a unit's parts (7.3.8.5, 8.4.2 and 8.4.3).
    fn modes(
        &mut self,
        cabac: &mut Cabac<'_>,
        (x, y): (usize, usize),
        log2: u32,
        (is_bypass, is_split): (bool, bool),
    ) -> Unit {
        let parts = if is_split { 4 } else { 1 };
        let side = (1_usize << log2) >> usize::from(is_split);
        let is_probable: [bool; 4] = std::array::from_fn(|part| part < parts && cabac.bin(PROBABLE_MODE));
        let mut modes = [DC; 4];
        for part in 0..parts {
            let (x, y) = (x + part % 2 * side, y + part / 2 * side);
            let mut candidates = self.candidates((x, y));
            modes[part] = if is_probable[part] {
                candidates[if cabac.bypass() { 1 + usize::from(cabac.bypass()) } else { 0 }]
            } else {
                candidates.sort_unstable();
                let coded = cabac.bypasses(5) as u8;
                candidates.iter().fold(coded, |mode, candidate| mode + u8::from(mode >= *candidate))
            };
            self.picture.modes.fill((x / 4, y / 4), (side / 4, side / 4), modes[part]);
        }
        if !is_split {
            modes = [modes[0]; 4];
        }
        let mut chroma_modes = modes;
        let mut is_as_luma = [false; 4];
        let chroma_parts = match self.sps.chroma_format {
            0 => 0,
            3 => parts,
            _ => 1,
        };
        for part in 0..chroma_parts {
            let coded = if cabac.bin(CHROMA_MODE) { cabac.bypasses(2) as u8 } else { AS_LUMA };
            is_as_luma[part] = coded == AS_LUMA;
            let of_luma = modes[part];
            chroma_modes[part] = match [PLANAR, VERTICAL, HORIZONTAL, DC].get(usize::from(coded)) {
                None => of_luma,
                Some(mode) if *mode == of_luma => 34,
                Some(mode) => *mode,
            };
            if self.sps.chroma_format == 2 {
                chroma_modes[part] = MODE_422[usize::from(chroma_modes[part])];
            }
        }
        if chroma_parts == 1 {
            (chroma_modes, is_as_luma) = ([chroma_modes[0]; 4], [is_as_luma[0]; 4]);
        }
        Unit { log2, is_bypass, is_split, modes, chroma_modes, is_as_luma }
    }

    /// `candModeList` (8.4.2).
    fn candidates(&self, (x, y): (usize, usize)) -> [u8; 3] {
        let mode = |there: (isize, isize)| match self.picture.is_available((x, y), there) {
            true => self.picture.modes.at(there.0 as usize / 4, there.1 as usize / 4),
            false => DC,
        };
        let left = mode((x as isize - 1, y as isize));
        // Not of another row of coding tree blocks.
        let has_above = y & ((1 << self.picture.log2) - 1) > 0;
        let above = if has_above { mode((x as isize, y as isize - 1)) } else { DC };
        match (left, above) {
            (left, above) if left != above => {
                let third = [PLANAR, DC, VERTICAL].into_iter().find(|mode| ![left, above].contains(mode));
                [left, above, third.unwrap_or(VERTICAL)]
            }
            (PLANAR | DC, _) => [PLANAR, DC, VERTICAL],
            (mode, _) => [mode, 2 + (mode + 29) % 32, 2 + (mode - 2 + 1) % 32],
        }
    }

    /// `pcm_sample()`.
    fn plain(&mut self, cabac: &mut Cabac<'_>, (x, y): (usize, usize), log2: u32, pcm: &Pcm) -> Result<(), HevcError> {
        let (across, down) = self.sps.chroma_shifts();
        let chroma = match self.sps.chroma_format {
            0 => 0,
            _ => 2 << (2 * log2 - across - down),
        };
        let bits = (pcm.depths[0] as usize) << (2 * log2);
        let bytes = cabac.plain(bits + pcm.depths[1] as usize * chroma).ok_or(HevcError::Ends("a slice"))?;
        let mut samples = crate::bits::Bits::new(bytes, "a slice");
        for plane in 0..self.sps.planes() {
            let (across, down) = if plane == 0 { (0, 0) } else { (across, down) };
            let (x, y) = (x >> across, y >> down);
            let kind = usize::from(plane > 0);
            let shift = self.sps.depths[kind] - pcm.depths[kind];
            for row in y..y + (1 << log2 >> down) {
                for sample in &mut self.picture.planes[plane].row_mut(row)[x..x + (1 << log2 >> across)] {
                    *sample = (samples.take(pcm.depths[kind])? << shift) as u16;
                }
            }
        }
        Ok(())
    }
}
