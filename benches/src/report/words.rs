//! The report's sentences and tables, as Markdown; the page is made from the same.

use calibrate::{Model, Threshold, median};
use contract::{CPU_PERIOD_MS, TierTable, thousands};

use super::bill::{BEGIN, END};
use super::chart::Unit;
use crate::outcome::{Cell, Outcome};

/// The section of report.md.
pub(super) fn section(outcome: &Outcome) -> String {
    let mut parts = vec!["## Tiers".to_owned(), purpose(outcome), facts(outcome)];
    parts.extend(["### Thresholds".to_owned(), thresholds(&outcome.tiers), "Why each is not larger:".to_owned()]);
    parts.push(reasons(outcome));
    parts.push(format!("{BEGIN}\n{}\n{END}", outcome.bill));
    parts.extend(["### Predicted and measured".to_owned(), errors(outcome)]);
    parts.extend(["### Assumptions".to_owned(), assumptions(outcome)]);
    parts.extend(["### Measurements".to_owned(), MEASURED.to_owned(), measurements(outcome)]);
    parts.join("\n\n")
}

const MEASURED: &str = "\
CPU is the engine's alone, by criterion, at one whole vCPU. Peak is that of a fresh worker process. The columns of the \
tiers are the median milliseconds of the warm worker in that tier's limits, I/O to S3 apart, and in brackets how far \
the slowest run lay above the fastest; `·` was not measured, because it is far beyond the target.";

/// What is aimed at, and why.
pub(super) fn purpose(outcome: &Outcome) -> String {
    let terms = &outcome.calibration.terms;
    format!(
        "An object goes to the {} tier that has the memory for it, with {:.0} % to spare, and makes it within {}. \
         Nobody waits for a thumbnail that is made asynchronously: two seconds after the upload it is there before the \
         page that shows it, and a stricter target buys milliseconds that nobody sees at several times the price. Where a \
         person does wait, calibrate with `--latency-target-ms 500`.",
        match terms.objective {
            calibrate::Objective::Cost => "cheapest",
            calibrate::Objective::Speed => "fastest",
            calibrate::Objective::Balanced => "best balanced",
        },
        terms.headroom * 100.0,
        Unit::Milliseconds.write(terms.latency_target_ms),
    )
}

/// Command, date, versions, machine, limits.
pub(super) fn facts(outcome: &Outcome) -> String {
    let calibration = &outcome.calibration;
    let limits = match &outcome.limits_by {
        Ok(kind) => format!("each tier's worker ran in its memory and its share of a CPU ({kind})"),
        Err(why) => format!("**none: {why}; every time is the model's, no tier was measured**"),
    };
    let overhead = outcome.gathered.overhead;
    let held = |tier: &contract::Tier| {
        let bytes = outcome.gathered.warm_bytes.get(&tier.name).copied().unwrap_or(0);
        format!("{} {} of {} MB", tier.name, bytes >> 20, tier.memory_mb)
    };
    let held: Vec<String> = outcome.tiers.iter().map(held).collect();
    [
        format!("- command: `{}`", calibration.command),
        format!("- date: {}", calibration.date),
        format!("- thumbnails: each image becomes `{}`", calibration.measured_for),
        format!("- versions: {}", outcome.versions),
        format!("- machine: {}", outcome.machine),
        format!("- limits: {limits}"),
        format!(
            "- prices: {} of {}, {}, {}",
            calibration.terms.architecture, calibration.region, outcome.prices.as_of, outcome.prices.source
        ),
        format!(
            "- beside the engine a job takes {:.1} ms of CPU and {:.2} ms for each MB read",
            overhead.base, overhead.slope
        ),
        format!("- the most that a warm worker held, after any number of other jobs: {}", held.join(", ")),
    ]
    .join("\n")
}

/// The table that tiers.json must agree with.
#[must_use]
pub fn thresholds(tiers: &TierTable) -> String {
    let names: Vec<&str> = tiers.iter().map(|tier| tier.name.as_str()).collect();
    let mut lines = vec![format!("| largest object, in bytes | {} |", names.join(" | "))];
    lines.push(format!("|---|{}", "--:|".repeat(names.len())));
    for format in tiers.rows().into_iter().map(Some).chain([None]) {
        let cells: Vec<String> = tiers.iter().map(|tier| thousands(tier.max_object_bytes(format))).collect();
        lines.push(format!("| {} | {} |", format.map_or("other", contract::ImageFormat::name), cells.join(" | ")));
    }
    lines.join("\n")
}

/// One sentence for each threshold, with what binds.
pub(super) fn reasons(outcome: &Outcome) -> String {
    let of_row = |row: &calibrate::Row| {
        let because = |threshold: &Threshold| format!("- {}: {threshold}", row.format);
        row.thresholds.iter().map(because).collect::<Vec<_>>()
    };
    outcome.decision.rows.iter().flat_map(of_row).collect::<Vec<_>>().join("\n")
}

