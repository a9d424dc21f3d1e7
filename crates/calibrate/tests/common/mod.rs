//! Made-up measurements with round numbers.

#![allow(clippy::unwrap_used, dead_code, unreachable_pub)] // Each test binary uses a part of it.

use calibrate::{Decision, Measurement, Objective, Terms, decide};
use contract::{Architecture, ImageFormat, Prices, RegionPrices, TierTable};

pub const MB: u64 = 1_000_000;

/// The shipped memory sizes with their budgets; usable with a headroom of 0.2: 204, 819 and 2,406 MB.
pub const TABLE: &str = r#"{
  "small": {
    "memory_mb": 256, "timeout_s": 30, "budget_mb": 160,
    "max_object_bytes": { "default": 1000000, "jpeg": 2000000 }
  },
  "medium": {
    "memory_mb": 1024, "timeout_s": 60, "budget_mb": 860,
    "max_object_bytes": { "default": 8000000, "jpeg": 16000000 }
  },
  "large": {
    "memory_mb": 3008, "timeout_s": 120, "budget_mb": 2700,
    "max_object_bytes": { "default": 100000000, "jpeg": 100000000 }
  }
}
"#;

pub fn table() -> TierTable {
    TierTable::parse(TABLE).unwrap()
}

pub fn prices() -> RegionPrices {
    Prices::builtin().unwrap().region("us-east-1").unwrap().clone()
}

pub fn terms() -> Terms {
    Terms {
        objective: Objective::Cost,
        latency_target_ms: 1000.0,
        headroom: 0.2,
        architecture: Architecture::Arm64,
        threads: 2,
        io_ms: 80.0,
        io_ms_per_mb: 0.0,
    }
}

/// A baseline JPEG of `size_mb` (10^6), with its CPU time and its peak in MB of 2^20.
pub fn jpeg(size_mb: u64, cpu_ms: f64, peak_mb: u64) -> Measurement {
    Measurement {
        format: ImageFormat::Jpeg,
        variety: "baseline".to_owned(),
        size_bytes: size_mb * MB,
        read_bytes: size_mb * MB,
        pixels: size_mb * 4 * MB,
        cpu_ms,
        peak_bytes: peak_mb << 20,
        plan_bytes: 0,
        tier_ms: std::collections::BTreeMap::new(),
    }
}

pub fn decided(measurements: &[Measurement], terms: &Terms) -> Decision {
    decide(measurements, &table(), terms, &prices()).unwrap()
}
