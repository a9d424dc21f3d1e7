//! What can be asked of a calibration.

use std::path::PathBuf;

use anyhow::{Context, bail};
use calibrate::{Objective, Terms};
use clap::{Parser, ValueEnum};
use contract::Architecture;

/// Measure every tier for real, and write the thresholds that follow: tiers.json, benches/report.md and report.html
///
/// Each file of a grid (formats by sizes) is made by criterion for its CPU time, by a fresh worker process for its
/// peak memory, and by the real worker in a control group with each tier's memory and share of a CPU. Results are
/// kept in target/calibrate/measurements.jsonl: an interrupted run goes on where it was.
#[derive(Clone, Debug, Parser)]
#[command(name = "make calibrate", after_help = EXAMPLES)]
pub struct Arguments {
    /// Few rounds: at most 5 minutes on two cores (the default)
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// More rounds, and closer to each threshold: at most 30 minutes
    #[arg(long)]
    pub full: bool,
    /// What is best among the tiers that have the memory and meet the latency target
    #[arg(long, value_enum, default_value = "cost")]
    objective: ObjectiveArgument,
    /// How long a warm worker may take for one image, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000.0)]
    latency_target_ms: f64,
    /// The part of a tier's memory that must stay free, 0 to below 1
    #[arg(long, value_name = "PART", default_value_t = 0.2)]
    headroom: f64,
    /// Whose prices
    #[arg(long, value_enum, default_value = "x86")]
    price: PriceArgument,
    /// A region of prices.json
    #[arg(long, default_value = "us-east-1")]
    pub region: String,
    /// S3's time for the GET, the PUT, the HEAD and the DELETE of one image, in milliseconds: an assumption, see the report
    #[arg(long, value_name = "MS", default_value_t = GET_MS + PUT_MS + SETTLE_MS)]
    io_ms: f64,
    /// How fast S3's bytes reach a function, in 10^6 bytes a second: an assumption, see the report
    #[arg(long, value_name = "MB", default_value_t = BANDWIDTH_MB_S)]
    bandwidth_mb_s: f64,
    /// The most threads that the worker divides an image's work among
    #[arg(long, default_value_t = 1)]
    threads: u32,
    /// Measure these thumbnails instead of those of thumbnails.json, and write measurements.json beside FILE; tiers.json
    /// stays as it is
    #[arg(long, value_name = "FILE")]
    pub thumbnails: Option<PathBuf>,
    /// Print what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Forget what was measured before
    #[arg(long)]
    pub fresh: bool,
    /// Instead: prove the committed thresholds. The worst files at each are made ten times in their tier without a
    /// kill, then with ever less memory until one fails
    #[arg(long)]
    pub verify: bool,
    /// The worker's binary, if not the one beside this program
    #[arg(long, value_name = "FILE")]
    worker: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  make calibrate                                            a quick calibration
  make calibrate CALIBRATE=\"--full\"                         the one to commit
  make calibrate CALIBRATE=\"--dry-run --latency-target-ms 500\"   what a stricter target would change
  make calibrate CALIBRATE=\"--verify\"                       the committed thresholds, ten times over
  make calibrate CALIBRATE=\"--thumbnails benches/set/thumbnails.json\"   the report's set of three

What was measured is used again for other terms: a second run with another target takes seconds.";

/// Until the first byte of a GET, in milliseconds, until the answer to a PUT of a thumbnail, and until those to the
/// HEAD and the DELETE after it.
///
/// **Source:** an assumption, in the range that is commonly measured inside a region: tens of milliseconds. Amazon's
/// own, for planning, is 100 to 200 ms ("Performance design patterns for Amazon S3"). `thumbtier tune` replaces it
/// by what production saw.
const GET_MS: f64 = 30.0;
const PUT_MS: f64 = 50.0;
const SETTLE_MS: f64 = 30.0;

/// **Source:** an assumption, 600 Mbit/s; published measurements of a function's download range from 400 to 700.
const BANDWIDTH_MB_S: f64 = 75.0;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ObjectiveArgument {
    Cost,
    Speed,
    Balanced,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PriceArgument {
    X86,
    Arm64,
}

impl Arguments {
    /// The terms of the decision.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            objective: match self.objective {
                ObjectiveArgument::Cost => Objective::Cost,
                ObjectiveArgument::Speed => Objective::Speed,
                ObjectiveArgument::Balanced => Objective::Balanced,
            },
            latency_target_ms: self.latency_target_ms,
            headroom: self.headroom,
            architecture: match self.price {
                PriceArgument::X86 => Architecture::X86_64,
                PriceArgument::Arm64 => Architecture::Arm64,
            },
            threads: self.threads,
            io_ms: self.io_ms,
            io_ms_per_mb: 1000.0 / self.bandwidth_mb_s,
        }
    }

    /// How often a file that takes `expected_ms` is made: the quicker it is, the more noise there is in it.
    #[must_use]
    pub fn rounds(&self, expected_ms: f64) -> u32 {
        match (self.full, expected_ms) {
            (false, ..400.0) => 2,
            (false, _) => 1,
            // A wait for the next period more or less is a multiple of what a short job takes.
            (true, ..100.0) => 21,
            (true, ..1000.0) => 7,
            (true, _) => 3,
        }
    }

    /// How often the gap around a threshold is halved.
    #[must_use]
    pub const fn halvings(&self) -> u32 {
        if self.full { 4 } else { 1 }
    }

    /// The binary of the worker.
    ///
    /// # Errors
    /// Where there is none.
    pub fn worker(&self) -> anyhow::Result<PathBuf> {
        let beside = std::env::current_exe().context("finding this program")?.with_file_name("worker");
        let path = self.worker.clone().unwrap_or(beside);
        if !path.is_file() {
            bail!("there is no worker at `{}`: build it with `cargo build --release -p worker`", path.display());
        }
        Ok(path)
    }

    /// As it was typed, for the report.
    #[must_use]
    pub fn command() -> String {
        let words: Vec<String> = std::env::args().skip(1).collect();
        if words.is_empty() {
            "make calibrate".to_owned()
        } else {
            format!("make calibrate CALIBRATE=\"{}\"", words.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_mean_something() {
        let arguments = Arguments::try_parse_from(["calibrate"]).unwrap();
        arguments.terms().check().unwrap();
        assert!(Arguments::try_parse_from(["calibrate", "--quick", "--full"]).is_err());
    }
}