/// How far the model is off, by tier.
pub(super) fn errors(outcome: &Outcome) -> String {
    let mut lines =
        vec!["| tier | files | median error | a tenth is further off than | measured over predicted |".to_owned()];
    lines.push("|---|--:|--:|--:|--:|".to_owned());
    for (tier, pairs) in outcome.predictions() {
        let ratios: Vec<f64> = pairs.iter().map(|(predicted, measured)| measured / predicted).collect();
        let mut errors: Vec<f64> = ratios.iter().map(|ratio| (ratio - 1.0).abs() * 100.0).collect();
        errors.sort_by(f64::total_cmp);
        let ninth = errors.get(errors.len() * 9 / 10).copied().unwrap_or(0.0);
        let (error, ratio) = (median(errors.iter().copied()), median(ratios.iter().copied()));
        lines.push(format!("| {tier} | {} | {error:.0} % | {ninth:.0} % | {ratio:.2} |", pairs.len()));
    }
    let Model { job_ms, factor } = outcome.model();
    lines.push(format!(
        "\nPredicted is the engine's CPU time, times {factor:.2} and {job_ms:.2} ms more for what a worker does beside it, in \
         periods of {CPU_PERIOD_MS:.0} ms: a job that fits in its tier's part of one runs at full speed, a longer one waits for \
         each further part. Both numbers are fitted to every second file, and the table is of the others. Measured is the real \
         worker in a control group with that part."
    ));
    lines.join("\n")
}

/// What was not measured here, and what replaces it.
pub(super) fn assumptions(outcome: &Outcome) -> String {
    let terms = &outcome.calibration.terms;
    format!(
        "- S3 takes {:.0} ms for the GET, PUT, HEAD and DELETE of an image together: tens of milliseconds are what is commonly \
         measured inside a region; Amazon's own figure for planning is 100 to 200 ms. `--io-ms` changes it.\n\
         - Bytes arrive at {:.0} MB a second (600 Mbit/s; published measurements of functions range from 400 to 700). \
         `--bandwidth-mb-s` changes it. I/O and CPU are added as if nothing overlapped, which is an upper bound.\n\
         - A vCPU of Lambda is taken to be as fast as this machine's, and TLS is not in the measurement: the rig's S3 \
         speaks plain HTTP.\n\
         - `thumbtier tune --from-logs` replaces all three by what production saw.",
        terms.io_ms,
        1000.0 / terms.io_ms_per_mb,
    )
}

/// Every file.
pub(super) fn measurements(outcome: &Outcome) -> String {
    let names: Vec<String> = outcome.tiers.iter().map(|tier| format!("{} ms", tier.name)).collect();
    let mut lines = vec![format!("| file | size | MP | read | CPU ms | peak MB | plan MB | {} |", names.join(" | "))];
    lines.push(format!("|---|--:|--:|--:|--:|--:|--:|{}", "--:|".repeat(names.len())));
    let mut cells: Vec<&Cell> = outcome.gathered.cells.iter().collect();
    let kinds = crate::inputs::Kind::all();
    let position = |cell: &Cell| kinds.iter().position(|kind| *kind == cell.input.kind);
    cells.sort_by_key(|cell| (position(cell), cell.input.size_bytes));
    lines.extend(cells.into_iter().map(|cell| measured(outcome, cell)));
    lines.join("\n")
}

fn measured(outcome: &Outcome, cell: &Cell) -> String {
    let found = &cell.measurement;
    let mb = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let engine = cell.engine_ms.map_or_else(|| "·".to_owned(), |ms| format!("{ms:.1}"));
    let in_tier = |tier: &contract::Tier| {
        if cell.killed.contains(&tier.name) {
            return "killed".to_owned();
        }
        let spread = cell.spread.get(&tier.name).map_or(0.0, |(_, spread)| *spread);
        let ms = found.tier_ms.get(&tier.name);
        ms.map_or_else(|| "·".to_owned(), |ms| format!("{ms:.0} (+{:.0} %)", spread * 100.0))
    };
    let tiers: Vec<String> = outcome.tiers.iter().map(in_tier).collect();
    format!(
        "| {} | {} | {:.1} | {:.0} % | {engine} | {:.0} | {:.0} | {} |",
        found.variety,
        Unit::Bytes.write(found.size_bytes as f64),
        found.pixels as f64 / 1e6,
        found.read_bytes as f64 / found.size_bytes as f64 * 100.0,
        mb(found.peak_bytes),
        mb(found.plan_bytes),
        tiers.join(" | ")
    )
}
