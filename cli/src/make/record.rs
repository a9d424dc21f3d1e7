//! What is said about one file: as a JSON line, and as a line for people.

use std::io::Read;
use std::path::Path;

use contract::Variant;
use engine::{Limits, Made, PREFIX_BYTES};
use serde::Serialize;
use usage::milliseconds;

use crate::refusal::Refusal;
use crate::source::SourceFile;

/// One line of `--json`. What a refused file did not come to is null.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Record {
    pub(super) file: String,
    /// By the first bytes.
    pub(super) format: Option<&'static str>,
    /// As stored, before orientation.
    pub(super) width_px: Option<u32>,
    /// As stored, before orientation.
    pub(super) height_px: Option<u32>,
    pub(super) source_bytes: Option<u64>,
    /// The tier whose budget it was made under.
    pub(super) tier: Option<String>,
    pub(super) bytes_read: Option<u64>,
    pub(super) planned_peak_bytes: Option<u64>,
    /// From opening the file to the finished output.
    pub(super) cpu_ms: f64,
    /// `made`, or the name of the refusal.
    pub(super) outcome: String,
    pub(super) output: Option<String>,
    /// What was wrong with an image that was made all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<&'static str>,
    /// Only where it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
}

impl Record {
    /// Nothing known yet.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            file: path.display().to_string(),
            format: None,
            width_px: None,
            height_px: None,
            source_bytes: None,
            tier: None,
            bytes_read: None,
            planned_peak_bytes: None,
            cpu_ms: 0.0,
            outcome: String::new(),
            output: None,
            warnings: Vec::new(),
            message: None,
        }
    }

    pub(super) fn note(&mut self, made: &Made) {
        self.width_px = Some(made.probe.width_px);
        self.height_px = Some(made.probe.height_px);
        self.bytes_read = Some(made.bytes_read);
        self.planned_peak_bytes = Some(made.plan.peak_bytes);
        self.cpu_ms = milliseconds(made.elsewhere.cpu);
        self.warnings = made.warnings.iter().map(engine::Warning::name).collect();
    }

    /// What the header of a refused file says, as far as it can be read.
    pub(super) fn note_header(&mut self, source: &mut SourceFile, variant: &[Variant]) {
        let mut prefix = Vec::new();
        let readable =
            source.rewind().and_then(|()| (&mut source.file).take(PREFIX_BYTES as u64).read_to_end(&mut prefix));
        let Some(probe) = readable.ok().and_then(|_| engine::probe(&prefix).ok()) else { return };
        self.width_px = Some(probe.width_px);
        self.height_px = Some(probe.height_px);
        // A plan for sizes beyond every limit would mean nothing.
        if Limits::for_budget(u64::MAX).check_size(&probe).is_ok() {
            self.planned_peak_bytes = Some(engine::plan(&probe, variant, 1).peak_bytes);
        }
    }

    pub(super) fn made(&mut self, output: &Path) {
        "made".clone_into(&mut self.outcome);
        self.output = Some(output.display().to_string());
    }

    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.outcome = refusal.reason;
        self.message = Some(refusal.message);
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers serialise")
    }

    pub(super) fn text(&self) -> String {
        let format = self.format.unwrap_or("-");
        let size = match (self.width_px, self.height_px) {
            (Some(width), Some(height)) => format!("{width}x{height}"),
            _ => "-".to_owned(),
        };
        let tier = self.tier.as_deref().unwrap_or("-");
        let end = match (&self.output, &self.message) {
            (Some(output), _) if self.warnings.is_empty() => format!("-> {output}"),
            (Some(output), _) => format!("-> {output} (warning: {})", self.warnings.join(", ")),
            (None, message) => format!("refused, {}: {}", self.outcome, message.as_deref().unwrap_or_default()),
        };
        format!("{format:<5} {size:>11}  {tier:<7} {:>8.1} ms  {} {end}", self.cpu_ms, self.file)
    }
}
