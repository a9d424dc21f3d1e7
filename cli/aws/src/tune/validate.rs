//! `--validate`: what each deployed tier really bills and holds, beside the prediction.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context, bail};
use calibrate::{Calibration, Logs, median, predict};
use contract::{ImageFormat, InvocationReport, Job, Outcome, Tier, TierTable};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::aws::{Answer, Workers};
use crate::aws::{StageArguments, block_on};
use thumbtier::Ending;
use thumbtier::files::walk;

/// How often each image is made in each tier, after one that warms the environment.
const ROUNDS: usize = 3;

/// What a tier did.
#[derive(Clone, Debug, Default, Serialize)]
struct Verdict {
    tier: String,
    images: usize,
    warm_invocations: usize,
    cold_starts: usize,
    /// The median of their INIT.
    init_ms: f64,
    /// Billed over predicted, of warm invocations: the median.
    ratio: f64,
    /// The median distance from the prediction, in percent.
    error_percent: f64,
    max_memory_mb: u64,
    memory_mb: u64,
    /// Whether Lambda measured the memory; otherwise it is the worker's own figure.
    memory_by_lambda: bool,
    refused: usize,
    within_bound: bool,
}

/// One image.
struct Image {
    path: PathBuf,
    format: ImageFormat,
    bytes: u64,
}

/// Invokes, compares, prints; what was uploaded is taken away again.
pub(super) fn run(
    stage: &StageArguments,
    tiers: &TierTable,
    calibration: &Calibration,
    images: &[PathBuf],
    bound_percent: f64,
    json: bool,
) -> anyhow::Result<Ending> {
    let images = found(images)?;
    let verdicts = block_on(async {
        let workers = Workers::find(stage, &tiers.largest().name).await?;
        let mut verdicts = Vec::new();
        for tier in tiers.iter() {
            verdicts.push(of_tier(&workers, tier, tiers, calibration, &images, bound_percent).await?);
        }
        Ok(verdicts)
    })?;
    let mut out = io::stdout().lock();
    for verdict in &verdicts {
        let line = if json {
            serde_json::to_string(verdict).context("a verdict serialises")?
        } else {
            text(verdict, bound_percent)
        };
        writeln!(out, "{line}").context("writing to standard output")?;
    }
    Ok(if verdicts.iter().all(|verdict| verdict.within_bound) { Ending::Done } else { Ending::SomeRefused })
}

fn found(arguments: &[PathBuf]) -> anyhow::Result<Vec<Image>> {
    let mut images = Vec::new();
    for entry in walk(arguments, None) {
        let (bytes, source) = thumbtier::source::open(&entry.path);
        if let (Some(bytes), Ok(source)) = (bytes, source) {
            images.push(Image { path: entry.path, format: source.format, bytes });
        }
    }
    if images.is_empty() {
        bail!("--validate needs images: give files or folders to --images, such as target/calibrate/inputs");
    }
    Ok(images)
}

async fn of_tier(
    workers: &Workers,
    tier: &Tier,
    tiers: &TierTable,
    calibration: &Calibration,
    images: &[Image],
    bound_percent: f64,
) -> anyhow::Result<Verdict> {
    let (prices, mut logs) = (calibration.prices()?, Logs::default());
    let taken: Vec<&Image> =
        images.iter().filter(|image| image.bytes <= tier.max_object_bytes(Some(image.format))).collect();
    let progress = ProgressBar::new((taken.len() * (ROUNDS + 1)) as u64);
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len}, {eta} left");
    progress.set_style(style.expect("the template is sound"));
    progress.set_prefix(tier.name.clone());
    let mut verdict =
        Verdict { tier: tier.name.clone(), memory_mb: tier.memory_mb, images: taken.len(), ..Verdict::default() };
    let (mut ratios, mut inits_ms) = (Vec::new(), Vec::new());
    for image in taken {
        let key = format!("{}thumbtier-validate/{}-{}", workers.source_prefix, image.bytes, image.format);
        let bytes = std::fs::read(&image.path).with_context(|| format!("reading `{}`", image.path.display()))?;
        let job = workers.upload(&key, bytes).await?;
        let (terms, rows) = (&calibration.terms, &calibration.measurements);
        let predicted = predict(rows, tiers, terms, &prices, image.format, image.bytes);
        let predicted_ms = predicted.iter().find(|one| one.tier == tier.name).map(|one| one.duration_ms);
        let mut failure = None;
        for round in 0..=ROUNDS {
            let job = Job { correlation_id: format!("{} {round}", job.correlation_id), ..job.clone() };
            match workers.invoke(&tier.name, &job).await {
                Ok(Answer { outcome, log }) => {
                    verdict.refused += usize::from(!matches!(outcome, Outcome::Made { .. }));
                    workers.remove_thumbnails(outcome.thumbnails()).await?;
                    let report = log.lines().find_map(InvocationReport::parse);
                    logs.read(&log);
                    let Some(report) = report else { continue };
                    verdict.max_memory_mb = verdict.max_memory_mb.max(report.max_memory_used_mb);
                    match (report.init_ms, predicted_ms) {
                        (Some(init_ms), _) => inits_ms.push(init_ms),
                        (None, Some(predicted_ms)) => ratios.push(report.billed_ms as f64 / predicted_ms),
                        (None, None) => {}
                    }
                }
                Err(error) => failure = Some(error),
            }
            progress.inc(1);
        }
        workers.remove(&key).await?;
        if let Some(error) = failure {
            return Err(error);
        }
    }
    progress.finish_and_clear();
    verdict.memory_by_lambda = verdict.max_memory_mb > 0;
    if !verdict.memory_by_lambda {
        verdict.max_memory_mb = logs.records.iter().map(|record| record.peak_bytes >> 20).max().unwrap_or_default();
    }
    (verdict.warm_invocations, verdict.cold_starts) = (ratios.len(), inits_ms.len());
    verdict.init_ms = median(inits_ms.into_iter());
    verdict.ratio = median(ratios.iter().copied());
    verdict.error_percent = median(ratios.iter().map(|ratio| (ratio - 1.0).abs() * 100.0));
    verdict.within_bound = verdict.warm_invocations > 0 && verdict.error_percent <= bound_percent;
    Ok(verdict)
}

fn text(verdict: &Verdict, bound_percent: f64) -> String {
    let Verdict { tier, images, warm_invocations, cold_starts, init_ms, ratio, error_percent, .. } = verdict;
    let by = if verdict.memory_by_lambda { "" } else { " by the worker's own log, because Lambda said 0" };
    let bound = if verdict.within_bound { "within" } else { "OVER" };
    let refused = if verdict.refused > 0 { format!("; {} not made here", verdict.refused) } else { String::new() };
    format!(
        "{tier:<7} {images} images, {warm_invocations} warm invocations: billed {ratio:.2} times the prediction, median error \
         {error_percent:.0} %, {bound} the bound of {bound_percent:.0} %; {cold_starts} cold starts of {init_ms:.0} ms INIT; \
         {} of {} MB{by}{refused}",
        verdict.max_memory_mb, verdict.memory_mb
    )
}
