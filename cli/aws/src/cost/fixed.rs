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

/// What a deployment has, whatever comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deployed {
    pub level: Monitoring,
    pub tiers: u32,
    pub has_api: bool,
    /// `canary` is on.
    pub has_canary: bool,
    pub has_key: bool,
    pub stored_bytes: f64,
}

/// What a month of monitoring costs at that level, every metric in use every hour, and what else is there.
///
/// `deploy/alarms.js` and `deploy/canary.js` make the alarms; tests compare the numbers.
pub(super) fn fixed(deployed: Deployed, prices: &RegionPrices) -> Vec<Fixed> {
    let Deployed { level, tiers, has_api, has_canary, has_key, stored_bytes } = deployed;
    let row = |item, count: f64, price: Dollars| Fixed { item, count, dollars_per_month: price * count };
    let rows = [
        row("custom metrics", metric_count(level, tiers).into(), prices.cloudwatch_metric_month),
        row("metrics in alarms", alarm_metric_count(level, tiers, has_api).into(), prices.cloudwatch_alarm_month),
        row(
            "alarms of the canary",
            canary_alarm_count(has_canary, tiers, has_api).into(),
            prices.cloudwatch_alarm_month,
        ),
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

/// Each function with an alias has one alarm, of one metric, at any level: the dispatcher, the workers, the API.
fn canary_alarm_count(has_canary: bool, tiers: u32, has_api: bool) -> u32 {
    if has_canary { 1 + tiers + u32::from(has_api) } else { 0 }
}

#[cfg(test)]
mod tests {
    use contract::Prices;

    use super::*;

    const BARE: Deployed = Deployed {
        level: Monitoring::Off,
        tiers: 3,
        has_api: false,
        has_canary: false,
        has_key: false,
        stored_bytes: 0.0,
    };

    fn rows(deployed: Deployed) -> Vec<Fixed> {
        fixed(deployed, Prices::builtin().unwrap().region("us-east-1").unwrap())
    }

    fn month(level: Monitoring) -> f64 {
        rows(Deployed { level, ..BARE }).iter().map(|row| row.dollars_per_month.0).sum()
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
        let rows = rows(Deployed { has_key: true, stored_bytes: 4e9, ..BARE });
        let dollars: Vec<_> = rows.iter().skip(1).map(|row| (row.item, row.dollars_per_month.0)).collect();
        assert_eq!(dollars[0], ("keys of KMS", 1.0));
        assert!(dollars[1].0 == "bytes of thumbnails" && (dollars[1].1 - 0.092).abs() < 1e-9, "{rows:?}");
    }

    #[test]
    fn a_canary_has_an_alarm_for_each_function_with_an_alias() {
        let check = |has_api, count: f64| {
            let rows = rows(Deployed { has_canary: true, has_api, ..BARE });
            let row = rows.iter().find(|row| row.item == "alarms of the canary").unwrap();
            assert_eq!((row.count, row.dollars_per_month.rounded()), (count, Dollars(count * 0.10).rounded()));
        };
        check(false, 4.0);
        check(true, 5.0);
    }
}
