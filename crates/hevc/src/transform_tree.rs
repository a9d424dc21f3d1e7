//! Transform trees and transform units of a coding unit. Source: 7.3.8.8 to 7.3.8.12, 8.4.4.1 and 8.6.

use crate::{
    HevcError,
    cabac::Cabac,
    contexts::{
        CHROMA_OFFSET, CHROMA_OFFSET_INDEX, CODED_CHROMA, CODED_LUMA, CROSS_SCALE, CROSS_SIGN, QUANTISER_DELTA,
        SPLIT_TRANSFORM,
    },
    intra::{self, Around, HORIZONTAL, Prediction, VERTICAL},
    residual::Block,
    scan::Order,
    state::{Tree, Unit},
    transform,
};

/// A node of the tree.
#[derive(Clone, Copy)]
struct Node {
    x: usize,
    y: usize,
    log2: u32,
    depth: u32,
    /// Which of its parent's four parts it is, and where the parent begins.
    index: usize,
    parent: (usize, usize),
    /// `cbf_cb` and `cbf_cr`; in 4:2:2 of the upper and the lower block.
    coded: [[bool; 2]; 2],
}

impl Tree<'_> {
    /// The transform tree of a unit.
    pub(crate) fn transforms(
        &mut self,
        cabac: &mut Cabac<'_>,
        unit: &Unit,
        (x, y): (usize, usize),
    ) -> Result<(), HevcError> {
        let node = Node { x, y, log2: unit.log2, depth: 0, index: 0, parent: (x, y), coded: [[true; 2]; 2] };
        self.node(cabac, unit, node)
    }

    /// `transform_tree()`.
    fn node(&mut self, cabac: &mut Cabac<'_>, unit: &Unit, mut node: Node) -> Result<(), HevcError> {
        let sps = self.sps;
        let Node { x, y, log2, depth, .. } = node;
        let must_split = unit.is_split && depth == 0;
        let most_depth = sps.max_transform_depth + u32::from(unit.is_split);
        let may_choose =
            log2 <= sps.max_transform_log2 && log2 > sps.min_transform_log2 && depth < most_depth && !must_split;
        let splits = match may_choose {
            true => cabac.bin(SPLIT_TRANSFORM + 5 - log2 as usize),
            false => log2 > sps.max_transform_log2 || must_split,
        };
        if (log2 > 2 && sps.chroma_format != 0) || sps.chroma_format == 3 {
            let context = CODED_CHROMA + depth as usize;
            for coded in &mut node.coded {
                let before = coded[0] || coded[1];
                *coded = [before && cabac.bin(context), false];
                if sps.chroma_format == 2 && before && (!splits || log2 == 3) {
                    coded[1] = cabac.bin(context);
                }
            }
        } else if sps.chroma_format == 0 {
            node.coded = [[false; 2]; 2];
        }
        if splits {
            let half = 1 << (log2 - 1);
            let places = [(x, y), (x + half, y), (x, y + half), (x + half, y + half)];
            for (index, (x, y)) in places.into_iter().enumerate() {
                let parent = (node.x, node.y);
                self.node(cabac, unit, Node { x, y, log2: log2 - 1, depth: depth + 1, index, parent, ..node })?;
            }
            return Ok(());
        }
        let has_luma = cabac.bin(CODED_LUMA + usize::from(depth == 0));
        self.mark_edges((x, y), log2);
        self.leaf(cabac, unit, &node, has_luma)
    }

    /// `transform_unit()`, and the pixels of it.
    fn leaf(&mut self, cabac: &mut Cabac<'_>, unit: &Unit, node: &Node, has_luma: bool) -> Result<(), HevcError> {
        let sps = self.sps;
        let has_chroma = node.coded.iter().flatten().any(|coded| *coded);
        if has_luma || has_chroma {
            self.read_quantisers(cabac, unit, has_chroma)?;
        }
        let part = part_of(unit, node);
        self.block(cabac, unit, (node.x, node.y, node.log2), Place { plane: 0, part, has: has_luma, cross: 0 });
        if sps.chroma_format == 0 {
            return Ok(());
        }
        // Four blocks of luma of 4 by 4 share theirs of chroma, behind the last.
        let (x, y, log2) = match (sps.chroma_format, node.log2) {
            (3, log2) => (node.x, node.y, log2),
            (_, 2) if node.index < 3 => return Ok(()),
            (_, 2) => (node.parent.0, node.parent.1, 2),
            (_, log2) => (node.x, node.y, log2 - 1),
        };
        let (across, down) = sps.chroma_shifts();
        for plane in 1..3 {
            let mut cross = 0;
            if self.pps.range.crosses_components && has_luma && unit.is_as_luma[part] {
                cross = cross_scale(cabac, plane - 1);
            }
            for (index, has) in node.coded[plane - 1].into_iter().enumerate() {
                if index == 0 || sps.chroma_format == 2 {
                    let place = (x >> across, (y >> down) + (index << log2), log2);
                    self.block(cabac, unit, place, Place { plane, part, has, cross });
                }
            }
        }
        Ok(())
    }

    /// `cu_qp_delta_abs` and `cu_chroma_qp_offset_flag`, where they are not known yet.
    fn read_quantisers(&mut self, cabac: &mut Cabac<'_>, unit: &Unit, has_chroma: bool) -> Result<(), HevcError> {
        if !self.quantiser.is_delta_known {
            let mut size = 0;
            while size < 5 && cabac.bin(QUANTISER_DELTA + usize::from(size > 0)) {
                size += 1;
            }
            if size == 5 {
                size += golomb(cabac);
            }
            let is_negative = size > 0 && cabac.bypass();
            let most = 26 + 3 * (self.sps.depths[0] as i32 - 8);
            if size > most {
                return Err(HevcError::Value("cu_qp_delta_abs"));
            }
            self.quantiser.set_delta(if is_negative { -size } else { size });
        }
        let choices = self.quantiser.chroma_choices();
        if has_chroma && !unit.is_bypass && choices > 0 {
            let mut choice = cabac.bin(CHROMA_OFFSET).then_some(0);
            if let Some(choice) = &mut choice {
                while *choice + 1 < choices && cabac.bin(CHROMA_OFFSET_INDEX) {
                    *choice += 1;
                }
            }
            self.quantiser.set_chroma(choice);
        }
        Ok(())
    }

    /// Predicts a block, at `(x, y)` of its plane, and adds what is coded of it.
    fn block(&mut self, cabac: &mut Cabac<'_>, unit: &Unit, (x, y, log2): (usize, usize, u32), place: Place) {
        let Place { plane, part, has, cross } = place;
        let sps = self.sps;
        let is_luma = plane == 0;
        let mode = if is_luma { unit.modes[part] } else { unit.chroma_modes[part] };
        let depth = sps.depths[usize::from(!is_luma)];
        let full = is_luma || sps.chroma_format == 3;
        let how = Prediction {
            mode,
            depth,
            is_luma,
            smooths: full && !sps.range.is_never_smoothed,
            smooths_strongly: is_luma && sps.smooths_strongly,
            smooths_edges: !(sps.range.sums_implicitly && unit.is_bypass),
        };
        let around = self.around((x, y), log2, is_luma);
        intra::predict(&mut self.picture.planes[plane], (x, y), log2, (around, how), &mut self.room);
        let keeps = is_luma && self.pps.range.crosses_components;
        if !has && cross == 0 {
            if keeps {
                self.residuals[1][..1 << (2 * log2)].fill(0);
            }
            return;
        }
        if has {
            self.read_residuals(cabac, unit, (plane, mode), log2);
        } else {
            self.residuals[0][..1 << (2 * log2)].fill(0);
        }
        let [residuals, of_luma] = &mut self.residuals;
        let residuals = &mut residuals[..1 << (2 * log2)];
        if keeps {
            of_luma[..residuals.len()].copy_from_slice(residuals);
        }
        if cross != 0 {
            for (residual, luma) in residuals.iter_mut().zip(of_luma) {
                let luma = (i64::from(*luma) << sps.depths[1]) >> sps.depths[0];
                *residual = residual.wrapping_add(((i64::from(cross) * luma) >> 3) as i32);
            }
        }
        let most = (1 << depth) - 1;
        let side = 1 << log2;
        for (row, residuals) in residuals.chunks_exact(side).enumerate() {
            let samples = &mut self.picture.planes[plane].row_mut(y + row)[x..x + side];
            for (sample, residual) in samples.iter_mut().zip(residuals) {
                *sample = i32::from(*sample).saturating_add(*residual).clamp(0, most) as u16;
            }
        }
    }

    /// Residuals of a block, from its coefficients.
    fn read_residuals(&mut self, cabac: &mut Cabac<'_>, unit: &Unit, (plane, mode): (usize, u8), log2: u32) {
        let (sps, pps) = (self.sps, self.pps);
        let is_luma = plane == 0;
        let depth = sps.depths[usize::from(!is_luma)];
        let is_straight = matches!(mode, HORIZONTAL | VERTICAL);
        let sums = sps.range.sums_implicitly && is_straight;
        // Coefficients of small blocks follow the direction (7.4.9.11).
        let follows = log2 == 2 || (log2 == 3 && (is_luma || sps.chroma_format == 3));
        let order = match mode {
            6..=14 if follows => Order::Vertical,
            22..=30 if follows => Order::Horizontal,
            _ => Order::Diagonal,
        };
        let block = Block {
            log2,
            is_chroma: !is_luma,
            order,
            may_skip: pps.skips_transforms && !unit.is_bypass && log2 <= pps.range.max_skip_log2,
            is_bypass: unit.is_bypass,
            hides_signs: pps.hides_signs,
            sums_if_skipped: sums,
            has_skip_context: sps.range.has_skip_context,
            adapts_rice: sps.range.adapts_rice,
            factors: self.scaling.as_ref().map(|scaling| scaling.factors(log2, plane)),
            quantiser: self.quantiser.of(plane),
            depth,
        };
        self.coefficients.read(cabac, &block);
        let coefficients = &mut self.coefficients;
        let residuals = &mut self.residuals[0];
        let is_plain = unit.is_bypass || coefficients.is_skipped;
        if is_plain && sps.range.rotates && log2 == 2 {
            transform::turn(&mut coefficients.values);
        }
        if unit.is_bypass {
            transform::plain(&coefficients.values, log2, residuals);
        } else if coefficients.is_skipped {
            transform::skipped(&coefficients.values, log2, depth, residuals);
        } else if is_luma && log2 == 2 {
            transform::inverse_sine(&coefficients.values, depth, residuals);
        } else {
            transform::inverse((&coefficients.values, coefficients.last), log2, depth, &mut self.middle, residuals);
        }
        if is_plain && sums {
            transform::add_up(residuals, log2, mode == HORIZONTAL);
        }
    }

    /// Which samples around a block are there. Of each of its sides all are, or none but beyond the picture's edge.
    fn around(&self, (x, y): (usize, usize), log2: u32, is_luma: bool) -> Around {
        let (across, down) = if is_luma { (0, 0) } else { self.sps.chroma_shifts() };
        let (width, height) = self.picture.size();
        let (width, height) = (width >> across, height >> down);
        let side = 1_usize << log2;
        let here = (x << across, y << down);
        let is_there = |at_x: isize, at_y: isize| self.picture.is_available(here, (at_x << across, at_y << down));
        let (left, above) = (x as isize - 1, y as isize - 1);
        let (right, below) = ((x + side) as isize, (y + side) as isize);
        let has_left = is_there(left, y as isize);
        let has_above = is_there(x as isize, above);
        let count = |is_there: bool, from: usize, end: usize| if is_there { side.min(end - from) } else { 0 };
        Around {
            left: has_left,
            corner: is_there(left, above),
            above: has_above,
            below_left: count(has_left && is_there(left, below), y + side, height),
            above_right: count(has_above && is_there(right, above), x + side, width),
        }
    }

    /// Enters that the left and upper edge of a block are filtered (8.7.2.3).
    pub(crate) fn mark_edges(&mut self, (x, y): (usize, usize), log2: u32) {
        let picture = &mut self.picture;
        if !picture.slice_at(x, y).is_deblocked {
            return;
        }
        let cells = 1 << (log2 - 2);
        if x % 8 == 0 && x > 0 && picture.filters_across((x, y), (x - 1, y)) {
            picture.edges[0].fill((x / 8, y / 4), (1, cells), true);
        }
        if y % 8 == 0 && y > 0 && picture.filters_across((x, y), (x, y - 1)) {
            picture.edges[1].fill((x / 4, y / 8), (cells, 1), true);
        }
    }
}

