//! The figures of a deployment: metrics of CloudWatch, lines of its logs, Lambda's REPORT records, how its buckets are.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_cloudwatchlogs::types::LogGroup;
use contract::{InvocationReport, OWN_PREFIX, Usage};
use indicatif::ProgressBar;
use serde::Deserialize;

use super::items::Billed;
use super::metric::{MetricKey, Metrics, Statistic};
use crate::aws::{Deployment, Function};

const HOUR_S: u64 = 3600;

/// A filter for REPORT records of Lambda's text and JSON formats.
const REPORTS: &str = "?REPORT ?\"platform.report\"";

/// The first line of each process of a function.
const FIRST_LINES: &str = "{ $.init_ms > 0 }";

/// How many of its latest lines say what a request to the API asks of S3.
const LATEST_LINES: i32 = 1000;

/// Every metric that the page needs, by the hour; percentiles over the whole time, because they do not add up.
///
/// # Errors
/// CloudWatch's.
pub(super) async fn metrics(
    deployment: &Deployment,
    config: &SdkConfig,
    keys: &[MetricKey],
    since: Duration,
) -> anyhow::Result<Metrics> {
    let now_s = unix_s(SystemTime::now());
    let start_s = now_s.saturating_sub(since.as_secs()) / HOUR_S * HOUR_S;
    let end_s = now_s.next_multiple_of(HOUR_S);
    let whole_s = end_s - start_s;
    let queries = keys.iter().enumerate().map(|(index, key)| {
        let period_s = if key.statistic == Statistic::P95 { whole_s } else { HOUR_S };
        query(&format!("q{index}"), &key.namespace.name(deployment), key, period_s)
    });
    let client = aws_sdk_cloudwatch::Client::new(config);
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
    let dimensions = key.dimensions.iter().map(|(name, value)| Dimension::builder().name(*name).value(value).build());
    let metric = Metric::builder().namespace(namespace).metric_name(key.name);
    let metric = metric.set_dimensions(Some(dimensions.collect())).build();
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
    since: Duration,
) -> anyhow::Result<BTreeMap<String, Billed>> {
    let progress = ProgressBar::new_spinner();
    let mut all = BTreeMap::new();
    for function in functions {
        let mut sum = Billed::default();
        let read = |line: &str| {
            let Some(report) = InvocationReport::parse(line) else { return };
            let init_ms = report.init_ms.unwrap_or_default();
            sum.invocations += 1;
            sum.usage = sum.usage
                + Usage::of_time(report.memory_mb, (report.billed_ms as f64 - init_ms).max(0.0))
                + Usage::of_init(report.memory_mb, init_ms);
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

/// INIT of a function by its own clock, in milliseconds: Lambda counts none.
///
/// # Errors
/// CloudWatch Logs'.
pub(super) async fn init_ms(deployment: &Deployment, function: &Function, since: Duration) -> anyhow::Result<f64> {
    #[derive(Deserialize)]
    struct First {
        #[serde(default)]
        init_ms: f64,
    }
    let mut sum = 0.0;
    let read = |line: &str| sum += serde_json::from_str::<First>(line).map_or(0.0, |first| first.init_ms);
    deployment.log_lines(&function.short_name, FIRST_LINES, since, read).await?;
    Ok(sum)
}

/// What a request to the API asks of S3, by the mean of its latest lines; nothing where there is no API, or no line.
pub(super) async fn api_calls(deployment: &Deployment) -> Usage {
    #[derive(Deserialize)]
    struct Line {
        #[serde(default)]
        heads: f64,
        #[serde(default)]
        gets: f64,
        #[serde(default)]
        puts: f64,
    }
    let client = aws_sdk_cloudwatchlogs::Client::new(&deployment.config);
    let call = client.filter_log_events().log_group_name(deployment.log_group("api")).limit(LATEST_LINES);
    let Ok(page) = call.send().await else { return Usage::default() };
    let lines = page.events().iter().filter_map(|event| serde_json::from_str::<Line>(event.message()?).ok());
    let lines: Vec<Usage> =
        lines.map(|Line { heads, gets, puts }| Usage { heads, gets, puts, ..Usage::default() }).collect();
    let count = lines.len().max(1) as f64;
    lines.into_iter().sum::<Usage>() * (1.0 / count)
}

/// How many jobs of S3 Batch Operations `thumbtier backfill` made, by the manifests that are there; they stay for 30 days.
pub(super) async fn batch_jobs(deployment: &Deployment, bucket: &str, since: Duration) -> u32 {
    let start_s = unix_s(SystemTime::now()).saturating_sub(since.as_secs());
    let client = aws_sdk_s3::Client::new(&deployment.config);
    let call = client.list_objects_v2().bucket(bucket).prefix(format!("{OWN_PREFIX}backfill/"));
    let mut pages = call.into_paginator().send();
    let mut count = 0;
    while let Some(Ok(page)) = pages.next().await {
        let manifests = page.contents().iter().filter(|object| {
            let is_manifest = object.key().is_some_and(|key| key.ends_with("/manifest.csv"));
            is_manifest
                && object.last_modified().is_some_and(|at| at.secs() >= i64::try_from(start_s).unwrap_or(i64::MAX))
        });
        count += u32::try_from(manifests.count()).unwrap_or(u32::MAX);
    }
    count
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
