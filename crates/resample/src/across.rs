//! From eight rows to as many resized rows: windows of samples within a row.

use wide::{i16x8, i32x4, u8x16};

use crate::{
    columns::{BETWEEN_BITS, narrow, twice_two},
    weights::{ONE_BITS, Pair, Windows},
};

/// Rows that are resized together: each weight is read once for all of them.
pub(crate) const ROWS: usize = 8;

/// The weights of a row, and eight rows turned so that the samples of one place lie side by side.
pub(crate) struct Across {
    channels: usize,
    /// By resized sample: the pair that its window begins in.
    firsts: Vec<u32>,
    /// By resized sample: the pairs of its window.
    weights: Vec<Pair>,
    most_pairs: usize,
    /// By pair of pixels, then by channel: the samples of rows 0 to 3, then those of rows 4 to 7.
    turned: Vec<[i16x8; 2]>,
    /// By resized pixel, then by channel: a sample of each row.
    resized: Vec<[u8; ROWS]>,
}

impl Across {
    /// For rows of `from` pixels that become rows of `to` pixels.
    pub(crate) fn new(windows: Windows, (from, to): (u32, u32), channels: usize) -> Self {
        let most_pairs = windows.most_pairs();
        let mut weights = vec![[0; 2]; most_pairs * to as usize];
        for (index, pairs) in weights.chunks_exact_mut(most_pairs).enumerate() {
            windows.weigh(index as u32, pairs);
        }
        Self {
            channels,
            firsts: (0..to).map(|index| windows.window(index).0 / 2).collect(),
            weights,
            most_pairs,
            turned: vec![[i16x8::splat(0); 2]; turned_pairs(from, most_pairs) * channels],
            resized: vec![[0; ROWS]; to as usize * channels],
        }
    }

    /// What [`Across::new`] allocates.
    pub(crate) fn bytes(windows: &Windows, (from, to): (u32, u32), channels: usize) -> u64 {
        let most_pairs = windows.most_pairs();
        let by_sample = most_pairs * size_of::<Pair>() + size_of::<u32>() + ROWS * channels;
        let turned_bytes = turned_pairs(from, most_pairs) * channels * size_of::<[i16x8; 2]>();
        u64::from(to) * by_sample as u64 + turned_bytes as u64
    }

    /// The first of `rows`, as many as `made` has resized rows: samples with [`BETWEEN_BITS`], padded with at least one.
    pub(crate) fn make(&mut self, rows: [&[i16]; ROWS], made: &mut [u8]) {
        match self.channels {
            1 => self.make_plane(rows, made),
            2 => self.make_pixels::<2, 4>(rows, made),
            3 => self.make_pixels::<3, 6>(rows, made),
            _ => self.make_pixels::<4, 8>(rows, made),
        }
    }

    fn make_plane(&mut self, rows: [&[i16]; ROWS], made: &mut [u8]) {
        self.turn_plane(rows);
        self.resize::<1>();
        let row_samples = self.resized.len();
        let rows = made.len() / row_samples;
        let (blocks, rest) = self.resized.as_chunks::<8>();
        for (block, samples) in blocks.iter().enumerate() {
            let samples = turned_back(samples);
            for (row, samples) in samples.as_chunks::<8>().0.iter().take(rows).enumerate() {
                made[row * row_samples + block * 8..][..8].copy_from_slice(samples);
            }
        }
        let first = row_samples - rest.len();
        for (row, made) in made.chunks_exact_mut(row_samples).enumerate() {
            for (sample, resized) in made[first..].iter_mut().zip(rest) {
                *sample = resized[row];
            }
        }
    }

    /// `TWO` is twice `CHANNELS`.
    fn make_pixels<const CHANNELS: usize, const TWO: usize>(&mut self, rows: [&[i16]; ROWS], made: &mut [u8]) {
        self.turn::<CHANNELS, TWO>(rows);
        self.resize::<CHANNELS>();
        for (row, made) in made.chunks_exact_mut(self.resized.len()).enumerate() {
            let pixels = made.as_chunks_mut::<CHANNELS>().0.iter_mut();
            for (pixel, resized) in pixels.zip(self.resized.as_chunks::<CHANNELS>().0) {
                *pixel = std::array::from_fn(|channel| resized[channel][row]);
            }
        }
    }

    /// The same for rows of one channel, with [`BETWEEN_BITS`] kept.
    pub(crate) fn make_fine(&mut self, rows: [&[i16]; ROWS], made: &mut [i16]) {
        self.turn_plane(rows);
        let half = i32x4::splat(1 << (ONE_BITS - 1));
        let row_samples = self.firsts.len();
        let rows = made.len() / row_samples;
        let windows = self.firsts.iter().zip(self.weights.chunks_exact(self.most_pairs));
        for (place, (first, weights)) in windows.enumerate() {
            let mut sums = [half; 2];
            for (turned, weights) in self.turned[*first as usize..][..self.most_pairs].iter().zip(weights) {
                let weights = twice_two(*weights);
                sums[0] += turned[0].dot(weights);
                sums[1] += turned[1].dot(weights);
            }
            let sums = narrow(sums[0] >> ONE_BITS, sums[1] >> ONE_BITS).to_array();
            for (row, sum) in sums.into_iter().take(rows).enumerate() {
                made[row * row_samples + place] = sum;
            }
        }
    }