/// A block of a plane.
#[derive(Clone, Copy)]
struct Place {
    plane: usize,
    /// The part of the unit whose mode it has.
    part: usize,
    has: bool,
    /// `ResScaleVal`.
    cross: i32,
}

/// The part of the unit that a leaf lies in.
fn part_of(unit: &Unit, node: &Node) -> usize {
    if !unit.is_split {
        return 0;
    }
    // A unit is aligned to its size.
    let bit = unit.log2 - 1;
    (node.x >> bit & 1) | (node.y >> bit & 1) << 1
}

/// `log2_res_scale_abs_plus1` and its sign.
fn cross_scale(cabac: &mut Cabac<'_>, chroma: usize) -> i32 {
    let mut log2 = 0;
    while log2 < 4 && cabac.bin(CROSS_SCALE + 4 * chroma + log2) {
        log2 += 1;
    }
    match log2.checked_sub(1) {
        None => 0,
        Some(log2) if cabac.bin(CROSS_SIGN + chroma) => -1 << log2,
        Some(log2) => 1 << log2,
    }
}

/// `EG0` (9.3.3.4).
fn golomb(cabac: &mut Cabac<'_>) -> i32 {
    let mut width = 0;
    let mut value = 0;
    while width < 8 && cabac.bypass() {
        value += 1 << width;
        width += 1;
    }
    value + cabac.bypasses(width) as i32
}
