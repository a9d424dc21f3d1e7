//! `thumbtier make`: thumbnails of local files, with the worker's engine, budgets and refusals.

mod output;
mod record;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use contract::{ImageFormat, Tier, TierTable, Variant};
use engine::{EngineError, Limits, Made};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Ending;
use crate::files::{self, Entry};
use crate::refusal::Refusal;
use crate::settings::{TierArguments, VariantArguments};
use crate::source::{self, SourceFile};
use output::Outputs;
use record::Record;
use usage::{cpu_time, milliseconds};

/// Make thumbnails of local files
///
/// Each file is made under the memory budget of the tier that it would take on AWS, and refused by the same names.
/// Files are told by their bytes, never by their names.
#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub struct MakeArguments {
    /// Images, and directories to walk
    #[arg(required = true, value_name = "FILE_OR_DIR")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    variant: VariantArguments,
    #[command(flatten)]
    tiers: TierArguments,
    /// Where thumbnails go; a directory's folders are mirrored below it
    #[arg(long, value_name = "DIR", default_value = "thumbnails")]
    out: PathBuf,
    /// One JSON object per file on standard output
    #[arg(long)]
    json: bool,
}

fn after_help() -> String {
    format!("Formats: {}\n\n{EXAMPLES}", ImageFormat::names())
}

const EXAMPLES: &str = "\
Examples:
  thumbtier make photo.jpg                          thumbnails/photo.jpg.128x128.jpg
  thumbtier make --size 400x300 --out small photos/ small/2024/cat.png.400x300.png for photos/2024/cat.png
  thumbtier make --fit cover --format webp --quality 70 a.jpg b.png
  thumbtier make --json photos/ | jq -r 'select(.outcome != \"made\") | .file + \": \" + .message'

Exit status: 0 all made, 1 some refused by name, 2 wrong usage or nothing could be started.";

/// Makes the thumbnails, a line for each file as it is done, and a summary on standard error.
///
/// # Errors
/// A tier table or output directory that cannot be used, and standard output that cannot be written to.
pub fn run(arguments: &MakeArguments) -> anyhow::Result<Ending> {
    let (tiers, _) = arguments.tiers.table()?;
    let variant = [arguments.variant.variant()];
    let out = &arguments.out;
    std::fs::create_dir_all(out).with_context(|| format!("making output directory `{}`", out.display()))?;
    let entries = files::walk(&arguments.inputs, Some(out));
    let mut outputs = Outputs::new(out, entries.iter().map(|entry| entry.path.as_path()));
    let progress = progress(entries.len());
    let mut tally = Tally::default();
    for entry in &entries {
        progress.set_message(entry.path.display().to_string());
        let record = make(entry, &variant, &tiers, &mut outputs);
        let line = if arguments.json { record.json() } else { record.text() };
        progress.suspend(|| writeln!(io::stdout().lock(), "{line}")).context("writing to standard output")?;
        tally.add(&record);
        progress.inc(1);
    }
    progress.finish_and_clear();
    eprintln!("{}", tally.summary());
    Ok(if tally.refused.is_empty() { Ending::Done } else { Ending::SomeRefused })
}

/// Drawn on standard error where that is a terminal and there is something to wait for.
fn progress(files: usize) -> ProgressBar {
    let target = if files > 1 && io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len}, {eta} left  {wide_msg}");
    ProgressBar::with_draw_target(Some(files as u64), target).with_style(style.expect("the template is well-formed"))
}

/// One file, from opening it to the finished output.
fn make(entry: &Entry, variant: &[Variant; 1], tiers: &TierTable, outputs: &mut Outputs) -> Record {
    let cpu_before = cpu_time();
    let mut record = Record::new(&entry.path);
    if let Err(refusal) = fill(&mut record, entry, variant, tiers, outputs) {
        record.refuse(refusal);
    }
    record.cpu_ms = milliseconds(cpu_time().saturating_sub(cpu_before));
    record
}

/// Notes in `record` what is known, as far as the file comes.
fn fill(
    record: &mut Record,
    entry: &Entry,
    variant: &[Variant; 1],
    tiers: &TierTable,
    outputs: &mut Outputs,
) -> Result<(), Refusal> {
    if let Some(refusal) = &entry.refusal {
        return Err(refusal.clone());
    }
    let (source_bytes, source) = source::open(&entry.path);
    record.source_bytes = source_bytes;
    let mut source = source?;
    record.format = Some(source.format.name());
    let tier = source.tier(tiers)?;
    let (tier, made) = run_engine(&mut source, &entry.path, variant, tiers, tier);
    record.tier = Some(tier.name.clone());
    let made = made.inspect_err(|_| record.note_header(&mut source, variant))?;
    record.note(&made);
    let thumbnail = made.thumbnails.first().expect("one variant makes one thumbnail");
    let written = outputs.write(&entry.relative, &thumbnail.variant, thumbnail.extension, &thumbnail.bytes)?;
    record.made(&written);
    Ok(())
}

/// Runs the engine under the tier's budget; over budget, under that of the next tier, as the deployment does.
fn run_engine<'table>(
    source: &mut SourceFile,
    path: &Path,
    variant: &[Variant; 1],
    tiers: &'table TierTable,
    mut tier: &'table Tier,
) -> (&'table Tier, Result<Made, Refusal>) {
    loop {
        let limits = Limits::for_budget(tier.budget_bytes());
        // One hostile file must not cost the rest of the batch.
        let made = catch_unwind(AssertUnwindSafe(|| engine::make(&mut source.file, variant, &limits, &mut |_| ())));
        let result = match made {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(error @ EngineError::OverBudget { .. })) => match tiers.next_after(&tier.name) {
                None => Err(error.into()),
                Some(next) => {
                    tier = next;
                    match source.rewind() {
                        Ok(()) => continue,
                        Err(error) => Err(Refusal::unreadable(path, &error)),
                    }
                }
            },
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(Refusal::new("panicked", "the decoder panicked: report it with the image")),
        };
        return (tier, result);
    }
}

/// What the summary counts.
#[derive(Debug, Default)]
struct Tally {
    made: u64,
    refused: BTreeMap<String, u64>,
    source_bytes: u64,
    bytes_read: u64,
    cpu_ms: f64,
}

impl Tally {
    fn add(&mut self, record: &Record) {
        match &record.message {
            None => self.made += 1,
            Some(_) => *self.refused.entry(record.outcome.clone()).or_default() += 1,
        }
        self.source_bytes += record.source_bytes.unwrap_or(0);
        self.bytes_read += record.bytes_read.unwrap_or(0);
        self.cpu_ms += record.cpu_ms;
    }

    fn summary(&self) -> String {
        let Self { made, refused, .. } = self;
        let reasons: Vec<String> = refused.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let (read_mb, of_mb) = (self.bytes_read as f64 / 1e6, self.source_bytes as f64 / 1e6);
        format!(
            "{made} made, {} refused{reasons}; {read_mb:.1} of {of_mb:.1} MB read, {:.1} ms CPU",
            refused.values().sum::<u64>(),
            self.cpu_ms
        )
    }
}
