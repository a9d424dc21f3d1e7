//! A finished calibration: what was measured, what follows from it, and what that is worth.

use std::process::Command;

use anyhow::Context;
use calibrate::{Calibration, Comparison, DISPATCHER_MS, Decision, Share, Terms, Workload, compare, decide, write};
use contract::{ImageFormat, RegionPrices, TierTable};

use super::Arguments;
use super::gather::{Cell, Gathered};

/// Everything that the report shows.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Terms and measurements, as they are kept.
    pub calibration: Calibration,
    /// By file.
    pub gathered: Gathered,
    /// The thresholds and why.
    pub decision: Decision,
    /// `tiers.json` with the thresholds.
    pub tiers: TierTable,
    /// What uploads are taken to be.
    pub workload: Workload,
    /// With the new thresholds, and with one function for everything.
    pub comparison: Comparison,
    /// How the tiers' limits were set, or why they could not be.
    pub limits_by: Result<String, String>,
    /// Of what it was made with.
    pub versions: String,
    /// On what it ran.
    pub machine: String,
    /// Prices of the region.
    pub prices: RegionPrices,
}

/// The one function that the tiers are compared with, in MB.
pub const SINGLE_MB: [u64; 2] = [3008, 1024];

/// What arrives, by format, bytes and weight in hundredths: a guess at a site whose users upload photographs from
/// phones, and screens and web images beside them. Your own is in your logs: `thumbtier tune`.
const MIX: [(ImageFormat, u64, f64); 17] = [
    (ImageFormat::Jpeg, 100_000, 8.0),
    (ImageFormat::Jpeg, 300_000, 14.0),
    (ImageFormat::Jpeg, 1_000_000, 14.0),
    (ImageFormat::Jpeg, 3_000_000, 26.0),
    (ImageFormat::Jpeg, 8_000_000, 7.0),
    (ImageFormat::Jpeg, 20_000_000, 0.8),
    (ImageFormat::Jpeg, 50_000_000, 0.2),
    (ImageFormat::Png, 100_000, 6.0),
    (ImageFormat::Png, 500_000, 8.0),
    (ImageFormat::Png, 3_000_000, 3.5),
    (ImageFormat::Png, 20_000_000, 0.5),
    (ImageFormat::Webp, 100_000, 6.0),
    (ImageFormat::Webp, 1_000_000, 1.5),
    (ImageFormat::Webp, 5_000_000, 0.5),
    (ImageFormat::Gif, 500_000, 2.0),
    (ImageFormat::Tiff, 30_000_000, 1.0),
    (ImageFormat::Bmp, 3_000_000, 1.0),
];

/// The dispatcher's memory in serverless.yml.
const DISPATCHER_MB: u64 = 128;

impl Outcome {
    /// Decides and compares.
    pub(super) fn new(
        arguments: &Arguments,
        limits_by: Result<String, String>,
        gathered: Gathered,
        tiers: &TierTable,
        terms: &Terms,
        prices: &RegionPrices,
    ) -> anyhow::Result<Self> {
        let measurements = gathered.measurements();
        let decision = decide(&measurements, tiers, terms, prices)?;
        let text = std::fs::read_to_string(super::Places::here().tiers_json()).context("reading tiers.json")?;
        let tiers = TierTable::parse(&write(&text, &decision)?)?;
        let mix = MIX.map(|(format, size_bytes, weight)| Share { format, size_bytes, weight });
        let workload = Workload {
            mix: mix.into(),
            variants: 1,
            dispatcher_memory_mb: DISPATCHER_MB,
            dispatcher_ms: DISPATCHER_MS,
        };
        let comparison = compare(&measurements, &tiers, &workload, &SINGLE_MB, terms, prices)?;
        let calibration = Calibration {
            date: said("date", &["-u", "+%F"]),
            command: Arguments::command(),
            region: arguments.region.clone(),
            terms: terms.clone(),
            measurements,
        };
        let commit = said("git", &["rev-parse", "--short", "HEAD"]);
        let versions = format!(
            "thumbtier {} ({commit}), worker {}, {}",
            env!("CARGO_PKG_VERSION"),
            gathered.binary,
            said("rustc", &["--version"])
        );
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = format!("{}, {cpus} CPUs, Linux {}", processor(), said("uname", &["-r"]));
        let prices = prices.clone();
        Ok(Self { calibration, gathered, decision, tiers, workload, comparison, limits_by, versions, machine, prices })
    }

    /// How long the model says a file takes in a tier, I/O apart, in milliseconds.
    #[must_use]
    pub fn predicted_ms(&self, cell: &Cell, memory_mb: u64) -> f64 {
        cell.measurement.cpu_ms / self.calibration.terms.function(memory_mb).cpus()
    }

    /// Of each tier: predicted and measured milliseconds, I/O apart.
    #[must_use]
    pub fn predictions(&self) -> Vec<(&str, Vec<(f64, f64)>)> {
        let of_tier = |tier: &contract::Tier| {
            let pair = |cell: &Cell| {
                let measured_ms = cell.measurement.tier_ms.get(&tier.name)?;
                Some((self.predicted_ms(cell, tier.memory_mb), *measured_ms))
            };
            self.gathered.cells.iter().filter_map(pair).collect()
        };
        self.tiers.iter().map(|tier| (tier.name.as_str(), of_tier(tier))).collect()
    }

    /// Prints the thresholds, why, and what changes in `before`, the text of tiers.json.
    pub(super) fn print(&self, before: &str) -> anyhow::Result<()> {
        let old = TierTable::parse(before)?;
        for row in &self.decision.rows {
            println!("{}", row.format);
            for threshold in &row.thresholds {
                let was = old.get(&threshold.tier).map_or(0, |tier| tier.max_object_bytes(Some(row.format)));
                let change = if was == threshold.bytes { String::new() } else { format!(" (was {was} bytes)") };
                println!("  {threshold}{change}");
            }
        }
        println!("{:.2} per million images with the tiers", self.comparison.total());
        for single in &self.comparison.alternatives {
            println!("{:.2} with one function of {} MB", single.total(), single.memory_mb);
        }
        Ok(())
    }
}

/// The first line of what a program says; what could not be found out is left open, not guessed.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().map_or("unknown", str::trim).to_owned()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name"));
    name.map_or("an unknown processor", |name| name.trim_start_matches([' ', '\t', ':'])).to_owned()
}
