//! `thumbtier cost`: what each tier of a deployment cost, and what to change.

mod advice;
mod aws;
mod figures;
mod fixed;
mod items;
mod metric;
mod text;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use anyhow::Context;
use aws_config::Region;
use clap::Args;
use contract::metrics::{DISPATCHER, Monitoring};
use contract::{Prices, RegionPrices, Thumbnails, TierTable};
use serde::Serialize;

use crate::aws::{Deployment, Function, StageArguments, block_on};
use advice::advice;
use figures::Figures;
use items::{Bill, Counted, Kind};
use metric::{MetricKey, QUEUES, RULE, TOPIC};
use thumbtier::Ending;
use thumbtier::settings::TierArguments;

/// Say what each tier of a deployment cost
///
/// By what the functions logged of each job, and item by item by what AWS counted: the one is the proof of the other.
/// With --billed the compute of every function is that of Lambda's own REPORT records, which a deployment with
/// platform_logs=on keeps.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CostArguments {
    #[command(flatten)]
    stage: StageArguments,
    /// How far back, such as 24h, 7d or 4w
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = humantime::parse_duration)]
    since: Duration,
    /// Read the billed milliseconds of every invocation from the logs
    #[arg(long)]
    billed: bool,
    /// The p95 that the recommendation measures durations against
    #[arg(long, value_name = "MS", default_value_t = 2000.0)]
    latency_target_ms: f64,
    /// A distribution of CloudFront before the thumbnails, by its id: its requests and bytes are items too
    #[arg(long, value_name = "ID")]
    cloudfront: Option<String>,
    #[command(flatten)]
    tiers: TierArguments,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// S3 measures a bucket once a day, and says so a day later.
const STORED_SINCE: Duration = Duration::from_secs(3 * 86_400);

const EXAMPLES: &str = "\
Examples:
  thumbtier cost --stage prod
  thumbtier cost --stage prod --since 24h --billed
  thumbtier cost --stage prod --json | jq .total.dollars_per_million

Exit status: 0 printed, 2 wrong usage, no such deployment, or no access to it.";

/// What `--json` prints.
#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    figures: Figures,
    recommendation: String,
}

/// Fetches the figures and prints them.
///
/// # Errors
/// A region without prices, a tier table that cannot be used, AWS's refusals.
pub(crate) fn run(arguments: &CostArguments) -> anyhow::Result<Ending> {
    let (tiers, _) = arguments.tiers.table()?;
    let figures = block_on(async {
        let deployment = Deployment::find(&arguments.stage).await?;
        let prices = prices(&deployment.region)?;
        let functions = functions(&deployment, &tiers).await?;
        let level = functions[0].variable("MONITORING")?;
        let level =
            Monitoring::of(level).with_context(|| format!("MONITORING is `{level}`: expected off, basic or full"))?;
        let keys = MetricKey::all(&deployment, &tiers, level, &functions);
        let since = arguments.since;
        let mut metrics = aws::metrics(&deployment, &deployment.config, &keys, since).await?;
        let thumbnails = functions[0].variable("DESTINATION_BUCKET")?.to_owned();
        let stored = [MetricKey::stored_bytes(&thumbnails)];
        metrics.merge(aws::metrics(&deployment, &deployment.config, &stored, since.max(STORED_SINCE)).await?);
        if let Some(distribution) = &arguments.cloudfront {
            let keys = ["Requests", "BytesDownloaded"].map(|name| MetricKey::of_cloudfront(distribution, name));
            // There are the metrics of all distributions.
            let config = deployment.config.to_builder().region(Region::from_static("us-east-1")).build();
            metrics.merge(aws::metrics(&deployment, &config, &keys, since).await?);
        }
        let billed = match arguments.billed {
            true => aws::billed(&deployment, &functions, since).await?,
            false => BTreeMap::new(),
        };
        let mut counted = Vec::new();
        for function in &functions {
            let billed = billed.get(&function.name).copied();
            let init_ms = match billed {
                Some(_) => 0.0,
                None => aws::init_ms(&deployment, function, since).await?,
            };
            let (name, memory_mb, kind) = (function.name.clone(), function.memory_mb, kind(function));
            counted.push(Counted { name, memory_mb, kind, billed, init_ms });
        }
        let bill = Bill {
            metrics: &metrics,
            functions: &counted,
            prices: &prices,
            architecture: functions[0].architecture,
            variants: u32::try_from(Thumbnails::builtin()?.variants.len()).unwrap_or(u32::MAX),
            queues: QUEUES.map(|queue| deployment.function_name(queue)),
            topic: deployment.function_name(TOPIC),
            rule: deployment.function_name(RULE),
            distribution: arguments.cloudfront.clone(),
            log_retention_days: aws::log_retention_days(&deployment, DISPATCHER).await?,
            batch_jobs: aws::batch_jobs(&deployment, &thumbnails, since).await,
            api_calls: aws::api_calls(&deployment).await,
            has_key: deployment.has_key(&thumbnails).await,
            has_canary: functions[0].has_alias(),
            thumbnails,
            images: 0,
        };
        Ok(Figures::new(&deployment, &tiers, level, &bill))
    })?;
    let recommendation = advice(&figures, arguments.latency_target_ms);
    let text = match arguments.json {
        true => serde_json::to_string(&Page { figures, recommendation }).context("figures serialise")?,
        false => text::page(&figures, &recommendation, io::stdout().is_terminal()),
    };
    writeln!(io::stdout().lock(), "{text}").context("writing to standard output")?;
    Ok(Ending::Done)
}

/// The region's prices, or those that stand for them, which is told.
pub(crate) fn prices(region: &str) -> anyhow::Result<RegionPrices> {
    let prices = Prices::builtin()?;
    if let Some(told) = prices.stand_in(region) {
        eprintln!("{told}");
    }
    Ok(prices.of_any(region).clone())
}

/// Every function of the deployment, the dispatcher first; the API only where there is one.
async fn functions(deployment: &Deployment, tiers: &TierTable) -> anyhow::Result<Vec<Function>> {
    let mut functions = vec![deployment.function(DISPATCHER).await?];
    for tier in tiers.iter() {
        functions.push(deployment.function(&format!("worker-{}", tier.name)).await?);
    }
    for beside in ["batch", "api"] {
        functions.extend(deployment.function(beside).await.ok());
    }
    Ok(functions)
}

fn kind(function: &Function) -> Kind {
    match function.short_name.as_str() {
        DISPATCHER => Kind::Dispatcher,
        "batch" => Kind::Batch,
        "api" => Kind::Api,
        _ => Kind::Worker,
    }
}
