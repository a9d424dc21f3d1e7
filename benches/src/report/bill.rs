//! What an image really costs: every item, by tiers and by one function, for one thumbnail and for three, on both
//! architectures. From committed measurements alone, so that it can be written again without measuring.

use anyhow::Context;
use calibrate::{COLD_PART, Calibration, Comparison, DISPATCHER_MS, INIT_MS, Single, Way, Workload, compare, write};
use contract::{Architecture, Dollars, ImageFormat, RegionPrices, TierTable};

use super::chart::Unit;
use super::set;
use crate::calibrate::workload;
use crate::peers::{ONE, Peers, THREE};

/// Where the section of a report begins and ends.
pub(super) const BEGIN: &str = "<!-- bill: written by `make calibrate`, and by UPDATE=1 cargo test -p benches -->";
pub(super) const END: &str = "<!-- bill: end -->";

/// The sizes of one function that the tiers are compared with, in MB: the smallest tier's, one vCPU, the largest tier's.
const SINGLE_MB: [u64; 3] = [256, 1769, 3008];

/// What people give sharp on Lambda, in MB.
const SHARP_MB: u64 = 1536;

/// START, END and REPORT of text logs, which a function writes unless somebody says otherwise, and 26 bytes for each.
///
/// **Source:** AWS Lambda developer guide, "Viewing logs for Lambda functions": the three lines of its example.
const PLATFORM_LOG_BYTES: u64 = 266 + 3 * 26;

/// What a bill is reckoned from.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What was measured of one thumbnail, and on which terms.
    pub one: &'a Calibration,
    /// The same of the set of three.
    pub set: &'a Calibration,
    /// A table of tiers. Its thresholds do not matter: each calibration has its own.
    pub tiers_json: &'a str,
    /// The region's list prices.
    pub prices: &'a RegionPrices,
    /// Other thumbnailers.
    pub peers: &'a Peers,
}

impl<'a> Sources<'a> {
    fn of(&self, sides: &[u32]) -> &'a Calibration {
        if sides.len() == 1 { self.one } else { self.set }
    }

    /// The table with a calibration's own thresholds.
    pub(super) fn tiers(&self, calibration: &Calibration) -> anyhow::Result<TierTable> {
        let decision = calibration.decide(&TierTable::parse(self.tiers_json)?, self.prices)?;
        Ok(TierTable::parse(&write(self.tiers_json, &decision, None)?)?)
    }
}

/// How what [`expects`] says begins and ends.
pub(super) const EXPECTS: [&str; 2] = ["expects $", "1,536 MB"];

/// The three sums that the documents repeat, as part of a sentence.
///
/// # Errors
/// As [`bill`].
pub fn expects(sources: &Sources<'_>) -> anyhow::Result<String> {
    let one = reckon(sources, &workload(1), &ONE, Architecture::X86_64)?;
    let [.., largest, sharp] = &one.alternatives[..] else { anyhow::bail!("nothing to compare with") };
    Ok(format!(
        "expects {} per million images on x86-64 with the tiers, {} with one function of 3,008 MB and {} with sharp in one of \
         1,536 MB",
        one.tiered.total(),
        largest.total(),
        sharp.total(),
    ))
}

/// The section, as Markdown.
///
/// # Errors
/// A format in the mix that was not measured.
pub fn bill(sources: &Sources<'_>) -> anyhow::Result<String> {
    let reckon = |sides: &[u32], architecture| reckon(sources, &workload(sides.len() as u32), sides, architecture);
    let one = reckon(&ONE, Architecture::X86_64)?;
    let mut parts = vec!["### Dollars per million images".to_owned()];
    for (sides, architecture) in [
        (&ONE[..], Architecture::X86_64),
        (&ONE[..], Architecture::Arm64),
        (&THREE[..], Architecture::X86_64),
        (&THREE[..], Architecture::Arm64),
    ] {
        parts.push(format!("**{}, {architecture}**", thumbnails(sides)));
        parts.push(table(&reckon(sides, architecture)?));
    }
    parts.extend([verdict(&one, &reckon(&THREE, Architecture::X86_64)?), cheaper(sources)?]);
    parts.push(processor(&one, &reckon(&ONE, Architecture::Arm64)?));
    parts.extend([mix(&one), assumed(sources), set::section(sources)?]);
    Ok(parts.join("\n\n"))
}

