//! `thumbtier smoke`: one image through every tier of a deployment, and away with it.

mod aws;
mod image;

use std::io::{self, Write as _};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use contract::{Dollars, Formats, MadeBy, Thumbnails, Tier, metadata};
use serde::Serialize;
use thumbtier::Ending;
use thumbtier::settings::TierArguments;

use self::aws::{Buckets, Found, Stored};
use self::image::Sample;
use crate::aws::{Deployment, StageArguments, block_on};
use crate::stop::Stop;
use crate::words::{dollars, table};

/// Send one image through every tier of a deployment, and clean up after
///
/// Uploads an image for each tier, a small picture with as many bytes behind it as the tier asks for; waits for its
/// thumbnails; says what came back, which tier made it, how long it took and what it cost; then deletes the images and
/// their thumbnails, also after a failure. Nothing else is touched. With the HTTP API a small record of each deletion
/// stays for 30 days.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SmokeArguments {
    #[command(flatten)]
    deployment: StageArguments,
    /// How long each image may take until its thumbnails are there, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout_s: u64,
    #[command(flatten)]
    tiers: TierArguments,
    /// One JSON object per tier on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  thumbtier smoke --stage prod
  thumbtier smoke --stage prod --json | jq .dollars

Exit status: 0 every tier made its thumbnails, 1 one did not, or another tier did, 2 wrong usage, no such deployment, or no
right to it, 130 interrupted: what was uploaded is deleted.";

/// Between two looks for a thumbnail.
const PACE: Duration = Duration::from_millis(500);

/// What became of one image.
#[derive(Debug, Default, Serialize)]
struct Line {
    tier: String,
    key: String,
    bytes: u64,
    /// `made`, or `failed`.
    outcome: &'static str,
    /// The tier that made the thumbnails.
    #[serde(skip_serializing_if = "Option::is_none")]
    made_by: Option<String>,
    /// From the end of the upload until the last thumbnail was found.
    seconds: f64,
    /// Of the worker, as it says.
    worker_ms: f64,
    thumbnails: Vec<Thumbnail>,
    /// What the worker estimates, with its requests.
    dollars: Dollars,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Debug, Serialize)]
struct Thumbnail {
    key: String,
    bytes: usize,
    width_px: u32,
    height_px: u32,
}

