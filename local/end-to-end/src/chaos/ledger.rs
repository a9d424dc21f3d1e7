//! The account of a run: every key is in exactly one line of it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::delivery::Delivered;
use super::evidence::Evidence;
use super::traffic::Played;
use super::verdict::Verdict;

/// What is in a hurry here, so that a run ends in time.
const IN_A_HURRY: &str = "Lambda's retries come after 1 and 2 s instead of minutes, and end though a tier is throttled";

/// Counts by name.
type Names = BTreeMap<String, u64>;

/// What was done in a run.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub seed: u64,
    /// In a bucket with versions.
    pub has_versions: bool,
    pub seconds: u64,
    /// What limits the functions here.
    pub limits: String,
    /// Everything under way had ended in time.
    pub is_settled: bool,
    pub hostile: u64,
    pub delivered: Delivered,
    pub kills: u64,
    pub faults: Names,
}

/// What was done in a run, and what became of it.
#[derive(Debug, Default)]
pub struct Ledger {
    run: Run,
    objects: u64,
    uploads: u64,
    overwritten: u64,
    deletions: u64,
    thumbnails: u64,
    deleted: u64,
    skips: Names,
    failures: Names,
    /// An older version's thumbnails beside a skip or a failure of the newest.
    older: u64,
    lost: Vec<String>,
    stale: Vec<String>,
    differing: Vec<String>,
    orphaned: Vec<String>,
    decoded: u64,
    decoded_again: u64,
    retried: Names,
    /// What was logged of the keys that ended badly.
    history: Vec<String>,
}

impl Ledger {
    /// Of the verdicts on every key.
    pub(super) fn of(run: Run, played: &[Played], verdicts: &[Verdict], evidence: &Evidence) -> Self {
        let mut ledger = Self {
            run,
            objects: played.len() as u64,
            uploads: played.iter().map(|played| played.uploads).sum(),
            overwritten: played.iter().filter(|played| played.uploads > 1).count() as u64,
            deletions: played.iter().map(|played| played.deletions).sum(),
            ..Self::default()
        };
        for (Played { key, .. }, verdict) in played.iter().zip(verdicts) {
            match verdict {
                Verdict::Thumbnails => ledger.thumbnails += 1,
                Verdict::Deleted => ledger.deleted += 1,
                Verdict::Skip { name, has_older } => {
                    *ledger.skips.entry((*name).to_owned()).or_default() += 1;
                    ledger.older += u64::from(*has_older);
                }
                Verdict::Failure { reason, has_older } => {
                    *ledger.failures.entry(reason.clone()).or_default() += 1;
                    ledger.older += u64::from(*has_older);
                }
                Verdict::Lost => ledger.lost.push(key.clone()),
                Verdict::Stale => ledger.stale.push(key.clone()),
                Verdict::Differs => ledger.differing.push(key.clone()),
                Verdict::Orphaned => ledger.orphaned.push(key.clone()),
            }
        }
        for line in &evidence.lines {
            let is_duplicate = line.outcome == "duplicate" && line.is_read;
            ledger.decoded_again += u64::from(is_duplicate);
            ledger.decoded += u64::from(is_duplicate || line.outcome == "made");
            if ledger.is_bad(&line.key) {
                ledger.history.push(format!("{}  {}", line.key, line.text));
            }
            if line.is_failure {
                *ledger.retried.entry(line.outcome.clone()).or_default() += 1;
            }
        }
        ledger
    }

    fn is_bad(&self, key: &str) -> bool {
        [&self.lost, &self.stale, &self.differing, &self.orphaned].iter().any(|keys| keys.iter().any(|bad| bad == key))
    }

    /// What was logged of the keys that ended badly: when, by whom, what.
    #[must_use]
    pub fn history(&self) -> &[String] {
        &self.history
    }

