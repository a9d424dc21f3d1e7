//! A finished calibration: what was measured, what follows from it, and what that is worth. `calibrate` makes it,
//! `report` shows it.

use std::collections::BTreeMap;

use calibrate::{Calibration, Decision, Line, Measurement, Model, held_out};
use contract::{RegionPrices, TierError, TierTable};

use crate::grid::Input;

/// One file of the grid with everything that is known of it.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Which file.
    pub input: Input,
    /// What the decision takes.
    pub measurement: Measurement,
    /// Criterion's estimate of the engine's CPU time, in milliseconds.
    pub engine_ms: Option<f64>,
    /// By tier: how many times it was made, and how far the slowest lay above the fastest, as a part of the median.
    pub spread: BTreeMap<String, (usize, f64)>,
    /// The tiers in which it was killed.
    pub killed: Vec<String>,
}

/// All cells, and what the worker adds to the engine.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// In the order of the grid.
    pub cells: Vec<Cell>,
    /// Milliseconds of CPU that a job takes beside the engine's, by megabytes read.
    pub overhead: Line,
    /// By tier: the most that a warm worker ever held, in bytes.
    pub warm_bytes: BTreeMap<String, u64>,
    /// The hash of the worker's binary.
    pub binary: String,
}

impl Gathered {
    /// For the decision.
    #[must_use]
    pub fn measurements(&self) -> Vec<Measurement> {
        self.cells.iter().map(|cell| cell.measurement.clone()).collect()
    }
}

/// Everything that the report shows.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Terms and measurements, as they are kept.
    pub calibration: Calibration,
    /// By file.
    pub gathered: Gathered,
    /// The thresholds and why.
    pub decision: Decision,
    /// The text of `tiers.json` before.
    pub text_before: String,
    /// The same with the thresholds.
    pub text_after: String,
    /// [`Self::text_after`] as a table.
    pub tiers: TierTable,
    /// What an image costs with the new thresholds, and with one function for everything: Markdown.
    pub bill: String,
    /// How the tiers' limits were set, or why they could not be.
    pub limits_by: Result<String, String>,
    /// Of what it was made with.
    pub versions: String,
    /// On what it ran.
    pub machine: String,
    /// Prices of the region.
    pub prices: RegionPrices,
}

impl Outcome {
    /// What a worker takes beside the engine, fitted to every second file.
    #[must_use]
    pub fn model(&self) -> Model {
        Model::fitted_to(&self.calibration.measurements, &self.tiers, &self.calibration.terms)
    }

    /// Of each tier: predicted and measured milliseconds, I/O apart, of the files that the model was not fitted to.
    #[must_use]
    pub fn predictions(&self) -> Vec<(&str, Vec<(f64, f64)>)> {
        let Calibration { measurements, terms, .. } = &self.calibration;
        held_out(measurements, &self.tiers, terms, self.model())
    }

    /// Prints the thresholds, why, and what changes in tiers.json.
    ///
    /// # Errors
    /// A table before that does not parse.
    pub fn print(&self) -> Result<(), TierError> {
        let old = TierTable::parse(&self.text_before)?;
        for row in &self.decision.rows {
            println!("{}", row.format);
            for threshold in &row.thresholds {
                let was = old.get(&threshold.tier).map_or(0, |tier| tier.max_object_bytes(Some(row.format)));
                let change = if was == threshold.bytes { String::new() } else { format!(" (was {was} bytes)") };
                println!("  {threshold}{change}");
            }
        }
        println!("\n{}", self.bill);
        Ok(())
    }
}
