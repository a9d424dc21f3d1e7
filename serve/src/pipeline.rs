//! An event's way: the dispatcher looks at its objects, workers have its tasks, and what fails goes back to the dispatcher,
//! all by the rules that the functions go by.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contract::{DeadLetter, Task, with_causes};
use dispatcher::Reply;
use function::{Lease, Store};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::clock::{now_ms, until};
use crate::delivery::Part;
use crate::home::{Home, Shared};
use crate::journal::Entry;
use crate::letters;
use crate::metrics::say;
use crate::scheduler::{Permit, Work};

/// How many events are looked at side by side: each waits for the store.
const LOOKS: usize = 128;

/// How often an event that fails is delivered, about two hours of trouble with the store.
const TRIES: u32 = 130;

/// The longest wait between two of them.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How often is looked for letters that somebody wants to be sent again.
const REDRIVE_PACE: Duration = Duration::from_secs(3);

/// A name for what was delivered, in logs: unique on this machine.
pub(crate) fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:x}-{:x}", now_ms(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Has everything done that an event is about. `false`: it must come again.
pub(crate) async fn deliver(shared: &Shared, store: &Store, event: Value, looks: &Semaphore) -> bool {
    let (part, ended) = Part::first();
    let looked = {
        let _look = looks.acquire().await;
        look(shared, store, &part, event).await
    };
    match looked {
        Ok(()) => part.done(),
        Err(message) => {
            drop(part);
            say("warning", &message);
        }
    }
    ended.well().await
}

/// How many events may be looked at side by side.
pub(crate) fn looks() -> Rc<Semaphore> {
    Rc::new(Semaphore::new(LOOKS))
}

async fn look(shared: &Shared, store: &Store, part: &Part, event: Value) -> Result<(), String> {
    let home = Home::new(shared, store, part);
    match dispatcher::handle(&home, &shared.settings, event, &name()).await {
        Ok(Reply::Messages { batch_item_failures }) if !batch_item_failures.is_empty() => {
            Err("an event could not be dispatched: the line before says why".to_owned())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(with_causes(&error)),
    }
}

/// A message as a queue would bring it: the shape in which the dispatcher takes what failed and what was put off.
fn message(body: &Value) -> Value {
    json!({ "Records": [{ "eventSource": "aws:sqs", "messageId": name(), "body": body.to_string() }] })
}

/// Follows the journal: delivers each entry when its time has come, until it is done.
pub(crate) async fn follow(
    shared: Arc<Shared>,
    store: Store,
    mut entries: UnboundedReceiver<(u64, Entry)>,
    looks: Rc<Semaphore>,
) {
    while let Some((id, entry)) = entries.recv().await {
        let (shared, store, looks) = (Arc::clone(&shared), store.clone(), Rc::clone(&looks));
        spawn_local(async move {
            let (event, at_ms) = match entry {
                Entry::Event { event, at_ms } => (event, at_ms),
                Entry::Later { put_off, at_ms } => (message(&json!(put_off)), at_ms),
            };
            sleep(until(at_ms)).await;
            for attempt in 0..TRIES {
                if deliver(&shared, &store, event.clone(), &looks).await {
                    return shared.journal.done(id);
                }
                sleep(Duration::from_secs(1 << attempt.min(6)).min(LONGEST_WAIT)).await;
            }
            let text = event.to_string();
            let message = format!("an event failed {TRIES} times, the log says why: {text}");
            if bury(&shared, "dispatch_failed", message).await {
                shared.journal.done(id);
            }
        });
    }
}

/// Keeps a letter about an event that is none, or that never succeeds.
pub(crate) async fn bury(shared: &Shared, reason: &str, message: String) -> bool {
    let (reason, correlation_id) = (reason.to_owned(), name());
    let letter = DeadLetter { reason, message, correlation_id, job: None, refused: false };
    let letters = Arc::clone(&shared.letters);
    matches!(tokio::task::spawn_blocking(move || letters.keep(&letter)).await, Ok(Ok(())))
}

/// Delivers letters that somebody wants to be sent again.
pub(crate) async fn redrive(shared: Arc<Shared>) {
    loop {
        for kept in shared.letters.again() {
            let event = letters::event(&kept.letter);
            let is_safe = match event {
                Some(event) => shared.keep(Entry::Event { event, at_ms: 0 }).await.is_ok(),
                // There is nothing in it to send.
                None => true,
            };
            if is_safe {
                let _ = std::fs::remove_file(&kept.path);
            }
        }
        sleep(REDRIVE_PACE).await;
    }
}

/// Runs one task in its tier's share of the memory.
pub(crate) async fn run(shared: Arc<Shared>, store: Store, work: Work, permit: Permit) {
    let Work { tier, task, part, answer } = work;
    let settings = &shared.workers[tier];
    let home = Home { lease: Some(Lease::of(Arc::new(permit))), ..Home::new(&shared, &store, &part) };
    let limit = Duration::from_secs(settings.tier.timeout_s);
    let result = tokio::time::timeout(limit, worker::handle(&home, settings, &task)).await;
    // Where the engine is still at it, it keeps its share until it is done.
    drop(home);
    let (name, message) = match result {
        Ok(Ok(outcome)) => {
            // Who waited may have gone.
            let _ = answer.map(|answer| answer.send(Ok(outcome)));
            return part.done();
        }
        Ok(Err(error)) => (error.name(), with_causes(&error)),
        Err(_) => ("Sandbox.Timedout", format!("Task timed out after {} seconds", limit.as_secs())),
    };
    if let Some(answer) = answer {
        // As a function that somebody waits for: the event of the upload brings another.
        let _ = answer.send(Err(message));
        return part.done();
    }
    let failed = failed_job(&shared.settings.worker_prefix, &settings.tier.name, &task, (name, &message));
    match look(&shared, &store, &part, failed).await {
        Ok(()) => part.done(),
        Err(message) => say("error", &message),
    }
}

/// As Lambda writes it, which is the shape that the dispatcher reads.
fn failed_job(prefix: &str, tier: &str, task: &Task, (name, text): (&str, &str)) -> Value {
    message(&json!({
        "requestContext": {
            "functionArn": format!("arn:aws:lambda:::function:{prefix}{tier}"),
            "condition": "RetriesExhausted",
        },
        "requestPayload": task,
        "responsePayload": { "errorType": name, "errorMessage": text },
    }))
}