    /// The same as [`Across::turn`] for one channel, four pairs at a time.
    fn turn_plane(&mut self, rows: [&[i16]; ROWS]) {
        let (turned, rest) = self.turned.as_chunks_mut::<4>();
        let rest_at = turned.len() * 8;
        let blocks = rows.map(|row| row.as_chunks::<8>().0);
        let count = blocks.iter().map(|blocks| blocks.len()).min().unwrap_or(0).min(turned.len());
        let blocks = blocks.map(|blocks| &blocks[..count]);
        for (place, turned) in turned[..count].iter_mut().enumerate() {
            for half in 0..2 {
                let row = |row: usize| i32x4::from_ne_bytes(i16x8::new(blocks[4 * half + row][place]).to_ne_bytes());
                let pairs = i32x4::transpose([row(0), row(1), row(2), row(3)]);
                for (turned, pair) in turned.iter_mut().zip(pairs) {
                    turned[half] = i16x8::from_ne_bytes(pair.to_ne_bytes());
                }
            }
        }
        for (place, turned) in rest.iter_mut().enumerate() {
            let pair = |row: usize| {
                let pair = rows[row].get(rest_at + 2 * place..).and_then(|rest| rest.first_chunk::<2>());
                pair.copied().unwrap_or_default()
            };
            *turned = [0, 4].map(|row| {
                let [[a, b], [c, d], [e, f], [g, h]] = [pair(row), pair(row + 1), pair(row + 2), pair(row + 3)];
                i16x8::new([a, b, c, d, e, f, g, h])
            });
        }
    }

    fn turn<const CHANNELS: usize, const TWO: usize>(&mut self, rows: [&[i16]; ROWS]) {
        let turned = self.turned.as_chunks_mut::<CHANNELS>().0;
        let rows = rows.map(|row| row.as_chunks::<TWO>().0);
        let pairs = rows.iter().map(|row| row.len()).min().unwrap_or(0).min(turned.len());
        let rows = rows.map(|row| &row[..pairs]);
        for (place, turned) in turned[..pairs].iter_mut().enumerate() {
            for (channel, turned) in turned.iter_mut().enumerate() {
                let pair = |row: usize| (rows[row][place][channel], rows[row][place][channel + CHANNELS]);
                let four = |row: usize| {
                    let [(a, b), (c, d), (e, f), (g, h)] = [pair(row), pair(row + 1), pair(row + 2), pair(row + 3)];
                    i16x8::new([a, b, c, d, e, f, g, h])
                };
                *turned = [four(0), four(4)];
            }
        }
    }

    fn resize<const CHANNELS: usize>(&mut self) {
        let half = i32x4::splat(1 << (ONE_BITS + BETWEEN_BITS - 1));
        let turned = self.turned.as_chunks::<CHANNELS>().0;
        let windows = self.firsts.iter().zip(self.weights.chunks_exact(self.most_pairs));
        for (resized, (first, weights)) in self.resized.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(windows) {
            let mut sums = [[half; 2]; CHANNELS];
            for (turned, weights) in turned[*first as usize..][..self.most_pairs].iter().zip(weights) {
                let weights = twice_two(*weights);
                for (sums, samples) in sums.iter_mut().zip(turned) {
                    sums[0] += samples[0].dot(weights);
                    sums[1] += samples[1].dot(weights);
                }
            }
            for (resized, [low, high]) in resized.iter_mut().zip(sums) {
                let sums = narrow(low >> (ONE_BITS + BETWEEN_BITS), high >> (ONE_BITS + BETWEEN_BITS));
                resized.copy_from_slice(&u8x16::narrow_i16x8(sums, sums).as_array()[..ROWS]);
            }
        }
    }
}

/// From the samples of a place in each of eight rows, for eight places, to the places of each row.
fn turned_back(places: &[[u8; ROWS]; 8]) -> [u8; 64] {
    let (two, _) = places.as_flattened().as_chunks::<16>();
    let [p01, p23, p45, p67] = [0, 1, 2, 3].map(|at| u8x16::new(two[at]));
    let weave = |a, b| (u8x16::unpack_low(a, b), u8x16::unpack_high(a, b));
    let ((p04, p15), (p26, p37)) = (weave(p01, p45), weave(p23, p67));
    let ((even_upper, even_lower), (odd_upper, odd_lower)) = (weave(p04, p26), weave(p15, p37));
    let ((a, b), (c, d)) = (weave(even_upper, odd_upper), weave(even_lower, odd_lower));
    let mut rows = [0; 64];
    for (rows, two) in rows.as_chunks_mut::<16>().0.iter_mut().zip([a, b, c, d]) {
        *rows = two.to_array();
    }
    rows
}

/// A window near the right edge reaches past it with weights of 0.
fn turned_pairs(from: u32, most_pairs: usize) -> usize {
    from.div_ceil(2) as usize + most_pairs
}
