//! The first half of `make calibrate`: measures the grid and decides. What it leaves is an [`Outcome`], which
//! `report` writes down.
//!
//! The decision itself is crate `calibrate`, which measures nothing; everything that takes time is here.

mod arguments;
mod conclude;
mod estimates;
mod gather;
mod journal;
mod measure;
mod search;
mod verify;

use anyhow::Context;
use contract::{Prices, TierTable};

pub use arguments::Arguments;
pub use conclude::workload;
pub use verify::{Verdict, at_thresholds, verify};

use crate::grid;
use crate::outcome::Outcome;
use crate::places::Places;
use crate::rig::{Cgroups, Rig};
use journal::Journal;

/// Runs the whole calibration; with `--verify` proves the one that is committed, which has no outcome.
///
/// # Errors
/// What stopped it, in one sentence. Run again, it goes on where it was.
pub fn run(arguments: &Arguments) -> anyhow::Result<Option<Outcome>> {
    let places = match &arguments.thumbnails {
        None => Places::here(),
        Some(file) => Places::here().with_thumbnails(file)?,
    };
    let (groups, limits_by) = match Cgroups::find() {
        Ok(groups) => {
            let described = groups.describe().to_owned();
            (Some(groups), Ok(described))
        }
        Err(why) => (None, Err(why)),
    };
    let text = std::fs::read_to_string(places.tiers_json()).context("reading tiers.json")?;
    let tiers = TierTable::parse(&text)?;
    let rig = Rig { binary: arguments.worker()?, task_root: places.task_root.clone(), cgroups: groups };
    if arguments.verify {
        verify::run(&rig, &places, &tiers, 10)?;
        return Ok(None);
    }
    let thumbnails = places.thumbnails()?;
    let terms = arguments.terms();
    terms.check()?;
    let prices = Prices::builtin()?.region(&arguments.region)?.clone();

    let mut journal = Journal::open(&places.folder, &rig.binary, thumbnails.set(), arguments.fresh)?;
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
    conclude::conclude(arguments, limits_by, gathered, text, &thumbnails, &terms, &prices).map(Some)
}
