//! The figures of a deployment from CloudWatch: its metrics, and Lambda's REPORT records.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_cloudwatchlogs::types::LogGroup;
use contract::{InvocationReport, RegionPrices};
use indicatif::ProgressBar;

use super::figures::Billed;
use super::metric::{MetricKey, Metrics, Statistic};
use crate::aws::{Deployment, Function};

const HOUR_S: u64 = 3600;

/// A filter for REPORT records of Lambda's text and JSON formats.
const REPORTS: &str = "?REPORT ?\"platform.report\"";

/// Every metric that the page needs, by the hour; percentiles over the whole time, because they do not add up.
///
/// # Errors
/// CloudWatch's.
pub(super) async fn metrics(deployment: &Deployment, keys: &[MetricKey], since: Duration) -> anyhow::Result<Metrics> {
    let now_s = unix_s(SystemTime::now());
    let start_s = now_s.saturating_sub(since.as_secs()) / HOUR_S * HOUR_S;
    let end_s = now_s.next_multiple_of(HOUR_S);
    let whole_s = end_s - start_s;
    let queries = keys.iter().enumerate().map(|(index, key)| {
        let period_s = if key.statistic == Statistic::P95 { whole_s } else { HOUR_S };
        query(&format!("q{index}"), &key.namespace.name(deployment), key, period_s)
    });
    let client = aws_sdk_cloudwatch::Client::new(&deployment.config);
    let call = client.get_metric_data().set_metric_data_queries(Some(queries.collect()));
    let call = call.start_time(date(start_s)).end_time(date(end_s));
    let mut pages = call.into_paginator().send();
    let mut metrics = Metrics::default();
    while let Some(page) = pages.next().await {
        let page =
            page.with_context(|| format!("reading metrics of `{}` in {}", deployment.stage, deployment.region))?;
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
    let dimension = key.dimension.as_ref().map(|(name, value)| Dimension::builder().name(*name).value(value).build());
    let metric = Metric::builder().namespace(namespace).metric_name(key.name);
    let metric = metric.set_dimensions(dimension.map(|one| vec![one])).build();
    let period_s = i32::try_from(period_s).unwrap_or(i32::MAX);
    let statistic = MetricStat::builder().metric(metric).period(period_s).stat(key.statistic.name()).build();
    MetricDataQuery::builder().id(id).metric_stat(statistic).build()
}

/// What Lambda billed each function, by its whole name.
///
/// # Errors
/// CloudWatch Logs', and a deployment that keeps no REPORT records.
pub(super) async fn billed(
    deployment: &Deployment,
    functions: &[Function],
    prices: &RegionPrices,
    since: Duration,
) -> anyhow::Result<BTreeMap<String, Billed>> {
    let progress = ProgressBar::new_spinner();
    let mut all = BTreeMap::new();
    for function in functions {
        let mut sum = Billed::default();
        let read = |line: &str| {
            let Some(report) = InvocationReport::parse(line) else { return };
            sum.add(&report, prices, function.architecture);
            progress.set_message(format!("{}: {} REPORT records", function.name, sum.invocations));
            progress.tick();
        };
        // Of both formats: a deployment of an earlier release wrote text.
        deployment.log_lines(&function.short_name, REPORTS, since, read).await?;
        all.insert(function.name.clone(), sum);
    }
    progress.finish_and_clear();
    if all.values().all(|sum| sum.invocations == 0) {
        bail!(
            "no REPORT record of `{}` in this time: deploy with --param=\"platform_logs=on\", and ask again when there \
             were uploads; they cost about $0.40 per million images",
            deployment.stage
        );
    }
    Ok(all)
}

/// How long a function's logs are kept, in days; a month where nobody says.
///
/// # Errors
/// CloudWatch Logs'.
pub(super) async fn log_retention_days(deployment: &Deployment, function: &str) -> anyhow::Result<u32> {
    let group = deployment.log_group(function);
    let client = aws_sdk_cloudwatchlogs::Client::new(&deployment.config);
    let found = client.describe_log_groups().log_group_name_prefix(&group).send().await;
    let found = found.with_context(|| format!("asking for `{group}` in {}", deployment.region))?;
    let days = found.log_groups().iter().find_map(LogGroup::retention_in_days);
    Ok(days.and_then(|days| u32::try_from(days).ok()).unwrap_or(30))
}

fn unix_s(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn date(unix_s: u64) -> DateTime {
    DateTime::from_secs(i64::try_from(unix_s).unwrap_or(i64::MAX))
}
