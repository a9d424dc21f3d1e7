//! What is done to each key, and when: all of it decided by the seed before anything is done. Pure.

use contract::ImageFormat;

use super::dice::Dice;
use super::file::{Dress, File, formats, heavy, small};
use super::hostile::Hostile;

/// Everything that is done to one key.
#[derive(Clone, Debug)]
pub(super) struct Script {
    /// The key, decoded.
    pub key: String,
    /// When the first step is due, after the run's begin.
    pub start_ms: u64,
    /// In this order.
    pub steps: Vec<Step>,
}

/// One request to S3, so long after the one before.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub wait_ms: u64,
    pub act: Act,
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Upload(Version),
    Delete,
}

/// What is uploaded, and the name of the dice that make it.
#[derive(Clone, Debug)]
pub(super) struct Version {
    kind: Kind,
    dice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// For the smallest tier.
    Small(ImageFormat),
    /// Just over what this tier takes.
    Heavy(&'static str, Dress),
    Hostile(Hostile),
}

/// Keys of a run start with this, by who tells the dispatcher of them: S3 itself, or a queue that is read by us.
pub(super) const BY_S3: &str = "chaos/s3/";
pub(super) const BY_QUEUE: &str = "chaos/queue/";
pub(super) const ROOT: &str = "chaos/";

/// One object each so many milliseconds on average, and time enough for everything that can go wrong.
const PACE_MS: u64 = 200;
const SHORTEST_MS: u64 = 20_000;

/// A key is overwritten, or deleted, so soon after its upload: its job may be anywhere.
const IN_FLIGHT_MS: u64 = 1_500;

impl Version {
    /// The bytes; the same each time for the same seed.
    pub(super) fn file(&self, seed: u64) -> File {
        let mut dice = Dice::of(seed, &self.dice);
        match self.kind {
            Kind::Small(format) => small(format, &mut dice),
            Kind::Heavy(tier, dress) => heavy(tier, dress, &mut dice),
            Kind::Hostile(hostile) => hostile.file(&mut dice),
        }
    }

