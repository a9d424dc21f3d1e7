//! What is done to each key, and when: all of it decided by the seed before anything is done. Pure.

use contract::ImageFormat;

use super::dice::Dice;
use super::file::{Dress, FORMATS, File, heavy, small};
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
    /// In a bucket with versions only, by its id: a version or a delete marker. The one before it is current then.
    DeleteNewest,
    /// The same, and the current one stays what it is.
    DeleteOldest,
}

/// The place of the upload that is current after all steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Survivor {
    pub step: usize,
    /// Something newer was deleted by its id.
    pub came_back: bool,
}

impl Script {
    /// `None` where the object was deleted.
    pub(super) fn survivor(&self) -> Option<Survivor> {
        let (mut versions, mut came_back) = (Vec::new(), false);
        for (step, Step { act, .. }) in self.steps.iter().enumerate() {
            match act {
                Act::Upload(_) => versions.push(Some(step)),
                Act::Delete => versions.push(None),
                Act::DeleteNewest => drop(versions.pop()),
                Act::DeleteOldest => drop(versions.remove(0)),
            }
            came_back = *versions.last()? != Some(step) && (came_back || matches!(act, Act::DeleteNewest));
        }
        versions.pop()?.map(|step| Survivor { step, came_back })
    }
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
/// twenty deleted, and half of those uploaded again. With versions one in four has some of them deleted by their ids.
pub(super) fn scripts(objects: u64, seed: u64, has_versions: bool) -> Vec<Script> {
    (0..objects).map(|number| script(number, objects, seed, has_versions)).collect()
}

fn script(number: u64, objects: u64, seed: u64, has_versions: bool) -> Script {
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
    if has_versions {
        delete_versions(&mut acts, &upload, number, seed);
    }
    let waits = acts.into_iter().enumerate();
    let steps = waits.map(|(place, act)| Step { wait_ms: if place == 0 { 0 } else { dice.below(IN_FLIGHT_MS) }, act });
    let steps = steps.collect();
    Script { key: key(number, last, &mut dice), start_ms: dice.below(uploading_ms(objects)), steps }
}

/// Deletes a marker where the object ends as one, else the newest or the oldest of several versions.
fn delete_versions(acts: &mut Vec<Act>, upload: &impl Fn(&str, Kind) -> Act, number: u64, seed: u64) {
    let mut dice = Dice::of(seed, &format!("versions of {number}"));
    if matches!(acts.last(), Some(Act::Delete)) {
        if dice.percent(60) {
            acts.push(Act::DeleteNewest);
        }
        return;
    }
    if acts.len() == 1 {
        match number % 12 {
            // What came back is nothing that thumbnails are made of, or something else than what was deleted.
            3 => acts.extend([upload("over it", any(&mut dice)), Act::DeleteNewest]),
            9 => acts.extend([Act::Delete, Act::DeleteNewest]),
            _ => {}
        }
        return;
    }
    acts.push(if dice.percent(60) { Act::DeleteNewest } else { Act::DeleteOldest });
    if dice.percent(20) {
        acts.push(upload("after all", any(&mut dice)));
    }
}

fn any(dice: &mut Dice) -> Kind {
    Kind::Small(*dice.pick(&FORMATS))
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
        let scripts = scripts(260, 9, false);
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
    fn with_versions_every_case_comes_up() {
        let scripts = scripts(260, 9, true);
        let has = |script: &Script, wanted: fn(&Act) -> bool| script.steps.iter().any(|step| wanted(&step.act));
        let came_back = |script: &Script| script.survivor().is_some_and(|survivor| survivor.came_back);
        let hostile = |script: &Script| {
            script.survivor().is_some_and(|Survivor { step, came_back }| {
                came_back && matches!(&script.steps[step].act, Act::Upload(version) if version.is_hostile())
            })
        };
        assert!(count(&scripts, |script| has(script, |act| matches!(act, Act::DeleteOldest))) >= 10);
        assert!(count(&scripts, came_back) >= 40);
        assert!(count(&scripts, |script| came_back(script) && has(script, |act| matches!(act, Act::Delete))) >= 10);
        assert!(count(&scripts, hostile) >= 2);
    }

    #[test]
    fn the_survivor_is_what_is_current_in_the_end() {
        let check = |acts: &[Act], want: Option<(usize, bool)>| {
            let steps = acts.iter().map(|act| Step { wait_ms: 0, act: act.clone() }).collect();
            let script = Script { key: String::new(), start_ms: 0, steps };
            assert_eq!(script.survivor(), want.map(|(step, came_back)| Survivor { step, came_back }), "{acts:?}");
        };
        let upload = || Act::Upload(Version { kind: Kind::Small(ImageFormat::Png), dice: String::new() });
        let (delete, newest, oldest) = (Act::Delete, Act::DeleteNewest, Act::DeleteOldest);
        check(&[upload(), upload()], Some((1, false)));
        check(&[upload(), delete.clone()], None);
        check(&[upload(), delete, newest.clone()], Some((0, true)));
        check(&[upload(), upload(), newest.clone()], Some((0, true)));
        check(&[upload(), upload(), oldest.clone()], Some((1, false)));
        check(&[upload(), upload(), newest.clone(), upload()], Some((3, false)));
        check(&[upload(), newest], None);
    }

    #[test]
    fn the_same_seed_is_the_same_run() {
        let told = |seed| format!("{:?}", scripts(30, seed, true));
        assert_eq!(told(4), told(4));
        assert_ne!(told(4), told(5));
    }

    #[test]
    fn some_versions_come_back_and_the_others_are_different() {
        let (mut same, mut other) = (0, 0);
        for script in scripts(120, 2, false).iter().filter(|script| script.steps.len() > 1) {
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
