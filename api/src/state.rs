//! What became of an upload, by what is in the two buckets. Pure.

use std::time::{Duration, SystemTime};

use contract::{Decision, Ending, MadeBy, ObjectHead, route, unquoted};
use function::Settings;

/// What is known of a key.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The source object.
    pub source: Option<ObjectHead>,
    /// The thumbnail of each variant, in their order; `None` where there is none.
    pub thumbnails: Vec<Option<ObjectHead>>,
    /// How the last upload that left no thumbnail ended.
    pub ending: Option<Ending>,
}

/// What became of it.
#[derive(Debug, PartialEq)]
pub enum State {
    /// Every variant is there, of this very upload.
    Made(Option<MadeBy>),
    /// It waits for its turn, or a worker has it.
    InWork,
    /// There will be no thumbnail.
    Refused {
        /// Why, in a word.
        name: String,
        /// Why, in a sentence.
        message: String,
        /// What found that out.
        made_by: Option<MadeBy>,
    },
    /// The source object was deleted.
    Deleted,
    /// There is a newer upload than the one that is asked about.
    Replaced,
    /// Never heard of.
    Unknown,
}

/// Decides. `asked` is the ETag of the upload that is asked about; without one it is the one that is there.
/// `max_age` is how long an upload may stay in work.
pub(crate) fn state(
    key: &str,
    asked: Option<&str>,
    known: &Known,
    settings: &Settings,
    max_age: Duration,
    now: SystemTime,
) -> State {
    let Some(source) = &known.source else {
        let was_there = known.ending.is_some() || known.thumbnails.iter().any(Option::is_some);
        return if was_there { State::Deleted } else { State::Unknown };
    };
    if asked.is_some_and(|asked| !same(asked, &source.etag)) {
        return State::Replaced;
    }
    if let Some(made_by) = made_by(known, source) {
        return State::Made(made_by);
    }
    let ending = known.ending.as_ref().filter(|ending| ending.source_etag.as_ref() == Some(&source.etag));
    if let Some(Ending { outcome, message, made_by, .. }) = ending {
        let message = message.clone().unwrap_or_default();
        return State::Refused { name: outcome.clone(), message, made_by: made_by.clone() };
    }
    if let Decision::Skip(skip) = route(key, source, &settings.tiers, settings.max_object_bytes, settings.formats) {
        return State::Refused { name: skip.name().to_owned(), message: skip.to_string(), made_by: None };
    }
    match source.modified.and_then(|modified| now.duration_since(modified).ok()) {
        Some(age) if age > max_age => State::Refused {
            name: "not_made".to_owned(),
            message: format!(
                "it was uploaded {} hours ago and there is no thumbnail, a job may take {}: look for its dead letter, \
                 or upload it again",
                age.as_secs() / 3600,
                max_age.as_secs() / 3600
            ),
            made_by: None,
        },
        _ => State::InWork,
    }
}

/// Whether two ETags are one, with or without their quotes.
pub(crate) fn same(left: &str, right: &str) -> bool {
    unquoted(left) == unquoted(right)
}

/// What made the thumbnails of `source`, if they are all there.
fn made_by(known: &Known, source: &ObjectHead) -> Option<Option<MadeBy>> {
    let first = known.thumbnails.first()?.as_ref();
    are_made(&known.thumbnails, source).then(|| first.and_then(|head| head.made_by.clone()))
}

/// Whether every variant is there, of this very source.
pub(crate) fn are_made(thumbnails: &[Option<ObjectHead>], source: &ObjectHead) -> bool {
    thumbnails.iter().flatten().filter(|head| head.source_etag.as_ref() == Some(&source.etag)).count()
        == thumbnails.len()
}

#[cfg(test)]
mod tests {
    use contract::{Architecture, Formats, LogRules, Prices, Tariff, Thumbnails, TierTable};
    use function::Meter;

    use super::*;

    fn settings() -> Settings {
        let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
        Settings {
            source_bucket: "uploads".into(),
            source_prefixes: Vec::new(),
            destination_bucket: "thumbnails".into(),
            worker_prefix: "worker-".into(),
            worker_alias: String::new(),
            dead_letter_queue_url: "http://queue".into(),
            refusals_queue_url: "http://refusals".into(),
            failed_jobs_queue_url: "http://failed".into(),
            retry_delay_s: 60,
            delete_thumbnails: true,
            max_object_bytes: u64::MAX,
            formats: Formats::ALL,
            keep_endings: true,
            tiers: TierTable::builtin().unwrap(),
            thumbnails: Thumbnails::builtin().unwrap(),
            meter: Meter::new(Tariff { prices, architecture: Architecture::X86_64, memory_mb: 256 }, LogRules::whole()),
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn source(etag: &str) -> ObjectHead {
        ObjectHead {
            etag: etag.into(),
            bytes: 9,
            content_type: Some("image/png".into()),
            modified: Some(SystemTime::UNIX_EPOCH),
            ..ObjectHead::default()
        }
    }

    fn thumbnail(etag: &str) -> Vec<Option<ObjectHead>> {
        vec![Some(ObjectHead { source_etag: Some(etag.into()), ..ObjectHead::default() })]
    }

    fn ending(outcome: &str, etag: Option<&str>) -> Option<Ending> {
        Some(Ending {
            outcome: outcome.into(),
            message: Some("because".into()),
            key: "a.png".into(),
            source_etag: etag.map(str::to_owned),
            made_by: None,
            correlation_id: "c".into(),
        })
    }

    #[test]
    fn the_two_buckets_tell_what_became_of_an_upload() {
        let settings = settings();
        let none = || vec![None];
        let check = |asked, source, thumbnails, ending, hours, want: &str| {
            let known = Known { source, thumbnails, ending };
            let now = SystemTime::UNIX_EPOCH + HOUR * hours;
            let got = match state("a.png", asked, &known, &settings, HOUR * 12, now) {
                State::Refused { name, .. } => name,
                other => format!("{other:?}"),
            };
            assert_eq!(got, want, "{known:?}");
        };
        let (old, new) = ("\"old\"", "\"new\"");
        check(None, None, none(), None, 0, "Unknown");
        check(None, None, none(), ending("removed", None), 0, "Deleted");
        check(None, None, thumbnail(old), None, 0, "Deleted");
        check(None, Some(source(new)), none(), None, 0, "InWork");
        check(None, Some(source(new)), thumbnail(new), None, 0, "Made(None)");
        check(None, Some(source(new)), thumbnail(old), None, 0, "InWork");
        check(Some(old), Some(source(new)), thumbnail(old), None, 0, "Replaced");
        check(Some("new"), Some(source(new)), thumbnail(new), None, 0, "Made(None)");
        check(None, Some(source(new)), none(), ending("corrupt", Some(new)), 0, "corrupt");
        // How another version ended says nothing of this one.
        check(None, Some(source(new)), none(), ending("corrupt", Some(old)), 0, "InWork");
        check(None, Some(source(new)), none(), ending("removed", None), 0, "InWork");
        // An upload whose ending was kept before its retry came through.
        check(None, Some(source(new)), thumbnail(new), ending("killed", Some(new)), 0, "Made(None)");
        let text = ObjectHead { content_type: Some("text/plain".into()), ..source(new) };
        check(None, Some(text.clone()), none(), None, 0, "InWork"); // The key may be right.
        // What the dispatcher skipped stays skipped, whatever the table of tiers says since.
        check(None, Some(text), none(), ending("too_large", Some(new)), 0, "too_large");
        check(None, Some(source(new)), none(), None, 12, "InWork");
        check(None, Some(source(new)), none(), None, 13, "not_made");
    }
}
