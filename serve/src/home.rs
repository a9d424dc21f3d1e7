//! The edges of every part, in one process: S3 by [`Store`], and in place of Lambda and SQS the scheduler, the journal and
//! the folders of letters.

use std::sync::Arc;
use std::time::Duration;

use api::RunWorker;
use contract::{DeadLetter, Outcome, PutOff, Task};
use function::{CallError, HasStore, InvokeWorker, Lease, PutOffTask, SendDeadLetter, Store};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::clock::now_ms;
use crate::delivery::Part;
use crate::journal::{Entry, Journal};
use crate::letters::Letters;
use crate::scheduler::{Scheduler, Work};

/// What all deliveries share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The dispatcher's.
    pub(crate) settings: function::Settings,
    /// Those of each tier's worker.
    pub(crate) workers: Vec<worker::Settings>,
    pub(crate) api: api::Settings,
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) journal: Journal,
    pub(crate) letters: Arc<Letters>,
    /// To whoever follows the journal: what is in it now.
    pub(crate) entries: UnboundedSender<(u64, Entry)>,
}

/// The edges of one part of a delivery.
pub(crate) struct Home<'part> {
    pub(crate) shared: &'part Shared,
    /// With a count of its own.
    pub(crate) store: Store,
    pub(crate) part: &'part Part,
    /// The share of the memory that it works in.
    pub(crate) lease: Option<Lease>,
}

impl Shared {
    /// Keeps an entry in the journal, and sees to it that it is followed.
    ///
    /// # Errors
    /// What the disk said.
    pub(crate) async fn keep(&self, entry: Entry) -> Result<(), String> {
        let id = self.journal.put(&entry).await?;
        // Where nobody follows it any more, it is found at the next start.
        let _ = self.entries.send((id, entry));
        Ok(())
    }

    /// The place of a tier, or of the largest where a tier was taken away.
    fn tier(&self, name: &str) -> usize {
        let found = self.workers.iter().position(|worker| worker.tier.name == name);
        found.unwrap_or(self.workers.len() - 1)
    }
}

impl<'part> Home<'part> {
    /// Without a share of the memory: nothing is decoded.
    pub(crate) fn new(shared: &'part Shared, store: &Store, part: &'part Part) -> Self {
        Self { shared, store: store.counted_anew(), part, lease: None }
    }
}

impl HasStore for Home<'_> {
    fn store(&self) -> &Store {
        &self.store
    }

    fn lease(&self) -> Option<Lease> {
        self.lease.clone()
    }
}

impl InvokeWorker for Home<'_> {
    async fn invoke(&self, tier: &str, task: &Task) -> Result<(), CallError> {
        let tier = self.shared.tier(tier);
        self.shared.scheduler.push(Work { tier, task: task.clone(), part: self.part.another(), answer: None });
        Ok(())
    }
}

impl RunWorker for Home<'_> {
    async fn run(&self, tier: &str, task: &Task, wait: Duration) -> Result<Outcome, CallError> {
        let (sender, receiver) = oneshot::channel();
        let work = Work {
            tier: self.shared.tier(tier),
            task: task.clone(),
            // What comes to nothing here is done by the event of the upload.
            part: Part::first().0,
            answer: Some(sender),
        };
        self.shared.scheduler.push(work);
        let failed = |cause: String| CallError { action: format!("a job of tier {tier}"), cause: cause.into() };
        match tokio::time::timeout(wait, receiver).await {
            Ok(Ok(result)) => result.map_err(failed),
            Ok(Err(_)) => Err(failed("the process stops".to_owned())),
            Err(_) => Err(failed(format!("it took longer than {} s", wait.as_secs()))),
        }
    }
}

impl SendDeadLetter for Home<'_> {
    async fn send(&self, letter: &DeadLetter) -> Result<(), CallError> {
        let failed = |cause| CallError { action: "keeping a letter in the state folder".to_owned(), cause };
        let (letters, letter) = (Arc::clone(&self.shared.letters), letter.clone());
        let kept = tokio::task::spawn_blocking(move || letters.keep(&letter)).await;
        kept.map_err(|error| failed(error.into()))?.map_err(|error| failed(error.into()))
    }
}

impl PutOffTask for Home<'_> {
    async fn put_off(&self, task: &PutOff, delay_s: u32) -> Result<(), CallError> {
        let entry = Entry::Later { put_off: task.clone(), at_ms: now_ms() + u64::from(delay_s) * 1000 };
        let failed = |cause: String| CallError { action: "putting a job off".to_owned(), cause: cause.into() };
        self.shared.keep(entry).await.map_err(failed)
    }
}
