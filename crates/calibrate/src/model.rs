//! How long an image takes in a tier by its CPU time alone, and how far that is from what was measured.

use contract::TierTable;

use crate::{Measurement, Terms, median};

/// What a worker takes beside the engine, as it shows in the time by the clock: fitted to measurements in the tiers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// Milliseconds of CPU for every job.
    pub job_ms: f64,
    /// And in proportion to the engine's own.
    pub factor: f64,
}

/// What was tried for [`Model::job_ms`], in hundredths of a millisecond, and for [`Model::factor`], in hundredths.
const JOB_MS: std::ops::Range<u32> = 0..200;
const FACTOR: std::ops::Range<u32> = 95..131;

impl Model {
    /// The one with the least median error over every second measurement: [`held_out`] has the others.
    #[must_use]
    pub fn fitted_to(measurements: &[Measurement], tiers: &TierTable, terms: &Terms) -> Self {
        let fitted: Vec<&Measurement> = measurements.iter().step_by(2).collect();
        let models = JOB_MS.step_by(5).flat_map(|job| FACTOR.map(move |factor| (job, factor)));
        let models =
            models.map(|(job, factor)| Self { job_ms: f64::from(job) / 100.0, factor: f64::from(factor) / 100.0 });
        let error = |model: &Self| {
            let pairs = tiers.iter().flat_map(|tier| pairs(&fitted, tier, terms, *model));
            median(pairs.map(|(predicted, measured)| (measured / predicted - 1.0).abs()))
        };
        let scored = models.map(|model| (error(&model), model));
        scored.min_by(|a, b| a.0.total_cmp(&b.0)).map_or(Self { job_ms: 0.0, factor: 1.0 }, |(_, model)| model)
    }

    /// How long it says that `cpu_ms` of the engine take in a tier, I/O apart, in milliseconds.
    #[must_use]
    pub fn busy_ms(self, cpu_ms: f64, memory_mb: u64, terms: &Terms) -> f64 {
        terms.function(memory_mb).busy_ms(cpu_ms * self.factor + self.job_ms)
    }
}

/// Of each tier: predicted and measured milliseconds of the measurements that the model was not fitted to.
#[must_use]
pub fn held_out<'t>(
    measurements: &[Measurement],
    tiers: &'t TierTable,
    terms: &Terms,
    model: Model,
) -> Vec<(&'t str, Vec<(f64, f64)>)> {
    let others: Vec<&Measurement> = measurements.iter().skip(1).step_by(2).collect();
    tiers.iter().map(|tier| (tier.name.as_str(), pairs(&others, tier, terms, model))).collect()
}

fn pairs(measurements: &[&Measurement], tier: &contract::Tier, terms: &Terms, model: Model) -> Vec<(f64, f64)> {
    let pair =
        |row: &&Measurement| Some((model.busy_ms(row.cpu_ms, tier.memory_mb, terms), *row.tier_ms.get(&tier.name)?));
    measurements.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use contract::{Architecture, ImageFormat};

    use super::*;
    use crate::Objective;

    #[test]
    fn a_model_is_found_again_in_what_it_made_and_judged_by_the_others() {
        let terms = Terms {
            objective: Objective::Cost,
            latency_target_ms: 2000.0,
            headroom: 0.2,
            architecture: Architecture::X86_64,
            threads: 1,
            io_ms: 110.0,
            io_ms_per_mb: 13.0,
        };
        let tiers = TierTable::builtin().unwrap();
        let truth = Model { job_ms: 0.4, factor: 1.06 };
        let measurement = |index: u32| {
            let cpu_ms = 0.37 * 1.1_f64.powf(f64::from(index));
            // Every other one is measured at twice the time, and not fitted to.
            let slower = f64::from(1 + index % 2);
            let busy_ms = |tier: &contract::Tier| slower * truth.busy_ms(cpu_ms, tier.memory_mb, &terms);
            Measurement {
                format: ImageFormat::Jpeg,
                variety: String::new(),
                size_bytes: 1000,
                read_bytes: 1000,
                pixels: 1,
                cpu_ms,
                peak_bytes: 1,
                plan_bytes: 1,
                tier_ms: tiers.iter().map(|tier| (tier.name.clone(), busy_ms(tier))).collect::<BTreeMap<_, _>>(),
            }
        };
        let measurements: Vec<_> = (0..80).map(measurement).collect();
        let model = Model::fitted_to(&measurements, &tiers, &terms);
        assert!((model.job_ms - truth.job_ms).abs() < 0.06 && (model.factor - truth.factor).abs() < 0.011, "{model:?}");
        for (tier, pairs) in held_out(&measurements, &tiers, &terms, truth) {
            assert_eq!(pairs.len(), 40, "{tier}");
            assert!(pairs.iter().all(|(predicted, measured)| (measured / predicted - 2.0).abs() < 1e-9), "{tier}");
        }
    }
}
