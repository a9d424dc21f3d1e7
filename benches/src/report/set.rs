//! The set of three thumbnails that web sites ask for: its own thresholds, and what it takes. From committed measurements
//! alone.

use calibrate::Measurement;

use super::bill::Sources;
use super::chart::Unit;
use super::words::thresholds;

/// The section, as Markdown. What it costs stands in the bill.
pub(super) fn section(sources: &Sources<'_>) -> anyhow::Result<String> {
    let tiers = sources.tiers(sources.set)?;
    let names: Vec<&str> = tiers.iter().map(|tier| tier.name.as_str()).collect();
    let facts = format!(
        "Thresholds and memory where each image becomes `{}`: measured on {} by `{}`. They are for a deployment with these \
         `variants` in `thumbnails.json`; `tiers.json` has those of one thumbnail.",
        sources.set.measured_for, sources.set.date, sources.set.command
    );
    let mut lines = vec![format!("| file | size | MP | peak MB | plan MB | {} |", names.join(" ms | ") + " ms")];
    lines.push(format!("|---|{}", "--:|".repeat(names.len() + 4)));
    let mut measurements: Vec<&Measurement> = sources.set.measurements.iter().collect();
    measurements.sort_by_key(|found| (found.format, &found.variety, found.size_bytes));
    lines.extend(measurements.into_iter().map(|found| row(found, &names)));
    let parts = ["### The set of three thumbnails".to_owned(), facts, thresholds(&tiers), lines.join("\n")];
    Ok(parts.join("\n\n"))
}

fn row(found: &Measurement, tiers: &[&str]) -> String {
    let mb = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let ms = |tier: &&str| found.tier_ms.get(*tier).map_or_else(|| "·".to_owned(), |ms| format!("{ms:.0}"));
    let tiers: Vec<String> = tiers.iter().map(ms).collect();
    format!(
        "| {} | {} | {:.1} | {:.0} | {:.0} | {} |",
        found.variety,
        Unit::Bytes.write(found.size_bytes as f64),
        found.pixels as f64 / 1e6,
        mb(found.peak_bytes),
        mb(found.plan_bytes),
        tiers.join(" | ")
    )
}
