//! The deblocking filter, of intra blocks: every edge is of the highest strength, 2. Source: 8.7.2.

use crate::{grid::Grid, picture::Picture, pps::Pps, quantiser, sps::Sps};

/// `β'` by Q from 16 on, and `tC'` from 18 on (table 8-12).
const BETA: [u8; 36] = [
    6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 42, 44, 46, 48, 50, 52,
    54, 56, 58, 60, 62, 64,
];
const TC: [u8; 36] = [
    1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16, 18, 20, 22, 24,
];

fn beta(index: i32, depth: u32) -> i32 {
    let index = index.clamp(0, 51) - 16;
    usize::try_from(index).map_or(0, |index| i32::from(BETA[index]) << (depth - 8))
}

fn tc(index: i32, depth: u32) -> i32 {
    let index = index.clamp(0, 53) - 18;
    usize::try_from(index).map_or(0, |index| i32::from(TC[index]) << (depth - 8))
}

/// Eight samples across an edge, in each of its lines: p3 to p0, q0 to q3.
type Lines = [[i32; 8]; 4];

/// An edge of four samples, in luma samples, and what lies on its sides.
struct Edge {
    x: usize,
    y: usize,
    is_vertical: bool,
    quantiser: i32,
    /// `slice_beta_offset_div2` and `slice_tc_offset_div2`, doubled.
    offsets: [i32; 2],
    /// Sides that are not changed.
    fixed: [bool; 2],
}

/// Filters the edges of row `row` of coding tree blocks, and with its upper one what is above it.
pub(crate) fn filter_row(picture: &mut Picture, (sps, pps): (&Sps, &Pps), row: u32) {
    let side = 1 << picture.log2;
    let first = row as usize * side;
    let (width, height) = picture.size();
    let end = height.min(first + side);
    for is_vertical in [true, false] {
        let (step_x, step_y) = if is_vertical { (8, 4) } else { (4, 8) };
        for y in (first..end).step_by(step_y) {
            for x in (0..width).step_by(step_x) {
                if picture.edges[usize::from(!is_vertical)].at(x / step_x, y / step_y) {
                    let edge = Edge::of(picture, (x, y), is_vertical);
                    luma(&mut picture.planes[0], &edge, sps.depths[0]);
                    if sps.chroma_format != 0 {
                        chroma(picture, (sps, pps), &edge);
                    }
                }
            }
        }
    }
}

impl Edge {
    fn of(picture: &Picture, (x, y): (usize, usize), is_vertical: bool) -> Self {
        let (before_x, before_y) = if is_vertical { (x - 1, y) } else { (x, y - 1) };
        let sides = [(before_x / 8, before_y / 8), (x / 8, y / 8)];
        let [before, behind] = sides.map(|(x, y)| i32::from(picture.quantisers.at(x, y)));
        Self {
            x,
            y,
            is_vertical,
            quantiser: (before + behind + 1) >> 1,
            offsets: picture.slice_at(x, y).deblock_offsets.map(|offset| 2 * offset),
            fixed: sides.map(|(x, y)| picture.fixed.at(x, y)),
        }
    }
}

fn luma(plane: &mut Grid<u16>, edge: &Edge, depth: u32) {
    let beta = beta(edge.quantiser + edge.offsets[0], depth);
    let tc = tc(edge.quantiser + 2 + edge.offsets[1], depth);
    let place = (edge.x, edge.y);
    let mut lines = load(plane, place, edge.is_vertical);
    let bend = |line: &[i32; 8]| ((line[1] - 2 * line[2] + line[3]).abs(), (line[6] - 2 * line[5] + line[4]).abs());
    let ((p0, q0), (p3, q3)) = (bend(&lines[0]), bend(&lines[3]));
    if p0 + q0 + p3 + q3 >= beta {
        return;
    }
    let is_flat = |line: &[i32; 8], bend: i32| {
        2 * bend < beta >> 2
            && (line[0] - line[3]).abs() + (line[4] - line[7]).abs() < beta >> 3
            && (line[3] - line[4]).abs() < (5 * tc + 1) >> 1
    };
    let is_strong = is_flat(&lines[0], p0 + q0) && is_flat(&lines[3], p3 + q3);
    let side = (beta + (beta >> 1)) >> 3;
    let most = (1 << depth) - 1;
    for line in &mut lines {
        let filtered = match is_strong {
            true => strong(line, tc),
            false => weak(line, tc, [p0 + p3 < side, q0 + q3 < side], most),
        };
        for (half, is_fixed) in edge.fixed.into_iter().enumerate() {
            if !is_fixed {
                line[4 * half..4 * half + 4].copy_from_slice(&filtered[4 * half..4 * half + 4]);
            }
        }
    }
    store(plane, place, edge.is_vertical, &lines);
}