fn thumbnails(sides: &[u32]) -> String {
    let boxes: Vec<String> = sides.iter().map(u32::to_string).collect();
    format!("{} of {} pixels", if sides.len() == 1 { "one thumbnail" } else { "three thumbnails" }, boxes.join(", "))
}

fn reckon(
    sources: &Sources<'_>,
    workload: &Workload,
    sides: &[u32],
    architecture: Architecture,
) -> anyhow::Result<Comparison> {
    let Sources { prices, peers, .. } = sources;
    let calibration = sources.of(sides);
    let (terms, tiers) = (&calibration.terms, sources.tiers(calibration)?);
    let mut singles: Vec<Single> = SINGLE_MB.iter().map(|memory_mb| Single::worker(*memory_mb, terms)).collect();
    let ratio = |format: ImageFormat| peers.sharp_ratio(format, sides).or_else(|| peers.sharp_ratio(format, &ONE));
    singles.push(Single {
        name: format!("sharp in {SHARP_MB} MB"),
        memory_mb: SHARP_MB,
        cpu_ratio: ImageFormat::ALL.into_iter().filter_map(|format| Some((format, ratio(format)?))).collect(),
        threads: 1,
        log_bytes: PLATFORM_LOG_BYTES,
        init_ms: peers.sharp_start_ms,
        looks_again: false,
    });
    compare(&calibration.measurements, &tiers, workload, &singles, terms, architecture, prices)
        .context("reckoning the bill")
}

/// A row for each item, a column for each way.
fn table(found: &Comparison) -> String {
    let ways: Vec<&Way> = std::iter::once(&found.tiered).chain(&found.alternatives).collect();
    let row = |name: &str, cells: Vec<String>| format!("| {name} | {} |", cells.join(" | "));
    let mut lines = vec![row("", ways.iter().map(|way| way.name.clone()).collect())];
    lines.push(format!("|---|{}", "--:|".repeat(ways.len())));
    let mut names: Vec<&str> = Vec::new();
    for item in ways.iter().flat_map(|way| &way.items) {
        if !names.contains(&item.item) {
            names.push(item.item);
        }
    }
    lines.extend(names.iter().map(|name| row(name, ways.iter().map(|way| cell(way.item(name))).collect())));
    lines.push(row("**all**", ways.iter().map(|way| format!("**{}**", way.total())).collect()));
    let part = |part: f64| format!("{:.1} %", part * 100.0);
    lines.push(row("beyond the target", ways.iter().map(|way| part(way.late)).collect()));
    lines.push(row("not made", ways.iter().map(|way| part(way.unmade)).collect()));
    lines.join("\n")
}

fn cell(dollars: Dollars) -> String {
    if dollars == Dollars::ZERO { "none".to_owned() } else { format!("{dollars:.2}") }
}

/// What the tiers save, and against what they do not.
fn verdict(one: &Comparison, three: &Comparison) -> String {
    let against = |(alone, many): (&Way, &Way)| {
        let [saved, saved_of_three] = [(&one.tiered, alone), (&three.tiered, many)]
            .map(|(tiered, other)| Dollars(other.total().0 - tiered.total().0));
        let words = |saved: Dollars| match saved.0 >= 0.0 {
            true => format!("{saved} more than the tiers"),
            false => format!("{} less: **there the tiers do not pay**", Dollars(-saved.0)),
        };
        let (for_one, for_three) = (words(saved), words(saved_of_three));
        let parts = [(alone.late, "are beyond the target"), (alone.unmade, "are not made")];
        let lacks = parts.into_iter().filter(|(part, _)| *part > 0.0005);
        let lacks: String = lacks.map(|(part, what)| format!("; {:.1} % {what}", part * 100.0)).collect();
        format!("- {}: {for_one} for one thumbnail, {for_three} for three{lacks}", alone.name)
    };
    let lines: Vec<String> = one.alternatives.iter().zip(&three.alternatives).map(against).collect();
    format!("One function without a dispatcher costs:\n\n{}", lines.join("\n"))
}

