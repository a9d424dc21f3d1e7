//! A listing that compares: what has no thumbnail of its version gets one, and thumbnails whose image is gone go too.
//!
//! It decides nothing itself: what became of an object tells the API's rule, and everything else is an event for the
//! dispatcher. How far it came is noted after each page, so that a restart goes on there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use contract::{Change, EventObject, OWN_PREFIX, unquoted, with_causes};
use function::{CallError, HeadObject as _, Store};
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use crate::aws::{Listed, list};
use crate::delivery::Part;
use crate::durable;
use crate::home::{Home, Shared};
use crate::metrics::say;
use crate::pipeline::deliver;
use crate::probe::KeyForm;
use crate::shape::of_object;

/// How many objects are looked at side by side.
const AT_A_TIME: usize = 16;

/// The event of what is younger, or younger than a round, is probably under way.
const YOUNG: Duration = Duration::from_secs(60);

/// How long a listing that failed waits, and how often a page is looked at before the next one has its turn.
const PAUSE: Duration = Duration::from_secs(10);
const TRIES: u32 = 5;

/// How far a round came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    /// The images are compared, and now the thumbnails are.
    thumbnails: bool,
    /// The last key that is done.
    after: String,
}

/// What a round did.
#[derive(Debug, Default)]
struct Round {
    young: Duration,
    seen: u64,
    made: u64,
    removed: u64,
}

/// Compares again and again, a round `every` so often.
pub(crate) async fn run(
    (shared, store, names): (Arc<Shared>, Store, KeyForm),
    state: PathBuf,
    every: Duration,
    looks: Rc<Semaphore>,
) {
    let file = state.join("reconcile.json");
    loop {
        let next = Instant::now() + every;
        let mut round = Round { young: every.min(YOUNG), ..Round::default() };
        while let Err(error) = whole(&shared, (&store, names), &file, &looks, &mut round).await {
            say(
                "warning",
                &format!("comparing the buckets: {}, going on in {} s", with_causes(&error), PAUSE.as_secs()),
            );
            sleep(PAUSE).await;
        }
        let Round { seen, made, removed, .. } = round;
        say(
            "info",
            &format!(
                "compared the buckets: {seen} keys, {made} images in work, thumbnails of {removed} images removed"
            ),
        );
        sleep_until(next).await;
    }
}

/// From where the last one ended to the end.
async fn whole(
    shared: &Shared,
    (store, names): (&Store, KeyForm),
    file: &Path,
    looks: &Semaphore,
    round: &mut Round,
) -> Result<(), CallError> {
    let (mut place, mut tries) = (read(file), 0);
    let settings = &shared.settings;
    loop {
        let (bucket, prefix) = if place.thumbnails {
            (&settings.destination_bucket, settings.thumbnails.written_prefix())
        } else {
            (&settings.source_bucket, "")
        };
        let (listed, more) = list(store, names, bucket, prefix, &place.after).await?;
        round.seen += listed.len() as u64;
        let last = listed.last().map(|object| object.key.clone());
        let looked = if place.thumbnails {
            removals(shared, store, looks, &listed).await.map(|(is_done, removed)| (is_done, 0, removed))
        } else {
            images(shared, store, looks, round.young, listed).await.map(|(is_done, made)| (is_done, made, 0))
        };
        let why = match looked {
            Ok((is_done, made, removed)) => {
                round.made += made;
                round.removed += removed;
                (!is_done).then(|| "some of it failed".to_owned())
            }
            Err(error) => Some(with_causes(&error)),
        };
        if let Some(why) = why {
            tries += 1;
            let page = format!("the page of `{bucket}` behind `{}`: {why}", place.after);
            if tries < TRIES {
                say("warning", &format!("{page}, again in {} s", PAUSE.as_secs()));
                sleep(PAUSE).await;
                continue;
            }
            // One object that cannot be read must not keep all others from their turn.
            say("error", &format!("{page}, {TRIES} times: the next round looks at it again"));
        }
        tries = 0;
        place = match (last, more) {
            (Some(after), true) => Place { after, ..place },
            _ if place.thumbnails || !settings.delete_thumbnails => Place::default(),
            _ => Place { thumbnails: true, after: String::new() },
        };
        if let Err(error) = write(file, &place) {
            say("warning", &format!("`{}` cannot be written: {error}", file.display()));
        }
        if place == Place::default() {
            return Ok(());
        }
    }
}

