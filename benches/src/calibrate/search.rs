//! Between the last good and the first bad size of a format in a tier: halved, so that thresholds are real.

use std::collections::HashMap;

use calibrate::{Decision, Row, decide};
use contract::{RegionPrices, TierTable};

use super::arguments::Arguments;
use super::gather::gather;
use super::measure::{Bench, make_inputs};
use crate::grid::{Input, between, largest_bytes};
use crate::inputs::Kind;

/// The grid with the sizes that were searched.
pub(super) fn search(
    bench: &mut Bench<'_>,
    mut inputs: Vec<Input>,
    estimates: &HashMap<String, f64>,
    prices: &RegionPrices,
    arguments: &Arguments,
) -> anyhow::Result<Vec<Input>> {
    for _ in 0..arguments.halvings() {
        let gathered = gather(&inputs, bench.journal, estimates, bench.tiers);
        let decision = decide(&gathered.measurements(), bench.tiers, bench.terms, prices)?;
        let gaps = gaps(&decision, bench.tiers);
        let mut added = Vec::new();
        for (tier_name, candidates) in gaps {
            let new: Vec<Input> = candidates.into_iter().filter(|input| !inputs.contains(input)).collect();
            if new.is_empty() {
                continue;
            }
            make_inputs(&new, bench.places)?;
            bench.fresh(&new)?;
            if let Some(tier) = bench.tiers.get(&tier_name).filter(|_| bench.rig.cgroups.is_some()) {
                bench.in_tier(&new, tier, arguments)?;
            }
            added.extend(new);
        }
        if added.is_empty() {
            break;
        }
        added.sort_by_key(Input::name);
        added.dedup();
        inputs.extend(added);
    }
    Ok(inputs)
}

/// For each tier the files half-way between what it takes and what it does not.
fn gaps(decision: &Decision, tiers: &TierTable) -> Vec<(String, Vec<Input>)> {
    let of_tier = |position: usize| decision.rows.iter().flat_map(move |row| gap(row, position)).collect();
    tiers.iter().enumerate().map(|(position, tier)| (tier.name.clone(), of_tier(position))).collect()
}

fn gap(row: &Row, position: usize) -> Vec<Input> {
    let threshold = &row.thresholds[position];
    let gap = threshold.binding.at_bytes().and_then(|at_bytes| between(threshold.measured_bytes, at_bytes));
    let Some(size_bytes) = gap.filter(|_| !threshold.takes_nothing()) else { return Vec::new() };
    let kinds = Kind::of(row.format).into_iter();
    kinds.filter(|kind| size_bytes <= largest_bytes(*kind)).map(|kind| Input { kind, size_bytes }).collect()
}
