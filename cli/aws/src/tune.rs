//! `thumbtier tune` on a deployment: log lines from CloudWatch Logs, and `--validate`.

mod aws;
mod validate;

use anyhow::Context;
use thumbtier::Ending;
use thumbtier::tune::{TuneArguments, builtin};

use crate::aws::StageArguments;

/// Tunes by the logs of a deployment, or validates.
///
/// # Errors
/// As [`thumbtier::tune::run`], and AWS's refusals.
pub(crate) fn run(arguments: &TuneArguments) -> anyhow::Result<Ending> {
    let stage = arguments.stage.clone().map(|stage| StageArguments { stage, region: arguments.region.clone() });
    if arguments.validate {
        let stage = stage.context("--validate needs --stage: which deployment?")?;
        let (tiers, _) = arguments.tiers.table()?;
        return validate::run(&stage, &tiers, &builtin()?, &arguments.images, arguments.bound, arguments.json);
    }
    thumbtier::tune::run(arguments, |tiers| {
        let stage = stage.context("which logs? Give files to --from-logs, or a deployment by --stage")?;
        aws::logs(&stage, tiers, arguments.since)
    })
}
