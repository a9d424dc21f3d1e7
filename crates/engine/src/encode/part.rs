//! The part of a frame in which it differs from the one before.

use crate::raster::{Channels, Raster};

/// A part of a picture, in pixels; it has at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The rows of a part of `image`, which is RGBA.
pub(super) fn rows(image: &Raster, part: Part) -> impl Iterator<Item = &[[u8; 4]]> {
    debug_assert_eq!(image.channels, Channels::Rgba);
    let rows = image.samples.as_chunks::<4>().0.chunks_exact(image.width).skip(part.top).take(part.height);
    rows.map(move |row| &row[part.left..][..part.width])
}

/// The smallest part that has all pixels in which `after` is not `before`, its corner at multiples of `step`. Of two that
/// are equal one corner.
pub(super) fn changed(before: &Raster, after: &Raster, step: usize) -> Part {
    let whole = Part { left: 0, top: 0, width: after.width, height: after.height };
    let (mut left, mut right, mut top, mut bottom) = (after.width, 0, after.height, 0);
    for (y, (old, new)) in rows(before, whole).zip(rows(after, whole)).enumerate() {
        let Some(first) = old.iter().zip(new).position(|(old, new)| old != new) else { continue };
        let last = old.iter().zip(new).rposition(|(old, new)| old != new).unwrap_or(first);
        (left, right) = (left.min(first), right.max(last + 1));
        (top, bottom) = (top.min(y), y + 1);
    }
    if bottom == 0 {
        return Part { left: 0, top: 0, width: 1, height: 1 };
    }
    let (left, top) = (left / step * step, top / step * step);
    Part { left, top, width: right - left, height: bottom - top }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_has_what_differs_and_little_more() {
        let blank = Raster { width: 8, height: 6, channels: Channels::Rgba, samples: vec![7; 8 * 6 * 4] };
        let with = |pixels: &[(usize, usize)]| {
            let mut image = blank.clone();
            pixels.iter().for_each(|(x, y)| image.samples[(y * 8 + x) * 4 + 1] = 0);
            image
        };
        let check = |pixels: &[(usize, usize)], step, (left, top, width, height)| {
            assert_eq!(changed(&blank, &with(pixels), step), Part { left, top, width, height }, "{pixels:?}");
        };
        check(&[], 1, (0, 0, 1, 1));
        check(&[(3, 5)], 1, (3, 5, 1, 1));
        check(&[(3, 5)], 2, (2, 4, 2, 2));
        check(&[(7, 0), (1, 3)], 1, (1, 0, 7, 4));
        check(&[(0, 0), (7, 5)], 2, (0, 0, 8, 6));
    }
}
