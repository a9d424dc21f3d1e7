//! Credentials of somebody who signed in by `aws login`, or in any other way that only the AWS CLI knows.
//!
//! The SDK could read them itself, with the feature `credentials-login` of aws-config: 28 packages more (`cargo tree`), a
//! service client and elliptic curves among them, for everybody to compile. Who signed in by the CLI has the CLI, and it hands out what it knows.
//! Source: AWS CLI command reference, "configure export-credentials".

use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::Context;
use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use serde::Deserialize;

/// The SDK's own ways first, and the AWS CLI where they end in nothing.
#[derive(Debug)]
struct OrCli {
    sdk: SharedCredentialsProvider,
}

/// What a `credential_process` prints. Source: AWS SDKs and tools reference guide, "Process credential provider".
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<String>,
}

/// The configuration, with the AWS CLI as its last source of credentials.
pub(crate) fn or_cli(config: SdkConfig) -> SdkConfig {
    let Some(sdk) = config.credentials_provider() else { return config };
    let provider = SharedCredentialsProvider::new(OrCli { sdk });
    config.into_builder().credentials_provider(provider).build()
}

impl ProvideCredentials for OrCli {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let error = match self.sdk.provide_credentials().await {
                Ok(credentials) => return Ok(credentials),
                Err(error) => error,
            };
            match exported() {
                Ok(Some(credentials)) => Ok(credentials),
                Ok(None) => Err(error),
                Err(from_cli) => {
                    let both = format!("{}; {from_cli:#}", contract::with_causes(&error));
                    Err(CredentialsError::not_loaded(both))
                }
            }
        })
    }
}

/// What the AWS CLI hands out; `None` where there is no AWS CLI.
fn exported() -> anyhow::Result<Option<Credentials>> {
    let command = ["configure", "export-credentials", "--format", "process"];
    let Ok(output) = Command::new("aws").args(command).stdin(Stdio::null()).output() else { return Ok(None) };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::bail!("`aws {}` said `{}`: sign in by `aws login` or `aws sso login`", command.join(" "), said.trim());
    }
    parse(&output.stdout).map(Some)
}

fn parse(text: &[u8]) -> anyhow::Result<Credentials> {
    let Exported { access_key_id, secret_access_key, session_token, expiration } =
        serde_json::from_slice(text).context("what `aws configure export-credentials` printed")?;
    let expires: Option<SystemTime> = expiration
        .map(|at| humantime::parse_rfc3339_weak(&at.replace("+00:00", "Z")).with_context(|| format!("the time `{at}`")))
        .transpose()?;
    Ok(Credentials::new(access_key_id, secret_access_key, session_token, expires, "AwsCli"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_the_cli_prints_is_read_with_its_end() {
        let text = br#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t",
            "Expiration": "2026-11-29T21:00:00+00:00"}"#;
        let credentials = parse(text).unwrap();
        assert_eq!((credentials.access_key_id(), credentials.session_token()), ("a", Some("t")));
        assert_eq!(credentials.expiry(), Some(UNIX_EPOCH + Duration::from_secs(1_795_986_000)));
        let text = br#"{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s"}"#;
        assert_eq!(parse(text).unwrap().expiry(), None);
        assert!(format!("{:#}", parse(b"hello").unwrap_err()).contains("export-credentials"));
    }
}
