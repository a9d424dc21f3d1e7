//! A raster at another size from rows that come one by one: of the raster only a window's rows are held.

use crate::{
    Crop, Kernel,
    across::{Across, ROWS},
    columns::{BETWEEN_BITS, BLOCK, Columns},
    weights::Windows,
};

/// Takes the rows of a raster in their order and gives it at another size.
pub struct RowResampler {
    windows: Windows,
    columns: Columns,
    across: Across,
    /// Rows and samples in a row before, then samples in a row after.
    from_rows: u32,
    from_samples: usize,
    /// Nothing changes: every row is its own.
    is_same: bool,
    to_samples: usize,
    to_rows: u32,
    /// The first row of a pair, which waits for the second.
    first: Vec<u8>,
    taken: u32,
    /// Rows that are resized downwards and not yet across.
    between: [Vec<i16>; ROWS],
    rows_made: u32,
    made: Made,
}

/// The resized rows.
enum Made {
    Samples(Vec<u8>),
    Fine(Vec<i16>),
}

/// Bits behind the point of fine samples.
pub const FINE_BITS: i32 = BETWEEN_BITS;

impl RowResampler {
    /// `crop` of a plane of `from` samples (width, height) becomes `size` (width, height) samples; all sides are at
    /// least 1.
    #[must_use]
    pub fn new(from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> Self {
        Self::of_pixels(1, from, crop, size, kernel)
    }

    /// The same with [`FINE_BITS`] more, for what is not yet the last step: samples may lie below 0 and above 255.
    #[must_use]
    pub fn fine(from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> Self {
        let mut resampler = Self::new(from, crop, size, kernel);
        resampler.made = Made::Fine(vec![0; resampler.to_samples * size.1 as usize]);
        resampler
    }

    /// The same for pixels of 1 to 4 channels, interleaved. Channels are independent of each other: premultiply alpha
    /// before.
    #[must_use]
    pub fn of_pixels(channels: usize, from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> Self {
        let [across, windows] = sides(from, crop, size, kernel);
        let (from_samples, to_samples) = (from.0 as usize * channels, size.0 as usize * channels);
        let padded = padded(from.0, channels);
        Self {
            windows,
            columns: Columns::new(windows, padded),
            across: Across::new(across, (from.0, size.0), channels),
            from_rows: from.1,
            from_samples,
            is_same: kernel.keeps_samples() && from == size && crop.is_whole(from),
            to_samples,
            to_rows: size.1,
            first: Vec::with_capacity(from_samples),
            taken: 0,
            between: std::array::from_fn(|_| vec![0; padded]),
            rows_made: 0,
            made: Made::Samples(vec![0; to_samples * size.1 as usize]),
        }
    }

    /// What it holds for a plane, the resized plane included, in bytes.
    #[must_use]
    pub fn bytes(from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> u64 {
        Self::bytes_of_pixels(1, from, crop, size, kernel)
    }

    /// The same for pixels of so many channels.
    #[must_use]
    pub fn bytes_of_pixels(channels: usize, from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> u64 {
        let [across, windows] = sides(from, crop, size, kernel);
        let padded = padded(from.0, channels) as u64;
        let rows_bytes = padded * (1 + 2 * ROWS as u64);
        let resized_bytes = u64::from(size.0) * u64::from(size.1) * channels as u64;
        let steps_bytes = Columns::bytes(&windows, padded) + Across::bytes(&across, (from.0, size.0), channels);
        rows_bytes + steps_bytes + resized_bytes
    }

    /// Takes the next row, as many samples as the raster has in one. Rows past the last one are dropped.
    pub fn push(&mut self, row: &[u8]) {
        debug_assert_eq!(row.len(), self.from_samples);
        if self.rows_made == self.to_rows {
            return;
        }
        if self.is_same {
            return self.copy(row);
        }
        let number = self.taken;
        self.taken += 1;
        let is_last = self.taken == self.from_rows;
        // Above the crop, or between two windows.
        if self.windows.window(self.rows_made).0 > number | 1 {
            return;
        }
        if number.is_multiple_of(2) {
            self.first.clear();
            self.first.extend_from_slice(row);
            if !is_last {
                return;
            }
        }
        // A last row without a second one is its own: that has no weight.
        self.columns.push(number as usize / 2, [&self.first, row]);
        while self.rows_made < self.to_rows && self.windows.window(self.rows_made).1 <= self.taken {
            self.make_row();
        }
    }

    /// Makes the rows taken so far 0 in every sample.
    pub fn blank(&mut self) {
        self.columns.blank();
        self.first.fill(0);
        self.between.iter_mut().for_each(|row| row.fill(0));
        match &mut self.made {
            Made::Samples(samples) => samples.fill(0),
            Made::Fine(samples) => samples.fill(0),
        }
    }

    fn copy(&mut self, row: &[u8]) {
        let places = self.rows_made as usize * self.to_samples..(self.rows_made as usize + 1) * self.to_samples;
        self.rows_made += 1;
        match &mut self.made {
            Made::Samples(samples) => samples[places].copy_from_slice(row),
            Made::Fine(samples) => {
                let samples = samples[places].iter_mut().zip(row);
                samples.for_each(|(fine, sample)| *fine = i16::from(*sample) << FINE_BITS);
            }
        }
    }

    fn make_row(&mut self) {
        let place = self.rows_made as usize % ROWS;
        self.columns.make(self.rows_made, &mut self.between[place]);
        self.rows_made += 1;
        if place + 1 == ROWS || self.rows_made == self.to_rows {
            let first = self.rows_made as usize - 1 - place;
            let places = first * self.to_samples..self.rows_made as usize * self.to_samples;
            let rows = std::array::from_fn(|row| self.between[row].as_slice());
            match &mut self.made {
                Made::Samples(samples) => self.across.make(rows, &mut samples[places]),
                Made::Fine(samples) => self.across.make_fine(rows, &mut samples[places]),
            }
        }
    }

    /// The resized raster.
    ///
    /// # Panics
    /// Unless all rows that its windows need came, or where it is [fine](Self::fine).
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        assert_eq!(self.rows_made, self.to_rows, "every row of the raster comes");
        match self.made {
            Made::Samples(samples) => samples,
            Made::Fine(_) => panic!("fine samples are taken by finish_fine"),
        }
    }

    /// The resized plane with [`FINE_BITS`].
    ///
    /// # Panics
    /// Unless all rows that its windows need came, or where it is not [fine](Self::fine).
    #[must_use]
    pub fn finish_fine(self) -> Vec<i16> {
        assert_eq!(self.rows_made, self.to_rows, "every row of the raster comes");
        match self.made {
            Made::Fine(samples) => samples,
            Made::Samples(_) => panic!("these samples are taken by finish"),
        }
    }
}

/// The windows in a row, and those of rows.
fn sides(from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> [Windows; 2] {
    let [across, down] = kernel.sides();
    let across = Windows::new(across, from.0, (crop.left, crop.width), size.0);
    [across, Windows::new(down, from.1, (crop.top, crop.height), size.1)]
}

/// The samples of a row, in whole blocks and whole pairs of pixels.
fn padded(width: u32, channels: usize) -> usize {
    ((width as usize).next_multiple_of(2) * channels).next_multiple_of(BLOCK)
}
