//! `thumbtier validate`: refuses a deployment that could loop or could not run, before it is deployed.

mod buckets;
mod urls;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use contract::{Formats, PreviewUse, Prices, Thumbnails, TierTable, VariantSet, with_causes};
use serde::Serialize;
use serde_json::Value;

use self::buckets::Sides;
use crate::Ending;

/// Check a deployment before it is deployed
///
/// Reads the tables, and the template that `osls package` writes, as they will be deployed. Refuses what could loop
/// (thumbnails written where uploads are watched) and what could not run, and shows the keys that thumbnails get.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ValidateArguments {
    /// The tier table
    #[arg(long, value_name = "FILE", default_value = "tiers.json")]
    tiers: PathBuf,
    /// The list of thumbnails
    #[arg(long, value_name = "FILE", default_value = "thumbnails.json")]
    thumbnails: PathBuf,
    /// The list prices
    #[arg(long, value_name = "FILE", default_value = "prices.json")]
    prices: PathBuf,
    /// The packaged CloudFormation template; without it buckets are not checked
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// The region to deploy to; without it prices are not checked
    #[arg(long)]
    region: Option<String>,
    /// One JSON object per check on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  thumbtier validate
  npx osls package --stage prod --package target/deploy
  thumbtier validate --region eu-west-1 --template target/deploy/cloudformation-template-update-stack.json

Exit status: 0 nothing refused, 1 something refused by name, 2 wrong usage or a file that cannot be read.";

/// Keys that show what the template does to folders, spaces and extensions.
const SAMPLE_KEYS: [&str; 2] = ["cat.png", "holiday/red flower+1.jpg"];

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    /// `tiers`, `thumbnails`, `measured`, `prices`, `formats`, `previews`, `buckets`, `prefixes`, `keys`, `urls`.
    check: &'static str,
    /// `ok`, `warning` (it runs, but not as planned) or `refused`.
    outcome: &'static str,
    message: String,
}

impl Check {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, outcome: "ok", message: message.into() }
    }

    fn warning(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, outcome: "warning", message: message.into() }
    }

    fn refused(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, outcome: "refused", message: message.into() }
    }

    fn of<T, E: std::error::Error>(check: &'static str, result: &Result<T, E>, ok: impl Fn(&T) -> String) -> Self {
        match result {
            Ok(value) => Self::ok(check, ok(value)),
            Err(error) => Self::refused(check, with_causes(error)),
        }
    }
}

/// Makes every check and prints a line for each.
///
/// # Errors
/// A file that cannot be read, standard output that cannot be written to.
pub fn run(arguments: &ValidateArguments) -> anyhow::Result<Ending> {
    let checks = checks(arguments)?;
    let mut output = io::stdout().lock();
    for check in &checks {
        let Check { check: name, outcome, message } = check;
        let line = if arguments.json {
            serde_json::to_string(check).expect("strings serialise")
        } else {
            format!("{outcome:<7}  {name:<10}  {message}")
        };
        writeln!(output, "{line}").context("writing to standard output")?;
    }
    let refused = checks.iter().any(|check| check.outcome == "refused");
    Ok(if refused { Ending::SomeRefused } else { Ending::Done })
}

