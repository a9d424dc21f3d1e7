//! What was measured, put together: one cell for each file, and the measurements that the decision is made from.

use std::collections::{BTreeMap, HashMap};

use calibrate::{Line, Measurement, median};
use contract::{Tier, TierTable};

use super::journal::{FRESH, Journal};
use crate::grid::Input;
use crate::outcome::{Cell, Gathered};
use crate::rig::Ending;

/// Puts together what the journal has of `inputs`. What no tier could make at all is left out.
pub(super) fn gather(
    inputs: &[Input],
    journal: &Journal,
    estimates: &HashMap<String, f64>,
    tiers: &TierTable,
) -> Gathered {
    let cells: Vec<Cell> = inputs.iter().filter_map(|input| cell(input, journal, estimates, tiers)).collect();
    let above = |cell: &Cell| {
        let engine_ms = cell.engine_ms?;
        Some((cell.measurement.read_bytes as f64 / 1e6, cell.measurement.cpu_ms - engine_ms))
    };
    let overhead = Line::through(&cells.iter().filter_map(above).collect::<Vec<_>>());
    let cells = cells.into_iter().map(|mut cell| {
        // Criterion's figure is steadier than that of a few jobs.
        if let Some(engine_ms) = cell.engine_ms {
            cell.measurement.cpu_ms = engine_ms + overhead.at(cell.measurement.read_bytes as f64 / 1e6).max(0.0);
        }
        cell
    });
    let warm = |tier: &Tier| {
        let samples = inputs.iter().flat_map(|input| journal.samples(&input.name(), &tier.name));
        (tier.name.clone(), samples.map(|sample| sample.peak_bytes.max(sample.group_peak_bytes)).max().unwrap_or(0))
    };
    let warm_bytes = tiers.iter().map(warm).collect();
    Gathered { cells: cells.collect(), overhead, warm_bytes, binary: journal.binary().to_owned() }
}

fn cell(input: &Input, journal: &Journal, estimates: &HashMap<String, f64>, tiers: &TierTable) -> Option<Cell> {
    let name = input.name();
    let fresh = *journal.samples(&name, FRESH).first()?;
    // Warm and nearly without a limit; where that was not measured, the first job of a process.
    let warm: Vec<f64> = journal.samples(&name, &tiers.largest().name).iter().map(|sample| sample.cpu_ms).collect();
    let mut peak_bytes = fresh.peak_bytes.max(fresh.group_peak_bytes);
    let (mut tier_ms, mut spread, mut killed) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for tier in tiers.iter() {
        for ending in journal.endings(&name, &tier.name) {
            match ending {
                // What a warm process holds is partly of the jobs before.
                Ending::Made(_) | Ending::Refused { .. } => {}
                // What died of it needs at least that much.
                Ending::Killed => {
                    peak_bytes = peak_bytes.max(tier.memory_mb << 20);
                    killed.push(tier.name.clone());
                }
                Ending::TimedOut { timeout_ms } => {
                    tier_ms.insert(tier.name.clone(), *timeout_ms as f64 + 1.0);
                }
            }
        }
        let times: Vec<f64> = journal.samples(&name, &tier.name).iter().map(|sample| sample.duration_ms).collect();
        if let Some(median) = median_of(&times) {
            let (least, most) =
                times.iter().fold((f64::MAX, 0.0_f64), |(least, most), ms| (least.min(*ms), most.max(*ms)));
            tier_ms.entry(tier.name.clone()).or_insert(median);
            spread.insert(tier.name.clone(), (times.len(), (most - least) / median));
        }
    }
    let measurement = Measurement {
        format: input.kind.format(),
        variety: input.kind.name().to_owned(),
        size_bytes: input.size_bytes,
        read_bytes: fresh.read_bytes,
        pixels: fresh.pixels,
        cpu_ms: median_of(&warm).unwrap_or(fresh.cpu_ms),
        peak_bytes,
        plan_bytes: fresh.plan_bytes,
        tier_ms,
    };
    Some(Cell { input: *input, measurement, engine_ms: estimates.get(&name).copied(), spread, killed })
}

fn median_of(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| median(values.iter().copied()))
}
