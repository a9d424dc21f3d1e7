//! Sample adaptive offset. Source: 7.3.8.3 and 8.7.3.

use crate::{
    cabac::Cabac,
    contexts::{SAO_MERGE, SAO_TYPE},
    offsets::{Kind, Offsets},
    picture::Picture,
    pps::Pps,
    slice::Slice,
    sps::Sps,
};

/// `sao()` of a coding tree block.
pub(crate) fn read(
    cabac: &mut Cabac<'_>,
    picture: &mut Picture,
    (sps, pps): (&Sps, &Pps),
    address: u32,
    slice: &Slice,
) {
    let (x, y) = picture.layout.place(address);
    let place = (x as usize, y as usize);
    let mut offsets = [Offsets::default(); 3];
    if slice.has_offsets == [false; 2] {
        picture.offsets.set(place.0, place.1, offsets);
        return;
    }
    let side = 1_isize << picture.log2;
    let here = (place.0 << picture.log2, place.1 << picture.log2);
    for (across, down) in [(-1, 0), (0, -1)] {
        let there = (here.0 as isize + across * side, here.1 as isize + down * side);
        if picture.is_available(here, there) && cabac.bin(SAO_MERGE) {
            let merged = picture.offsets.at((x as i32 + across as i32) as usize, (y as i32 + down as i32) as usize);
            picture.offsets.set(place.0, place.1, merged);
            return;
        }
    }
    for plane in 0..sps.planes() {
        let kind = usize::from(plane > 0);
        if slice.has_offsets[kind] {
            let before = offsets[1].kind;
            let depth = sps.depths[kind];
            offsets[plane] = of_plane(cabac, (plane, before), depth, pps.range.offset_scales[kind]);
        }
    }
    picture.offsets.set(place.0, place.1, offsets);
}

/// Of a plane; red chroma has the kind of blue, `before`.
fn of_plane(cabac: &mut Cabac<'_>, (plane, before): (usize, Kind), depth: u32, scale: u32) -> Offsets {
    let is_coded = plane < 2;
    let (is_some, is_edge) = match (is_coded, before) {
        (true, _) => {
            let is_some = cabac.bin(SAO_TYPE);
            (is_some, is_some && cabac.bypass())
        }
        (false, before) => (before != Kind::None, matches!(before, Kind::Edge(..))),
    };
    if !is_some {
        return Offsets::default();
    }
    let most = (1 << (depth.min(10) - 5)) - 1;
    let mut values = [0; 4].map(|_: i16| {
        let mut size = 0_i16;
        while size < most && cabac.bypass() {
            size += 1;
        }
        size
    });
    let kind = if is_edge {
        // Valleys are filled, and peaks cut.
        values[2..].iter_mut().for_each(|value| *value = -*value);
        match is_coded {
            true => {
                [Kind::Edge(1, 0), Kind::Edge(0, 1), Kind::Edge(1, 1), Kind::Edge(-1, 1)][cabac.bypasses(2) as usize]
            }
            false => before,
        }
    } else {
        for value in &mut values {
            if *value != 0 && cabac.bypass() {
                *value = -*value;
            }
        }
        Kind::Band(cabac.bypasses(5) as u8)
    };
    Offsets { kind, values: values.map(|value| value << scale) }
}

/// Applies the offsets of plane `index` to its line `y`: what comes of it, in `out`.
pub(crate) fn apply(picture: &Picture, sps: &Sps, index: usize, y: usize, out: &mut [u16]) {
    let (across, down) = if index == 0 { (0, 0) } else { sps.chroma_shifts() };
    let plane = &picture.planes[index];
    let line = plane.row(y);
    out.copy_from_slice(&line[..out.len()]);
    let depth = sps.depths[usize::from(index > 0)];
    let most = (1 << depth) - 1;
    let side = 1 << picture.log2 >> across;
    for (block, first) in (0..out.len()).step_by(side).enumerate() {
        let offsets = picture.offsets.at(block, (y << down) >> picture.log2)[index];
        let end = out.len().min(first + side);
        let add = |sample: u16, offset: i16| (i32::from(sample) + i32::from(offset)).clamp(0, most) as u16;
        match offsets.kind {
            Kind::None => continue,
            Kind::Band(band) => {
                let mut table = [0; 32];
                for (index, value) in offsets.values.into_iter().enumerate() {
                    table[(usize::from(band) + index) % 32] = value;
                }
                for sample in &mut out[first..end] {
                    *sample = add(*sample, table[usize::from(*sample >> (depth - 5)) % 32]);
                }
            }
            Kind::Edge(step_x, step_y) => {
                let height = picture.size().1 >> down;
                if step_y != 0 && (y == 0 || y + 1 == height) {
                    continue;
                }
                let [a, b, c, d] = offsets.values;
                // From a valley, below both of its neighbours, to a peak.
                let table = [a, b, 0, c, d];
                let (before, behind) = (y - step_y as usize, y + step_y as usize);
                let (before, behind) = (plane.row(before), plane.row(behind));
                let beside = step_x.unsigned_abs() as usize;
                let width = out.len();
                for x in first.max(beside)..end.min(width - beside) {
                    let here = line[x];
                    let near = before[x.wrapping_add_signed(-isize::from(step_x))];
                    let far = behind[x.wrapping_add_signed(isize::from(step_x))];
                    let at_edge = x == first || x + 1 == end || is_first_or_last(y, picture.log2, down);
                    if at_edge && !reaches(picture, (x, y), (across, down), (step_x, step_y)) {
                        continue;
                    }
                    let sign = |other: u16| i32::from(here > other) - i32::from(here < other);
                    out[x] = add(here, table[(2 + sign(near) + sign(far)) as usize]);
                }
            }
        }
        restore(picture, (first, end), (y, (across, down)), line, out);
    }
}

/// Whether a line of a plane is the first or last of its row of blocks.
fn is_first_or_last(y: usize, log2: u32, down: u32) -> bool {
    let side = 1_usize << log2 >> down;
    y & (side - 1) == 0 || (y + 1) & (side - 1) == 0
}

/// Whether both neighbours of a sample may be looked at, in another slice or tile.
fn reaches(picture: &Picture, (x, y): (usize, usize), (across, down): (u32, u32), (step_x, step_y): (i8, i8)) -> bool {
    [-1_isize, 1].into_iter().all(|way| {
        let there_x = x.wrapping_add_signed(way * isize::from(step_x));
        let there_y = y.wrapping_add_signed(way * isize::from(step_y));
        picture.filters_across((x << across, y << down), (there_x << across, there_y << down))
    })
}

/// Puts samples back that no filter changes.
fn restore(
    picture: &Picture,
    (first, end): (usize, usize),
    (y, (across, down)): (usize, (u32, u32)),
    line: &[u16],
    out: &mut [u16],
) {
    let step = 8 >> across;
    let fixed = picture.fixed.row((y << down) / 8);
    for x in (first..end).step_by(step) {
        if fixed[(x << across) / 8] {
            let end = end.min(x + step);
            out[x..end].copy_from_slice(&line[x..end]);
        }
    }
}
