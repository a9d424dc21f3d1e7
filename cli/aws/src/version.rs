//! `thumbtier version`: this program's version beside that of a deployment's functions.

use std::io::{self, Write as _};

use anyhow::Context;
use clap::Args;
use contract::TierTable;
use serde::Serialize;
use thumbtier::Ending;

use crate::aws::{Deployment, Function, StageArguments, block_on};
use crate::words::table;

/// Compare the command's version with what is deployed
///
/// Asks Lambda how the dispatcher, the batch function and every worker are configured. The deployment writes its version
/// into a variable of each.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VersionArguments {
    #[command(flatten)]
    deployment: StageArguments,
    /// One JSON object on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  thumbtier version --stage prod
  thumbtier version --stage prod --json | jq -r .functions[].version

Exit status: 0 every function has the command's version, 1 one has another, 2 wrong usage, or no such deployment.";

/// The command's.
const OWN: &str = env!("CARGO_PKG_VERSION");

#[derive(Debug, Serialize)]
struct Versions {
    command: &'static str,
    is_same: bool,
    functions: Vec<Deployed>,
}

#[derive(Debug, Serialize)]
struct Deployed {
    function: String,
    /// `None` where a version before the variable is deployed.
    version: Option<String>,
    /// Of its zip.
    code_sha256: String,
    changed: String,
}

/// Asks, prints.
///
/// # Errors
/// No such deployment, or no right to it.
pub(crate) fn run(arguments: &VersionArguments) -> anyhow::Result<Ending> {
    let names = TierTable::builtin()?;
    let names = names.iter().map(|tier| format!("worker-{}", tier.name));
    let names: Vec<_> = ["dispatcher", "batch"].into_iter().map(str::to_owned).chain(names).collect();
    block_on(async {
        let deployment = Deployment::find(&arguments.deployment).await?;
        let mut functions = Vec::new();
        for name in &names {
            functions.push(deployed(deployment.function(name).await?));
        }
        let is_same = functions.iter().all(|one| one.version.as_deref() == Some(OWN));
        print(arguments.json, &Versions { command: OWN, is_same, functions })?;
        Ok(if is_same { Ending::Done } else { Ending::SomeRefused })
    })
}

fn deployed(function: Function) -> Deployed {
    let version = function.variable("VERSION").ok().map(str::to_owned);
    Deployed { version, code_sha256: function.code_sha256, changed: function.changed, function: function.name }
}

fn print(json: bool, versions: &Versions) -> anyhow::Result<()> {
    let text = if json { serde_json::to_string(versions).context("versions serialise")? } else { text(versions) };
    writeln!(io::stdout().lock(), "{text}").context("writing to standard output")
}

fn text(versions: &Versions) -> String {
    let mut rows = vec![["function", "version", "changed", "code"].map(str::to_owned).to_vec()];
    rows.extend(versions.functions.iter().map(|one| {
        let version = one.version.clone().unwrap_or_else(|| "unknown".to_owned());
        vec![one.function.clone(), version, one.changed.clone(), one.code_sha256.chars().take(12).collect()]
    }));
    let verdict = match versions.is_same {
        true => format!("the command has the same: {OWN}"),
        false => format!("the command has {OWN}: install the command of the deployed version, or deploy this one"),
    };
    format!("{}\n\n{verdict}", table(&rows, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_told_with_what_to_do() {
        let one = |version: Option<&str>| Deployed {
            function: "thumbtier-prod-dispatcher".into(),
            version: version.map(str::to_owned),
            code_sha256: "0123456789abcdef".into(),
            changed: "2026-11-30".into(),
        };
        let said = text(&Versions { command: OWN, is_same: false, functions: vec![one(Some("9.9.9")), one(None)] });
        for want in ["9.9.9", "unknown", "0123456789ab", "deploy this one"] {
            assert!(said.contains(want), "`{said}` does not say `{want}`");
        }
        assert!(!said.contains("abc"), "{said}");
        let same = text(&Versions { command: OWN, is_same: true, functions: vec![one(Some(OWN))] });
        assert!(same.ends_with(&format!("the same: {OWN}")), "{same}");
    }
}
