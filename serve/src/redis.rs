//! Events from a list of Redis, as MinIO writes them, for any number of processes.
//!
//! An entry goes from the list to one of this process's own (`BLMOVE`), and leaves that one when it is done. What a process
//! had that is gone goes back: its own at its next start, that of others when they have not shown themselves for 20 s.
//!
//! **Source:** Redis documentation, `LMOVE`, "Pattern: reliable queue"; Redis 6.2 or newer.

mod connection;

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use function::Store;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};

pub(crate) use self::connection::Url;
use self::connection::{Connection, Reply};
use crate::home::Shared;
use crate::journal::Entry;
use crate::metrics::say;
use crate::pipeline::{bury, deliver, name};
use crate::shape;

/// How many entries a process has at once, waiting or in work.
const AT_ONCE: usize = 1000;

/// How long is waited for an entry before anything else is looked at.
const WAIT_S: &str = "2";

/// How often a process shows itself, and after how many seconds without that it counts as gone.
const PACE: Duration = Duration::from_secs(5);
const GONE_S: &str = "20";

/// How long a broken connection is left alone.
const PAUSE: Duration = Duration::from_secs(3);

/// The names of lists and keys.
struct Names {
    list: String,
    taken: String,
    alive: String,
    processes: String,
    own: String,
}

impl Names {
    fn new(list: &str, own: String) -> Self {
        Self {
            list: list.to_owned(),
            taken: format!("{list}:taken:"),
            alive: format!("{list}:alive:"),
            processes: format!("{list}:processes"),
            own,
        }
    }

    fn taken_by(&self, process: &str) -> String {
        format!("{}{process}", self.taken)
    }
}

/// Takes entries until it is told to stop.
///
/// # Errors
/// An address that is none, and a state folder that cannot be written.
pub(crate) async fn run(
    shared: Arc<Shared>,
    store: Store,
    (url, list): (&str, &str),
    state: &Path,
    looks: Rc<Semaphore>,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let url: Url = url.parse()?;
    let names = Rc::new(Names::new(list, own_name(state)?));
    let places = Arc::new(Semaphore::new(AT_ONCE));
    while !*stop.borrow() {
        let (done, to_forget) = unbounded_channel();
        let forgetting = spawn_local(forget(url.clone(), Rc::clone(&names), to_forget));
        let taking =
            Taking { shared: &shared, store: &store, names: &names, looks: &looks, places: &places, stop: &stop, done };
        let taken = taking.take(&url).await;
        drop(taking);
        if let Err(error) = taken {
            say("warning", &format!("Redis at {}: {error}, again in {} s", url.address, PAUSE.as_secs()));
            forgetting.abort();
            sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// The same at every start of this state folder, and another one's for every other.
fn own_name(state: &Path) -> std::io::Result<String> {
    let file = state.join("name");
    if let Ok(name) = std::fs::read_to_string(&file)
        && !name.trim().is_empty()
    {
        return Ok(name.trim().to_owned());
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let own = format!("{}-{}-{}", host.trim(), std::process::id(), name());
    std::fs::write(&file, &own)?;
    Ok(own)
}

struct Taking<'run> {
    shared: &'run Arc<Shared>,
    store: &'run Store,
    names: &'run Rc<Names>,
    looks: &'run Rc<Semaphore>,
    places: &'run Arc<Semaphore>,
    stop: &'run watch::Receiver<bool>,
    /// What need not come again.
    done: UnboundedSender<Vec<u8>>,
}

impl Taking<'_> {
    async fn take(&self, url: &Url) -> Result<(), String> {
        let names = self.names;
        let mut redis = Connection::open(url).await?;
        let own = names.taken_by(&names.own);
        give_back(&mut redis, names, &own).await?;
        let mut shown: Option<Instant> = None;
        while !*self.stop.borrow() {
            if shown.is_none_or(|shown| shown.elapsed() >= PACE) {
                show(&mut redis, names).await?;
                shown = Some(Instant::now());
            }
            let place = Arc::clone(self.places).acquire_owned();
            let Ok(Ok(place)) = tokio::time::timeout(PACE, place).await else { continue };
            let reply = redis.ask(&["BLMOVE", &names.list, &own, "LEFT", "RIGHT", WAIT_S]).await?;
            let Reply::Text(entry) = reply else { continue };
            let (shared, store, looks) = (Arc::clone(self.shared), self.store.clone(), Rc::clone(self.looks));
            let (done, stop) = (self.done.clone(), self.stop.clone());
            spawn_local(async move {
                let _place = place;
                if handle(&shared, &store, &entry, &looks, &stop).await {
                    // The connection may be another one by now; then the entry comes again, and is found done.
                    let _ = done.send(entry);
                }
            });
        }
        Ok(())
    }
}

/// Whether the entry is done, or kept elsewhere.
async fn handle(shared: &Shared, store: &Store, entry: &[u8], looks: &Semaphore, stop: &watch::Receiver<bool>) -> bool {
    match shape::event(entry) {
        Ok(None) => true,
        Ok(Some(event)) => {
            // What a stop gave back stays taken, for others.
            deliver(shared, store, event.clone(), looks).await
                || !*stop.borrow()
                    && shared.keep(Entry::Event { event, at_ms: crate::clock::now_ms() + 1000 }).await.is_ok()
        }
        Err(error) => bury(shared, "bad_event", format!("{error}: {}", String::from_utf8_lossy(entry))).await,
    }
}

/// Takes what is done out of the process's own list.
async fn forget(url: Url, names: Rc<Names>, mut done: UnboundedReceiver<Vec<u8>>) {
    let own = names.taken_by(&names.own);
    let mut redis = None;
    while let Some(entry) = done.recv().await {
        loop {
            if redis.is_none() {
                redis = Connection::open(&url).await.ok();
            }
            if let Some(connection) = &mut redis {
                match connection.ask_bytes(&[b"LREM", own.as_bytes(), b"1", &entry]).await {
                    Ok(_) => break,
                    Err(error) => {
                        say("warning", &format!("Redis: {error}"));
                        redis = None;
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }
}

/// Says that this process is there, and gives back what others had that are not any more.
async fn show(redis: &mut Connection, names: &Names) -> Result<(), String> {
    let alive = |process: &str| format!("{}{process}", names.alive);
    redis.ask(&["SET", &alive(&names.own), "1", "EX", GONE_S]).await?;
    redis.ask(&["SADD", &names.processes, &names.own]).await?;
    let Reply::List(processes) = redis.ask(&["SMEMBERS", &names.processes]).await? else { return Ok(()) };
    for process in processes {
        let Ok(process) = String::from_utf8(process) else { continue };
        if process != names.own && redis.ask(&["EXISTS", &alive(&process)]).await? == Reply::Number(0) {
            give_back(redis, names, &names.taken_by(&process)).await?;
            redis.ask(&["SREM", &names.processes, &process]).await?;
        }
    }
    Ok(())
}

async fn give_back(redis: &mut Connection, names: &Names, taken: &str) -> Result<(), String> {
    let mut count = 0;
    while redis.ask(&["LMOVE", taken, &names.list, "RIGHT", "LEFT"]).await? != Reply::Nothing {
        count += 1;
    }
    if count > 0 {
        say("info", &format!("{count} events that a process had taken and not done are in the list of Redis again"));
    }
    Ok(())
}
