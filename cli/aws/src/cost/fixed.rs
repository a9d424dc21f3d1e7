//! What a month costs whatever comes. Pure.

use contract::metrics::{self, Monitoring};
use contract::{Dollars, RegionPrices};
use serde::Serialize;

/// One item that a month costs whatever comes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Fixed {
    pub item: &'static str,
    pub count: f64,
    pub dollars_per_month: Dollars,
}

/// Requests of Lambda to a queue that stays empty: five pollers, each asking every 20 seconds.
///
/// **Source:** AWS Lambda developer guide, "Configuring scaling behavior for SQS event source mappings": five concurrent
/// invocations at first, long polling.
const POLLS_A_MONTH: f64 = 5.0 * 3.0 * 60.0 * 24.0 * 30.0;

/// What a month of monitoring costs at that level, every metric in use every hour, and what else is there.
///
/// `deploy/alarms.js` makes the alarms; a test compares the numbers.
pub(super) fn fixed(
    level: Monitoring,
    tiers: u32,
    has_api: bool,
    has_key: bool,
    stored_bytes: f64,
    prices: &RegionPrices,
) -> Vec<Fixed> {
    let row = |item, count: f64, price: Dollars| Fixed { item, count, dollars_per_month: price * count };
    let rows = [
        row("custom metrics", metric_count(level, tiers).into(), prices.cloudwatch_metric_month),
        row("metrics in alarms", alarm_metric_count(level, tiers, has_api).into(), prices.cloudwatch_alarm_month),
        row("polls of SQS by Lambda", POLLS_A_MONTH, prices.sqs_million_requests * 1e-6),
        row("keys of KMS", has_key.into(), prices.kms_key_month),
        row("bytes of thumbnails", stored_bytes, prices.s3_storage_gb_month * 1e-9),
    ];
    rows.into_iter().filter(|row| row.count > 0.0).collect()
}

/// How many custom metrics there are: those by format and by outcome are as many as formats and outcomes came.
fn metric_count(level: Monitoring, tiers: u32) -> u32 {
    let of_level = metrics::all().iter().filter(|metric| metric.level <= level);
    let count = of_level.map(|metric| match metric.dimension.as_deref() {
        Some("tier") if metric.functions.iter().any(|function| function == "worker") => tiers,
        Some("format") => 4,
        Some("outcome") => 3,
        _ => 1,
    });
    count.sum()
}

/// An alarm is billed by the metrics in it.
pub(super) fn alarm_metric_count(level: Monitoring, tiers: u32, has_api: bool) -> u32 {
    let api = u32::from(has_api);
    let basic = 1 + (1 + tiers + api) + 1;
    match level {
        Monitoring::Off => 0,
        Monitoring::Basic => basic,
        // The batch function among the errors; storage in a day's cost; rates of failures and of refusals, headroom, throttles, lost, waiting, age of failed
        // jobs, loop, invocations.
        Monitoring::Full => {
            let everywhere = 1 + tiers;
            let throttles = everywhere + api + 1;
            basic
                + 1
                + 1
                + 2 * tiers
                + 2 * tiers
                + tiers
                + throttles
                + 2 * everywhere
                + everywhere
                + 1
                + 1
                + (tiers + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::Prices;

    use super::*;

    fn month(level: Monitoring) -> f64 {
        let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
        fixed(level, 3, false, false, 0.0, &prices).iter().map(|row| row.dollars_per_month.0).sum()
    }

    #[test]
    fn a_month_is_at_most_three_dollars_with_the_polls_that_lambda_makes() {
        let polls = 0.648 * 0.40;
        assert!((month(Monitoring::Basic) - (2.70 + polls)).abs() < 1e-9, "{}", month(Monitoring::Basic));
        assert!(month(Monitoring::Basic) <= 3.00);
        assert!((month(Monitoring::Off) - polls).abs() < 1e-9);
        assert_eq!([false, true].map(|has_api| alarm_metric_count(Monitoring::Basic, 3, has_api)), [6, 7]);
        assert_eq!([false, true].map(|has_api| alarm_metric_count(Monitoring::Full, 3, has_api)), [46, 48]);
        assert!((31.0..33.0).contains(&month(Monitoring::Full)), "{}", month(Monitoring::Full));
    }

    #[test]
    fn a_key_and_what_is_stored_are_rows() {
        let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
        let rows = fixed(Monitoring::Off, 3, false, true, 4e9, &prices);
        let dollars: Vec<_> = rows.iter().skip(1).map(|row| (row.item, row.dollars_per_month.0)).collect();
        assert_eq!(dollars[0], ("keys of KMS", 1.0));
        assert!(dollars[1].0 == "bytes of thumbnails" && (dollars[1].1 - 0.092).abs() < 1e-9, "{rows:?}");
    }
}
