//! The AWS clients of the subcommands that talk to a deployment.

use anyhow::Context;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use clap::Args;

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
    /// Finds region and credentials as every AWS tool does: environment, profile, SSO, instance role.
    ///
    /// # Errors
    /// No region anywhere. Credentials are looked for by the first call.
    pub(crate) async fn find(arguments: &StageArguments) -> anyhow::Result<Self> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(region) = &arguments.region {
            loader = loader.region(Region::new(region.clone()));
        }
        let config = loader.load().await;
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

/// Runs what waits for AWS to its end, on this thread.
///
/// # Errors
/// Those of `work`.
pub(crate) fn block_on<Answer>(work: impl Future<Output = anyhow::Result<Answer>>) -> anyhow::Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(work)
}
