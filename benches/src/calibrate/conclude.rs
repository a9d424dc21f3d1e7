//! From measurements to an outcome: the decision, the comparison, and on what machine all of it was.

use std::process::Command;

use anyhow::Context;
use calibrate::{Calibration, DISPATCHER_MS, Share, Terms, Workload, decide, write};
use contract::{ImageFormat, RegionPrices, Thumbnails, TierTable};

use super::arguments::Arguments;
use crate::outcome::{Gathered, Outcome};
use crate::peers::Peers;
use crate::places::{MEASUREMENTS, Places, SET_MEASUREMENTS};
use crate::report::{Sources, bill};

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

/// What uploads are taken to be, with so many thumbnails of each.
#[must_use]
pub fn workload(variants: u32) -> Workload {
    Workload {
        mix: MIX.map(|(format, size_bytes, weight)| Share { format, size_bytes, weight }).into(),
        variants,
        dispatcher_memory_mb: DISPATCHER_MB,
        dispatcher_ms: DISPATCHER_MS,
    }
}

/// Decides and compares. `text_before` is that of `tiers.json`.
pub(super) fn conclude(
    arguments: &Arguments,
    limits_by: Result<String, String>,
    gathered: Gathered,
    text_before: String,
    thumbnails: &Thumbnails,
    terms: &Terms,
    prices: &RegionPrices,
) -> anyhow::Result<Outcome> {
    let measurements = gathered.measurements();
    let decision = decide(&measurements, &TierTable::parse(&text_before)?, terms, prices)?;
    let text_after = write(&text_before, &decision, Some(&thumbnails.set()))?;
    let tiers = TierTable::parse(&text_after)?;
    let calibration = Calibration {
        date: said("date", &["-u", "+%F"]),
        command: Arguments::command(),
        region: arguments.region.clone(),
        measured_for: thumbnails.set(),
        terms: terms.clone(),
        measurements,
    };
    let peers = Peers::parse(include_str!("../../peers.json"))?;
    let kept = |name: &str| {
        let text =
            std::fs::read_to_string(Places::here().root.join(name)).with_context(|| format!("reading {name}"))?;
        Calibration::parse(&text).with_context(|| name.to_owned())
    };
    let other = kept(if arguments.thumbnails.is_none() { SET_MEASUREMENTS } else { MEASUREMENTS })?;
    let (one, set) = if arguments.thumbnails.is_none() { (&calibration, &other) } else { (&other, &calibration) };
    let bill = bill(&Sources { one, set, tiers_json: &text_after, prices, peers: &peers })?;
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
    Ok(Outcome {
        calibration,
        gathered,
        decision,
        text_before,
        text_after,
        tiers,
        bill,
        limits_by,
        versions,
        machine,
        prices,
    })
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