    /// What must not be, one sentence each: lost, stale, different or orphaned, or a run that was none.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let named = [
            ("lost: no thumbnail, no dead letter, no skip", &self.lost),
            ("stale: thumbnails of an older version, and nobody was told", &self.stale),
            ("different: not what the engine makes of the newest version", &self.differing),
            ("orphaned: deleted, and its thumbnails are there", &self.orphaned),
        ];
        let mut problems: Vec<String> =
            named.iter().flat_map(|(what, keys)| keys.iter().map(move |key| format!("{key} is {what}"))).collect();
        let Run { is_settled, seconds, kills, faults, .. } = &self.run;
        if !is_settled {
            problems.push(format!("jobs were still under way after {seconds} s: give it more with CHAOS_SECONDS"));
        }
        if *kills == 0 {
            problems.push("no process was killed: nothing is shown of kills".to_owned());
        }
        let missing = faults.iter().filter(|(_, count)| **count == 0);
        problems.extend(missing.map(|(name, _)| format!("the fault {name} never happened: nothing is shown of it")));
        problems
    }

    /// Everything, for scripts.
    #[must_use]
    pub fn json(&self) -> Value {
        let Run { seed, has_versions, seconds, limits, is_settled, hostile, delivered, kills, faults } = &self.run;
        json!({
            "seed": seed, "has_versions": has_versions, "seconds": seconds, "limits": limits, "is_settled": is_settled,
            "objects": self.objects, "uploads": self.uploads, "overwritten": self.overwritten,
            "deletions": self.deletions, "hostile": hostile, "queued_events": delivered.events,
            "duplicated_events": delivered.duplicates, "out_of_order_events": delivered.out_of_order,
            "kills": kills, "faults": faults, "thumbnails": self.thumbnails, "deleted": self.deleted,
            "skips": self.skips, "failures": self.failures, "older_thumbnails_left": self.older, "lost": self.lost,
            "stale": self.stale, "differing": self.differing, "orphaned": self.orphaned, "retried": self.retried,
            "decoded": self.decoded, "decoded_again": self.decoded_again,
        })
    }

    /// Name, count and a word about it.
    fn lines(&self) -> Vec<(&'static str, u64, String)> {
        let Run { hostile, delivered, kills, faults, .. } = &self.run;
        let Delivered { events, duplicates, out_of_order } = delivered;
        let Self { objects, uploads, overwritten, deletions, decoded, .. } = self;
        let sum = |names: &Names| names.values().sum();
        let zero = |name, keys: &[String]| (name, keys.len() as u64, "must be 0".to_owned());
        let again_percent = self.decoded_again as f64 * 100.0 / (*decoded).max(1) as f64;
        let done = format!("to {objects} keys, {overwritten} of them again, {deletions} deleted, {hostile} hostile");
        let heard = format!("{duplicates} of them twice; {events} through a queue, {out_of_order} of these late");
        vec![
            ("uploads", *uploads, done),
            ("events", uploads + deletions + duplicates, heard),
            ("killed", *kills, "processes of functions at work".to_owned()),
            ("faults", sum(faults), by_name(faults)),
            ("retried", sum(&self.retried), by_name(&self.retried)),
            ("thumbnails", self.thumbnails, "byte for byte the engine's of the newest version".to_owned()),
            ("deleted", self.deleted, "and their thumbnails with them".to_owned()),
            ("skips", sum(&self.skips), by_name(&self.skips)),
            ("failures", sum(&self.failures), format!("with a dead letter: {}", by_name(&self.failures))),
            zero("lost", &self.lost),
            zero("stale", &self.stale),
            zero("different", &self.differing),
            zero("orphaned", &self.orphaned),
            ("twice", self.decoded_again, format!("of {decoded} images decoded for nothing, {again_percent:.1} %")),
            ("left", self.older, "thumbnails of an older version beside a skip or a failure".to_owned()),
        ]
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { seed, has_versions, seconds, limits, .. } = &self.run;
        let versions = if *has_versions { "; a bucket with versions" } else { "" };
        writeln!(out, "seed {seed}, {seconds} s{versions}; {limits}; {IN_A_HURRY}")?;
        for (name, count, text) in self.lines() {
            writeln!(out, "{}", format!("{name:<10}  {count:>5}  {text}").trim_end())?;
        }
        Ok(())
    }
}

fn by_name(names: &Names) -> String {
    names.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(keys: &[&str]) -> Vec<Played> {
        let played = |key: &&str| Played { key: (*key).into(), newest: None, uploads: 1, deletions: 0 };
        keys.iter().map(played).collect()
    }

    #[test]
    fn every_key_is_in_one_line() {
        let verdicts = [
            Verdict::Thumbnails,
            Verdict::Skip { name: "empty", has_older: true },
            Verdict::Failure { reason: "killed".into(), has_older: false },
            Verdict::Deleted,
        ];
        let run = Run { is_settled: true, kills: 1, faults: Names::from([("reset".into(), 1)]), ..Run::default() };
        let ledger = Ledger::of(run, &played(&["a", "b", "c", "d"]), &verdicts, &Evidence::default());
        assert!(ledger.problems().is_empty(), "{:?}", ledger.problems());
        let text = ledger.to_string();
        for want in
            ["skips           1  empty 1", "failures        1  with a dead letter: killed 1", "lost            0"]
        {
            assert!(text.contains(want), "`{want}` is not in\n{text}");
        }
    }

    #[test]
    fn what_must_not_be_is_named() {
        let verdicts = [Verdict::Lost, Verdict::Stale, Verdict::Differs, Verdict::Orphaned];
        let run = Run { faults: Names::from([("reset".into(), 0)]), ..Run::default() };
        let ledger = Ledger::of(run, &played(&["a", "b", "c", "d"]), &verdicts, &Evidence::default());
        let problems = ledger.problems();
        let wants = ["a is lost", "b is stale", "c is diff", "d is orphaned", "still under way", "no process", "reset"];
        for (want, problem) in wants.iter().zip(&problems) {
            assert!(problem.contains(want), "{problem}");
        }
        assert_eq!(problems.len(), wants.len());
    }
}
