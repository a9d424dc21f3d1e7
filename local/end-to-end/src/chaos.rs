//! A bad day, and the account of it: hundreds of uploads while everything that can fail does, and what became of each.
//!
//! The seed decides what is done to each key and when. What fails when, and who is killed, follows it as closely as a
//! machine with other things to do can.

mod delivery;
mod dice;
mod evidence;
mod file;
mod hostile;
mod ledger;
mod progress;
mod script;
mod storm;
mod traffic;
mod verdict;
mod want;

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use contract::Thumbnails;
use tokio::time::Instant;

use self::delivery::Diverted;
use self::evidence::{Evidence, settled};
use self::ledger::Run;
use self::progress::Progress;
use self::script::{Act, scripts};
use self::verdict::verdict;
use crate::Deployment;

pub use self::ledger::Ledger;

/// How long a failed job is hidden from the dispatcher's next try while a run lasts, in seconds.
const HIDDEN_S: &str = "5";

/// Nothing has happened for so many seconds: everything is over. Lambda's retries here come after 1 and 2 seconds.
const QUIET_S: u32 = 5;

/// How large a run is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many keys.
    pub objects: u64,
    /// What is done to them.
    pub seed: u64,
    /// In a bucket with versions, which are deleted by their ids, delete markers too.
    pub has_versions: bool,
    /// When it ends whatever is still under way.
    pub limit: Duration,
}

impl Settings {
    /// `CHAOS_OBJECTS`, 60 without; `CHAOS_SEED`, another one each time without; `CHAOS_SECONDS`, 480 without;
    /// `CHAOS_VERSIONS`, off without.
    ///
    /// # Panics
    /// Where one is no number.
    #[must_use]
    pub fn from_environment() -> Self {
        let number = |name: &str| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
            Some(value.parse::<u64>().unwrap_or_else(|_| panic!("{name} is `{value}`: expected a whole number")))
        };
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        Self {
            objects: number("CHAOS_OBJECTS").unwrap_or(60),
            seed: number("CHAOS_SEED").unwrap_or(seconds % 100_000),
            has_versions: std::env::var("CHAOS_VERSIONS").is_ok_and(|value| value == "on"),
            limit: Duration::from_secs(number("CHAOS_SECONDS").unwrap_or(480)),
        }
    }
}

/// Runs it against the deployment of `make chaos` or `make test`, and leaves that as it was.
///
/// # Panics
/// Where the deployment is not there, or the local AWS itself fails.
pub async fn run(settings: Settings) -> Ledger {
    let Settings { objects, seed, has_versions, limit } = settings;
    let deployment = Deployment::connect().await;
    let scripts = scripts(objects, seed, has_versions);
    if has_versions {
        deployment.keep_versions(true).await;
    }
    let uploading = Duration::from_millis(script::uploading_ms(objects));
    let progress = Progress::start(objects, uploading);
    let deadline = Instant::now() + limit;
    let hidden_s = deployment.hide_failed_jobs_for(HIDDEN_S).await;
    let diverted = Diverted::begin(&deployment).await;

    let is_over = Cell::new(false);
    let traffic = async {
        let played = traffic::play(&deployment, &scripts, seed, &progress).await;
        is_over.set(true);
        played
    };
    let running = async {
        let storm = storm::rage(&deployment, uploading, seed, &progress);
        let (played, delivered, ()) = tokio::join!(traffic, diverted.deliver(seed, &is_over), storm);
        (played, delivered, settled(&deployment, QUIET_S, deadline).await)
    };
    let (played, delivered, is_settled) = tokio::select! {
        done = running => done,
        () = progress.tell() => unreachable!("a loop without an end"),
    };
    diverted.end().await;
    if has_versions {
        deployment.keep_versions(false).await;
    }
    deployment.hide_failed_jobs_for(&hidden_s).await;

    let evidence = Evidence::gather(&deployment).await;
    let thumbnails = Thumbnails::builtin().expect("the committed list is sound");
    let verdicts: Vec<_> =
        played.iter().map(|played| verdict(&played.key, played.newest.as_ref(), &evidence, &thumbnails)).collect();
    let uploads = scripts.iter().flat_map(|script| &script.steps);
    let is_hostile = |act: &Act| matches!(act, Act::Upload(version) if version.is_hostile());
    let run = Run {
        seed,
        has_versions,
        seconds: progress.elapsed().as_secs(),
        limits: std::env::var("LIMITS").unwrap_or_default(),
        is_settled,
        hostile: uploads.filter(|step| is_hostile(&step.act)).count() as u64,
        delivered,
        kills: progress.kills(),
        faults: crate::faults("{}").await,
    };
    Ledger::of(run, &played, &verdicts, &evidence)
}
