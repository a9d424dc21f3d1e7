//! The small image from rows in their order.
//!
//! Memory follows the width, not the area. The last block of a row, or of a column, may cover fewer pixels; its mean
//! is over those, and [`Shrinker::finish`] says how much of the raster the image really covers.

use super::mean::{Mean, premultiplied};
use crate::{
    geometry::Window,
    raster::{Channels, Raster},
};

/// Takes rows of 8-bit samples, straight alpha, and keeps their block means, premultiplied.
pub(crate) struct Shrinker {
    channels: Channels,
    factor: usize,
    width: usize,
    height: usize,
    /// Sums over the rows of the block, by sample; opaque images only.
    sums: Vec<u16>,
    /// The same of premultiplied samples.
    alpha_sums: Vec<u32>,
    rows_in_block: usize,
    rows: usize,
    out: Vec<u8>,
}

impl Shrinker {
    /// For an image of `width` by `height` pixels.
    pub(crate) fn new(channels: Channels, (width, height): (u32, u32), factor: u32) -> Self {
        let (width, height, factor) = (width as usize, height as usize, factor as usize);
        let samples = if factor == 1 { 0 } else { width * channels.count() };
        let (opaque, alpha) = if channels.has_alpha() { (0, samples) } else { (samples, 0) };
        Self {
            channels,
            factor,
            width,
            height,
            sums: vec![0; opaque],
            alpha_sums: vec![0; alpha],
            rows_in_block: 0,
            rows: 0,
            out: Vec::with_capacity(width.div_ceil(factor) * height.div_ceil(factor) * channels.count()),
        }
    }

    /// The same for rows that are taken away as they are ready.
    pub(crate) fn of_rows(channels: Channels, size: (u32, u32), factor: u32) -> Self {
        let mut shrinker = Self::new(channels, (size.0, 1), factor);
        shrinker.height = size.1 as usize;
        shrinker
    }

    /// Hands the row of the small image that the last push completed to `take`, if it did.
    pub(crate) fn take_row(&mut self, take: impl FnOnce(&[u8])) {
        if !self.out.is_empty() {
            take(&self.out);
            self.out.clear();
        }
    }

    /// What [`Shrinker::new`] allocates, in bytes.
    pub(crate) fn bytes(channels: Channels, (width, height): (u32, u32), factor: u32) -> u64 {
        let count = channels.count() as u64;
        let sums = match factor {
            1 => 0,
            _ => u64::from(width) * count * if channels.has_alpha() { 4 } else { 2 },
        };
        sums + u64::from(width.div_ceil(factor)) * u64::from(height.div_ceil(factor)) * count
    }

    /// Takes the next row: `width * channels` samples. Rows past the height are dropped.
    pub(crate) fn push(&mut self, row: &[u8]) {
        debug_assert_eq!(row.len(), self.width * self.channels.count());
        if self.rows == self.height {
            return;
        }
        self.rows += 1;
        match (self.factor, self.channels) {
            (1, Channels::GreyAlpha) => self.out.extend(premultiplied::<2>(row)),
            (1, Channels::Rgba) => self.out.extend(premultiplied::<4>(row)),
            (1, _) => self.out.extend_from_slice(row),
            (_, Channels::GreyAlpha) => add_alpha::<2>(&mut self.alpha_sums, row),
            (_, Channels::Rgba) => add_alpha::<4>(&mut self.alpha_sums, row),
            _ => add(&mut self.sums, row, self.rows_in_block == 0),
        }
        self.rows_in_block += 1;
        if self.factor > 1 && (self.rows_in_block == self.factor || self.rows == self.height) {
            self.close_block();
        }
    }

    /// Makes the rows taken so far transparent; of use with alpha only.
    pub(crate) fn blank(&mut self) {
        debug_assert!(self.channels.has_alpha());
        self.out.fill(0);
        self.alpha_sums.fill(0);
    }

    /// Sums become means, and the block ends.
    fn close_block(&mut self) {
        let (factor, rows) = (self.factor, self.rows_in_block);
        match self.channels {
            Channels::Grey => means::<1>(&self.sums, factor, rows, &mut self.out),
            Channels::Rgb | Channels::YCbCr => means::<3>(&self.sums, factor, rows, &mut self.out),
            Channels::Cmyk => means::<4>(&self.sums, factor, rows, &mut self.out),
            Channels::GreyAlpha => alpha_means::<2>(&self.alpha_sums, factor, rows, &mut self.out),
            Channels::Rgba => alpha_means::<4>(&self.alpha_sums, factor, rows, &mut self.out),
        }
        self.alpha_sums.fill(0);
        self.rows_in_block = 0;
    }

    /// Makes a row of the small image of the rows that wait for more, if there are such.
    pub(crate) fn end(&mut self) {
        if self.factor > 1 && self.rows_in_block > 0 {
            self.close_block();
        }
    }

    /// The small image. Rows that never came are blank: transparent, mid-grey, or no ink.
    pub(crate) fn finish(mut self) -> (Raster, Window) {
        self.end();
        let (width, height) = (self.width.div_ceil(self.factor), self.height.div_ceil(self.factor));
        self.out.resize(width * height * self.channels.count(), self.channels.blank());
        let covered = |side: usize| side as f64 / self.factor as f64;
        let extent = Window { left: 0.0, top: 0.0, width: covered(self.width), height: covered(self.height) };
        (Raster { width, height, channels: self.channels, samples: self.out }, extent)
    }
}

