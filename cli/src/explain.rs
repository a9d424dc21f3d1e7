//! `thumbtier explain`: which tier a file would take, step by step.

mod source;

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Context;
use calibrate::{Calibration, Prediction, predict};
use clap::Args;
use contract::{Formats, ImageFormat, RegionPrices, Skip, Tier, TierTable, Variant, VariantSet};
use engine::{Colour, EngineError, Limits, Plan, Probe};
use serde::Serialize;

use crate::Ending;
use crate::formats::OnArguments;
use crate::refusal::Refusal;
use crate::settings::{TierArguments, VariantArguments};

pub use self::source::{Opened, Source, open_file};

/// Say which tier a file would take, and why
///
/// Reads the header only: size, format by its bytes, header facts, the row of the table, thresholds, the planned
/// peak against the budgets, the predicted time and cost in each tier, the tier.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArguments {
    /// Images: files, or objects as s3://bucket/key, of which only the header is fetched
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    variant: VariantArguments,
    #[command(flatten)]
    tiers: TierArguments,
    #[command(flatten)]
    on: OnArguments,
    /// One JSON object per file on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  thumbtier explain photo.jpg
  thumbtier explain s3://bucket/photo.jpg
  thumbtier explain --tiers my-tiers.json --size 400x400 scan.tif
  thumbtier explain --json *.jpg | jq -r '.tier' | sort | uniq -c

Exit status: 0 every file has a tier, 1 some are refused by name, 2 wrong usage.";

impl ExplainArguments {
    /// Whether an argument is an object in S3.
    #[must_use]
    pub fn needs_aws(&self) -> bool {
        self.files.iter().any(|name| name.starts_with("s3://"))
    }
}

/// Explains each file, as `open` opens it.
///
/// # Errors
/// A tier table that cannot be used, and standard output that cannot be written to.
pub fn run(arguments: &ExplainArguments, open: &dyn Fn(&str) -> Opened) -> anyhow::Result<Ending> {
    let (tiers, table_name) = arguments.tiers.table()?;
    let variant = [arguments.variant.variant()?];
    let calibration = crate::tune::builtin()?;
    let terms = Model { prices: calibration.prices()?, calibration, formats: arguments.on.formats };
    let mut ending = Ending::Done;
    for name in &arguments.files {
        let explanation = explain(open(name), name, &variant, &tiers, &table_name, &terms);
        if explanation.message.is_some() {
            ending = Ending::SomeRefused;
        }
        let text = if arguments.json { explanation.json() } else { explanation.text() };
        writeln!(io::stdout().lock(), "{text}").context("writing to standard output")?;
    }
    Ok(ending)
}

