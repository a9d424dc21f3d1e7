//! The figures of a deployment from CloudWatch: its metrics, and Lambda's REPORT records.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use contract::metrics::DISPATCHER;
use contract::{InvocationReport, RegionPrices, TierTable};
use indicatif::ProgressBar;

use super::figures::{Billed, MetricKey, Metrics, Statistic};
use crate::aws::Deployment;

const HOUR_S: u64 = 3600;

/// Every metric that the page needs, by the hour; percentiles over the whole time, because they do not add up.
///
/// # Errors
/// CloudWatch's.
pub(super) async fn metrics(deployment: &Deployment, tiers: &TierTable, since: Duration) -> anyhow::Result<Metrics> {
    let now_s = unix_s(SystemTime::now());
    let start_s = now_s.saturating_sub(since.as_secs()) / HOUR_S * HOUR_S;
    let end_s = now_s.next_multiple_of(HOUR_S);
    let whole_s = end_s - start_s;
    let keys = MetricKey::all(tiers);
    let namespace = deployment.metrics_namespace();
    let queries = keys.iter().enumerate().map(|(index, key)| {
        let period_s = if key.statistic == Statistic::P95 { whole_s } else { HOUR_S };
        query(&format!("q{index}"), &namespace, key, period_s)
    });
    let client = aws_sdk_cloudwatch::Client::new(&deployment.config);
    let call = client.get_metric_data().set_metric_data_queries(Some(queries.collect()));
    let call = call.start_time(date(start_s)).end_time(date(end_s));
    let mut pages = call.into_paginator().send();
    let mut metrics = Metrics::default();
    while let Some(page) = pages.next().await {
        let page = page.with_context(|| format!("reading metrics of `{namespace}` in {}", deployment.region))?;
        for result in page.metric_data_results() {
            let index = result.id().and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
            let Some(key) = index.and_then(|index| keys.get(index)) else { continue };
            let hours = result.timestamps().iter().map(DateTime::secs);
            metrics.add(key, hours.zip(result.values().iter().copied()));
        }
    }
    Ok(metrics)
}

fn query(id: &str, namespace: &str, key: &MetricKey, period_s: u64) -> MetricDataQuery {
    let dimension = Dimension::builder().name(key.dimension).value(&key.value).build();
    let metric = Metric::builder().namespace(namespace).metric_name(key.name).dimensions(dimension).build();
    let period_s = i32::try_from(period_s).unwrap_or(i32::MAX);
    let statistic = MetricStat::builder().metric(metric).period(period_s).stat(key.statistic.name()).build();
    MetricDataQuery::builder().id(id).metric_stat(statistic).build()
}

/// What Lambda billed each function, by `dispatcher` and the tiers' names.
///
/// # Errors
/// CloudWatch Logs'; a function that was never invoked has no log group, and no cost.
pub(super) async fn billed(
    deployment: &Deployment,
    tiers: &TierTable,
    prices: &RegionPrices,
    since: Duration,
) -> anyhow::Result<BTreeMap<String, Billed>> {
    // All functions of a deployment have the same.
    let architecture = deployment.function(DISPATCHER).await?.architecture;
    let progress = ProgressBar::new_spinner();
    let mut all = BTreeMap::new();
    let functions = tiers.iter().map(|tier| (tier.name.clone(), format!("worker-{}", tier.name)));
    for (tier, function) in functions.chain([(DISPATCHER.to_owned(), DISPATCHER.to_owned())]) {
        let mut sum = Billed::default();
        let read = |line: &str| {
            let Some(report) = InvocationReport::parse(line) else { return };
            sum.add(&report, prices, architecture);
            progress.set_message(format!("{function}: {} REPORT records", sum.invocations));
            progress.tick();
        };
        deployment.log_lines(&function, "REPORT", since, read).await?;
        all.insert(tier, sum);
    }
    progress.finish_and_clear();
    Ok(all)
}

fn unix_s(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn date(unix_s: u64) -> DateTime {
    DateTime::from_secs(i64::try_from(unix_s).unwrap_or(i64::MAX))
}
