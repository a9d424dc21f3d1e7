//! What a calibration aims at, and under which conditions.

use contract::{Architecture, Function, ImageFormat};
use serde::{Deserialize, Serialize};

use crate::Measurement;

/// Which of the tiers that qualify is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// The cheapest; within a tenth counts as equal.
    Cost,
    /// The smallest that takes at most a tenth longer than the fastest: a few milliseconds are not worth twelve
    /// times the price.
    Speed,
    /// The least product of cost and time; within a tenth counts as equal.
    Balanced,
}

impl Objective {
    /// The smaller the better, in no unit.
    pub(crate) fn score(self, dollars: f64, duration_ms: f64) -> f64 {
        match self {
            Self::Cost => dollars,
            Self::Speed => duration_ms,
            Self::Balanced => dollars * duration_ms,
        }
    }

    /// As it is written in arguments and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Speed => "speed",
            Self::Balanced => "balanced",
        }
    }

    /// How much worse than the best still is a tie, which goes to the smaller tier. Measurements on a shared
    /// machine do not tell less apart.
    pub(crate) const fn tie(self) -> f64 {
        match self {
            Self::Cost | Self::Balanced | Self::Speed => 1.10,
        }
    }
}

impl std::fmt::Display for Objective {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

/// The terms of one calibration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What is best among the tiers that qualify.
    pub objective: Objective,
    /// How long a warm function may take for one image, in milliseconds.
    pub latency_target_ms: f64,
    /// The part of a tier's memory that stays free, 0 to below 1.
    pub headroom: f64,
    /// Whose prices.
    pub architecture: Architecture,
    /// The most threads that the worker divides an image's work among.
    pub threads: u32,
    /// S3's time for the requests of one image, in milliseconds.
    pub io_ms: f64,
    /// S3's time for a million bytes read, in milliseconds.
    pub io_ms_per_mb: f64,
}

impl Terms {
    /// Refuses terms that mean nothing.
    ///
    /// # Errors
    /// [`CalibrateError::Terms`], with the field, its value and what is expected.
    pub fn check(&self) -> Result<(), CalibrateError> {
        let fields = [
            ("latency target", self.latency_target_ms, self.latency_target_ms > 0.0, "more than 0 ms"),
            ("headroom", self.headroom, (0.0..1.0).contains(&self.headroom), "0 to below 1, e.g. 0.2"),
            ("io_ms", self.io_ms, self.io_ms >= 0.0 && self.io_ms.is_finite(), "0 ms or more"),
            ("io_ms_per_mb", self.io_ms_per_mb, self.io_ms_per_mb >= 0.0 && self.io_ms_per_mb.is_finite(), "0 or more"),
        ];
        let threads = ("threads", f64::from(self.threads), self.threads > 0, "1 or more");
        match fields.into_iter().chain([threads]).find(|(_, _, good, _)| !good) {
            Some((what, value, _, expected)) => Err(CalibrateError::Terms { what, value, expected }),
            None => Ok(()),
        }
    }

    /// What of `memory_mb` an image may really use, in bytes.
    #[must_use]
    pub fn usable_bytes(&self, memory_mb: u64) -> u64 {
        ((memory_mb << 20) as f64 * (1.0 - self.headroom)) as u64
    }

    /// A function of that memory, with the threads that the worker uses there.
    #[must_use]
    pub fn function(&self, memory_mb: u64) -> Function {
        let Function { memory_mb, threads } = Function::with_memory(memory_mb);
        Function { memory_mb, threads: threads.min(self.threads) }
    }

    /// S3's time for an image of which `read_bytes` are read, in milliseconds.
    #[must_use]
    pub fn image_io_ms(&self, read_bytes: f64) -> f64 {
        self.io_ms + self.io_ms_per_mb * read_bytes / 1e6
    }
}

/// Why there are no thresholds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// A file that is no calibration.
    #[error("the measurements have not the expected shape: run `make calibrate`")]
    Shape(#[source] serde_json::Error),
    /// An empty grid.
    #[error("there are no measurements: measure at least one size of one format")]
    NoMeasurements,
    /// A setting out of its range.
    #[error("{what} is {value}: expected {expected}")]
    Terms {
        /// The setting.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Its range.
        expected: &'static str,
    },
    /// A size mix with a format that the grid lacks.
    #[error("the mix has {format}, which was not measured: measure it or leave it out")]
    NotMeasured {
        /// The format.
        format: ImageFormat,
    },
    /// A measurement that cannot be one.
    #[error("the measurement of {format} at {size_bytes} bytes has a {what} of {value}: measure it again")]
    Measurement {
        /// Its format.
        format: ImageFormat,
        /// Its size.
        size_bytes: u64,
        /// The field.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// The smallest file of a format fits in no tier.
    #[error(
        "no tier can make a {format}: its smallest measured file, {size_bytes} bytes, fails in tier `{tier}` by {why}"
    )]
    NothingFits {
        /// The format.
        format: ImageFormat,
        /// The smallest size in the grid.
        size_bytes: u64,
        /// The largest tier.
        tier: String,
        /// The constraint, with both numbers.
        why: String,
    },
}

/// Both are checked before anything is computed from them.
pub(crate) fn check(measurements: &[Measurement], terms: &Terms) -> Result<(), CalibrateError> {
    terms.check()?;
    if measurements.is_empty() {
        return Err(CalibrateError::NoMeasurements);
    }
    measurements.iter().try_for_each(Measurement::check)
}
