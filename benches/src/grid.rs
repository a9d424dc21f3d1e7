//! The grid of files that calibration measures: kinds by sizes, made once and kept in `target/calibrate/inputs`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use calibrate::round_down;

use crate::inputs::Kind;

/// The criterion group of the grid.
pub const BENCH: &str = "grid";

/// The largest picture of an everyday format, in megapixels: what the engine is said to make anywhere.
const MAX_MP: f64 = 100.0;

/// And of the others, whose files have up to eight bytes a pixel: a grid that fits on a disk.
const RARE_MAX_MP: f64 = 25.0;

/// The picture from which the bytes of a pixel are known where no one has measured them, in megapixels.
const SAMPLE_MP: f64 = 0.25;

/// The coarse sizes, in bytes: two to a power of ten.
const COARSE_BYTES: [u64; 7] = [100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000, 100_000_000];

/// The first digits of a size that a person would write, in tenths.
const TENTHS: [u64; 9] = [10, 15, 20, 25, 30, 40, 50, 60, 80];

/// How much shorter than its size a file may be before it is filled up with zeros, which no decoder reads.
const SHORTEST: f64 = 0.97;
const TRIES: u32 = 6;

/// One file of the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// What it is.
    pub kind: Kind,
    /// Its size to the byte.
    pub size_bytes: u64,
}

impl Input {
    /// `png-screen-1500000`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{}", self.kind.name(), self.size_bytes)
    }

    /// The file, made where it is not there yet.
    ///
    /// # Errors
    /// What the file system says.
    pub fn file(&self, folder: &Path) -> io::Result<PathBuf> {
        let path = folder.join(self.name());
        if std::fs::metadata(&path).is_ok_and(|found| found.len() == self.size_bytes) {
            return Ok(path);
        }
        std::fs::create_dir_all(folder)?;
        // Whole or not at all: an interrupted run must not leave half a file under this name.
        let part = folder.join(format!("{}.{}.part", self.name(), std::process::id()));
        std::fs::write(&part, self.bytes())?;
        std::fs::rename(&part, &path)?;
        Ok(path)
    }

    /// The file's bytes: the largest picture that fits, then zeros.
    fn bytes(&self) -> Vec<u8> {
        let want = self.size_bytes as f64;
        let mut megapixels = want * 0.985 / bytes_per_pixel(self.kind) / 1e6;
        // A few tries come close; where sizes go in steps that are too large, what fits must do.
        for attempt in 0.. {
            let mut file = self.kind.encode(&self.kind.picture(megapixels));
            let part = file.len() as f64 / want;
            if part <= 1.0 && (part >= SHORTEST || attempt >= TRIES) {
                file.resize(self.size_bytes as usize, 0);
                return file;
            }
            megapixels *= if attempt < TRIES { 0.985 / part } else { 0.95 };
        }
        unreachable!("a picture that shrinks fits at last")
    }
}

/// The coarse grid: of each kind up to its picture of 100 megapixels.
#[must_use]
pub fn coarse() -> Vec<Input> {
    let of_kind = |kind: Kind| {
        let most_bytes = largest_bytes(kind);
        let below = COARSE_BYTES.into_iter().filter(move |bytes| *bytes < most_bytes);
        below.chain([most_bytes]).map(move |size_bytes| Input { kind, size_bytes })
    };
    Kind::all().into_iter().flat_map(of_kind).collect()
}

/// Of `kind`, in bytes.
#[must_use]
pub fn largest_bytes(kind: Kind) -> u64 {
    let most_mp = if matches!(kind, Kind::Room(_)) { RARE_MAX_MP } else { MAX_MP };
    round_down((most_mp * 1e6 * bytes_per_pixel(kind)) as u64)
}

/// The size half-way between two, of those that a person would write; `None` where there is none between them.
#[must_use]
pub fn between(low_bytes: u64, high_bytes: u64) -> Option<u64> {
    let powers = (1..=15).map(|power| 10_u64.pow(power));
    let all = powers.flat_map(|tenth| TENTHS.map(|tenths| tenth * tenths));
    let inside: Vec<u64> = all.filter(|bytes| (low_bytes + 1..high_bytes).contains(bytes)).collect();
    inside.get(inside.len() / 2).copied()
}

/// What a pixel of each kind takes at a megapixel and above: where the search for a picture begins, and how far the
/// grid goes. Measured; of a room's files that of a small sample, which is the same every time.
fn bytes_per_pixel(kind: Kind) -> f64 {
    match kind {
        Kind::Jpeg | Kind::JpegProgressive => 0.21,
        Kind::JpegSmooth => 0.028,
        Kind::JpegFine => 0.6,
        Kind::Png => 2.15,
        Kind::PngScreen => 0.12,
        Kind::PngInterlaced => 1.75,
        Kind::Webp => 0.14,
        Kind::WebpLossless => 1.02,
        Kind::Gif => 0.24,
        Kind::Tiff | Kind::Bmp => 3.0,
        Kind::TiffLzw => 1.56,
        Kind::Room(_) => {
            // Asked for with every file, and some encoders are processes of their own.
            static OF_SAMPLES: Mutex<BTreeMap<&str, f64>> = Mutex::new(BTreeMap::new());
            let mut of_samples = OF_SAMPLES.lock().expect("no thread panicked");
            *of_samples.entry(kind.name()).or_insert_with(|| {
                let sample = kind.picture(SAMPLE_MP);
                kind.encode(&sample).len() as f64 / (f64::from(sample.width()) * f64::from(sample.height()))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn sizes_are_met_to_the_byte_and_files_are_kept() {
        let folder = Scratch::new("grid");
        for kind in Kind::all() {
            let input = Input { kind, size_bytes: 100_000 };
            let path = input.file(&folder).unwrap();
            let made = std::fs::metadata(&path).unwrap();
            assert_eq!(made.len(), 100_000, "{kind:?}");
            let again = std::fs::metadata(input.file(&folder).unwrap()).unwrap();
            assert_eq!(made.modified().unwrap(), again.modified().unwrap(), "{kind:?}");
        }
    }

    #[test]
    fn half_way_between_two_sizes_is_a_size_that_a_person_would_write() {
        assert_eq!(between(1_000_000, 10_000_000), Some(4_000_000));
        assert_eq!(between(3_000_000, 10_000_000), Some(6_000_000));
        assert_eq!(between(5_000_000, 6_000_000), None);
    }

    #[test]
    fn the_grid_rises_in_every_kind() {
        let grid = coarse();
        for pair in grid.windows(2).filter(|pair| pair[0].kind == pair[1].kind) {
            assert!(pair[0].size_bytes < pair[1].size_bytes, "{pair:?}");
        }
        assert!(Kind::all().into_iter().all(|kind| grid.iter().filter(|input| input.kind == kind).count() >= 3));
        let rare = grid.iter().filter(|input| matches!(input.kind, Kind::Room(_)));
        assert!(rare.map(|input| input.size_bytes).sum::<u64>() < 1_500_000_000, "the grid must fit on a disk");
    }
}