/// Which images a function of one vCPU makes for less, and what the dispatcher is worth.
fn cheaper(sources: &Sources<'_>) -> anyhow::Result<String> {
    let all = workload(1);
    let mut cheaper = Vec::new();
    for share in &all.mix {
        let alone = Workload { mix: vec![*share], ..all.clone() };
        let found = reckon(sources, &alone, &ONE, Architecture::X86_64)?;
        let single = &found.alternatives[1];
        let (tiered, other) = (found.tiered.total().0, single.total().0);
        if other < tiered && single.unmade == 0.0 {
            let size = Unit::Bytes.write(share.size_bytes as f64);
            cheaper.push(format!("{} of {size} (${other:.2} instead of ${tiered:.2})", share.format));
        }
    }
    let memory_mb = SINGLE_MB[1];
    Ok(if cheaper.is_empty() {
        format!("Each size of the mix alone costs less with the tiers than with one function of {memory_mb} MB.")
    } else {
        format!(
            "**The tiers do not pay** where an image waits for S3 so little and computes so much that the dispatcher \
             costs more than they save. By itself, one function of {memory_mb} MB makes for less: {}.",
            cheaper.join(", ")
        )
    })
}

/// What uploads are taken to be.
fn mix(found: &Comparison) -> String {
    let share = |share: &calibrate::Share| {
        format!("{} % {} of {}", share.weight, share.format, Unit::Bytes.write(share.size_bytes as f64))
    };
    let shares: Vec<String> = workload(1).mix.iter().map(share).collect();
    let places = found.tiers.iter().map(|tier| format!("{:.1} % to {}", tier.images * 100.0, tier.tier));
    format!(
        "Over this mix of uploads, a guess at a site whose users upload photographs: {}. Of these go {}.",
        shares.join(", "),
        places.collect::<Vec<_>>().join(", "),
    )
}

/// Why one of them is the default.
fn processor(x86: &Comparison, arm: &Comparison) -> String {
    format!(
        "**arm64 is the default**: the tiers cost {} per million images there and {} on x86-64, if a vCPU is as fast. \
         Nobody measured that. A GB-second is 0.8 of the price, so x86-64 is cheaper where a job takes more than 1.25 \
         times as long on arm64.",
        arm.tiered.total(),
        x86.tiered.total(),
    )
}

fn assumed(sources: &Sources<'_>) -> String {
    let fact = |name: &str| sources.peers.facts.get(name).map_or("unknown", String::as_str);
    let terms = &sources.one.terms;
    format!(
        "- Prices: {}, {}.\n\
         - S3 keeps every way waiting for {:.0} ms and 13 ms for each MB; the dispatcher takes {DISPATCHER_MS:.0} ms. One \
         invocation in {:.0} is the first of its environment: INIT of {INIT_MS:.0} ms, and of {:.0} ms for node and sharp, \
         without an AWS SDK.\n\
         - sharp takes its share of our CPU by `make peers` ({}, {}, {}): the least of the rounds, the median over the \
         usual files of a format. What Node takes beside sharp is not counted, and sharp reads no BMP. Its function logs \
         START, END and REPORT, {PLATFORM_LOG_BYTES} bytes, and nothing of its own.\n\
         - Three thumbnails have thresholds of their own, measured with them: see the set, below.\n\
         - Beside these dollars: a million thumbnails of 128 pixels, about 5 kB each, cost $0.12 for each month that they \
         are kept; monitoring and Lambda's polls of SQS are $2.96 a month with `monitoring=basic`; transfer to the \
         internet is the same for every way.",
        sources.prices.as_of,
        sources.prices.source,
        terms.io_ms,
        1.0 / COLD_PART,
        sources.peers.sharp_start_ms,
        fact("command"),
        fact("date"),
        fact("versions"),
    )
}
