//! Intra prediction of a block from the samples around it. Source: 8.4.4.2.

use crate::grid::Grid;

pub(crate) const PLANAR: u8 = 0;
pub(crate) const DC: u8 = 1;
pub(crate) const HORIZONTAL: u8 = 10;
pub(crate) const VERTICAL: u8 = 26;

/// Table 8-5 (`intraPredAngle`), from mode 2 on.
const ANGLES: [i32; 33] = [
    32, 26, 21, 17, 13, 9, 5, 2, 0, -2, -5, -9, -13, -17, -21, -26, -32, -26, -21, -17, -13, -9, -5, -2, 0, 2, 5, 9,
    13, 17, 21, 26, 32,
];
/// Table 8-6 (`invAngle`), from mode 11 on.
const INVERSE_ANGLES: [i32; 15] =
    [-4096, -1638, -910, -630, -482, -390, -315, -256, -315, -390, -482, -630, -910, -1638, -4096];

/// Which samples around a block are there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Around {
    pub(crate) left: bool,
    pub(crate) corner: bool,
    pub(crate) above: bool,
    /// How many below those on the left, and right of those above.
    pub(crate) below_left: usize,
    pub(crate) above_right: usize,
}

/// How a block is predicted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prediction {
    pub(crate) mode: u8,
    pub(crate) depth: u32,
    pub(crate) is_luma: bool,
    /// Whether the samples around may be smoothed.
    pub(crate) smooths: bool,
    pub(crate) smooths_strongly: bool,
    /// Whether the first row or column of a straight direction is smoothed.
    pub(crate) smooths_edges: bool,
}

/// Samples around a block: from the bottom left up to the corner, which is in the middle, and on to the top right.
struct Border {
    samples: [u16; 129],
    side: usize,
}

/// Room for a block and for one whose rows are columns. Filling it with 0 for each block took 5 % of the decoder's time.
pub(crate) type Room = [[u16; 32 * 32]; 2];

/// Predicts the block of `1 << log2` at `(x, y)` of the plane.
pub(crate) fn predict(
    plane: &mut Grid<u16>,
    (x, y): (usize, usize),
    log2: u32,
    (around, how): (Around, Prediction),
    [block, turned]: &mut Room,
) {
    let side = 1 << log2;
    let mut border = Border::read(plane, (x, y), side, around, how.depth);
    if how.smooths && border.is_smoothed(how.mode) {
        border.smooth(how.smooths_strongly, how.depth);
    }
    let block = &mut block[..side * side];
    let smooths_edges = how.is_luma && side < 32;
    match how.mode {
        PLANAR => border.planar(block),
        DC => border.constant(block, smooths_edges),
        mode => border.angular((block, turned), mode, smooths_edges && how.smooths_edges, how.depth),
    }
    for (row, samples) in block.chunks_exact(side).enumerate() {
        plane.row_mut(y + row)[x..x + side].copy_from_slice(samples);
    }
}

impl Border {
    /// 8.4.4.2.2: what is not there is the nearest sample before it.
    fn read(plane: &Grid<u16>, (x, y): (usize, usize), side: usize, around: Around, depth: u32) -> Self {
        let mut samples = [0; 129];
        let Around { left, corner, above, below_left, above_right } = around;
        let middle = 2 * side;
        let lefts = if left { side + below_left } else { 0 };
        for (row, sample) in samples[middle - lefts..middle].iter_mut().rev().enumerate() {
            *sample = plane.at(x - 1, y + row);
        }
        if corner {
            samples[middle] = plane.at(x - 1, y - 1);
        }
        if above {
            let row = &plane.row(y - 1)[x..x + side + above_right];
            samples[middle + 1..][..row.len()].copy_from_slice(row);
        }
        // Which are there, one behind the other: what is on the left, the corner, what is above.
        let mut there = [(middle - lefts, middle, left), (middle, middle + 1, corner), (middle + 1, middle + 1, above)];
        there[2].1 += if above { side + above_right } else { 0 };
        let mut filled = 0;
        for (from, to, is_there) in there {
            if is_there {
                let nearest = if filled == 0 { samples[from] } else { samples[filled - 1] };
                samples[filled..from].fill(nearest);
                filled = to;
            }
        }
        let last = if filled == 0 { 1 << (depth - 1) } else { samples[filled - 1] };
        samples[filled..=4 * side].fill(last);
        Self { samples, side }
    }

    /// Whether 8.4.4.2.3 smooths the samples of a mode.
    fn is_smoothed(&self, mode: u8) -> bool {
        let least = match self.side {
            8 => 7,
            16 => 1,
            32 => 0,
            _ => return false,
        };
        mode != DC && mode.abs_diff(VERTICAL).min(mode.abs_diff(HORIZONTAL)) > least
    }

