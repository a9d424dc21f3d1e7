//! `measurements.jsonl`: one line for each thing measured, so that an interrupted run goes on where it was.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use contract::{VariantSet, fnv1a};
use serde::{Deserialize, Serialize};

use crate::rig::{Ending, Sample};

/// The place of the measurement of a fresh process; the others are tiers.
pub(super) const FRESH: &str = "fresh";

/// What was measured, of one binary and one set of thumbnails.
pub(super) struct Journal {
    file: File,
    binary: String,
    measured_for: VariantSet,
    found: HashMap<(String, String, u32), Ending>,
    engine_ms: HashMap<String, f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Job {
        binary: String,
        measured_for: VariantSet,
        input: String,
        place: String,
        round: u32,
        #[serde(flatten)]
        ending: Ending,
    },
    Estimate {
        binary: String,
        measured_for: VariantSet,
        input: String,
        engine_ms: f64,
    },
}

impl Journal {
    /// Opens or makes it. Lines of another binary, or of other thumbnails, stay in the file and are not read.
    pub(super) fn open(folder: &Path, binary: &Path, measured_for: VariantSet, fresh: bool) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let bytes = std::fs::read(binary).with_context(|| format!("reading {}", binary.display()))?;
        let binary = format!("{:016x}", fnv1a(&bytes));
        let path = folder.join("measurements.jsonl");
        if fresh {
            let _ = std::fs::remove_file(&path);
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let file = OpenOptions::new().create(true).append(true).open(&path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        let mut journal = Self { file, binary, measured_for, found: HashMap::new(), engine_ms: HashMap::new() };
        // A line that was being written when the run was interrupted does not parse, and is measured again.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).for_each(|line| journal.take(line));
        Ok(journal)
    }

    fn take(&mut self, line: Line) {
        let (Line::Job { binary, measured_for, .. } | Line::Estimate { binary, measured_for, .. }) = &line;
        if (binary, measured_for) != (&self.binary, &self.measured_for) {
            return;
        }
        match line {
            Line::Job { input, place, round, ending, .. } => drop(self.found.insert((input, place, round), ending)),
            Line::Estimate { input, engine_ms, .. } => drop(self.engine_ms.insert(input, engine_ms)),
        }
    }

    fn append(&mut self, line: Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_string(&line).context("writing a measurement")?;
        text.push('\n');
        self.file.write_all(text.as_bytes()).context("appending to measurements.jsonl")?;
        self.take(line);
        Ok(())
    }

    /// Whether that was measured.
    pub(super) fn has(&self, input: &str, place: &str, round: u32) -> bool {
        self.found.contains_key(&(input.to_owned(), place.to_owned(), round))
    }

    /// Notes how a job ended.
    pub(super) fn add(&mut self, input: &str, place: &str, round: u32, ending: Ending) -> anyhow::Result<()> {
        let (binary, measured_for) = (self.binary.clone(), self.measured_for.clone());
        let (input, place) = (input.to_owned(), place.to_owned());
        self.append(Line::Job { binary, measured_for, input, place, round, ending })
    }

    /// Notes the CPU time that criterion found.
    pub(super) fn add_engine_ms(&mut self, input: &str, engine_ms: f64) -> anyhow::Result<()> {
        let (binary, measured_for) = (self.binary.clone(), self.measured_for.clone());
        self.append(Line::Estimate { binary, measured_for, input: input.to_owned(), engine_ms })
    }

    /// The CPU time of the engine alone, by criterion.
    pub(super) fn engine_ms(&self, input: &str) -> Option<f64> {
        self.engine_ms.get(input).copied()
    }

    /// Every ending in a place, in the order of the rounds.
    pub(super) fn endings(&self, input: &str, place: &str) -> Vec<&Ending> {
        let ending = |round| self.found.get(&(input.to_owned(), place.to_owned(), round));
        (0..).map_while(ending).collect()
    }

    /// The samples of the jobs that were made.
    pub(super) fn samples(&self, input: &str, place: &str) -> Vec<&Sample> {
        let endings = self.endings(input, place).into_iter();
        endings.filter_map(|ending| if let Ending::Made(sample) = ending { Some(sample) } else { None }).collect()
    }

    /// The hash of the binary that all of it is of.
    pub(super) fn binary(&self) -> &str {
        &self.binary
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_run_goes_on_where_it_was_unless_binary_or_thumbnails_are_others() {
        let folder = Scratch::new("journal");
        let binary = folder.join("worker");
        std::fs::write(&binary, "one").unwrap();
        let shipped = contract::Thumbnails::builtin().unwrap();
        let set = shipped.set();
        let mut journal = Journal::open(&folder, &binary, set.clone(), false).unwrap();
        journal.add("png-1", FRESH, 0, Ending::Killed).unwrap();
        journal.add_engine_ms("png-1", 1.5).unwrap();
        std::fs::OpenOptions::new()
            .append(true)
            .open(folder.join("measurements.jsonl"))
            .unwrap()
            .write_all(b"{\"cut")
            .unwrap();
        let again = Journal::open(&folder, &binary, set.clone(), false).unwrap();
        assert!(again.has("png-1", FRESH, 0) && !again.has("png-1", FRESH, 1));
        assert_eq!((again.engine_ms("png-1"), again.endings("png-1", FRESH)), (Some(1.5), vec![&Ending::Killed]));
        let other = VariantSet::of(&[contract::Variant { quality: 81, ..shipped.variants[0].clone() }]);
        let other = Journal::open(&folder, &binary, other, false).unwrap();
        assert!(!other.has("png-1", FRESH, 0) && other.engine_ms("png-1").is_none());
        std::fs::write(&binary, "two").unwrap();
        assert!(!Journal::open(&folder, &binary, set, false).unwrap().has("png-1", FRESH, 0));
    }
}
