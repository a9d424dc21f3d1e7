//! The same small image from pixels in any order: an interlaced PNG comes as seven coarse images, an interlaced GIF in
//! four rounds of rows.
//!
//! Every pixel goes to its block's sum as it comes, so that memory follows the small image. With the whole image in
//! memory, scattered by the `png` crate, a PNG of 3 MP took 46 ms instead of 34, and 9.5 MiB.

use super::mean::{Mean, premultiplied};
use crate::{
    geometry::Window,
    raster::{Channels, Raster},
};

/// Takes pixels of 8-bit samples, straight alpha, and keeps their block means, premultiplied.
pub(crate) struct Scattered {
    channels: Channels,
    factor: usize,
    width: usize,
    height: usize,
    /// By sample of the small image; alpha counts 255 times, as colours count by their alpha. Empty at factor 1.
    sums: Vec<u32>,
    /// The image itself at factor 1.
    out: Vec<u8>,
}

impl Scattered {
    /// For an image of `width` by `height` pixels.
    pub(crate) fn new(channels: Channels, (width, height): (u32, u32), factor: u32) -> Self {
        let (width, height, factor) = (width as usize, height as usize, factor as usize);
        let samples = width.div_ceil(factor) * height.div_ceil(factor) * channels.count();
        let (sums, out) = if factor == 1 { (0, samples) } else { (samples, 0) };
        Self { channels, factor, width, height, sums: vec![0; sums], out: vec![0; out] }
    }

    /// The most that is held, in bytes.
    pub(crate) fn bytes(channels: Channels, (width, height): (u32, u32), factor: u32) -> u64 {
        let samples = u64::from(width.div_ceil(factor)) * u64::from(height.div_ceil(factor)) * channels.count() as u64;
        // Sums and, at the end, their means.
        samples * if factor == 1 { 1 } else { 5 }
    }

    /// Takes the pixels of row `y` at `first_x` and every `step_x` pixels behind it, as many as `row` has.
    ///
    /// # Panics
    /// Where they leave the image.
    pub(crate) fn push(&mut self, row: &[u8], y: usize, first_x: usize, step_x: usize) {
        match self.channels {
            Channels::Grey => self.add::<1, false>(row, y, first_x, step_x),
            Channels::GreyAlpha => self.add::<2, true>(row, y, first_x, step_x),
            Channels::Rgb | Channels::YCbCr => self.add::<3, false>(row, y, first_x, step_x),
            Channels::Rgba => self.add::<4, true>(row, y, first_x, step_x),
            Channels::Cmyk => self.add::<4, false>(row, y, first_x, step_x),
        }
    }

    fn add<const N: usize, const ALPHA: bool>(&mut self, row: &[u8], y: usize, first_x: usize, step_x: usize) {
        if self.factor == 1 {
            let out = self.out.as_chunks_mut::<N>().0[y * self.width..][..self.width].iter_mut();
            let slots = out.skip(first_x).step_by(step_x).zip(row.as_chunks::<N>().0);
            if ALPHA {
                let row: Vec<u8> = premultiplied::<N>(row).collect();
                slots.zip(row.as_chunks::<N>().0).for_each(|((slot, _), pixel)| *slot = *pixel);
            } else {
                slots.for_each(|(slot, pixel)| *slot = *pixel);
            }
            return;
        }
        let across = self.width.div_ceil(self.factor);
        let sums = &mut self.sums.as_chunks_mut::<N>().0[y / self.factor * across..][..across];
        let pixels = row.as_chunks::<N>().0;
        if step_x == 1 && first_x == 0 {
            // Small blocks pay for a loop of unknown length: 1 MP of GIF took 0.8 ms longer.
            return match self.factor {
                2 => add_blocks::<N, 2, ALPHA>(sums, pixels),
                3 => add_blocks::<N, 3, ALPHA>(sums, pixels),
                4 => add_blocks::<N, 4, ALPHA>(sums, pixels),
                factor => sums.iter_mut().zip(pixels.chunks(factor)).for_each(|(sum, block)| {
                    block.iter().for_each(|pixel| add_weighted::<N, ALPHA>(sum, pixel));
                }),
            };
        }
        let mut block = first_x / self.factor;
        let mut next_block_x = (block + 1) * self.factor;
        for (at, pixel) in pixels.iter().enumerate() {
            while first_x + at * step_x >= next_block_x {
                (block, next_block_x) = (block + 1, next_block_x + self.factor);
            }
            add_weighted::<N, ALPHA>(&mut sums[block], pixel);
        }
    }

