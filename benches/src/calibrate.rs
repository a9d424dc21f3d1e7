//! `make calibrate`: measures the grid, decides, explains, and writes `tiers.json` with its report.
//!
//! The decision itself is crate `calibrate`, which measures nothing; everything that takes time or touches a file is
//! here.

mod arguments;
mod estimates;
mod gather;
mod journal;
mod measure;
mod outcome;
mod search;
mod verify;

use std::path::{Path, PathBuf};

use anyhow::Context;
use contract::{Prices, TierTable};

pub use arguments::Arguments;
pub use gather::{Cell, Gathered};
pub use outcome::{Outcome, SINGLE_MB};
pub use verify::{Verdict, at_thresholds, verify};

use crate::grid;
use crate::report;
use crate::rig::{Cgroups, Rig};
use journal::Journal;

/// Where everything stands.
#[derive(Clone, Debug)]
pub struct Places {
    /// The repository.
    pub root: PathBuf,
    /// `target/calibrate`.
    pub folder: PathBuf,
}

impl Places {
    /// Of this repository.
    #[must_use]
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("benches is in the repository").to_owned();
        let folder = root.join("target/calibrate");
        Self { root, folder }
    }

    /// The grid's files.
    #[must_use]
    pub fn inputs(&self) -> PathBuf {
        self.folder.join("inputs")
    }

    fn tiers_json(&self) -> PathBuf {
        self.root.join("tiers.json")
    }
}

/// Runs the whole calibration, or with `--verify` proves the one that is committed.
///
/// # Errors
/// What stopped it, in one sentence. Run again, it goes on where it was.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let places = Places::here();
    let (groups, limits_by) = match Cgroups::find() {
        Ok(groups) => {
            let described = groups.describe().to_owned();
            (Some(groups), Ok(described))
        }
        Err(why) => (None, Err(why)),
    };
    let text = std::fs::read_to_string(places.tiers_json()).context("reading tiers.json")?;
    let tiers = TierTable::parse(&text)?;
    let rig = Rig { binary: arguments.worker()?, task_root: places.root.clone(), cgroups: groups };
    if arguments.verify {
        return verify::run(&rig, &places, &tiers, 10);
    }
    let terms = arguments.terms();
    terms.check()?;
    let prices = Prices::builtin()?.region(&arguments.region)?.clone();

    let mut journal = Journal::open(&places.folder, &rig.binary, arguments.fresh)?;
    let inputs = grid::coarse();
    measure::make_inputs(&inputs, &places)?;
    let estimates = estimates::estimates(&inputs, &places, &mut journal, arguments)?;
    let mut bench = measure::Bench { rig: &rig, places: &places, tiers: &tiers, terms: &terms, journal: &mut journal };
    bench.fresh(&inputs)?;
    if limits_by.is_ok() {
        bench.rounds(&inputs, arguments)?;
    }
    let searched = search::search(&mut bench, inputs, &estimates, &prices, arguments)?;

    let gathered = gather::gather(&searched, &journal, &estimates, &tiers);
    let outcome = Outcome::new(arguments, limits_by, gathered, &tiers, &terms, &prices)?;
    outcome.print(&text)?;
    if arguments.dry_run {
        return Ok(());
    }
    report::write(&outcome, &places.root, &text)
}
