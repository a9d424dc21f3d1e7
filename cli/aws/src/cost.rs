//! `thumbtier cost`: what each tier of a deployment cost, and what to change.

mod advice;
mod aws;
mod figures;
mod text;

use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use contract::Prices;
use serde::Serialize;

use crate::aws::{Deployment, StageArguments, block_on};
use advice::advice;
use figures::Figures;
use thumbtier::Ending;
use thumbtier::settings::TierArguments;

/// Say what each tier of a deployment cost
///
/// By the metrics that the functions publish: an estimate from each job's duration. With --billed the compute is
/// that of Lambda's own REPORT records, which takes longer to read.
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
    #[command(flatten)]
    tiers: TierArguments,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

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
        let prices = Prices::builtin()?.region(&deployment.region)?.clone();
        let metrics = aws::metrics(&deployment, &tiers, arguments.since).await?;
        let billed = match arguments.billed {
            true => Some(aws::billed(&deployment, &tiers, &prices, arguments.since).await?),
            false => None,
        };
        Ok(Figures::new(&deployment, &tiers, &metrics, billed.as_ref()))
    })?;
    let recommendation = advice(&figures, arguments.latency_target_ms);
    let text = match arguments.json {
        true => serde_json::to_string(&Page { figures, recommendation }).context("figures serialise")?,
        false => text::page(&figures, &recommendation, io::stdout().is_terminal()),
    };
    writeln!(io::stdout().lock(), "{text}").context("writing to standard output")?;
    Ok(Ending::Done)
}
