//! Threads that wait for the store, each with connections of its own; the pixels are decoded on others.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use function::Store;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{LocalSet, spawn_local};

use crate::aws::Place;
use crate::home::Shared;
use crate::metrics::say;
use crate::pipeline::run;
use crate::scheduler::Started;

/// How many cores one lane keeps busy.
const CORES: usize = 4;

/// How many lanes so many cores have.
pub(crate) fn count(cores: usize) -> usize {
    cores.div_ceil(CORES).max(1)
}

/// Starts a lane.
///
/// # Errors
/// A thread that cannot be started.
pub(crate) fn start(
    shared: Arc<Shared>,
    store: Store,
    place: Place,
    mut jobs: UnboundedReceiver<Started>,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let lane = async move {
        let store = match place.client().await {
            Ok(client) => store.by(client),
            Err(error) => return say("error", &format!("{error:#}")),
        };
        while let Some((work, permit)) = jobs.recv().await {
            spawn_local(run(Arc::clone(&shared), store.clone(), work, permit));
        }
    };
    thread::Builder::new().name("lane".to_owned()).spawn(move || runtime.block_on(LocalSet::new().run_until(lane)))
}
