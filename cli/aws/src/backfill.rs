//! `thumbtier backfill`: thumbnails of the objects that were there before, or whose events were lost.

mod aws;
mod bounded;
mod direct;
mod estimate;
mod job;
mod journal;
mod listed;
mod manifest;
mod outcome;
mod place;
mod run;
mod text;

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use contract::{Formats, Thumbnails};
use serde::Serialize;

use self::aws::Bucket;
use self::estimate::{Estimate, Rates, Tally, Way};
use self::listed::Rules;
use self::place::Place;
use self::run::{Backfill, survey};
use crate::aws::{Deployment, Function, StageArguments, block_on};
use crate::stop::Stop;
use thumbtier::Ending;
use thumbtier::settings::TierArguments;

/// Make thumbnails of the objects that were there before the deployment
///
/// Lists the bucket and hands each object to the deployment's dispatcher, as if it had just been uploaded: by a job of
/// S3 Batch Operations, or from here where that service is missing. What has its thumbnails keeps them. A run that was
/// interrupted goes on where it was when it is started again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BackfillArguments {
    /// The objects: s3://bucket, or s3://bucket/prefix
    #[arg(value_name = "PLACE", value_parser = Place::parse)]
    place: Place,
    #[command(flatten)]
    deployment: StageArguments,
    /// Count, size and price the objects, and hand over none
    #[arg(long)]
    dry_run: bool,
    /// Dispatch from here, without S3 Batch Operations
    #[arg(long)]
    direct: bool,
    /// The most objects a second that are dispatched from here
    #[arg(long, value_name = "OBJECTS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// The most workers at work for this run: each object is dispatched from here and waited for
    #[arg(long, value_name = "WORKERS", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    max_concurrency: Option<u32>,
    /// Forget a run that was interrupted, and start over
    #[arg(long)]
    fresh: bool,
    /// Where it is noted how far the run came; otherwise .thumbtier-backfill-STAGE-….json here
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    tiers: TierArguments,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  thumbtier backfill s3://uploads --stage prod --dry-run
  thumbtier backfill s3://uploads/2024/ --stage prod
  thumbtier backfill s3://uploads/2024/ --stage prod --direct --rate 200
  thumbtier backfill s3://uploads --stage prod --max-concurrency 3
  thumbtier backfill s3://uploads --stage prod --dry-run --json | jq .dollars

Exit status: 0 everything handed over (or printed), 1 some refused by name, 2 wrong usage, no access, or it could not go
on, 130 interrupted: the same command goes on.";

impl BackfillArguments {
    /// S3 Batch Operations waits for no worker, and runs as many as it likes.
    fn way(&self) -> Way {
        if self.direct || self.max_concurrency.is_some() { Way::Direct } else { Way::BatchOperations }
    }
}

/// What the dry run prints for scripts.
#[derive(Debug, Serialize)]
struct DryRun<'a> {
    place: String,
    stage: &'a str,
    region: &'a str,
    #[serde(flatten)]
    estimate: &'a Estimate,
}

/// Counts and prices, or runs.
///
/// # Errors
/// No such deployment, another bucket than its uploads', a journal of another run, AWS's refusals.
pub(crate) fn run(arguments: &BackfillArguments) -> anyhow::Result<Ending> {
    let (tiers, _) = arguments.tiers.table()?;
    block_on(async {
        let deployment = Deployment::find(&arguments.deployment).await?;
        let function = deployment.function("batch").await?;
        let (source, destination) = (function.variable("SOURCE_BUCKET")?, function.variable("DESTINATION_BUCKET")?);
        arguments.place.check(source, &function.source_prefixes()?, destination)?;
        let max_object_bytes = function.variable("MAX_OBJECT_BYTES")?.parse().context("MAX_OBJECT_BYTES")?;
        let formats = Formats::parse(function.variable("FORMATS").unwrap_or_default())?;
        let rules = Rules { tiers, max_object_bytes, formats };
        let bucket = Bucket::new(&deployment, &arguments.place);
        let stop = Stop::on_signals()?;
        if !arguments.dry_run {
            return Backfill::new(arguments, &deployment, &function, &rules, &bucket, &stop)?.run().await;
        }
        let Some(tally) = survey(&bucket, &rules, &stop, |_| Ok(())).await? else { return Ok(Ending::Interrupted) };
        let way = arguments.way();
        let has_key = deployment.has_key(function.variable("DESTINATION_BUCKET")?).await;
        let estimate = estimate(&tally, arguments, &deployment, &function, way, has_key)?;
        print_estimate(arguments, &deployment, &estimate, way)?;
        Ok(Ending::Done)
    })
}

/// Of a photograph as JPEG of quality 80, three quarters of whose box are filled.
const BYTES_A_PIXEL: f64 = 0.3;

/// With the prices of the deployment's region, and the calibration that this build was made with.
fn estimate(
    tally: &Tally<'_>,
    arguments: &BackfillArguments,
    deployment: &Deployment,
    function: &Function,
    way: Way,
    has_key: bool,
) -> anyhow::Result<Estimate> {
    let prices = crate::cost::prices(&deployment.region)?;
    let thumbnails = Thumbnails::builtin()?;
    let thumbnails = thumbnails.variants_of(&arguments.place.prefix);
    let pixels: u64 = thumbnails.iter().map(|one| u64::from(one.width_px) * u64::from(one.height_px)).sum();
    let variants = thumbnails.len();
    Ok(tally.estimate(&Rates {
        calibration: &thumbtier::tune::builtin()?,
        prices: &prices,
        architecture: function.architecture,
        dispatcher_memory_mb: function.memory_mb,
        variants: u32::try_from(variants).context("more variants than fit a price")?,
        thumbnail_bytes: BYTES_A_PIXEL * pixels as f64,
        has_key,
        way,
        rate: arguments.rate,
    }))
}

fn print_estimate(
    arguments: &BackfillArguments,
    deployment: &Deployment,
    estimate: &Estimate,
    way: Way,
) -> anyhow::Result<()> {
    let (place, Deployment { stage, region, .. }) = (arguments.place.to_string(), deployment);
    let text = match arguments.json {
        true => serde_json::to_string(&DryRun { place, stage, region, estimate }).context("an estimate serialises")?,
        false => text::page(&place, &format!("thumbtier {stage} in {region}"), estimate, way),
    };
    print(&text)
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{text}").context("writing to standard output")
}
