//! The proof of committed thresholds: the worst files at each are made in their tier, again and again, without a kill;
//! and with ever less memory one fails, so that the proof could have failed.

use anyhow::bail;
use contract::{Tier, TierTable};

use super::measure::bar;
use crate::grid::{Input, largest_bytes};
use crate::inputs::Kind;
use crate::places::Places;
use crate::rig::{Ending, Limits, Rig};

/// What became of one file at its tier's threshold.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The file.
    pub input: Input,
    /// The tier.
    pub tier: String,
    /// How often it was made; less than asked for if it failed.
    pub made: u32,
    /// The largest memory in which it failed, of the tier's halved again and again, in bytes, and how.
    pub fails_at: Option<(u64, String)>,
}

/// Each kind at the threshold of its format in each tier, where the grid has a file that large.
#[must_use]
pub fn at_thresholds(tiers: &TierTable) -> Vec<(&Tier, Input)> {
    let kinds = Kind::all();
    let of_tier = |tier: &Tier| {
        let threshold = |kind: Kind| tier.max_object_bytes(Some(kind.format())).min(largest_bytes(kind));
        kinds.iter().map(|kind| Input { kind: *kind, size_bytes: threshold(*kind) }).collect::<Vec<_>>()
    };
    tiers.iter().flat_map(|tier| of_tier(tier).into_iter().map(move |input| (tier, input))).collect()
}

/// Makes `input` in `tier` as often as `times` says, then with half the memory, a quarter and so on until it fails.
///
/// # Errors
/// A worker that fails otherwise than by want of memory.
pub fn verify(rig: &Rig, places: &Places, tier: &Tier, input: Input, times: u32) -> anyhow::Result<Verdict> {
    let file = input.file(&places.inputs())?;
    let cpus = Some(contract::cpu_share(tier.memory_mb));
    let mut memory_bytes = tier.memory_mb << 20;
    let mut worker = rig.start(Limits { tier: &tier.name, memory_bytes, cpus })?;
    let mut made = 0;
    while made < times && matches!(worker.make(&file, tier.timeout_s * 1000)?, Ending::Made(_)) {
        made += 1;
    }
    drop(worker);
    let mut fails_at = None;
    while fails_at.is_none() && memory_bytes > 1 << 20 {
        memory_bytes /= 2;
        let limits = Limits { tier: &tier.name, memory_bytes, cpus: None };
        let ending = match rig.start(limits) {
            Ok(mut worker) => worker.make(&file, tier.timeout_s * 1000),
            Err(_) => Ok(Ending::Killed),
        };
        let how = match ending {
            Ok(Ending::Made(_)) => continue,
            Ok(Ending::Killed) => "killed".to_owned(),
            Ok(Ending::Refused { reason, .. }) => reason,
            Ok(Ending::TimedOut { .. }) => "timed out".to_owned(),
            // An allocation that fails ends the process by itself.
            Err(error) => error.to_string(),
        };
        fails_at = Some((memory_bytes, how));
    }
    Ok(Verdict { input, tier: tier.name.clone(), made, fails_at })
}

/// `--verify`: every file at every threshold.
pub(super) fn run(rig: &Rig, places: &Places, tiers: &TierTable, times: u32) -> anyhow::Result<()> {
    if rig.cgroups.is_none() {
        bail!("no control group can be made here, so no limit can be put to the proof: run it as root");
    }
    let all = at_thresholds(tiers);
    let progress = bar("proving the thresholds", all.len() as u64);
    let mut failed = 0;
    for (tier, input) in all {
        progress.set_message(format!("{} in {}", input.name(), tier.name));
        let verdict = verify(rig, places, tier, input, times)?;
        let less = verdict
            .fails_at
            .as_ref()
            .map_or("never fails".to_owned(), |(bytes, how)| format!("with {} MB: {how}", bytes >> 20));
        let line = format!("{:<28} {:<7} made {} of {times} times; {less}", input.name(), tier.name, verdict.made);
        progress.suspend(|| println!("{line}"));
        failed += u32::from(verdict.made < times || verdict.fails_at.is_none());
        progress.inc(1);
    }
    progress.finish_and_clear();
    if failed > 0 {
        bail!("{failed} files at their thresholds failed: calibrate again");
    }
    Ok(())
}
