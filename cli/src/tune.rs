//! `thumbtier tune`: the thresholds again, from what production saw; and the proof of them on a deployment.

mod text;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use calibrate::{Calibration, Job, Logs, dollars, tune, write};
use clap::Args;
use contract::{Thumbnails, TierTable};
use flate2::read::MultiGzDecoder;

use crate::Ending;
use crate::settings::TierArguments;
use text::Findings;

/// Say which thresholds production would change, what that would save, and how sure it is
///
/// Takes the workers' log lines, from files or from CloudWatch Logs, corrects the calibration's curves by them, and
/// decides again as `make calibrate` does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TuneArguments {
    /// Log lines of workers: JSON lines, exports of CloudWatch Logs, each also as .gz; `-` is standard input. Without
    /// a file, those of --stage
    #[arg(long, value_name = "FILE", num_args = 0.., required_unless_present = "validate")]
    from_logs: Option<Vec<PathBuf>>,
    /// Instead: invoke each deployed tier with images of its sizes, and compare what was billed with the prediction
    #[arg(long, conflicts_with_all = ["from_logs", "write"])]
    pub validate: bool,
    /// The images of --validate, or folders of them; they are uploaded with a mark that the dispatcher leaves alone,
    /// and taken away again
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "validate")]
    pub images: Vec<PathBuf>,
    /// The stage, as it was given to `make deploy STAGE=`
    #[arg(long)]
    pub stage: Option<String>,
    /// The region; otherwise that of the environment or the profile
    #[arg(long, requires = "stage")]
    pub region: Option<String>,
    /// How far back, such as 24h or 7d
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = humantime::parse_duration)]
    pub since: std::time::Duration,
    /// How far the median prediction may be off in a tier, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 50.0)]
    pub bound: f64,
    /// Write the changes that are sure into the tier table: --tiers, or tiers.json here
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    /// The tier table.
    pub tiers: TierArguments,
    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,
}

impl TuneArguments {
    /// Whether a deployment is asked for: files need none.
    #[must_use]
    pub const fn needs_aws(&self) -> bool {
        self.stage.is_some() || self.validate
    }
}

const EXAMPLES: &str = "\
Examples:
  thumbtier tune --from-logs --stage prod --since 7d
  thumbtier tune --from-logs export/*.gz --write
  aws logs tail /aws/lambda/thumbtier-prod-worker-small --since 1d | thumbtier tune --from-logs -
  thumbtier tune --validate --stage prod --images target/calibrate/inputs

A change is sure when it goes the same way in 95 of 100 redraws of the log lines.

Exit status: 0 done, 1 --validate found a tier further off than its bound, 2 wrong usage, no log line of a worker, or
no access.";

/// Tunes, by the files that are named or else by what `deployed` fetches for the tiers of a deployment.
///
/// # Errors
/// Logs that cannot be read or have no line of a worker, a tier table that cannot be used or written.
pub fn run(
    arguments: &TuneArguments,
    deployed: impl FnOnce(&TierTable) -> anyhow::Result<Logs>,
) -> anyhow::Result<Ending> {
    let calibration = builtin()?;
    let (path, text) = arguments.tiers.text()?;
    let tiers = TierTable::parse(&text).with_context(|| format!("tier table `{}`", path.display()))?;
    let logs = logs(arguments, &tiers, deployed)?;
    let jobs: Vec<Job> = logs.records.iter().filter_map(|record| Job::of(record, &tiers)).collect();
    if jobs.is_empty() {
        bail!(
            "no warm job of a worker in {} lines about jobs and {} others: give the logs of worker-small, worker-medium \
             and worker-large",
            logs.records.len(),
            logs.other_lines + logs.broken_lines
        );
    }
    let prices = calibration.prices()?;
    let tuning = tune(&jobs, &calibration, &tiers, &prices)?;
    let tuned = write(&text, &tuning.sure(&tiers), None)?;
    let after = TierTable::parse(&tuned)?;
    let cost = |table: &TierTable| dollars(&jobs, &calibration, table, &tuning.terms, &prices);
    let thumbnails = Thumbnails::builtin()?.set();
    let mismatch = thumbnails.mismatch(Some(&calibration.measured_for));
    let mismatch = mismatch.or_else(|| thumbnails.mismatch(tiers.measured_for()));
    let findings = Findings::new(&logs, &jobs, &tuning, &calibration.terms, cost(&tiers), cost(&after), mismatch);
    let page = match arguments.json {
        true => serde_json::to_string(&findings).context("findings serialise")?,
        false => text::page(&findings),
    };
    writeln!(io::stdout().lock(), "{page}").context("writing to standard output")?;
    if arguments.write && tuned != text {
        std::fs::write(&path, tuned).with_context(|| format!("writing tier table `{}`", path.display()))?;
        eprintln!("wrote {}; deploy again to use it", path.display());
    }
    Ok(Ending::Done)
}

/// The logs of a deployment, where none was named.
///
/// # Errors
/// Always, with what to name.
pub fn no_deployment(_: &TierTable) -> anyhow::Result<Logs> {
    bail!("which logs? Give files to --from-logs, or a deployment by --stage")
}

/// The calibration that this build was made with.
///
/// # Errors
/// None: a test reads it.
pub fn builtin() -> anyhow::Result<Calibration> {
    Ok(Calibration::parse(include_str!("../../benches/measurements.json"))?)
}

fn logs(
    arguments: &TuneArguments,
    tiers: &TierTable,
    deployed: impl FnOnce(&TierTable) -> anyhow::Result<Logs>,
) -> anyhow::Result<Logs> {
    let mut logs = Logs::default();
    let files = arguments.from_logs.as_deref().unwrap_or_default();
    for path in files {
        let text = if path == Path::new("-") { io::read_to_string(io::stdin()) } else { read(path) };
        logs.read(&text.with_context(|| format!("reading logs `{}`", path.display()))?);
    }
    if files.is_empty() { deployed(tiers) } else { Ok(logs) }
}

/// Plain or gzip, by its first bytes.
fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1F, 0x8B]) {
        MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
        return Ok(text);
    }
    // A log may hold what its writers did not mean; JSON lines are whole all the same.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