/// Every step of the decision, as far as it came.
#[derive(Clone, Debug, Default, Serialize)]
struct Explanation {
    file: String,
    source_bytes: Option<u64>,
    format: Option<&'static str>,
    /// The first bytes, in hexadecimal.
    first_bytes: Option<String>,
    #[serde(flatten)]
    header: Option<Header>,
    /// The picture in the file that stands in for its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<EmbeddedPreview>,
    table: String,
    /// The row of `max_object_bytes`.
    row: Option<&'static str>,
    thresholds: Vec<Step>,
    #[serde(flatten)]
    plan: Option<Planned>,
    budgets: Vec<Step>,
    /// Of the usual file of its format and size, warm, in each tier.
    predictions: Vec<Prediction>,
    tier: Option<String>,
    /// Where table or predictions are of other thumbnails than the one explained.
    #[serde(skip_serializing_if = "Option::is_none")]
    mismatch: Option<String>,
    /// `tier`, or the name of the refusal.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// What the header says.
#[derive(Clone, Debug, Serialize)]
struct Header {
    width_px: u32,
    height_px: u32,
    bits_per_sample: u8,
    colour: &'static str,
    has_alpha: bool,
    interlaced: bool,
    orientation: u8,
}

/// Its size, as seen.
#[derive(Clone, Copy, Debug, Serialize)]
struct EmbeddedPreview {
    width_px: u32,
    height_px: u32,
}

/// What the engine would do.
#[derive(Clone, Debug, Serialize)]
struct Planned {
    decode_shrink: u32,
    /// The most frames, where the thumbnail is animated.
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u32>,
    decoded_width_px: u32,
    decoded_height_px: u32,
    planned_peak_bytes: u64,
}

/// A tier's limit, and whether the file is within it.
#[derive(Clone, Debug, Serialize)]
struct Step {
    tier: String,
    limit_bytes: u64,
    fits: bool,
}

/// What predictions are made from.
struct Model {
    calibration: Calibration,
    prices: RegionPrices,
    /// What the deployment reads.
    formats: Formats,
}

fn explain(
    opened: Opened,
    name: &str,
    variant: &[Variant],
    tiers: &TierTable,
    table_name: &str,
    model: &Model,
) -> Explanation {
    let mut explanation = Explanation { file: name.to_owned(), table: table_name.to_owned(), ..Explanation::default() };
    let set = VariantSet::of(variant);
    explanation.mismatch =
        set.mismatch(tiers.measured_for()).or_else(|| set.mismatch(Some(&model.calibration.measured_for)));
    match decide(&mut explanation, opened, name, variant, tiers, model) {
        Ok(tier) => {
            explanation.tier = Some(tier.name.clone());
            "tier".clone_into(&mut explanation.outcome);
        }
        Err(Refusal { reason, message }) => {
            explanation.outcome = reason;
            explanation.message = Some(message);
        }
    }
    explanation
}

/// The steps of the deployment: the dispatcher's by size, then the worker's by plan.
fn decide<'table>(
    explanation: &mut Explanation,
    (source_bytes, source): Opened,
    name: &str,
    variant: &[Variant],
    tiers: &'table TierTable,
    Model { calibration, prices, formats }: &Model,
) -> Result<&'table Tier, Refusal> {
    explanation.source_bytes = source_bytes;
    let mut source = source?;
    explanation.format = Some(source.format.name());
    let first_bytes: Vec<String> = source.magic.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    explanation.first_bytes = Some(first_bytes.join(" "));
    explanation.row = Some(row(tiers, source.format));
    let step =
        |tier: &Tier, limit_bytes, bytes| Step { tier: tier.name.clone(), limit_bytes, fits: bytes <= limit_bytes };
    let threshold = |tier: &Tier| step(tier, tier.max_object_bytes(Some(source.format)), source.bytes);
    explanation.thresholds = tiers.iter().map(threshold).collect();
    let too_large = |limit_bytes| Refusal::from(Skip::TooLarge { bytes: source.bytes, limit_bytes });
    let by_size = tiers.smallest_for(Some(source.format), source.bytes);
    let by_size = by_size.map(|tier| tier.name.clone()).map_err(|too| too_large(too.limit_bytes));
    let (rows, terms) = (&calibration.measurements, &calibration.terms);
    explanation.predictions = predict(rows, tiers, terms, prices, source.format, source.bytes);

    let (preview_px, probe) = source.probe(name, tiers.largest().budget_bytes(), variant);
    explanation.preview = preview_px.map(|(width_px, height_px)| EmbeddedPreview { width_px, height_px });
    let probe = probe?;
    explanation.header = Some(Header::from(&probe));
    let mut limits = Limits::for_budget(u64::MAX);
    limits.formats = *formats;
    limits.check_format(probe.format)?;
    limits.check_size(&probe)?;
    let mut plan = engine::plan(&probe, variant, 1);
    // The last tier makes one frame where it has no room for all.
    if plan.frames > 1 && plan.peak_bytes.saturating_add(source.reader_bytes) > tiers.largest().budget_bytes() {
        let stills: Vec<_> = variant.iter().map(|one| Variant { animated: None, ..one.clone() }).collect();
        plan = engine::plan(&probe, &stills, 1);
    }
    plan.peak_bytes = plan.peak_bytes.saturating_add(source.reader_bytes);
    explanation.budgets = tiers.iter().map(|tier| step(tier, tier.budget_bytes(), plan.peak_bytes)).collect();
    explanation.plan = Some(Planned::from(&plan));

    let by_size = by_size?;
    let from_there = tiers.iter().skip_while(|tier| tier.name != by_size);
    from_there.into_iter().find(|tier| plan.peak_bytes <= tier.budget_bytes()).ok_or_else(|| {
        let budget_bytes = tiers.largest().budget_bytes();
        EngineError::OverBudget { needed_bytes: plan.peak_bytes, budget_bytes }.into()
    })
}

/// The format's name where some tier has a threshold of its own for it.
fn row(tiers: &TierTable, format: ImageFormat) -> &'static str {
    let has_row = tiers.iter().any(|tier| tier.max_object_bytes(Some(format)) != tier.max_object_bytes(None));
    if has_row { format.name() } else { "default" }
}

