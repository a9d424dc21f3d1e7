//! What became of the objects of a run, by name. Pure.

use std::collections::BTreeMap;

use contract::Skip;
use serde::{Deserialize, Serialize};

/// So many refused objects are told one by one; the others are counted.
const TOLD: usize = 1000;

/// How a run went so far. It is kept in the journal, so its size must not grow with the number of objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// Objects that the dispatcher answered about.
    pub answered: u64,
    /// Of these, those that a worker has now.
    pub dispatched: u64,
    /// What needs no thumbnail, by name: `folder`, `empty`, `gone`, `not_an_image` …
    pub skipped: BTreeMap<String, u64>,
    /// What should have one and cannot, by name: `too_large`, `archived_storage_class` …
    pub refused: BTreeMap<String, u64>,
    /// The first of these.
    pub told: Vec<Refused>,
}

/// An object without thumbnails, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refused {
    /// Its key.
    pub key: String,
    /// The name of the refusal.
    pub reason: String,
    /// The sentence with the number and the limit.
    pub message: String,
}

/// What the dispatcher answers about one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum ResultCode {
    /// A worker has it, or it needs no thumbnail.
    #[serde(rename = "Succeeded")]
    Succeeded,
    /// It can be tried again.
    #[serde(rename = "TemporaryFailure")]
    Temporary,
    /// It will not go better the next time.
    #[serde(rename = "PermanentFailure")]
    Permanent,
}

impl Outcome {
    /// Notes what is not handed to the dispatcher.
    pub(super) fn leave_out(&mut self, key: &str, skip: &Skip) {
        if skip.is_ordinary() {
            count(&mut self.skipped, skip.name(), 1);
        } else {
            self.refuse(key, skip.name(), &skip.to_string());
        }
    }

    /// Notes a final answer of the dispatcher: `sent to TIER`, or a name, a colon and a sentence.
    pub(super) fn answer(&mut self, key: &str, code: ResultCode, text: &str) {
        self.answered += 1;
        let (name, message) = text.split_once(": ").unwrap_or((text, ""));
        match code {
            ResultCode::Succeeded if text.starts_with("sent to ") => self.dispatched += 1,
            ResultCode::Succeeded => count(&mut self.skipped, name, 1),
            ResultCode::Temporary | ResultCode::Permanent => self.refuse(key, name, message),
        }
    }

    /// Notes the counts of a job that is over. S3 counts ordinary skips as successes, and its own report tells which objects
    /// failed.
    pub(super) fn job_ended(&mut self, succeeded: u64, failed: u64) {
        self.answered += succeeded + failed;
        self.dispatched += succeeded;
        if failed > 0 {
            count(&mut self.refused, "failed", failed);
        }
    }

    fn refuse(&mut self, key: &str, reason: &str, message: &str) {
        count(&mut self.refused, reason, 1);
        let (key, reason, message) = (key.to_owned(), reason.to_owned(), message.to_owned());
        self.tell([Refused { key, reason, message }]);
    }

    fn tell(&mut self, refused: impl IntoIterator<Item = Refused>) {
        let room = TOLD - self.told.len();
        self.told.extend(refused.into_iter().take(room));
    }

    /// Adds what came of later objects.
    pub(super) fn add(&mut self, later: Self) {
        self.answered += later.answered;
        self.dispatched += later.dispatched;
        later.skipped.iter().for_each(|(name, number)| count(&mut self.skipped, name, *number));
        later.refused.iter().for_each(|(name, number)| count(&mut self.refused, name, *number));
        self.tell(later.told);
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str, number: u64) {
    *counts.entry(name.to_owned()).or_default() += number;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_name_and_refusals_told_with_their_keys() {
        let mut outcome = Outcome::default();
        outcome.answer("a", ResultCode::Succeeded, "sent to small");
        outcome.answer("b", ResultCode::Succeeded, "gone: object is gone: deleted after its event");
        outcome.answer("c", ResultCode::Permanent, "too_large: object has 9 bytes");
        outcome.leave_out("d/", &Skip::Folder);
        outcome.leave_out("e", &Skip::ArchivedStorageClass { storage_class: "GLACIER".into() });
        assert_eq!((outcome.answered, outcome.dispatched), (3, 1));
        assert_eq!(outcome.skipped, [("folder", 1), ("gone", 1)].map(|(name, n)| (name.to_owned(), n)).into());
        let refused: Vec<_> = outcome.told.iter().map(|one| (one.key.as_str(), one.reason.as_str())).collect();
        assert_eq!(refused, [("c", "too_large"), ("e", "archived_storage_class")]);
        assert_eq!(outcome.told[0].message, "object has 9 bytes");
    }

    #[test]
    fn a_million_refusals_are_counted_and_only_the_first_are_told() {
        let mut whole = Outcome::default();
        for part in 0..3 {
            let mut outcome = Outcome::default();
            (0..600).for_each(|at| outcome.answer(&format!("{part}-{at}"), ResultCode::Permanent, "too_large: no"));
            whole.add(outcome);
        }
        assert_eq!((whole.answered, whole.refused["too_large"], whole.told.len()), (1800, 1800, TOLD));
        assert_eq!(whole.told[TOLD - 1].key, "1-399");
    }
}
