//! `thumbtier make`: thumbnails of local files, with the worker's engine, budgets and refusals.

mod jobs;
mod memory;
mod output;
mod record;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Context;
use clap::Args;
use contract::{ImageFormat, Tier, TierTable, Variant};
use engine::{EngineError, Limits, Made, Renderer, Thumbnail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::files::{self, Entry};
use crate::refusal::Refusal;
use crate::settings::{TierArguments, VariantArguments};
use crate::source::{self, SourceFile};
use crate::{Ending, PATIENCE};
use memory::Memory;
use output::Outputs;
use record::Record;
use usage::{milliseconds, thread_cpu_time};

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
    /// Which page of a PDF or a TIFF, from 1 on
    #[arg(long, value_name = "N", default_value = "1")]
    page: NonZero<u32>,
    /// One JSON object per file on standard output
    #[arg(long)]
    json: bool,
    /// How many files are made at once; as many as there are cores unless named
    ///
    /// Lines and names come in the same order whatever it is. All files in work together plan with no more memory than the
    /// budget of the largest tier (`budget_mb`): each begins with its share of that, and one that needs more waits until it
    /// is free.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
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
    let variant = [arguments.variant.variant()?];
    let out = &arguments.out;
    std::fs::create_dir_all(out).with_context(|| format!("making output directory `{}`", out.display()))?;
    let entries = files::walk(&arguments.inputs, Some(out));
    let mut outputs = Outputs::new(out, entries.iter().map(|entry| entry.path.as_path()));
    let progress = progress(entries.len());
    let say = |number: usize| {
        let path = entries.get(number).map(|entry| entry.path.display().to_string());
        progress.set_message(path.unwrap_or_default());
    };
    let jobs =
        arguments.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get).min(entries.len());
    let maker = Maker::new(&variant, &tiers, (jobs.max(1), arguments.page.get()));
    let mut tally = Tally::default();
    say(0);
    // Names of the same file from several directories are counted, so thumbnails are written in the files' order.
    jobs::in_order(entries.len(), jobs, &|number| maker.make(&entries[number]), &mut |number, (record, thumbnail)| {
        let record = write(&entries[number], record, thumbnail, &mut outputs);
        let line = if arguments.json { record.json() } else { record.text() };
        progress.suspend(|| writeln!(io::stdout().lock(), "{line}")).context("writing to standard output")?;
        tally.add(&record);
        progress.inc(1);
        say(number + 1);
        anyhow::Ok(())
    })?;
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

/// Notes the thumbnail's file in its record.
fn write(entry: &Entry, mut record: Record, thumbnail: Option<Thumbnail>, outputs: &mut Outputs) -> Record {
    let Some(thumbnail) = thumbnail else { return record };
    let cpu_before = thread_cpu_time();
    match outputs.write(&entry.relative, &thumbnail.variant, thumbnail.extension, &thumbnail.bytes) {
        Ok(written) => record.made(&written),
        Err(refusal) => record.refuse(refusal),
    }
    record.cpu_ms += milliseconds(thread_cpu_time().saturating_sub(cpu_before));
    record
}

/// What all files share.
struct Maker<'run> {
    variant: &'run [Variant; 1],
    tiers: &'run TierTable,
    memory: Memory,
    /// What a file begins with.
    share_bytes: u64,
    renderer: Option<&'static dyn Renderer>,
    page: u32,
}

impl<'run> Maker<'run> {
    fn new(variant: &'run [Variant; 1], tiers: &'run TierTable, (jobs, page): (usize, u32)) -> Self {
        let total_bytes = tiers.largest().budget_bytes();
        let (memory, share_bytes) = (Memory::new(total_bytes), total_bytes / jobs as u64);
        Self { variant, tiers, memory, share_bytes, renderer: vector::by_this_program(PATIENCE), page }
    }

    /// One file, from opening it to its thumbnail.
    fn make(&self, entry: &Entry) -> (Record, Option<Thumbnail>) {
        let cpu_before = thread_cpu_time();
        let mut record = Record::new(&entry.path);
        let thumbnail = self.fill(&mut record, entry).map_err(|refusal| record.refuse(refusal)).ok();
        record.cpu_ms += milliseconds(thread_cpu_time().saturating_sub(cpu_before));
        (record, thumbnail)
    }

    /// Notes in `record` what is known, as far as the file comes.
    fn fill(&self, record: &mut Record, entry: &Entry) -> Result<Thumbnail, Refusal> {
        if let Some(refusal) = &entry.refusal {
            return Err(refusal.clone());
        }
        let (source_bytes, source) = source::open(&entry.path);
        record.source_bytes = source_bytes;
        let mut source = source?;
        record.format = Some(source.format.name());
        let tier = source.tier(self.tiers)?;
        let (tier, made) = self.run_engine(&mut source, &entry.path, tier);
        record.tier = Some(tier.name.clone());
        let mut made = made.inspect_err(|_| record.note_header(&mut source, self.variant))?;
        record.note(&made);
        Ok(made.thumbnails.pop().expect("one variant makes one thumbnail"))
    }

    /// Runs the engine under the tier's budget; over budget, under that of the next tier, as the deployment does. First
    /// it has its share of the memory, then what its plan says.
    fn run_engine(
        &self,
        source: &mut SourceFile,
        path: &Path,
        mut tier: &'run Tier,
    ) -> (&'run Tier, Result<Made, Refusal>) {
        let mut needed_bytes = self.share_bytes;
        loop {
            let reserved = self.memory.reserve(needed_bytes.min(tier.budget_bytes()));
            let mut limits = Limits::for_budget(reserved.bytes);
            limits.renderer = self.renderer;
            limits.page = self.page;
            limits.may_go_up = reserved.bytes < tier.budget_bytes() || self.tiers.next_after(&tier.name).is_some();
            // One hostile file must not cost the rest of the batch.
            let run =
                || engine::make_passing(&mut engine::Seeking(&mut source.file), self.variant, &limits, &mut |_| ());
            let made = catch_unwind(AssertUnwindSafe(run));
            drop(reserved);
            let error = match made {
                Ok(Ok(made)) => return (tier, Ok(made)),
                Ok(Err(error)) => error,
                Err(_) => {
                    return (tier, Err(Refusal::new("panicked", "the decoder panicked: report it with the image")));
                }
            };
            let EngineError::OverBudget { needed_bytes: planned_bytes, budget_bytes } = error else {
                return (tier, Err(error.into()));
            };
            if budget_bytes >= tier.budget_bytes() {
                match self.tiers.next_after(&tier.name) {
                    None => return (tier, Err(error.into())),
                    Some(next) => tier = next,
                }
            }
            // A drawing is stopped where it has too little, and knows no more than that.
            needed_bytes = planned_bytes.max(if source.format.is_drawn() { 2 * budget_bytes } else { 0 });
            if let Err(error) = source.rewind() {
                return (tier, Err(Refusal::unreadable(path, &error)));
            }
        }
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
