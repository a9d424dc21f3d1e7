//! Uploads, overwrites and deletes.

use std::time::Duration;

use contract::Thumbnails;
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::progress::Progress;
use super::script::{Act, Script, Survivor, Version};
use super::want::Want;
use crate::{Deployment, Version as Stored};

/// How many files are made at a time: the functions need the processors too.
const MAKERS: usize = 2;

/// Files are made so long before they are due: the first of their kind of 100 megapixels takes seconds.
pub(super) const AHEAD: Duration = Duration::from_secs(3);

/// What was done to a key.
#[derive(Debug)]
pub(super) struct Played {
    pub key: String,
    /// What is there now; `None` where it was deleted.
    pub newest: Option<Newest>,
    pub uploads: u64,
    pub deletions: u64,
}

/// The version that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Newest {
    /// In its quotes.
    pub etag: String,
    pub want: Want,
    /// Something newer was deleted by its id: it has no event of its own.
    pub came_back: bool,
}

/// Plays every script, each at its time.
pub(super) async fn play(deployment: &Deployment, scripts: &[Script], seed: u64, progress: &Progress) -> Vec<Played> {
    let thumbnails = Thumbnails::builtin().expect("the committed list is sound");
    let (begin, makers) = (Instant::now() + AHEAD, Semaphore::new(MAKERS));
    let playing = scripts.iter().map(async |script| {
        let start = begin + Duration::from_millis(script.start_ms);
        sleep_until(start - AHEAD).await;
        let steps = {
            let _maker = makers.acquire().await.expect("it is never closed");
            prepare(script.clone(), seed, thumbnails.clone()).await
        };
        sleep_until(start).await;
        let played = play_one(deployment, script.key.clone(), steps).await;
        progress.object_done();
        played
    });
    join_all(playing).await
}

/// A step with what it uploads; the upload that is current in the end with what must become of it.
enum Ready {
    Upload(super::file::File, Option<(Want, bool)>),
    Delete,
    DeleteNewest,
    DeleteOldest,
}

async fn prepare(script: Script, seed: u64, thumbnails: Thumbnails) -> Vec<(Duration, Ready)> {
    let survivor = script.survivor();
    let make = move |version: &Version, key: &str, place: usize| {
        let file = version.file(seed);
        let is_current = |survivor: &Survivor| survivor.step == place;
        let want = survivor.filter(is_current).map(|it| (Want::of(key, &file, &thumbnails), it.came_back));
        Ready::Upload(file, want)
    };
    let making = tokio::task::spawn_blocking(move || {
        let steps = script.steps.iter().enumerate().map(|(place, step)| {
            let ready = match &step.act {
                Act::Upload(version) => make(version, &script.key, place),
                Act::Delete => Ready::Delete,
                Act::DeleteNewest => Ready::DeleteNewest,
                Act::DeleteOldest => Ready::DeleteOldest,
            };
            (Duration::from_millis(step.wait_ms), ready)
        });
        steps.collect()
    });
    making.await.expect("no picture panics")
}

async fn play_one(deployment: &Deployment, key: String, steps: Vec<(Duration, Ready)>) -> Played {
    let mut played = Played { key, newest: None, uploads: 0, deletions: 0 };
    let mut versions: Vec<Stored> = Vec::new();
    for (wait, ready) in steps {
        tokio::time::sleep(wait).await;
        match ready {
            Ready::Upload(file, want) => {
                let stored =
                    deployment.upload_version(&played.key, file.content_type, file.content_encoding, file.bytes).await;
                let etag = stored.etag.clone().expect("S3 gives an ETag");
                played.newest = want.map(|(want, came_back)| Newest { etag, want, came_back }).or(played.newest);
                played.uploads += 1;
                versions.push(stored);
            }
            Ready::Delete => {
                versions.push(deployment.mark_deleted(&played.key).await);
                played.deletions += 1;
            }
            Ready::DeleteNewest => {
                let newest = versions.pop().expect("it was stored");
                deployment.delete_version(&played.key, &newest).await;
                played.deletions += 1;
            }
            Ready::DeleteOldest => {
                deployment.delete_version(&played.key, &versions.remove(0)).await;
                played.deletions += 1;
            }
        }
    }
    played
}
