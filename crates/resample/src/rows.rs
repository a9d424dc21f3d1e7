//! A plane at another size from rows that come one by one, in bands: the plane itself is never held.

use fast_image_resize::{Resizer, pixels::U8};

use crate::{Crop, Kernel, Source, fill, options};

/// About so many bytes of rows are held. Each band asks for the horizontal weights again: 0.2 ms for 2,048 columns.
const BAND_BYTES: u32 = 1 << 20;

/// Takes the rows of one plane in their order and gives the plane at another size.
///
/// The same bytes as [`resample`](crate::resample) gives for a plane of less than a megabyte, which is one band. In a
/// larger one the last bit of the weights may differ from band to band, and with it one sample in 500 by a single step.
pub struct RowResampler {
    kernel: Kernel,
    crop: Crop,
    from: (u32, u32),
    size: (u32, u32),
    bands: Bands,
    resizer: Resizer,
    /// Rows that windows still need, from row `first`.
    held: Vec<u8>,
    first: u32,
    rows_made: u32,
    samples: Vec<u8>,
}

impl RowResampler {
    /// `crop` of a plane of `from` samples (width, height) becomes `size` (width, height) samples; all sides are at
    /// least 1.
    #[must_use]
    pub fn new(from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> Self {
        let bands = Bands::new(from, crop, size, kernel);
        Self {
            kernel,
            crop,
            from,
            size,
            resizer: Resizer::new(),
            held: Vec::with_capacity(bands.held_rows as usize * from.0 as usize),
            first: 0,
            rows_made: 0,
            samples: Vec::with_capacity(size.0 as usize * size.1 as usize),
            bands,
        }
    }

    /// The most that is held, the resized plane included, in bytes.
    #[must_use]
    pub fn bytes(from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> u64 {
        let bands = Bands::new(from, crop, size, kernel);
        let [width, out_width] = [from.0, size.0].map(u64::from);
        let rows_bytes = width * u64::from(bands.held_rows + bands.rows);
        // A weight in 8 bytes and then in 2 of them. Source: `precompute_coefficients` of `fast_image_resize` 6.1.
        let weights = |length: f64, to: u32| {
            let taps = (kernel.support() * (length / f64::from(to)).max(1.0)).ceil() as u64 * 2 + 1;
            u64::from(to) * (taps + 4) * 12
        };
        let band_height = f64::from(bands.rows) * bands.scale;
        let weights_bytes = weights(crop.width, size.0) + weights(band_height, bands.rows);
        rows_bytes + weights_bytes + out_width * u64::from(size.1)
    }

    /// Takes the next row, as many samples as the plane is wide. Rows past the last one are dropped.
    pub fn push(&mut self, row: &[u8]) {
        debug_assert_eq!(row.len(), self.from.0 as usize);
        self.held.extend_from_slice(row);
        let taken = self.first + (self.held.len() / self.from.0 as usize) as u32;
        // The last rows of the plane may complete two bands.
        while self.rows_made < self.size.1 {
            let end = (self.rows_made + self.bands.rows).min(self.size.1);
            if taken < self.bands.window(end - 1).1.min(self.from.1) {
                break;
            }
            self.make_rows(end, taken);
        }
        // Held for nothing: rows above the crop, or below it.
        let needed = if self.rows_made < self.size.1 { self.bands.window(self.rows_made).0 } else { taken };
        if taken <= needed {
            (self.first, _) = (taken, self.held.clear());
        }
    }

    /// Resized rows up to row `end`, from the rows held up to row `taken`.
    fn make_rows(&mut self, end: u32, taken: u32) {
        let (width, rows) = (self.from.0, end - self.rows_made);
        let scale = self.bands.scale;
        let top = (self.crop.top + f64::from(self.rows_made) * scale - f64::from(self.first)).max(0.0);
        let height = if rows == self.size.1 { self.crop.height } else { f64::from(rows) * scale };
        let held_rows = taken - self.first;
        // The last bits of a product must not push the window past the rows.
        let crop = Crop { top, height: height.min(f64::from(held_rows) - top), ..self.crop };
        let source = Source { width, height: held_rows, channels: 1, samples: &self.held };
        let made = self.samples.len();
        self.samples.resize(made + self.size.0 as usize * rows as usize, 0);
        let options = options(crop, self.kernel);
        fill::<U8>(&mut self.resizer, &source, &mut self.samples[made..], (self.size.0, rows), &options);
        self.rows_made = end;
        if end < self.size.1 {
            let keep = self.bands.window(end).0.clamp(self.first, taken);
            self.held.drain(..(keep - self.first) as usize * width as usize);
            self.first = keep;
        } else {
            (self.held, self.first) = (Vec::new(), taken);
        }
    }

    /// The resized plane.
    ///
    /// # Panics
    /// Unless all rows of the plane came.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        assert_eq!(self.rows_made, self.size.1, "every row of the plane comes");
        self.samples
    }
}

/// Which rows belong together.
struct Bands {
    /// Source rows to one resized row.
    scale: f64,
    top: f64,
    /// Half of a window, in source rows.
    radius: f64,
    /// Resized rows of a band.
    rows: u32,
    /// The most source rows that a band needs.
    held_rows: u32,
}

impl Bands {
    fn new(from: (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) -> Self {
        let scale = crop.height / f64::from(size.1);
        let radius = kernel.support() * scale.max(1.0);
        let window = 2.0 * radius + 2.0;
        let rows = ((f64::from(BAND_BYTES / from.0) - window) / scale) as u32;
        let rows = rows.clamp(16, size.1.max(16)).min(size.1);
        let held_rows = ((f64::from(rows) * scale + window + 1.0) as u32).min(from.1);
        Self { scale, top: crop.top, radius, rows, held_rows }
    }

    /// The source rows that resized row `row` needs, or one more: the first, and the one behind the last.
    fn window(&self, row: u32) -> (u32, u32) {
        let centre = self.top + (f64::from(row) + 0.5) * self.scale;
        let first = (centre - self.radius - 1e-6).floor().max(0.0);
        (first as u32, (centre + self.radius + 1e-6).ceil() as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample;

    /// Rows one by one against the whole plane.
    fn check((width, height): (u32, u32), crop: Crop, size: (u32, u32), kernel: Kernel) {
        let sample = |index: u32| (index.wrapping_mul(2_654_435_761) >> 24) as u8;
        let samples: Vec<u8> = (0..width * height).map(sample).collect();
        let source = Source { width, height, channels: 1, samples: &samples };
        let mut rows = RowResampler::new((width, height), crop, size, kernel);
        for row in samples.chunks_exact(width as usize) {
            rows.push(row);
            assert!(rows.held.len() <= rows.bands.held_rows as usize * width as usize);
        }
        let (got, want) = (rows.finish(), resample(&source, crop, size, kernel));
        let other = got.iter().zip(&want).filter(|(got, want)| got != want).count();
        let case = format!("{width}x{height} {crop:?} to {size:?}, {kernel:?}: {other}");
        assert!(got.iter().zip(&want).all(|(got, want)| got.abs_diff(*want) <= 1), "{case}");
        assert!(if width * height < BAND_BYTES { got == want } else { other * 100 <= got.len() }, "{case}");
    }

    #[test]
    fn rows_give_the_same_picture_as_the_whole_plane() {
        let whole = |(width, height): (u32, u32)| {
            let (width, height) = (f64::from(width), f64::from(height));
            Crop { left: 0.0, top: 0.0, width, height }
        };
        for kernel in [Kernel::Lanczos3, Kernel::CatmullRom] {
            for (from, size) in [
                ((640, 480), (321, 199)),
                ((403, 303), (128, 96)),
                ((100, 80), (100, 80)),
                ((37, 2), (5, 1)),
                ((1, 1), (1, 1)),
                ((5, 700), (1, 33)),
                ((700, 3), (64, 1)),
                ((61, 47), (64, 50)),
                ((2016, 1512), (1024, 768)),
                ((2016, 1512), (2016, 1512)),
                ((1500, 1999), (1601, 2133)),
                ((2000, 1500), (1000, 751)),
                ((4032, 756), (2048, 384)),
                ((30_000, 90), (2048, 6)),
                ((90, 30_000), (6, 2048)),
            ] {
                check(from, whole(from), size, kernel);
            }
            check((400, 250), Crop { left: 20.25, top: 10.5, width: 300.5, height: 200.25 }, (100, 77), kernel);
            check((401, 251), Crop { left: 0.0, top: 0.0, width: 400.375, height: 250.625 }, (128, 80), kernel);
            check((1601, 2003), Crop { left: 0.0, top: 200.5, width: 1600.5, height: 1600.5 }, (777, 777), kernel);
        }
    }
}