    /// Somebody should not have uploaded it.
    pub(super) const fn is_hostile(&self) -> bool {
        matches!(self.kind, Kind::Hostile(_))
    }
}

/// How long uploads take.
pub(super) fn uploading_ms(objects: u64) -> u64 {
    (objects * PACE_MS).max(SHORTEST_MS)
}

/// The scripts of `objects` keys: one in ten hostile, one in five overwritten, some of them by their first version, one in
/// twenty deleted, and half of those uploaded again.
pub(super) fn scripts(objects: u64, seed: u64) -> Vec<Script> {
    (0..objects).map(|number| script(number, objects, seed)).collect()
}

fn script(number: u64, objects: u64, seed: u64) -> Script {
    let mut dice = Dice::of(seed, &format!("script {number}"));
    let hostile = (number % 10 == 3).then(|| Hostile::ALL[(number / 10) as usize % Hostile::ALL.len()]);
    let is_overwritten = number % 5 == 1 || (hostile.is_some() && dice.percent(20));
    let is_deleted = number % 20 == 7;
    let upload = |name: &str, kind| Act::Upload(Version { kind, dice: format!("{name} version of {number}") });

    // What a hostile version takes the place of is a picture, so that a skip can be of no other version.
    let last = hostile.map_or_else(|| picture(number, &mut dice), Kind::Hostile);
    let (mut acts, first) = (Vec::new(), upload("first", any(&mut dice)));
    if is_overwritten {
        acts.push(first.clone());
        if dice.percent(25) {
            acts.push(upload("second", any(&mut dice)));
        }
    }
    acts.push(upload("last", last));
    // Bytes that were there before have an ETag and thumbnails that were there before.
    if is_overwritten && dice.percent(20) {
        acts.push(first);
    }
    if is_deleted {
        acts.push(Act::Delete);
        if dice.percent(50) {
            let later = if dice.percent(50) { upload("last", last) } else { upload("later", any(&mut dice)) };
            acts.push(later);
        }
    }
    let waits = acts.into_iter().enumerate();
    let steps = waits.map(|(place, act)| Step { wait_ms: if place == 0 { 0 } else { dice.below(IN_FLIGHT_MS) }, act });
    let steps = steps.collect();
    Script { key: key(number, last, &mut dice), start_ms: dice.below(uploading_ms(objects)), steps }
}

fn any(dice: &mut Dice) -> Kind {
    Kind::Small(*dice.pick(&formats()))
}

fn picture(number: u64, dice: &mut Dice) -> Kind {
    let dress = *dice.pick(&[Dress::Webp, Dress::Untyped]);
    match number % 60 {
        // One in sixty for certain, so that the smallest run has every tier.
        8 => Kind::Heavy("medium", dress),
        18 => Kind::Heavy("small", dress),
        _ if dice.percent(3) => Kind::Heavy("small", dress),
        _ => any(dice),
    }
}

/// One in ten has a name that must be encoded wherever it goes.
fn key(number: u64, kind: Kind, dice: &mut Dice) -> String {
    let root = if number.is_multiple_of(2) { BY_S3 } else { BY_QUEUE };
    let odd = if dice.percent(10) { *dice.pick(&[" ü+&", "%2F 写真", "{key}", "'\"<>"]) } else { "" };
    let end = match kind {
        Kind::Heavy(_, Dress::Untyped) | Kind::Hostile(Hostile::Unclaimed) => "",
        Kind::Hostile(Hostile::Folder) => "/",
        Kind::Hostile(Hostile::OtherType) => *dice.pick(&[".jpg", ".txt", ""]),
        _ => *dice.pick(&[".jpg", ".png", ".img", ""]),
    };
    format!("{root}{number:04}{odd}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(scripts: &[Script], has: impl Fn(&Script) -> bool) -> usize {
        scripts.iter().filter(|script| has(script)).count()
    }

    fn uploads(script: &Script) -> Vec<&Version> {
        let mut versions = Vec::new();
        for step in &script.steps {
            if let Act::Upload(version) = &step.act {
                versions.push(version);
            }
        }
        versions
    }

    #[test]
    fn a_run_has_its_share_of_everything() {
        let scripts = scripts(260, 9);
        let deleted = |script: &Script| script.steps.iter().any(|step| matches!(step.act, Act::Delete));
        assert_eq!(count(&scripts, |script| uploads(script).iter().any(|version| version.is_hostile())), 26);
        assert!(count(&scripts, |script| script.steps.len() > 1 && !deleted(script)) >= 48);
        assert_eq!(count(&scripts, deleted), 13);
        assert!(
            count(&scripts, |script| deleted(script) && !matches!(script.steps.last().unwrap().act, Act::Delete)) > 0
        );
        for hostile in Hostile::ALL {
            let of = |script: &Script| uploads(script).iter().any(|version| version.kind == Kind::Hostile(hostile));
            assert_eq!(count(&scripts, of), 2, "{hostile:?}");
        }
        for tier in ["small", "medium"] {
            let is = |version: &&Version| matches!(version.kind, Kind::Heavy(over, _) if over == tier);
            assert!(count(&scripts, |script| uploads(script).iter().any(is)) >= 4, "over {tier}");
        }
    }

    #[test]
    fn the_same_seed_is_the_same_run() {
        let told = |seed| format!("{:?}", scripts(30, seed));
        assert_eq!(told(4), told(4));
        assert_ne!(told(4), told(5));
    }

    #[test]
    fn some_versions_come_back_and_the_others_are_different() {
        let (mut same, mut other) = (0, 0);
        for script in scripts(120, 2).iter().filter(|script| script.steps.len() > 1) {
            let versions = uploads(script);
            for (place, version) in versions.iter().enumerate() {
                for earlier in &versions[..place] {
                    let is_same = version.file(2).bytes == earlier.file(2).bytes;
                    assert_eq!(is_same, version.dice == earlier.dice, "{}", script.key);
                    *if is_same { &mut same } else { &mut other } += 1;
                }
            }
        }
        assert!(same >= 3 && other >= 20, "{same} the same, {other} others");
    }
}
