//! One sentence: what to change, the most urgent first.

use super::figures::Figures;

/// Below it a job of unusual size runs out of memory.
const LITTLE_HEADROOM_PERCENT: f64 = 10.0;

/// Above it the thresholds send too much to a tier that cannot hold it.
const MANY_ESCALATIONS_PERCENT: f64 = 1.0;

/// What `figures` say should be done, with the number that says so.
pub(super) fn advice(figures: &Figures, target_ms: f64) -> String {
    if figures.total.images == 0 {
        return "no images in this time: nothing to recommend".to_owned();
    }
    let tune = format!("see `thumbtier tune --from-logs --stage {}`", figures.stage);
    let details = || figures.tiers.iter().filter_map(|tier| Some((tier, tier.details.as_ref()?)));
    for (tier, details) in details() {
        if let Some(percent) = details.headroom_percent.filter(|percent| *percent < LITTLE_HEADROOM_PERCENT) {
            return format!(
                "tier {} had only {percent:.1} % of its memory left: lower its thresholds, {tune}",
                tier.tier
            );
        }
    }
    for tier in &figures.tiers {
        if let Some(ms) = tier.cost.p95_ms.filter(|ms| *ms > target_ms) {
            return format!(
                "tier {}'s p95 is {ms:.0} ms, over the target of {target_ms:.0} ms: lower its thresholds, {tune}",
                tier.tier
            );
        }
    }
    for (tier, details) in details() {
        let percent = 100.0 * details.escalations as f64 / tier.images.max(1) as f64;
        if percent > MANY_ESCALATIONS_PERCENT {
            return format!(
                "tier {} handed {percent:.1} % of its jobs to the next tier: lower its thresholds, {tune}",
                tier.tier
            );
        }
    }
    let Some(single) = &figures.single_function else {
        return "nothing to change by what is measured; monitoring=full compares with one function and says more"
            .to_owned();
    };
    let saved = single.dollars.0 - figures.total.dollars.0;
    let per_million = saved / figures.total.images as f64 * 1e6;
    let memory_mb = single.memory_mb;
    if saved < 0.0 {
        return format!(
            "one {memory_mb} MB function would have cost ${:.2} less per million images: raise the thresholds of the \
             smaller tiers, {tune}",
            -per_million
        );
    }
    format!(
        "nothing to change: the tiers save ${per_million:.2} per million images against one {memory_mb} MB function"
    )
}
