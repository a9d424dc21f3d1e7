//! What holds for any measurements, however odd.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

mod common;

use calibrate::{Decision, Measurement, Objective, Terms, decide, write};
use common::{TABLE, jpeg, prices, table, terms};
use contract::ImageFormat;
use proptest::prelude::*;

fn measurement() -> impl Strategy<Value = Measurement> {
    let tier = prop::sample::select(vec!["small", "medium", "large"]);
    let tier_ms = prop::collection::btree_map(tier.prop_map(str::to_owned), 0.0..40_000.0, 0..3);
    let format = prop::sample::select(ImageFormat::ALL[..2].to_vec());
    // Sizes and demands over several powers of ten, as they are in production; often two shapes of one size.
    (format, 4..19_u32, -1.0..5.0_f64, 0.0..3.6_f64, 0.0..3.5_f64, tier_ms).prop_map(
        |(format, size, cpu, peak, plan, tier_ms)| {
            let size_bytes = 10_f64.powf(f64::from(size) / 2.0).ceil() as u64;
            Measurement {
                format,
                size_bytes,
                read_bytes: size_bytes,
                plan_bytes: (10_f64.powf(plan) as u64) << 20,
                tier_ms,
                ..jpeg(1, 10_f64.powf(cpu), 10_f64.powf(peak) as u64)
            }
        },
    )
}

/// With one file that fits anywhere, so that there is a decision.
fn measurements() -> impl Strategy<Value = Vec<Measurement>> {
    prop::collection::vec(measurement(), 1..40).prop_map(|mut rows| {
        rows.push(Measurement { size_bytes: 100, read_bytes: 100, ..jpeg(1, 0.1, 1) });
        rows
    })
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let objective = prop::sample::select(vec![Objective::Cost, Objective::Speed, Objective::Balanced]);
    (objective, 1.0..5.0_f64, 0.0..0.9, 0.0..200.0, 0.0..20.0, 1..3_u32).prop_map(
        |(objective, target, headroom, io_ms, io_ms_per_mb, threads)| Terms {
            objective,
            latency_target_ms: 10_f64.powf(target),
            headroom,
            io_ms,
            io_ms_per_mb,
            threads,
            ..terms()
        },
    )
}

/// `None` where a format fits nowhere.
fn decision(rows: &[Measurement], terms: &Terms) -> Option<Decision> {
    decide(rows, &table(), terms, &prices()).ok()
}

/// Each row of thresholds, the default's last.
fn rows(decision: &Decision) -> Vec<Vec<u64>> {
    let row = |row: &calibrate::Row| row.thresholds.iter().map(|threshold| threshold.bytes).collect();
    decision.rows.iter().map(row).chain([decision.default_bytes.clone()]).collect()
}

/// The tier's position; the number of tiers if none takes it.
fn goes_to(row: &[u64], size_bytes: u64) -> usize {
    row.iter().position(|bytes| size_bytes <= *bytes).unwrap_or(row.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn thresholds_rise_with_the_tier(rows_in in measurements(), terms in any_terms()) {
        let Some(decision) = decision(&rows_in, &terms) else { return Ok(()) };
        for row in rows(&decision) {
            prop_assert!(row.is_sorted_by(|less, more| less < more), "{row:?}");
        }
        let text = write(TABLE, &decision, None);
        prop_assert!(text.is_ok(), "{text:?}");
        prop_assert_eq!(&write(text.as_ref().unwrap(), &decision, None).unwrap(), text.as_ref().unwrap());
    }

    #[test]
    fn more_headroom_never_raises_a_threshold(rows_in in measurements(), terms in any_terms(), more in 0.0..1.0_f64) {
        let more = Terms { headroom: terms.headroom + (0.99 - terms.headroom) * more, ..terms.clone() };
        let (Some(less), Some(more)) = (decision(&rows_in, &terms), decision(&rows_in, &more)) else { return Ok(()) };
        for (less, more) in rows(&less).into_iter().zip(rows(&more)) {
            prop_assert!(less.iter().zip(&more).all(|(less, more)| more <= less), "{less:?} {more:?}");
        }
    }

    #[test]
    fn a_lower_latency_target_never_lowers_the_tier(
        rows_in in measurements(), terms in any_terms(), part in 0.001..1.0_f64, size in 0.0..10.0_f64,
    ) {
        let strict = Terms { latency_target_ms: terms.latency_target_ms * part, ..terms.clone() };
        let size_bytes = 10_f64.powf(size) as u64;
        let (Some(lax), Some(strict)) = (decision(&rows_in, &terms), decision(&rows_in, &strict)) else {
            return Ok(());
        };
        for (lax, strict) in rows(&lax).into_iter().zip(rows(&strict)) {
            prop_assert!(goes_to(&strict, size_bytes) >= goes_to(&lax, size_bytes), "{lax:?} {strict:?} {size_bytes}");
        }
    }

    #[test]
    fn nothing_that_was_measured_goes_where_it_does_not_fit(rows_in in measurements(), terms in any_terms()) {
        let Some(decision) = decision(&rows_in, &terms) else { return Ok(()) };
        let tiers = table();
        for row in &rows_in {
            for (position, tier) in tiers.iter().enumerate() {
                if row.size_bytes <= decision.bytes(Some(row.format), position).unwrap() {
                    prop_assert!(row.peak_bytes <= terms.usable_bytes(tier.memory_mb), "{row:?} in {}", tier.name);
                    prop_assert!(row.plan_bytes <= tier.budget_bytes(), "{row:?} in {}", tier.name);
                }
            }
        }
    }
}
