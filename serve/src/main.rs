//! `thumbtier-serve`: dispatcher, workers and API in one process, against any store that speaks S3. `thumbtier serve`
//! starts it.
//!
//! The rules are those of the functions, called as they are. What is here stands in place of Lambda, SQS and API Gateway:
//! a scheduler that shares the memory among tiers, a journal on disk, and the sources of events.

mod arguments;
mod aws;
mod clock;
mod delivery;
mod durable;
mod home;
mod journal;
mod lanes;
mod letters;
mod memory;
mod metrics;
mod pipeline;
mod probe;
mod reconcile;
mod redis;
mod scheduler;
#[cfg(test)]
#[path = "../../benches/src/scratch.rs"]
mod scratch;
mod server;
mod settings;
mod shape;
mod shares;
#[cfg(feature = "sqs")]
mod sqs;
mod token;

use std::fs::{self, File};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::available_parallelism;

use anyhow::{Context, bail};
use clap::Parser as _;
use function::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::watch;
use tokio::task::{LocalSet, spawn_local};

use crate::arguments::{Action, Arguments, Command, LettersArguments, Options, Style};
use crate::aws::Place;
use crate::delivery::Part;
use crate::home::{Home, Shared};
use crate::journal::Journal;
use crate::letters::Letters;
use crate::metrics::say;
use crate::probe::{KeyForm, Probed};
use crate::scheduler::Scheduler;
use crate::server::Server;
use crate::shares::Decided;