fn checks(arguments: &ValidateArguments) -> anyhow::Result<Vec<Check>> {
    let tiers = TierTable::parse(&text(&arguments.tiers)?);
    let names = |tiers: &TierTable| list(tiers.iter().map(|tier| format!("{} {} MB", tier.name, tier.memory_mb)));
    let mut checks = vec![Check::of("tiers", &tiers, names)];

    let thumbnails = Thumbnails::parse(&text(&arguments.thumbnails)?);
    let variants = |all: &Thumbnails| list(all.variants.iter().map(|variant| &variant.name));
    checks.push(Check::of("thumbnails", &thumbnails, variants));

    if let (Ok(tiers), Ok(thumbnails)) = (&tiers, &thumbnails) {
        let of_prefixes = thumbnails.prefixes.iter().map(|one| VariantSet::of(&one.variants));
        for set in std::iter::once(thumbnails.set()).chain(of_prefixes) {
            checks.push(match set.mismatch(tiers.measured_for()) {
                Some(mismatch) => Check::warning("measured", mismatch),
                None => Check::ok("measured", format!("the thresholds are for `{set}`")),
            });
        }
    }

    if let Some(region) = &arguments.region {
        let prices = Prices::parse(&text(&arguments.prices)?);
        checks.push(match prices.as_ref().map(|prices| prices.stand_in(region)) {
            Ok(None) => Check::ok("prices", region.clone()),
            Ok(Some(told)) => Check::warning("prices", told),
            Err(error) => Check::refused("prices", with_causes(error)),
        });
    }
    let Ok(mut thumbnails) = thumbnails else { return Ok(checks) };
    let (mut source_prefixes, mut cdn) = (Vec::new(), None);
    if let Some(path) = &arguments.template {
        let template =
            serde_json::from_str(&text(path)?).with_context(|| format!("`{}` is no JSON", path.display()))?;
        checks.push(formats(&template));
        let previews: Result<PreviewUse, _> = buckets::variable(&template, "PREVIEWS").parse();
        checks.push(Check::of("previews", &previews, |previews| format!("{previews:?}").to_lowercase()));
        let sides = Sides::read(&template);
        if let Ok(sides) = &sides {
            thumbnails = thumbnails.under(&sides.destination_prefix);
            source_prefixes.clone_from(&sides.source_prefixes);
        }
        let verdict = sides.and_then(|sides| sides.check(&thumbnails));
        checks.push(Check::of("buckets", &verdict, Clone::clone));
        checks.extend(unheard(&thumbnails, &source_prefixes));
        cdn = Some(buckets::has_distribution(&template));
    }
    for key in sample_keys(&thumbnails, &source_prefixes) {
        checks.push(Check::ok("keys", format!("{key} -> {}", thumbnails.keys_of(&key).join(" or "))));
    }
    checks.push(urls::check(&thumbnails, cdn));
    Ok(checks)
}

/// What the deployment reads.
fn formats(template: &Value) -> Check {
    let formats = Formats::parse(&buckets::variable(template, "FORMATS"));
    Check::of("formats", &formats, |formats| {
        if *formats == Formats::ALL { "all that the build has".to_owned() } else { format!("{formats}; no others") }
    })
}

/// Variants for uploads that no event is about.
fn unheard(thumbnails: &Thumbnails, source_prefixes: &[String]) -> Vec<Check> {
    let is_heard = |prefix: &str| {
        let fits = |one: &String| prefix.starts_with(one.as_str()) || one.starts_with(prefix);
        source_prefixes.is_empty() || source_prefixes.iter().any(fits)
    };
    let unheard = thumbnails.prefixes.iter().filter(|one| !is_heard(&one.prefix));
    let warning = |prefix: &str| {
        let prefixes = source_prefixes.join(", ");
        format!("variants of `{prefix}` are never made: source_prefixes are {prefixes}")
    };
    unheard.map(|one| Check::warning("prefixes", warning(&one.prefix))).collect()
}

/// One for each list of variants, under a source prefix where there are some.
fn sample_keys(thumbnails: &Thumbnails, source_prefixes: &[String]) -> Vec<String> {
    let source_prefix = source_prefixes.first().map(String::as_str).unwrap_or_default();
    let plain = SAMPLE_KEYS.iter().map(|key| format!("{source_prefix}{key}"));
    let of_prefixes = thumbnails.prefixes.iter().map(|one| format!("{}{}", one.prefix, SAMPLE_KEYS[0]));
    plain.chain(of_prefixes).collect()
}

fn text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading `{}`", path.display()))
}

fn list(items: impl Iterator<Item = impl Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
