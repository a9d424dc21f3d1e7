//! What `make peers` measured of other thumbnailers: `benches/peers.json`, which it writes beside its tables.

use std::collections::BTreeMap;

use anyhow::Context;
use calibrate::median;
use contract::ImageFormat;
use serde::Deserialize;

/// The engine's name there.
const ENGINE: &str = "thumbtier";

/// What people run on Lambda today.
const SHARP: &str = "sharp";

/// One thumbnail, and the set of three, by the sides of their boxes in pixels.
pub const ONE: [u32; 1] = [128];
/// The set that web sites ask for.
pub const THREE: [u32; 3] = [128, 512, 1600];

/// Files that are not the usual ones of their format.
const UNUSUAL: [&str; 3] = ["progressive", "interlaced", "16bit"];

/// The measurements.
#[derive(Clone, Debug, Deserialize)]
pub struct Peers {
    /// When, on what, of which versions.
    pub facts: BTreeMap<String, String>,
    /// CPU time of starting sharp, in milliseconds: node and its import.
    pub sharp_start_ms: f64,
    cells: Vec<Cell>,
}

#[derive(Clone, Debug, Deserialize)]
struct Cell {
    file: String,
    sides: Vec<u32>,
    peer: String,
    cpu_ms: Vec<f64>,
}

impl Peers {
    /// Reads the file.
    ///
    /// # Errors
    /// It is not what `make peers` writes.
    pub fn parse(json: &str) -> anyhow::Result<Self> {
        serde_json::from_str(json).context("benches/peers.json has not the expected shape: run `make peers`")
    }

    /// sharp's CPU time over the engine's for these thumbnails, the median of the format's files; `None` where there is
    /// none.
    #[must_use]
    pub fn sharp_ratio(&self, format: ImageFormat, sides: &[u32]) -> Option<f64> {
        let ratio = |file: &str| Some(self.least_ms(file, sides, SHARP)? / self.least_ms(file, sides, ENGINE)?);
        middle(self.files(format).filter_map(ratio))
    }

    /// The usual files of a format, each once.
    fn files(&self, format: ImageFormat) -> impl Iterator<Item = &str> {
        let is_one = |cell: &&Cell| cell.peer == ENGINE && cell.sides == ONE;
        self.cells.iter().filter(is_one).map(|cell| cell.file.as_str()).filter(move |file| {
            ImageFormat::from_key(file) == Some(format) && !UNUSUAL.iter().any(|word| file.contains(word))
        })
    }

    /// Other work on the machine touches the least round least.
    fn least_ms(&self, file: &str, sides: &[u32], peer: &str) -> Option<f64> {
        let cell = self.cells.iter().find(|cell| cell.file == file && cell.sides == sides && cell.peer == peer)?;
        cell.cpu_ms.iter().copied().reduce(f64::min)
    }
}

/// The median; `None` of nothing.
fn middle(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let numbers: Vec<f64> = numbers.collect();
    (!numbers.is_empty()).then(|| median(numbers.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_of_the_least_rounds_of_usual_files() {
        let cell = |file: &str, sides: &[u32], peer: &str, ms: &[f64]| {
            format!(r#"{{"file":"{file}","sides":{sides:?},"peer":"{peer}","cpu_ms":{ms:?},"error":null}}"#)
        };
        let cells = [
            cell("jpeg_1mp.jpg", &ONE, ENGINE, &[2.0, 9.0]),
            cell("jpeg_1mp.jpg", &ONE, SHARP, &[7.0, 5.0]),
            cell("jpeg_1mp.jpg", &THREE, ENGINE, &[6.0]),
            cell("jpeg_progressive_1mp.jpg", &ONE, ENGINE, &[1.0]),
            cell("jpeg_progressive_1mp.jpg", &ONE, SHARP, &[100.0]),
        ];
        let json = format!(r#"{{"facts":{{}},"notes":[],"sharp_start_ms":140,"cells":[{}]}}"#, cells.join(","));
        let peers = Peers::parse(&json).unwrap();
        assert_eq!(peers.sharp_ratio(ImageFormat::Jpeg, &ONE), Some(2.5));
        assert_eq!(peers.sharp_ratio(ImageFormat::Jpeg, &THREE), None);
        assert_eq!(peers.sharp_ratio(ImageFormat::Png, &ONE), None);
    }
}
