//! Pixels to planes of luma and chroma, chroma at half the size on each side.
//!
//! Instructions to 2,048 px (callgrind), before this and before the resizer copied rows whose size stays: GIF of 1 MP 116 M
//! to 66 M, lossless WebP of 3 MP 494 to 345, PNG of 3 MP with a palette 317 to 174, interlaced 450 to 301; PNG of 12 MP,
//! which is resized, 862 to 802.

use crate::raster::{Channels, Raster};

/// Luma and chroma of RGB, chroma of the mean of up to four pixels.
///
/// Source: JFIF 1.02, page 3, in 16-bit fixed point; no sum leaves 0 to 255.
pub(super) fn of_rgb(image: &Raster) -> [Raster; 3] {
    let (width, height) = (image.width, image.height);
    let pixels = image.samples.as_chunks::<3>().0;
    let row = |y: usize| &pixels[y.min(height - 1) * width..][..width];
    let luma = pixels.iter().map(|pixel| {
        let [red, green, blue] = pixel.map(u32::from);
        ((19_595 * red + 38_470 * green + 7_471 * blue + (1 << 15)) >> 16) as u8
    });
    let luma = luma.collect();
    let half = (width.div_ceil(2), height.div_ceil(2));
    let [mut blues, mut reds] = [0, 1].map(|_| Vec::with_capacity(half.0 * half.1));
    let mut push = |sums: [i32; 3]| {
        let [red, green, blue] = sums;
        blues.push(((-11_059 * red - 21_709 * green + 32_768 * blue + CHROMA_ZERO) >> 18) as u8);
        reds.push(((32_768 * red - 27_439 * green - 5_329 * blue + CHROMA_ZERO) >> 18) as u8);
    };
    for y in 0..half.1 {
        let ((upper, upper_rest), (lower, lower_rest)) = (row(2 * y).as_chunks::<2>(), row(2 * y + 1).as_chunks::<2>());
        for (upper, lower) in upper.iter().zip(lower) {
            push(std::array::from_fn(|at| {
                [upper[0], upper[1], lower[0], lower[1]].map(|pixel| i32::from(pixel[at])).iter().sum()
            }));
        }
        for (upper, lower) in upper_rest.iter().zip(lower_rest) {
            push(std::array::from_fn(|at| 2 * (i32::from(upper[at]) + i32::from(lower[at]))));
        }
    }
    let plane = |(width, height), samples| Raster { width, height, channels: Channels::Grey, samples };
    [plane((width, height), luma), plane(half, blues), plane(half, reds)]
}

/// No chroma, four times, and just less than half of a step: with half, the chroma of pure blue and of pure red, 255.5,
/// would become 256. libjpeg rounds so too.
const CHROMA_ZERO: i32 = (128 << 18) + (1 << 17) - 1;

/// The planes of YCbCr as it is, chroma halved by [`halved`].
pub(super) fn of_ycbcr(image: &Raster) -> [Raster; 3] {
    let pixels = image.samples.as_chunks::<3>().0;
    let plane = |channel: usize| {
        let samples = pixels.iter().map(|pixel| pixel[channel]).collect();
        Raster { width: image.width, height: image.height, channels: Channels::Grey, samples }
    };
    let luma = plane(0);
    let (blue, red) = (halved(plane(1), &luma), halved(plane(2), &luma));
    [luma, blue, red]
}

/// A plane of chroma at half the size of luma on each side, rounded up: the mean of two where it is not that yet.
pub(super) fn halved(plane: Raster, luma: &Raster) -> Raster {
    let (width, height) = (luma.width.div_ceil(2), luma.height.div_ceil(2));
    let (across, down) = (plane.width.div_ceil(width), plane.height.div_ceil(height));
    if (across, down) == (1, 1) {
        return plane;
    }
    let mut samples = Vec::with_capacity(width * height);
    let rows = |y: usize| &plane.samples[y.min(plane.height - 1) * plane.width..][..plane.width];
    for y in 0..height {
        // The last column or row of an odd side counts twice.
        let (upper, lower) = (rows(y * down), rows(y * down + down - 1));
        let sum = |x: usize| u32::from(upper[x]) + u32::from(lower[x]);
        let last = plane.width - 1;
        samples.extend((0..width).map(|x| {
            let (left, right) = (x * across, (x * across + across - 1).min(last));
            ((sum(left) + sum(right) + 2) / 4) as u8
        }));
    }
    Raster { width, height, samples, ..plane }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::ycbcr_of;

    fn plane(width: usize, height: usize, samples: &[u8]) -> Raster {
        Raster { width, height, channels: Channels::Grey, samples: samples.to_vec() }
    }

    #[test]
    fn chroma_is_halved_where_it_is_not_yet_and_the_edge_of_an_odd_side_counts_twice() {
        let luma = plane(3, 2, &[0; 6]);
        assert_eq!(halved(plane(3, 2, &[0, 4, 9, 8, 4, 11]), &luma), plane(2, 1, &[4, 10]));
        assert_eq!(halved(plane(3, 1, &[0, 4, 9]), &luma), plane(2, 1, &[2, 9]));
        assert_eq!(halved(plane(1, 1, &[7]), &plane(1, 1, &[0])), plane(1, 1, &[7]));
    }

    #[test]
    fn planes_of_rgb_are_those_of_its_ycbcr_within_a_step_of_rounding() {
        for (width, height) in [(1, 1), (2, 2), (3, 5), (64, 7)] {
            let sample =
                |at: usize| if at.is_multiple_of(5) { 255 * (at / 5 % 2) as u8 } else { (at * 7919 / 8) as u8 };
            is_its_ycbcr(&Raster {
                width,
                height,
                channels: Channels::Rgb,
                samples: (0..width * height * 3).map(sample).collect(),
            });
        }
    }

    #[test]
    fn every_corner_of_the_cube_of_colours_keeps_its_chroma() {
        for corner in 0..8 {
            let pixel = [0, 1, 2].map(|channel| if corner >> channel & 1 == 1 { 255 } else { 0 });
            is_its_ycbcr(&Raster { width: 4, height: 4, channels: Channels::Rgb, samples: pixel.repeat(16) });
        }
    }

    fn is_its_ycbcr(image: &Raster) {
        let [luma, chroma @ ..] = of_rgb(image);
        let turned = image.samples.as_chunks::<3>().0.iter().flat_map(|pixel| ycbcr_of(*pixel)).collect();
        let want = Raster { width: image.width, height: image.height, channels: Channels::YCbCr, samples: turned };
        let [want_luma, want_chroma @ ..] = of_ycbcr(&want);
        assert_eq!(luma, want_luma);
        for (plane, want) in chroma.iter().zip(&want_chroma) {
            assert_eq!((plane.width, plane.height), (want.width, want.height));
            let pairs = || plane.samples.iter().zip(&want.samples);
            assert!(pairs().all(|(plane, want)| plane.abs_diff(*want) <= 1), "{:?}", pairs().collect::<Vec<_>>());
        }
    }
}
