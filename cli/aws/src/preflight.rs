//! `thumbtier preflight`: what a deployment needs of an account and shares with others, before it is deployed.

mod aws;
mod check;
mod key;
mod template;

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use thumbtier::Ending;

use self::check::checks;
use self::template::Wanted;
use crate::aws::{Deployment, StageArguments, block_on};

/// Check an account before a deployment
///
/// Reads the packaged template and asks the account, changing nothing: concurrency, names that are taken, what a bucket
/// that exists announces already, the key of KMS, the rights of whoever deploys. Says what to do about each.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PreflightArguments {
    #[command(flatten)]
    deployment: StageArguments,
    /// The packaged CloudFormation template
    #[arg(long, value_name = "FILE", default_value = "target/deploy/cloudformation-template-update-stack.json")]
    template: PathBuf,
    /// One JSON object per check on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  make preflight STAGE=prod REGION=eu-west-1
  thumbtier preflight --stage prod --region eu-west-1

Exit status: 0 nothing refused, 1 something refused by name, 2 wrong usage, no credentials, or no template.";

/// Asks and prints.
///
/// # Errors
/// A template that cannot be read, no credentials.
pub(crate) fn run(arguments: &PreflightArguments) -> anyhow::Result<Ending> {
    let path = arguments.template.display();
    let text = std::fs::read_to_string(&arguments.template)
        .with_context(|| format!("reading `{path}`: `make preflight` packages it, or name it by --template"))?;
    let template = serde_json::from_str(&text).with_context(|| format!("`{path}` is no JSON"))?;
    let checks = block_on(async {
        let deployment = Deployment::find(&arguments.deployment).await?;
        let account = aws::Account::find(&deployment).await?;
        let wanted = Wanted::of(&template, &account.partition, &account.id, &deployment.region);
        let facts = account.facts(&deployment, &wanted).await;
        Ok(checks(&wanted, &facts, &deployment.region))
    })?;
    let mut output = io::stdout().lock();
    for check in &checks {
        let line = match arguments.json {
            true => serde_json::to_string(check).context("a check serialises")?,
            false => format!("{:<7}  {:<11}  {}", check.outcome, check.check, check.message),
        };
        writeln!(output, "{line}").context("writing to standard output")?;
    }
    let is_refused = checks.iter().any(|check| check.outcome == "refused");
    Ok(if is_refused { Ending::SomeRefused } else { Ending::Done })
}
