//! One cell of the grid that is measured.

use std::collections::BTreeMap;

use contract::ImageFormat;
use serde::{Deserialize, Serialize};

use crate::CalibrateError;

/// The smallest object that says something about a threshold, in bytes.
const MIN_SIZE_BYTES: u64 = 100;

/// What one image asked for. Several of one size are the shapes that a size can have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// The format, by its bytes.
    pub format: ImageFormat,
    /// What kind of that format, e.g. `progressive` or `interlaced`: for the report only.
    pub variety: String,
    /// The object's size, in bytes.
    pub size_bytes: u64,
    /// How much of the object was read, in bytes: a progressive JPEG is not read to its end.
    pub read_bytes: u64,
    /// Width times height.
    pub pixels: u64,
    /// CPU time at one whole vCPU, the median of the runs, in milliseconds.
    pub cpu_ms: f64,
    /// The peak resident memory of the whole process, in bytes.
    pub peak_bytes: u64,
    /// What the engine's plan said it would hold, in bytes. The worker compares this with the tier's budget.
    pub plan_bytes: u64,
    /// Wall-clock milliseconds in a tier's real limits, I/O to S3 apart, by the tier's name.
    /// Where a tier has none, `cpu_ms` over its share of a CPU stands in.
    #[serde(default)]
    pub tier_ms: BTreeMap<String, f64>,
}

impl Measurement {
    /// Refuses what cannot have been measured.
    ///
    /// # Errors
    /// [`CalibrateError::Measurement`], with the field and its value.
    pub fn check(&self) -> Result<(), CalibrateError> {
        let time = |ms: f64| if ms.is_finite() && ms >= 0.0 { 1.0 } else { ms };
        let fields = [
            ("size_bytes", self.size_bytes as f64, self.size_bytes >= MIN_SIZE_BYTES),
            ("read_bytes", self.read_bytes as f64, self.read_bytes <= self.size_bytes),
            ("peak_bytes", self.peak_bytes as f64, self.peak_bytes > 0),
            ("cpu_ms", self.cpu_ms, time(self.cpu_ms) > 0.0),
        ];
        let tiers = self.tier_ms.values().map(|ms| ("tier_ms", *ms, time(*ms) > 0.0));
        match fields.into_iter().chain(tiers).find(|(_, _, good)| !good) {
            Some((what, value, _)) => {
                Err(CalibrateError::Measurement { format: self.format, size_bytes: self.size_bytes, what, value })
            }
            None => Ok(()),
        }
    }
}