/// Has every image made that has no thumbnail and no ending; whether all are done, and how many there were.
async fn images(
    shared: &Shared,
    store: &Store,
    looks: &Semaphore,
    young: Duration,
    listed: Vec<Listed>,
) -> Result<(bool, u64), CallError> {
    let settings = &shared.settings;
    let is_ours = |key: &str| key.starts_with(OWN_PREFIX) || settings.thumbnails.may_have_made(key);
    let wanted = listed.into_iter().filter(|object| {
        let age = object.modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
        let is_output = settings.source_bucket == settings.destination_bucket && is_ours(&object.key);
        settings.is_watched(&settings.source_bucket, &object.key)
            && !object.key.ends_with('/')
            && !is_output
            && age.is_none_or(|age| age >= young)
    });
    let look = async |object: Listed| {
        let part = Part::first().0;
        let home = Home::new(shared, store, &part);
        let state = api::what_became_of(&home, &shared.api, &object.key, object.etag.as_deref()).await?;
        if !matches!(state, api::State::InWork) {
            return Ok(None);
        }
        let etag = object.etag.as_deref().map(|etag| unquoted(etag).to_owned());
        let event = event(&settings.source_bucket, object.key, etag, Change::Created);
        Ok(Some(deliver(shared, store, event, looks).await))
    };
    counted(wanted.map(look)).await
}

/// Has the thumbnails removed of every image that is gone.
///
/// Only what carries our metadata and names our source bucket: several deployments may share a bucket of thumbnails.
async fn removals(
    shared: &Shared,
    store: &Store,
    looks: &Semaphore,
    listed: &[Listed],
) -> Result<(bool, u64), CallError> {
    let settings = &shared.settings;
    let bucket = settings.destination_bucket.as_str();
    let mut sources: Vec<(String, Vec<String>)> = Vec::new();
    for object in listed.iter().filter(|object| !object.key.starts_with(OWN_PREFIX)) {
        let of = settings.thumbnails.sources_of(&object.key);
        let of: Vec<_> = of.into_iter().filter(|key| settings.is_watched(&settings.source_bucket, key)).collect();
        match sources.last_mut() {
            // The variants of an image stand side by side.
            Some((_, before)) if *before == of => {}
            _ if of.is_empty() => {}
            _ => sources.push((object.key.clone(), of)),
        }
    }
    let look = async |(thumbnail, of): (String, Vec<String>)| {
        for source in &of {
            if store.head(&settings.source_bucket, source).await?.is_some() {
                return Ok(None);
            }
        }
        let Some(head) = store.head(bucket, &thumbnail).await? else { return Ok(None) };
        if head.source_etag.is_none() || head.source_bucket.as_deref() != Some(settings.source_bucket.as_str()) {
            return Ok(None);
        }
        let mut is_done = true;
        for source in &of {
            let event = event(&settings.source_bucket, source.clone(), None, Change::Removed);
            is_done &= deliver(shared, store, event, looks).await;
        }
        Ok(Some(is_done))
    };
    counted(sources.into_iter().map(look)).await
}

fn event(bucket: &str, key: String, etag: Option<String>, change: Change) -> Value {
    of_object(&EventObject { bucket: bucket.to_owned(), key, etag, change, ..EventObject::default() })
}

/// Looks, a few side by side; whether all that there was to do is done, and for how many.
async fn counted(
    looks: impl Iterator<Item = impl Future<Output = Result<Option<bool>, CallError>>>,
) -> Result<(bool, u64), CallError> {
    let results: Vec<_> = stream::iter(looks).buffer_unordered(AT_A_TIME).collect().await;
    let (mut is_done, mut number) = (true, 0);
    for result in results {
        if let Some(done) = result? {
            is_done &= done;
            number += 1;
        }
    }
    Ok((is_done, number))
}

fn read(file: &Path) -> Place {
    fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn write(file: &Path, place: &Place) -> io::Result<()> {
    durable::write(file, [serde_json::to_vec(place)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn a_round_goes_on_where_it_ended() {
        let folder = Scratch::new("serve-reconcile");
        let file = folder.join("reconcile.json");
        assert_eq!(read(&file), Place::default());
        let place = Place { thumbnails: true, after: "ü +.jpg".to_owned() };
        write(&file, &place).unwrap();
        assert_eq!(read(&file), place);
        fs::write(&file, "{").unwrap();
        assert_eq!(read(&file), Place::default());
    }
}