fn main() -> ExitCode {
    // SVG and PDF are drawn by this program, started once more.
    vector::serve_if_asked();
    let Command::Serve(arguments) = Arguments::parse().command;
    let result = match (arguments.action, arguments.options) {
        (Some(Action::Letters(which)), _) => list_letters(&which),
        (Some(Action::Redrive(which)), _) => redrive(&which),
        (None, Some(options)) => serve(&options),
        (None, None) => Err(anyhow::anyhow!("--source, --destination and --state are missing: see --help")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("thumbtier: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn chosen(which: &LettersArguments) -> Vec<letters::Kept> {
    let mut all = letters::list(&which.state, Some(which.refusals));
    all.retain(|kept| which.reason.as_ref().is_none_or(|reason| *reason == kept.letter.reason));
    all
}

fn list_letters(which: &LettersArguments) -> anyhow::Result<()> {
    for kept in chosen(which) {
        println!("{}", serde_json::to_string(&kept.letter)?);
    }
    Ok(())
}

fn redrive(which: &LettersArguments) -> anyhow::Result<()> {
    let (mut sent, mut kept_back) = (0, 0);
    for kept in chosen(which) {
        if letters::event(&kept.letter).is_none() {
            kept_back += 1;
            continue;
        }
        letters::send_again(&which.state, &kept).with_context(|| kept.path.display().to_string())?;
        sent += 1;
    }
    println!("{sent} letters are sent again by the process that serves; {kept_back} have nothing in them to send");
    Ok(())
}

fn serve(options: &Options) -> anyhow::Result<()> {
    fs::create_dir_all(&options.state).with_context(|| format!("making `{}`", options.state.display()))?;
    let _lock = lock(&options.state)?;
    let cores = available_parallelism().map_or(1, usize::from);
    let limit = memory::limit(options.memory);
    let Decided { shares, tiers, cut } = shares::decide(&settings::tiers(options)?, &limit, cores)?;
    if let Some(cut) = cut {
        say("warning", &cut);
    }
    let settings = settings::shared(options, &tiers, limit.mb)?;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..lanes::count(cores)).map(|_| unbounded_channel()).unzip();
    let (journal, left) = Journal::open(&options.state).context("opening the journal")?;
    let (entries, to_follow) = unbounded_channel();
    let before = left.len();
    for entry in left {
        let _ = entries.send(entry);
    }
    let place = Place {
        endpoint: options.endpoint.clone(),
        region: options.region.clone(),
        by_path: options.style == Style::Path,
        ca: options.ca.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting")?;
    let served = async {
        let (store, names) = connect(&place, &settings, options).await?;
        let outside = Place { endpoint: options.public_endpoint.clone().or(options.endpoint.clone()), ..place.clone() };
        let store = store.seen_from_outside(outside.client().await?);
        let shared = Arc::new(Shared {
            workers: settings::workers(options, &tiers)?,
            api: settings::api(options, &tiers, limit.mb)?,
            settings,
            scheduler: Scheduler::new(shares, senders),
            journal,
            letters: Arc::new(Letters::open(&options.state).context("making the folders of letters")?),
            entries,
        });
        for jobs in receivers {
            lanes::start(Arc::clone(&shared), store.clone(), place.clone(), jobs).context("starting a thread")?;
        }
        let (stop, stopping) = watch::channel(false);
        let looks = pipeline::looks();
        let listener =
            server::bind(options.listen).await.with_context(|| format!("listening to {}", options.listen))?;
        let upload_origin = match &options.api_token {
            None => None,
            Some(_) => Some(api::upload_origin(&Home::new(&shared, &store, &Part::first().0)).await?),
        };
        let events = options.events_token.as_deref().map(settings::access);
        let server = Server {
            shared: Arc::clone(&shared),
            store: store.clone(),
            events,
            upload_origin,
            memory_mb: limit.mb,
            stop: stopping.clone(),
        };
        spawn_local(server::listen(Rc::new(server), listener));
        spawn_local(pipeline::follow(Arc::clone(&shared), store.clone(), to_follow, Rc::clone(&looks)));
        spawn_local(pipeline::redrive(Arc::clone(&shared)));
        sources(options, &place, &shared, (&store, names), &looks, &stopping)?;
        let memory = format!("{} MB of memory as {} has it, {cores} cores", limit.mb, limit.set_by);
        say("info", &format!("serving at {}, {before} entries in the journal, {memory}", options.listen));
        asked_to_stop().await?;
        let _ = stop.send(true);
        end(options, &shared).await;
        Ok(())
    };
    runtime.block_on(LocalSet::new().run_until(served))
}

/// One process has a state folder.
fn lock(state: &Path) -> anyhow::Result<File> {
    let path = state.join("lock");
    let file = File::create(&path).with_context(|| format!("making `{}`", path.display()))?;
    if file.try_lock().is_err() {
        bail!("`{}` is another process's: give each process a --state of its own", state.display());
    }
    Ok(file)
}

/// The store, and what it lacks.
async fn connect(
    place: &Place,
    settings: &function::Settings,
    options: &Options,
) -> anyhow::Result<(Store, Option<KeyForm>)> {
    let is_alone = options.alone;
    let store = Store::new(place.client().await?, settings);
    aws::reach(&store).await?;
    let Probed { conditions, names, writes, deletes } = probe::probe(&store, options.reconcile.is_some()).await?;
    let lacking = writes.join("; ");
    if !writes.is_empty() && !is_alone {
        bail!(
            "the store lacks conditional writes ({lacking}), so that of two processes the one with the older image could \
             have the last word: use a store that has them, or give --alone to the only process that writes thumbnails"
        );
    }
    if !writes.is_empty() {
        let late = "a write that is under way when this process is killed may come after those of the next one, which \
                    --reconcile finds";
        say(
            "warning",
            &format!(
                "the store lacks conditional writes ({lacking}): this process looks before it writes (--alone); {late}"
            ),
        );
    }
    if !deletes.is_empty() && !is_alone {
        let lacking = deletes.join("; ");
        say(
            "warning",
            &format!(
                "the store lacks conditional deletions ({lacking}): a thumbnail is looked at just before it is removed, \
                 and where another process replaced it in between, it is made again"
            ),
        );
    }
    if options.reconcile.is_some() && names.is_none() {
        bail!(
            "--reconcile: in a listing of `{}` the key that was written is not found again, so that the keys of this \
             store cannot be read from it",
            store.destination_bucket()
        );
    }
    Ok((store.keeping(conditions), names))
}

/// Starts what brings events beside HTTP.
fn sources(
    options: &Options,
    place: &Place,
    shared: &Arc<Shared>,
    (store, names): (&Store, Option<KeyForm>),
    looks: &Rc<tokio::sync::Semaphore>,
    stop: &watch::Receiver<bool>,
) -> anyhow::Result<()> {
    if let (Some(every), Some(names)) = (options.reconcile, names) {
        let state = options.state.clone();
        spawn_local(reconcile::run((Arc::clone(shared), store.clone(), names), state, every, Rc::clone(looks)));
    }
    if let Some(url) = options.redis.clone() {
        let (shared, store, looks, stop) = (Arc::clone(shared), store.clone(), Rc::clone(looks), stop.clone());
        let (key, state) = (options.redis_key.clone(), options.state.clone());
        let _: redis::Url = url.parse()?;
        spawn_local(async move {
            if let Err(error) = redis::run(shared, store, (&url, &key), &state, looks, stop).await {
                say("error", &format!("{error:#}"));
            }
        });
    }
    #[cfg(feature = "sqs")]
    if let Some(url) = options.sqs.clone() {
        let (shared, store, looks, stop) = (Arc::clone(shared), store.clone(), Rc::clone(looks), stop.clone());
        let (place, endpoint) = (place.clone(), options.sqs_endpoint.clone());
        spawn_local(async move {
            if let Err(error) = sqs::run(shared, store, (&place, endpoint.as_deref(), &url), looks, stop).await {
                say("error", &format!("{error:#}"));
            }
        });
    }
    #[cfg(not(feature = "sqs"))]
    if options.sqs.is_some() {
        let _ = place;
        bail!("--sqs: this build has no SQS, build it with the feature sqs");
    }
    if options.events_token.is_none() && options.redis.is_none() && options.sqs.is_none() && options.reconcile.is_none()
    {
        bail!("nothing brings events: give --events-token, --redis, --sqs or --reconcile");
    }
    Ok(())
}

async fn asked_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("waiting for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("waiting for signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Lets jobs that run end, and gives back what waits.
async fn end(options: &Options, shared: &Shared) {
    say("info", &format!("stopping: jobs that run have {}", humantime::format_duration(options.stop_within)));
    shared.scheduler.stop();
    let is_idle = tokio::time::timeout(options.stop_within, shared.scheduler.idle()).await.is_ok();
    // Queues are told, and the journal is written.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let left = shared.journal.waiting();
    let how = if is_idle { "every job that ran is done" } else { "jobs that still ran come again" };
    say("info", &format!("stopped: {how}, {left} entries stay in the journal"));
}