fn strong(line: &[i32; 8], tc: i32) -> [i32; 8] {
    let [p3, p2, p1, p0, q0, q1, q2, q3] = *line;
    let near = |value: i32, was: i32| value.clamp(was - 2 * tc, was + 2 * tc);
    [
        p3,
        near((2 * p3 + 3 * p2 + p1 + p0 + q0 + 4) >> 3, p2),
        near((p2 + p1 + p0 + q0 + 2) >> 2, p1),
        near((p2 + 2 * p1 + 2 * p0 + 2 * q0 + q1 + 4) >> 3, p0),
        near((p1 + 2 * p0 + 2 * q0 + 2 * q1 + q2 + 4) >> 3, q0),
        near((p0 + q0 + q1 + q2 + 2) >> 2, q1),
        near((p0 + q0 + q1 + 3 * q2 + 2 * q3 + 4) >> 3, q2),
        q3,
    ]
}

fn weak(line: &[i32; 8], tc: i32, two: [bool; 2], most: i32) -> [i32; 8] {
    let mut out = *line;
    let [_, p2, p1, p0, q0, q1, q2, _] = *line;
    let delta = (9 * (q0 - p0) - 3 * (q1 - p1) + 8) >> 4;
    if delta.abs() >= 10 * tc {
        return out;
    }
    let delta = delta.clamp(-tc, tc);
    let half = tc >> 1;
    out[3] = (p0 + delta).clamp(0, most);
    out[4] = (q0 - delta).clamp(0, most);
    if two[0] {
        let delta = ((((p2 + p0 + 1) >> 1) - p1 + delta) >> 1).clamp(-half, half);
        out[2] = (p1 + delta).clamp(0, most);
    }
    if two[1] {
        let delta = ((((q2 + q0 + 1) >> 1) - q1 - delta) >> 1).clamp(-half, half);
        out[5] = (q1 + delta).clamp(0, most);
    }
    out
}

/// Edges of chroma are those of luma that are eight of its own samples apart.
fn chroma(picture: &mut Picture, (sps, pps): (&Sps, &Pps), edge: &Edge) {
    let (across, down) = sps.chroma_shifts();
    let (x, y) = (edge.x >> across, edge.y >> down);
    if (if edge.is_vertical { x } else { y }) % 8 != 0 {
        return;
    }
    let depth = sps.depths[1];
    let most = (1 << depth) - 1;
    let lines = if edge.is_vertical { 4 >> down } else { 4 >> across };
    for (plane, offset) in picture.planes[1..].iter_mut().zip(pps.chroma_offsets) {
        let index = quantiser::of_chroma(sps.chroma_format, edge.quantiser + offset);
        let tc = tc(index + 2 + edge.offsets[1], depth);
        if tc == 0 {
            continue;
        }
        for line in 0..lines {
            let at = |offset: isize| match edge.is_vertical {
                true => (x.wrapping_add_signed(offset), y + line),
                false => (x + line, y.wrapping_add_signed(offset)),
            };
            let [p1, p0, q0, q1] = [-2, -1, 0, 1].map(|offset| {
                let (x, y) = at(offset);
                i32::from(plane.at(x, y))
            });
            let delta = ((((q0 - p0) << 2) + p1 - q1 + 4) >> 3).clamp(-tc, tc);
            for (offset, value, is_fixed) in [(-1, p0 + delta, edge.fixed[0]), (0, q0 - delta, edge.fixed[1])] {
                if !is_fixed {
                    let (x, y) = at(offset);
                    plane.set(x, y, value.clamp(0, most) as u16);
                }
            }
        }
    }
}

fn load(plane: &Grid<u16>, (x, y): (usize, usize), is_vertical: bool) -> Lines {
    let mut lines = [[0; 8]; 4];
    if is_vertical {
        for (row, line) in lines.iter_mut().enumerate() {
            let samples = &plane.row(y + row)[x - 4..x + 4];
            line.iter_mut().zip(samples).for_each(|(out, sample)| *out = i32::from(*sample));
        }
    } else {
        for at in 0..8 {
            let samples = &plane.row(y + at - 4)[x..x + 4];
            lines.iter_mut().zip(samples).for_each(|(line, sample)| line[at] = i32::from(*sample));
        }
    }
    lines
}

fn store(plane: &mut Grid<u16>, (x, y): (usize, usize), is_vertical: bool, lines: &Lines) {
    if is_vertical {
        for (row, line) in lines.iter().enumerate() {
            let samples = &mut plane.row_mut(y + row)[x - 4..x + 4];
            samples.iter_mut().zip(line).for_each(|(sample, value)| *sample = *value as u16);
        }
    } else {
        for at in 1..7 {
            let samples = &mut plane.row_mut(y + at - 4)[x..x + 4];
            samples.iter_mut().zip(lines).for_each(|(sample, line)| *sample = line[at] as u16);
        }
    }
}