    /// The small image. Pixels that never came are black, or transparent.
    pub(crate) fn finish(mut self) -> (Raster, Window) {
        let (across, down) = (self.width.div_ceil(self.factor), self.height.div_ceil(self.factor));
        let count = self.channels.count();
        if self.factor > 1 {
            let weight = if self.channels.has_alpha() { 255 } else { 1 };
            // A block at the edge may cover fewer pixels.
            let covered = |side: usize, block: usize| (side - block * self.factor).min(self.factor);
            self.out.reserve_exact(self.sums.len());
            for (y, row) in self.sums.chunks_exact(across * count).enumerate() {
                let rows = covered(self.height, y);
                let inner = Mean::over(self.factor * rows * weight);
                let last = Mean::over(covered(self.width, across - 1) * rows * weight);
                for (x, block) in row.chunks_exact(count).enumerate() {
                    let mean = if x + 1 == across { &last } else { &inner };
                    self.out.extend(block.iter().map(|sum| mean.of(u64::from(*sum))));
                }
            }
        }
        let raster = Raster { width: across, height: down, channels: self.channels, samples: self.out };
        let (width, height) = (self.width as f64 / self.factor as f64, self.height as f64 / self.factor as f64);
        (raster, Window { left: 0.0, top: 0.0, width, height })
    }
}

/// A whole row, in blocks of `FACTOR` pixels.
fn add_blocks<const N: usize, const FACTOR: usize, const ALPHA: bool>(sums: &mut [[u32; N]], pixels: &[[u8; N]]) {
    let (blocks, rest) = pixels.as_chunks::<FACTOR>();
    for (sum, block) in sums.iter_mut().zip(blocks) {
        block.iter().for_each(|pixel| add_weighted::<N, ALPHA>(sum, pixel));
    }
    if let Some(last) = sums.get_mut(blocks.len()) {
        rest.iter().for_each(|pixel| add_weighted::<N, ALPHA>(last, pixel));
    }
}

/// Colours count by their alpha, alpha itself 255 times.
#[inline(always)]
fn add_weighted<const N: usize, const ALPHA: bool>(sum: &mut [u32; N], pixel: &[u8; N]) {
    let alpha = u32::from(pixel[N - 1]);
    for channel in 0..N {
        let weight = match (ALPHA, channel == N - 1) {
            (false, _) => 1,
            (true, false) => alpha,
            (true, true) => 255,
        };
        sum[channel] += u32::from(pixel[channel]) * weight;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shrink::Shrinker;

    #[test]
    fn pixels_in_any_order_give_what_rows_give() {
        let size = (37_u32, 23_u32);
        for channels in [Channels::Grey, Channels::GreyAlpha, Channels::Rgb, Channels::Rgba] {
            let row_bytes = size.0 as usize * channels.count();
            let image: Vec<u8> = (0..row_bytes * size.1 as usize).map(|at| (at * 7919 % 251) as u8).collect();
            for factor in [1, 2, 3, 8, 40] {
                let mut rows = Shrinker::new(channels, size, factor);
                image.chunks_exact(row_bytes).for_each(|row| rows.push(row));
                let mut scattered = Scattered::new(channels, size, factor);
                for (y, row) in image.chunks_exact(row_bytes).enumerate().rev() {
                    if y % 2 == 0 {
                        scattered.push(row, y, 0, 1);
                        continue;
                    }
                    for first in [2, 0, 1] {
                        let pixels = row.chunks_exact(channels.count()).skip(first).step_by(3);
                        let pixels: Vec<u8> = pixels.flatten().copied().collect();
                        scattered.push(&pixels, y, first, 3);
                    }
                }
                assert_eq!(scattered.finish(), rows.finish(), "{channels:?} by {factor}");
            }
        }
    }

    #[test]
    fn the_brightest_block_does_not_overflow() {
        let mut scattered = Scattered::new(Channels::GreyAlpha, (256, 256), 256);
        (0..256).for_each(|y| scattered.push(&[255; 512], y, 0, 1));
        assert_eq!(scattered.finish().0.samples, [255, 255]);
    }
}
