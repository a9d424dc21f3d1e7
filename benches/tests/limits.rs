//! The files that need most memory, each at its small tier's threshold, in that tier's real limits: made; and with
//! ever less memory not made, so that the test can fail. All files in all tiers, ten times: `make calibrate
//! CALIBRATE=--verify`.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::path::PathBuf;

use benches::calibrate::{at_thresholds, verify};
use benches::inputs::Kind;
use benches::places::Places;
use benches::rig::{Cgroups, Rig};
use contract::TierTable;

/// Memory grows with the picture only in these: the rest is read row by row.
const HUNGRY: [Kind; 3] = [Kind::Webp, Kind::WebpLossless, Kind::PngInterlaced];

/// Of the build that these tests are of, else the optimised one.
fn worker(places: &Places) -> Option<PathBuf> {
    let ours = std::env::current_exe().unwrap().parent()?.parent()?.join("worker");
    [ours, places.root.join("target/release/worker")].into_iter().find(|path| path.is_file())
}

#[test]
fn the_worst_files_at_the_thresholds_fit_and_in_less_memory_they_do_not() {
    let places = Places::here();
    let rig = match (Cgroups::find(), worker(&places)) {
        (Ok(groups), Some(binary)) => Rig { binary, task_root: places.root.clone(), cgroups: Some(groups) },
        (Ok(_), None) => return eprintln!("SKIPPED: no worker is built: `cargo build -p worker`"),
        (Err(why), _) => return eprintln!("SKIPPED: {why}"),
    };
    let tiers = TierTable::builtin().unwrap();
    let small = tiers.iter().next().unwrap();
    let hungry = at_thresholds(&tiers)
        .into_iter()
        .filter(|(tier, input)| tier.name == small.name && HUNGRY.contains(&input.kind));
    for (tier, input) in hungry {
        let verdict = verify(&rig, &places, tier, input, 1).unwrap();
        assert_eq!(verdict.made, 1, "{verdict:?}");
        let (bytes, how) = verdict.fails_at.unwrap();
        eprintln!("{}: made in {} MB; with {} MB {how}", input.name(), tier.memory_mb, bytes >> 20);
        assert!(bytes < tier.memory_mb << 20);
    }
}
