//! Criterion's estimates of the grid: CPU time of the engine alone, for each image.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use super::arguments::Arguments;
use super::journal::Journal;
use super::measure::bar;
use crate::grid::{BENCH, Input};
use crate::places::{Places, TASK_ROOT};

/// What a quick run leaves to the worker's own clock, in bytes of the largest file that is benched.
const QUICK_BYTES: u64 = 3_000_000;

/// Milliseconds of CPU time by input, from `cargo bench` where the journal has none yet.
pub(super) fn estimates(
    inputs: &[Input],
    places: &Places,
    journal: &mut Journal,
    arguments: &Arguments,
) -> anyhow::Result<HashMap<String, f64>> {
    let benched = |input: &&Input| arguments.full || input.size_bytes <= QUICK_BYTES;
    let names: Vec<String> = inputs.iter().filter(benched).map(Input::name).collect();
    let missing: Vec<&String> = names.iter().filter(|name| journal.engine_ms(name).is_none()).collect();
    if !missing.is_empty() {
        bench(&missing.iter().map(|name| name.as_str()).collect::<Vec<_>>(), places, journal)?;
    }
    Ok(names.into_iter().filter_map(|name| journal.engine_ms(&name).map(|ms| (name, ms))).collect())
}

fn bench(names: &[&str], places: &Places, journal: &mut Journal) -> anyhow::Result<()> {
    let progress = bar("CPU time by criterion", names.len() as u64);
    // Anchored, because `png-1` is a part of `png-100`.
    let filter = format!("^{BENCH}/({})$", names.join("|"));
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(["bench", "--locked", "-p", "benches", "--bench", BENCH, "--", "--noplot", &filter]);
    command.current_dir(&places.root).env(TASK_ROOT, &places.task_root).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().context("starting `cargo bench`")?;
    let output = child.stdout.take().context("criterion's output")?;
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if line.contains("time:") {
            progress.inc(1);
        }
    }
    let status = child.wait().context("waiting for `cargo bench`")?;
    if !status.success() {
        bail!("`cargo bench -p benches --bench {BENCH}` failed, {status}: run it to see why");
    }
    progress.finish_and_clear();
    for name in names {
        journal.add_engine_ms(name, read(&places.root, name)?)?;
    }
    Ok(())
}

/// The median, from the file that criterion keeps for each bench.
fn read(root: &Path, name: &str) -> anyhow::Result<f64> {
    let path = root.join(format!("target/criterion/{BENCH}/{name}/new/estimates.json"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let estimates: serde_json::Value = serde_json::from_str(&text).context("criterion's estimates.json")?;
    let nanoseconds = estimates["median"]["point_estimate"].as_f64();
    Ok(nanoseconds.with_context(|| format!("{} has no median", path.display()))? / 1e6)
}
