//! The AWS clients of the subcommands that talk to a deployment.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use aws_config::{Region, SdkConfig};
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use aws_sdk_s3::types::ServerSideEncryption;
use clap::Args;
use contract::Architecture;

use crate::credentials::or_cli;

/// Which deployment.
#[derive(Clone, Debug, Args)]
pub(crate) struct StageArguments {
    /// The stage, as it was given to `make deploy STAGE=`
    #[arg(long)]
    pub stage: String,
    /// The region; otherwise that of the environment or the profile
    #[arg(long)]
    pub region: Option<String>,
}

/// A deployment: its stage, and the configuration that every client is made from.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// The stage.
    pub stage: String,
    /// The region's name.
    pub region: String,
    /// Region, credentials and endpoint.
    pub config: SdkConfig,
}

impl Deployment {
    /// Finds region and credentials as every AWS tool does: environment, profile, SSO, instance role, `aws login`.
    ///
    /// # Errors
    /// No region anywhere. Credentials are looked for by the first call.
    pub(crate) async fn find(arguments: &StageArguments) -> anyhow::Result<Self> {
        let mut loader = sdk::configuration();
        if let Some(region) = &arguments.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = or_cli(loader.load().await);
        let region = config.region().context("no region: give --region, or set AWS_REGION")?.to_string();
        Ok(Self { stage: arguments.stage.clone(), region, config })
    }

    /// A function's name: `function` is `dispatcher` or `worker-TIER`.
    pub(crate) fn function_name(&self, function: &str) -> String {
        format!("thumbtier-{}-{function}", self.stage)
    }

    /// The log group that a function writes to.
    pub(crate) fn log_group(&self, function: &str) -> String {
        format!("/aws/lambda/{}", self.function_name(function))
    }

    /// The namespace of the deployment's metrics.
    pub(crate) fn metrics_namespace(&self) -> String {
        format!("thumbtier/{}", self.stage)
    }
}

impl Deployment {
    /// How a function is configured: `function` as in [`Deployment::function_name`].
    ///
    /// # Errors
    /// There is none: the stage is not deployed here, or nobody may look at it.
    pub(crate) async fn function(&self, function: &str) -> anyhow::Result<Function> {
        let name = self.function_name(function);
        let client = aws_sdk_lambda::Client::new(&self.config);
        let found = client.get_function_configuration().function_name(&name).send().await;
        let found =
            found.with_context(|| format!("no function `{name}` in {}: is the stage deployed there?", self.region))?;
        let is_arm = found.architectures().iter().any(|one| one.as_str() == "arm64");
        Ok(Function {
            code_sha256: found.code_sha256().unwrap_or_default().to_owned(),
            changed: found.last_modified().unwrap_or_default().to_owned(),
            arn: found.function_arn().unwrap_or_default().to_owned(),
            architecture: if is_arm { Architecture::Arm64 } else { Architecture::X86_64 },
            short_name: function.to_owned(),
            memory_mb: found.memory_size().and_then(|mb| u64::try_from(mb).ok()).unwrap_or_default(),
            variables: found.environment().and_then(|all| all.variables()).cloned().unwrap_or_default(),
            name,
        })
    }

    /// Whether a key of KMS encrypts a bucket; false where nobody may ask.
    pub(crate) async fn has_key(&self, bucket: &str) -> bool {
        let client = aws_sdk_s3::Client::new(&self.config);
        let Ok(found) = client.get_bucket_encryption().bucket(bucket).send().await else { return false };
        let rules = found.server_side_encryption_configuration.map(|found| found.rules).unwrap_or_default();
        let mut by = rules.iter().filter_map(|rule| rule.apply_server_side_encryption_by_default());
        by.any(|by| *by.sse_algorithm() == ServerSideEncryption::AwsKms)
    }

    /// Hands `read` each line with the word `word` that `function` logged in the time `since`.
    ///
    /// # Errors
    /// CloudWatch Logs'. A function that was never invoked has no log group, and no lines.
    pub(crate) async fn log_lines(
        &self,
        function: &str,
        word: &str,
        since: Duration,
        mut read: impl FnMut(&str),
    ) -> anyhow::Result<()> {
        let group = self.log_group(function);
        let client = aws_sdk_cloudwatchlogs::Client::new(&self.config);
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(since);
        let start_ms = i64::try_from(start.as_millis()).unwrap_or_default();
        let call = client.filter_log_events().log_group_name(&group).filter_pattern(word).start_time(start_ms);
        let mut pages = call.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Err(error) if is_missing(&error) => return Ok(()),
                page => page.with_context(|| format!("reading `{group}` in {}", self.region))?,
            };
            page.events().iter().filter_map(|event| event.message()).for_each(&mut read);
        }
        Ok(())
    }
}

/// Lambda makes a function's log group when it is first invoked.
fn is_missing(error: &SdkError<FilterLogEventsError>) -> bool {
    error.as_service_error().is_some_and(FilterLogEventsError::is_resource_not_found_exception)
}

/// A function of a deployment, as it is configured.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub name: String,
    /// The same without the stage.
    pub short_name: String,
    /// Its ARN, with the account and the partition.
    pub arn: String,
    /// Its processor.
    pub architecture: Architecture,
    /// Its memory, in MB of 2^20 bytes.
    pub memory_mb: u64,
    /// Of its zip.
    pub code_sha256: String,
    /// When its code or configuration changed, as Lambda writes it.
    pub changed: String,
    variables: HashMap<String, String>,
}

impl Function {
    /// The account that it is in.
    pub(crate) fn account(&self) -> Option<&str> {
        self.arn.split(':').nth(4)
    }

    /// What others invoke: with a canary its alias, otherwise itself.
    pub(crate) fn invoked_arn(&self) -> String {
        self.alias().map_or_else(|| self.arn.clone(), |alias| format!("{}:{alias}", self.arn))
    }

    /// Whether there is a canary.
    pub(crate) fn has_alias(&self) -> bool {
        self.alias().is_some()
    }

    fn alias(&self) -> Option<&str> {
        self.variables.get("WORKER_ALIAS").map(String::as_str).filter(|alias| !alias.is_empty())
    }

    /// What the keys of uploads begin with; none is any key.
    ///
    /// # Errors
    /// Another release is deployed.
    pub(crate) fn source_prefixes(&self) -> anyhow::Result<Vec<String>> {
        let prefixes = self.variable("SOURCE_PREFIXES")?.split(',').map(str::trim).filter(|one| !one.is_empty());
        Ok(prefixes.map(str::to_owned).collect())
    }

    /// An environment variable.
    ///
    /// # Errors
    /// It has none of that name: another release is deployed.
    pub(crate) fn variable(&self, name: &str) -> anyhow::Result<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.with_context(|| format!("function `{}` has no variable {name}: deploy this release", self.name))
    }
}

/// Runs what waits for AWS to its end, on this thread.
///
/// # Errors
/// Those of `work`.
pub(crate) fn block_on<Answer>(work: impl Future<Output = anyhow::Result<Answer>>) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(work)
}