fn add(sums: &mut [u16], row: &[u8], first: bool) {
    let pairs = sums.iter_mut().zip(row);
    if first {
        pairs.for_each(|(sum, sample)| *sum = u16::from(*sample));
    } else {
        pairs.for_each(|(sum, sample)| *sum += u16::from(*sample));
    }
}

/// The last of `N` channels is alpha; it is summed times 255, so that all sums have one scale.
fn add_alpha<const N: usize>(sums: &mut [u32], row: &[u8]) {
    for (sum, pixel) in sums.as_chunks_mut::<N>().0.iter_mut().zip(row.as_chunks::<N>().0) {
        let alpha = u16::from(pixel[N - 1]);
        for channel in 0..N - 1 {
            sum[channel] += u32::from(u16::from(pixel[channel]) * alpha);
        }
        sum[N - 1] += u32::from(alpha * 255);
    }
}

fn means<const N: usize>(sums: &[u16], factor: usize, rows: usize, out: &mut Vec<u8>) {
    let pixels = sums.as_chunks::<N>().0;
    let first = out.len();
    out.resize(first + pixels.len().div_ceil(factor) * N, 0);
    let out = out[first..].as_chunks_mut::<N>().0;
    match factor {
        // Most outputs are made with these, so that the block's loop is worth unrolling.
        2 => means_of(pixels.as_chunks::<2>().0.iter().zip(out.iter_mut()), rows),
        3 => means_of(pixels.as_chunks::<3>().0.iter().zip(out.iter_mut()), rows),
        4 => means_of(pixels.as_chunks::<4>().0.iter().zip(out.iter_mut()), rows),
        _ => {
            let mean = Mean::over(factor * rows);
            pixels.chunks_exact(factor).zip(out.iter_mut()).for_each(|(block, out)| *out = mean_of(block, &mean));
        }
    }
    let rest = pixels.chunks_exact(factor).remainder();
    if let (false, Some(out)) = (rest.is_empty(), out.last_mut()) {
        *out = mean_of(rest, &Mean::over(rest.len() * rows));
    }
}

fn means_of<'a, const N: usize, const FACTOR: usize>(
    blocks: impl Iterator<Item = (&'a [[u16; N]; FACTOR], &'a mut [u8; N])>,
    rows: usize,
) {
    let mean = Mean::over(FACTOR * rows);
    blocks.for_each(|(block, out)| *out = mean_of(block, &mean));
}

#[inline]
fn mean_of<const N: usize>(block: &[[u16; N]], mean: &Mean) -> [u8; N] {
    let mut total = [0_u32; N];
    for pixel in block {
        for channel in 0..N {
            total[channel] += u32::from(pixel[channel]);
        }
    }
    total.map(|sum| mean.of(u64::from(sum)))
}

fn alpha_means<const N: usize>(sums: &[u32], factor: usize, rows: usize, out: &mut Vec<u8>) {
    for block in sums.as_chunks::<N>().0.chunks(factor) {
        let mut total = [0_u64; N];
        for pixel in block {
            for channel in 0..N {
                total[channel] += u64::from(pixel[channel]);
            }
        }
        let mean = Mean::over(block.len() * rows * 255);
        out.extend(total.map(|sum| mean.of(sum)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shrunk(channels: Channels, size: (u32, u32), factor: u32, rows: &[&[u8]]) -> (Raster, Window) {
        let mut shrinker = Shrinker::new(channels, size, factor);
        rows.iter().for_each(|row| shrinker.push(row));
        shrinker.finish()
    }

    #[test]
    fn blocks_become_their_rounded_means_and_partial_blocks_count_in_part() {
        let rows: [&[u8]; 3] = [&[0, 1, 10], &[2, 4, 20], &[100, 101, 255]];
        let (raster, extent) = shrunk(Channels::Grey, (3, 3), 2, &rows);
        assert_eq!(raster.samples, [2, 15, 101, 255]); // 7/4, 30/2, 201/2, 255
        assert_eq!((extent.width, extent.height), (1.5, 1.5));
    }

    #[test]
    fn hidden_colours_do_not_count() {
        let rows: [&[u8]; 2] = [&[255, 0, 0, 0, 0, 0, 255, 255], &[255, 0, 0, 0, 0, 0, 255, 255]];
        let (raster, _) = shrunk(Channels::Rgba, (2, 2), 2, &rows);
        assert_eq!(raster.samples, [0, 0, 128, 128]);
        let (single, _) = shrunk(Channels::GreyAlpha, (1, 1), 1, &[&[200, 128]]);
        assert_eq!(single.samples, [100, 128]);
    }

    #[test]
    fn the_brightest_block_does_not_overflow_and_means_are_exact() {
        let row = vec![255_u8; 256];
        let rows = vec![row.as_slice(); 256];
        let (raster, _) = shrunk(Channels::Grey, (256, 256), 256, &rows);
        assert_eq!(raster.samples, [255]);
        for divisor in [1, 2, 3, 7, 255, 256, 4095, 65_536] {
            let mean = Mean::over(divisor);
            for value in 0..=255_u64 {
                let exact = value * divisor as u64;
                assert_eq!(u64::from(mean.of(exact)), value, "{value} over {divisor}");
            }
        }
    }

    #[test]
    fn missing_rows_are_blank() {
        let (raster, _) = shrunk(Channels::Grey, (2, 4), 2, &[&[7, 7]]);
        assert_eq!(raster.samples, [7, 128]);
    }
}
