//! `thumbtier attach` and `thumbtier detach`: our notification in the configuration of a bucket that others use too.

mod aws;
mod difference;
mod notification;
mod text;

use std::io::{self, IsTerminal, Write};

use anyhow::{Context, bail};
use clap::Args;

use self::aws::Bucket;
use self::difference::{Difference, Ours, Overlap};
use self::notification::Configuration;
use self::text::Report;
use crate::aws::{Deployment, StageArguments, block_on};
use thumbtier::Ending;

/// Have a bucket that was there before notify a deployment
///
/// Adds the deployment's notification to what the bucket notifies already. Reads the configuration, keeps everything
/// that is in it, refuses what S3 would take for ambiguous, shows the difference, asks, writes, and reads it back. With
/// event_source=eventbridge it turns EventBridge on for the bucket.
#[derive(Debug, Args)]
#[command(after_help = ATTACH_EXAMPLES)]
pub(crate) struct AttachArguments {
    #[command(flatten)]
    shared: SharedArguments,
    /// Leave it to S3's owners whether every destination of the configuration exists and may be written to
    ///
    /// S3 checks all of them before it takes a configuration, those of others too.
    #[arg(long)]
    skip_destination_validation: bool,
}

/// Take a deployment's notification out of a bucket's configuration
///
/// Takes away what `thumbtier attach` added, by its Id, and nothing else. EventBridge stays on, because others may listen.
#[derive(Debug, Args)]
#[command(after_help = DETACH_EXAMPLES)]
pub(crate) struct DetachArguments {
    #[command(flatten)]
    shared: SharedArguments,
    /// The bucket, where the deployment that named it is gone
    #[arg(long)]
    bucket: Option<String>,
}

#[derive(Debug, Args)]
struct SharedArguments {
    #[command(flatten)]
    deployment: StageArguments,
    /// Show the difference and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

const ATTACH_EXAMPLES: &str = "\
Examples:
  thumbtier attach --stage prod --dry-run      what it would change
  thumbtier attach --stage prod                shows it, asks, writes, reads it back
  thumbtier attach --stage prod --yes --json

Exit status: 0 attached, or attached before; 1 an overlap was refused, or you said no; 2 wrong usage, or AWS refused.";

const DETACH_EXAMPLES: &str = "\
Examples:
  thumbtier detach --stage prod
  thumbtier detach --stage prod --bucket my-uploads --yes    after the deployment was removed

Exit status: 0 detached, or not attached; 1 you said no; 2 wrong usage, or AWS refused.";

/// Adds our notification.
///
/// # Errors
/// No such deployment, no right to the bucket's configuration, or S3 does not take it.
pub(crate) fn attach(arguments: &AttachArguments) -> anyhow::Result<Ending> {
    let AttachArguments { shared, skip_destination_validation } = arguments;
    block_on(async {
        let deployment = Deployment::find(&shared.deployment).await?;
        let dispatcher = deployment.function("dispatcher").await?;
        let bucket = dispatcher.variable("SOURCE_BUCKET")?;
        let ours = Ours { stage: deployment.stage.clone(), function: dispatcher.name.clone() };
        let prefixes = dispatcher.source_prefixes()?;
        let bucket = Bucket::new(&deployment, bucket, dispatcher.account());
        let before = bucket.read().await?;
        let difference = match dispatcher.variable("EVENT_SOURCE")? {
            "s3" => ours.attach(&before, &dispatcher.invoked_arn(), &prefixes),
            "eventbridge" => Ok(Difference { turns_eventbridge_on: !before.eventbridge, ..Difference::default() }),
            other => bail!(
                "stage `{}` has event_source={other}: deploy it with event_source=s3, or eventbridge, and attach again",
                deployment.stage
            ),
        };
        match difference {
            Ok(difference) => finish(shared, &bucket, &before, &difference, *skip_destination_validation).await,
            Err(overlaps) => refuse(shared, &bucket, &before, &overlaps),
        }
    })
}

/// Takes our notification away.
///
/// # Errors
/// No such deployment, no right to the bucket's configuration, or S3 does not take it.
pub(crate) fn detach(arguments: &DetachArguments) -> anyhow::Result<Ending> {
    let DetachArguments { shared, bucket } = arguments;
    block_on(async {
        let deployment = Deployment::find(&shared.deployment).await?;
        let ours = Ours { stage: deployment.stage.clone(), function: deployment.function_name("dispatcher") };
        let bucket = if let Some(bucket) = bucket {
            Bucket::new(&deployment, bucket, None)
        } else {
            let dispatcher = deployment.function("dispatcher").await.context("give --bucket if the stage is gone")?;
            Bucket::new(&deployment, dispatcher.variable("SOURCE_BUCKET")?, dispatcher.account())
        };
        let before = bucket.read().await?;
        // What else is there is not checked: a destination of others that is gone must not keep ours in.
        finish(shared, &bucket, &before, &ours.detach(&before), true).await
    })
}

fn refuse(
    shared: &SharedArguments,
    bucket: &Bucket,
    before: &Configuration,
    overlaps: &[Overlap],
) -> anyhow::Result<Ending> {
    let report = Report::refused(&bucket.name, before, overlaps);
    print(shared, &report)?;
    Ok(Ending::SomeRefused)
}

async fn finish(
    shared: &SharedArguments,
    bucket: &Bucket,
    before: &Configuration,
    difference: &Difference,
    skip_destination_validation: bool,
) -> anyhow::Result<Ending> {
    let report = |outcome| Report::new(outcome, &bucket.name, before, difference);
    if difference.is_empty() {
        print(shared, &report("unchanged"))?;
        return Ok(Ending::Done);
    }
    if shared.dry_run {
        print(shared, &report("planned"))?;
        return Ok(Ending::Done);
    }
    if !shared.yes && !confirm(&report("planned"))? {
        print(shared, &report("declined"))?;
        return Ok(Ending::SomeRefused);
    }
    bucket.write(before, difference, skip_destination_validation).await?;
    print(shared, &report("written"))?;
    Ok(Ending::Done)
}

fn print(shared: &SharedArguments, report: &Report) -> anyhow::Result<()> {
    let text = if shared.json { report.json() } else { report.text() };
    writeln!(io::stdout().lock(), "{}", text.trim_end()).context("writing to standard output")
}

/// Shows the difference on standard error, so that standard output stays the report, and waits for a `y`.
fn confirm(report: &Report) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody to ask, because standard input is no terminal: look with --dry-run, then say --yes");
    }
    eprint!("{}Write this? [y/N] ", report.text());
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("reading the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
