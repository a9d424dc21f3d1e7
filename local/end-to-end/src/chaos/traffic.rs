//! Uploads, overwrites and deletes.

use std::time::Duration;

use contract::Thumbnails;
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::progress::Progress;
use super::script::{Act, Script, Version};
use super::want::Want;
use crate::Deployment;

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

/// A step with what it uploads; the last upload of a script with what must become of it.
enum Ready {
    Upload(super::file::File, Option<Want>),
    Delete,
}

async fn prepare(script: Script, seed: u64, thumbnails: Thumbnails) -> Vec<(Duration, Ready)> {
    let last = script.steps.len() - 1;
    let make = move |version: &Version, key: &str, is_last: bool| {
        let file = version.file(seed);
        let want = is_last.then(|| Want::of(key, &file, &thumbnails));
        Ready::Upload(file, want)
    };
    let making = tokio::task::spawn_blocking(move || {
        let steps = script.steps.iter().enumerate().map(|(place, step)| {
            let ready = match &step.act {
                Act::Upload(version) => make(version, &script.key, place == last),
                Act::Delete => Ready::Delete,
            };
            (Duration::from_millis(step.wait_ms), ready)
        });
        steps.collect()
    });
    making.await.expect("no picture panics")
}

async fn play_one(deployment: &Deployment, key: String, steps: Vec<(Duration, Ready)>) -> Played {
    let mut played = Played { key, newest: None, uploads: 0, deletions: 0 };
    for (wait, ready) in steps {
        tokio::time::sleep(wait).await;
        match ready {
            Ready::Upload(file, want) => {
                let etag =
                    deployment.upload_encoded(&played.key, file.content_type, file.content_encoding, file.bytes).await;
                played.newest = want.map(|want| Newest { etag, want });
                played.uploads += 1;
            }
            Ready::Delete => {
                deployment.delete(&played.key).await;
                played.newest = None;
                played.deletions += 1;
            }
        }
    }
    played
}