impl From<&Probe> for Header {
    fn from(probe: &Probe) -> Self {
        let colour = match probe.colour {
            Colour::Grey => "grey",
            Colour::Palette => "palette",
            Colour::Rgb => "rgb",
            Colour::YCbCr => "ycbcr",
            Colour::Cmyk => "cmyk",
            Colour::Lab => "lab",
        };
        Self {
            width_px: probe.width_px,
            height_px: probe.height_px,
            bits_per_sample: probe.bits_per_sample,
            colour,
            has_alpha: probe.has_alpha,
            interlaced: probe.interlaced,
            orientation: probe.orientation.number(),
        }
    }
}

impl From<&Plan> for Planned {
    fn from(plan: &Plan) -> Self {
        let (decoded_width_px, decoded_height_px) = plan.decoded_px;
        Self {
            decode_shrink: plan.shrink,
            frames: (plan.frames > 1).then_some(plan.frames),
            decoded_width_px,
            decoded_height_px,
            planned_peak_bytes: plan.peak_bytes,
        }
    }
}

impl Explanation {
    fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers serialise")
    }

    fn text(&self) -> String {
        let mut text = self.file.clone();
        let mut line = |label: &str, words: String| {
            write!(text, "\n  {label:<9} {words}").expect("a String takes everything");
        };
        if let Some(bytes) = self.source_bytes {
            line("size", format!("{bytes} bytes"));
        }
        if let (Some(format), Some(first_bytes)) = (self.format, &self.first_bytes) {
            line("format", format!("{format}, because the file starts with {first_bytes}"));
        }
        if let Some(header) = &self.header {
            line("header", header.text());
        }
        if let Some(EmbeddedPreview { width_px, height_px }) = self.preview {
            let when = "where the picture is unsupported, damaged or too large, unless previews=never";
            line("preview", format!("{width_px}x{height_px} px in the file, used {when}"));
        }
        if let Some(row) = self.row {
            line("row", format!("`{row}` in {}", self.table));
        }
        let verdict = |fits| if fits { "fits" } else { "too small" };
        for Step { tier, limit_bytes, fits } in &self.thresholds {
            line("threshold", format!("{tier} takes up to {limit_bytes} bytes: {}", verdict(*fits)));
        }
        if let Some(plan) = &self.plan {
            line("plan", plan.text());
        }
        for Step { tier, limit_bytes, fits } in &self.budgets {
            line("budget", format!("{tier} has {limit_bytes} bytes for one image: {}", verdict(*fits)));
        }
        for Prediction { tier, duration_ms, worst_ms, compute_dollars } in &self.predictions {
            let per_million = compute_dollars.per_million();
            line(
                "time",
                format!("{tier} takes {duration_ms:.0} ms, at worst {worst_ms:.0} ms; {per_million} per million"),
            );
        }
        if let Some(mismatch) = &self.mismatch {
            line("note", mismatch.clone());
        }
        match (&self.tier, &self.message) {
            (Some(tier), _) => line("tier", format!("{tier}: the smallest with threshold and budget for it")),
            (None, message) => line("refused", format!("{}: {}", self.outcome, message.as_deref().unwrap_or_default())),
        }
        text
    }
}

impl Header {
    fn text(&self) -> String {
        let Self { width_px, height_px, bits_per_sample, colour, orientation, .. } = self;
        let mut text = format!("{width_px}x{height_px} px, {colour}, {bits_per_sample} bit");
        if self.has_alpha {
            text.push_str(", alpha");
        }
        text.push_str(if self.interlaced { ", in several passes (interlaced or progressive)" } else { ", one pass" });
        if *orientation != 1 {
            write!(text, ", Exif orientation {orientation}").expect("a String takes everything");
        }
        text
    }
}

impl Planned {
    fn text(&self) -> String {
        let Self { decode_shrink, frames, decoded_width_px, decoded_height_px, planned_peak_bytes } = self;
        let scale = if *decode_shrink == 1 { "at full size".to_owned() } else { format!("at 1/{decode_shrink}") };
        let frames = frames.map(|frames| format!("up to {frames} frames ")).unwrap_or_default();
        format!(
            "decode {frames}{scale} to {decoded_width_px}x{decoded_height_px} px, holding at most {planned_peak_bytes} bytes"
        )
    }
}