    fn smooth(&mut self, strongly: bool, depth: u32) {
        let last = 4 * self.side;
        let samples = &mut self.samples;
        if strongly && self.side == 32 {
            let [first, corner, end] = [samples[0], samples[64], samples[last]].map(i32::from);
            let is_flat = |end: i32, middle: u16| (corner + end - 2 * i32::from(middle)).abs() < 1 << (depth - 5);
            if is_flat(first, samples[32]) && is_flat(end, samples[96]) {
                for at in 1..64 {
                    let (near, far) = (at as i32, 64 - at as i32);
                    samples[at] = ((far * first + near * corner + 32) >> 6) as u16;
                    samples[64 + at] = ((far * corner + near * end + 32) >> 6) as u16;
                }
                return;
            }
        }
        let mut before = u32::from(samples[0]);
        for at in 1..last {
            let here = u32::from(samples[at]);
            samples[at] = ((before + 2 * here + u32::from(samples[at + 1]) + 2) >> 2) as u16;
            before = here;
        }
    }

    /// `p[-1][y]`.
    fn left(&self, y: usize) -> i32 {
        i32::from(self.samples[2 * self.side - 1 - y])
    }

    /// `p[x][-1]`.
    fn above(&self, x: usize) -> i32 {
        i32::from(self.samples[2 * self.side + 1 + x])
    }

    /// 8.4.4.2.4.
    fn planar(&self, block: &mut [u16]) {
        let side = self.side;
        let log2 = side.ilog2();
        let (right, bottom) = (self.above(side), self.left(side));
        for (y, row) in block.chunks_exact_mut(side).enumerate() {
            let left = self.left(y);
            let above = &self.samples[2 * side + 1..][..side];
            for (x, (sample, above)) in row.iter_mut().zip(above).enumerate() {
                let across = (side - 1 - x) as i32 * left + (x as i32 + 1) * right;
                let down = (side - 1 - y) as i32 * i32::from(*above) + (y as i32 + 1) * bottom;
                *sample = ((across + down + side as i32) >> (log2 + 1)) as u16;
            }
        }
    }

    /// 8.4.4.2.5.
    fn constant(&self, block: &mut [u16], smooths_edges: bool) {
        let side = self.side;
        let sum: i32 = (0..side).map(|at| self.left(at) + self.above(at)).sum();
        let mean = (sum + side as i32) >> (side.ilog2() + 1);
        block.fill(mean as u16);
        if smooths_edges {
            block[0] = ((self.left(0) + 2 * mean + self.above(0) + 2) >> 2) as u16;
            for at in 1..side {
                block[at] = ((self.above(at) + 3 * mean + 2) >> 2) as u16;
                block[at * side] = ((self.left(at) + 3 * mean + 2) >> 2) as u16;
            }
        }
    }

    /// 8.4.4.2.6.
    fn angular(&self, (block, turned): (&mut [u16], &mut [u16; 32 * 32]), mode: u8, smooths_edge: bool, depth: u32) {
        let side = self.side;
        let angle = ANGLES[usize::from(mode) - 2];
        let is_vertical = mode >= 18;
        // The samples that a direction comes from, from the corner on, and those of the other side, likewise.
        let main = |at: usize| if is_vertical { self.samples[2 * side + at] } else { self.samples[2 * side - at] };
        let other = |at: usize| if is_vertical { self.samples[2 * side - at] } else { self.samples[2 * side + at] };
        // Of index -32 to 64, from 0 on.
        let mut line = [0; 97];
        for at in 0..=2 * side {
            line[32 + at] = main(at);
        }
        let first = (side as i32 * angle) >> 5;
        if first < -1 {
            let inverse = INVERSE_ANGLES[usize::from(mode) - 11];
            for at in first..0 {
                line[(32 + at) as usize] = other(((at * inverse + 128) >> 8) as usize);
            }
        }
        for (y, row) in turned.chunks_exact_mut(side).take(side).enumerate() {
            let distance = (y as i32 + 1) * angle;
            let (whole, part) = ((32 + (distance >> 5) + 1) as usize, (distance & 31) as u32);
            let near = &line[whole..whole + side];
            if part == 0 {
                row.copy_from_slice(near);
                continue;
            }
            let far = &line[whole + 1..][..side];
            for ((sample, near), far) in row.iter_mut().zip(near).zip(far) {
                *sample = (((32 - part) * u32::from(*near) + part * u32::from(*far) + 16) >> 5) as u16;
            }
        }
        if angle == 0 && smooths_edge {
            let corner = i32::from(main(0));
            for y in 0..side {
                let slope = (i32::from(other(1 + y)) - corner) >> 1;
                turned[y * side] = (i32::from(turned[y * side]) + slope).clamp(0, (1 << depth) - 1) as u16;
            }
        }
        if is_vertical {
            block.copy_from_slice(&turned[..side * side]);
        } else {
            for (x, column) in turned.chunks_exact(side).take(side).enumerate() {
                for (y, sample) in column.iter().enumerate() {
                    block[y * side + x] = *sample;
                }
            }
        }
    }
}