/// Every tier's image at once.
///
/// # Errors
/// No such deployment, no right to its buckets; what could not be deleted afterwards.
pub(crate) fn run(arguments: &SmokeArguments) -> anyhow::Result<Ending> {
    let (tiers, _) = arguments.tiers.table()?;
    block_on(async {
        let deployment = Deployment::find(&arguments.deployment).await?;
        let function = deployment.function("dispatcher").await?;
        let max_object_bytes = function.variable("MAX_OBJECT_BYTES")?.parse().context("MAX_OBJECT_BYTES")?;
        let smoke = Smoke {
            buckets: Buckets::of(&deployment, &function)?,
            thumbnails: Thumbnails::builtin()?.under(function.variable("DESTINATION_PREFIX")?),
            prefix: format!("{}thumbtier-smoke/", function.source_prefixes()?.into_iter().next().unwrap_or_default()),
            seed: u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros())?,
            timeout: Duration::from_secs(arguments.timeout_s),
            stop: Stop::on_signals()?,
        };
        let sample = image::sample(&tiers, Formats::parse(function.variable("FORMATS")?)?)?;
        let sizes = tiers.iter().map(|tier| image::bytes_for(&tiers, tier, sample, max_object_bytes));
        let sizes = sizes.collect::<anyhow::Result<Vec<_>>>()?;
        let (mut lines, mut failure) = (Vec::new(), None);
        for (tier, bytes) in tiers.iter().zip(sizes) {
            if smoke.stop.is_set() {
                break;
            }
            match smoke.through(tier, sample, bytes).await {
                Ok(line) => lines.push(line),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        print(arguments.json, &lines)?;
        if let Some(error) = failure {
            return Err(error);
        }
        let all_made = lines.iter().all(|line| line.outcome == "made");
        Ok(match (smoke.stop.is_set(), all_made) {
            (true, _) => Ending::Interrupted,
            (_, true) => Ending::Done,
            (_, false) => Ending::SomeRefused,
        })
    })
}

struct Smoke {
    buckets: Buckets,
    thumbnails: Thumbnails,
    prefix: String,
    seed: u64,
    timeout: Duration,
    stop: Stop,
}

impl Smoke {
    /// Uploads, waits, deletes.
    async fn through(&self, tier: &Tier, sample: Sample, bytes: usize) -> anyhow::Result<Line> {
        let facts = sample.format.facts();
        let key = format!("{}{}/{}.{}", self.prefix, self.seed, tier.name, facts.extensions[0]);
        let mut line = Line { tier: tier.name.clone(), key: key.clone(), bytes: bytes as u64, ..Line::default() };
        let file = image::image(sample, bytes, self.seed);
        let image = self.buckets.upload(&key, facts.media_types[0], file).await?;
        let mut found = Vec::new();
        let came = self.await_thumbnails(&image, &key, &mut found, &mut line).await;
        // Thumbnails first: the deletion of the image has the deployment look for them, and find nothing to do.
        let mut deleted = Ok(());
        for thumbnail in &found {
            deleted = deleted.and(self.buckets.delete_thumbnail(thumbnail).await);
        }
        deleted = deleted.and(self.buckets.delete_image(&image).await);
        came.and(deleted)?;
        line.outcome = if line.message.is_none() { "made" } else { "failed" };
        Ok(line)
    }

    /// Fills in what came back; `found` is what is to be deleted.
    async fn await_thumbnails(
        &self,
        image: &Stored,
        key: &str,
        found: &mut Vec<Stored>,
        line: &mut Line,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        for variant in self.thumbnails.variants_of(key) {
            let keys = self.thumbnails.keys_of_variant(key, variant);
            let thumbnail = loop {
                if let Some(thumbnail) = self.first_of(&keys).await? {
                    break thumbnail;
                }
                let is_late = began.elapsed() > self.timeout;
                if is_late || !self.stop.sleep(PACE).await {
                    let seconds = self.timeout.as_secs();
                    let why = if is_late {
                        format!(
                            "no thumbnail `{}` after {seconds} s: run the saved query `one upload from event to end` with this key",
                            variant.name
                        )
                    } else {
                        "interrupted".to_owned()
                    };
                    line.message = Some(why);
                    return Ok(());
                }
            };
            line.seconds = began.elapsed().as_secs_f64();
            line.message = line.message.take().or(judge(image, &thumbnail, line));
            found.push(thumbnail.stored);
        }
        Ok(())
    }

    async fn first_of(&self, keys: &[String]) -> anyhow::Result<Option<Found>> {
        for key in keys {
            if let Some(found) = self.buckets.thumbnail(key).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

/// Takes over what the thumbnail says of itself; what is wrong with it.
fn judge(image: &Stored, found: &Found, line: &mut Line) -> Option<String> {
    let (key, bytes) = (found.stored.key().to_owned(), found.bytes.len());
    let size = match engine::probe(&found.bytes) {
        Ok(probe) => (probe.width_px, probe.height_px),
        Err(error) => return Some(format!("`{key}` is no image: {error}")),
    };
    line.thumbnails.push(Thumbnail { key, bytes, width_px: size.0, height_px: size.1 });
    let Some(MadeBy { tier, milliseconds, estimated_dollars, .. }) = MadeBy::from_metadata(&found.metadata) else {
        return Some(
            "the thumbnail does not say what made it: is this version deployed? See `thumbtier version`".into(),
        );
    };
    line.worker_ms = line.worker_ms.max(milliseconds);
    line.dollars = Dollars(line.dollars.0.max(estimated_dollars.0));
    let of = found.metadata.get(metadata::SOURCE_ETAG);
    let wrong_tier = (tier != line.tier).then(|| {
        format!(
            "tier {tier} made it: thresholds are deployed that are not those of tiers.json, or a job went up a tier"
        )
    });
    line.made_by = Some(tier);
    match of {
        Some(etag) if *etag == image.etag => wrong_tier,
        other => Some(format!("the thumbnail is of {other:?}, the image is {}", image.etag)),
    }
}

fn print(json: bool, lines: &[Line]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        for line in lines {
            let line = serde_json::to_string(line).context("a line serialises")?;
            writeln!(out, "{line}").context("writing to standard output")?;
        }
        return Ok(());
    }
    let mut rows =
        vec![["tier", "outcome", "thumbnail", "image", "after", "worker", "cost"].map(str::to_owned).to_vec()];
    rows.extend(lines.iter().map(row));
    let all = lines.iter().map(|line| line.dollars).fold(Dollars::ZERO, |sum, one| sum + one);
    let made = lines.iter().filter(|line| line.outcome == "made").count();
    writeln!(out, "{}\n", table(&rows, 3)).context("writing to standard output")?;
    for line in lines {
        if let Some(message) = &line.message {
            writeln!(out, "{}: {message}, {}", line.tier, line.key).context("writing to standard output")?;
        }
    }
    let sentence = format!("{made} of {} tiers made their thumbnails for {}", lines.len(), dollars(all));
    writeln!(out, "{sentence}; the images and their thumbnails are deleted").context("writing to standard output")
}

fn row(line: &Line) -> Vec<String> {
    let sizes = line.thumbnails.iter().map(|one| format!("{}x{}, {} bytes", one.width_px, one.height_px, one.bytes));
    let megabytes = format!("{:.2} MB", line.bytes as f64 / 1e6);
    vec![
        line.tier.clone(),
        line.outcome.to_owned(),
        sizes.collect::<Vec<_>>().join("; "),
        megabytes,
        format!("{:.1} s", line.seconds),
        format!("{:.0} ms", line.worker_ms),
        dollars(line.dollars),
    ]
}

#[cfg(test)]
mod tests;
