//! Objects handed to the dispatcher from here: some at once, so many a second, in the order of the listing.
//!
//! Their outcomes are noted in that order too, so that one key says how far a run came.

use std::cell::Cell;
use std::fmt::Display;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use contract::{Decision, encode_event_key};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::listed::{Listed, Rules};
use super::outcome::{Outcome, ResultCode};
use crate::stop::Stop;

/// The most objects in one invocation: more would take the dispatcher's small share of a CPU longer than it saves.
pub(super) const TASKS: usize = 25;

/// How long an invocation may take without slowing the run, in seconds: so many of them are on their way at a time.
const INVOCATION_S: usize = 2;

/// The most invocations at a time, whatever the rate: an account has a limit, and uploads come too.
const MAX_IN_FLIGHT: usize = 32;

/// How often an object is tried before the run ends: half a minute of waiting between them.
const TRIES: u32 = 6;

/// The wait before the second try, doubled before each later one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Lists objects in the order of their keys. The right `s3:ListBucket` is this trait.
pub(super) trait List {
    /// The next of them; `None` after the last.
    fn page(&mut self) -> impl Future<Output = anyhow::Result<Option<Vec<Listed>>>>;
}

/// Runs the dispatcher and waits for its answer. The right `lambda:InvokeFunction` is this trait.
pub(super) trait Dispatch {
    /// `event` is one of S3 Batch Operations, schema 2.0, and so is the answer.
    fn dispatch(&self, event: &Value) -> impl Future<Output = Result<Value, DispatchError>>;
}

/// The dispatcher did not answer.
#[derive(Debug)]
pub(super) enum DispatchError {
    /// It may the next time.
    Temporary(anyhow::Error),
    /// It never will: it is not there, or it may not be invoked.
    Final(anyhow::Error),
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every object was handed over.
    Whole,
    /// Somebody ended it.
    Stopped,
}

/// Objects of a listing on their way.
pub(super) struct Direct<'a, Edge> {
    edge: &'a Edge,
    rules: &'a Rules,
    bucket: &'a str,
    run: &'a str,
    stop: &'a Stop,
    pace: Pace,
    first_wait: Duration,
}

/// Objects of one invocation, and what was left out before and between them.
#[derive(Default)]
struct Batch {
    keys: Vec<String>,
    last_key: String,
    outcome: Outcome,
}

impl<'a, Edge: Dispatch> Direct<'a, Edge> {
    /// Nothing is sent yet. `run` is the name that the dispatcher sees, `rate` the most objects a second.
    pub(super) fn new(
        edge: &'a Edge,
        rules: &'a Rules,
        (bucket, run): (&'a str, &'a str),
        rate: u32,
        stop: &'a Stop,
    ) -> Self {
        Self { edge, rules, bucket, run, stop, pace: Pace::new(rate), first_wait: FIRST_WAIT }
    }

    /// At most so many objects on their way, one in each invocation.
    pub(super) fn with_at_most(mut self, at_a_time: Option<u32>) -> Self {
        self.pace.at_a_time = at_a_time.map(|number| number as usize);
        self
    }

    /// Hands over everything that `pages` lists. `note` gets the last key and the outcome of each batch, in the order of
    /// the keys.
    ///
    /// # Errors
    /// A listing or a note that failed, an object that failed too often, a dispatcher that is not there. Everything that
    /// was noted is done.
    pub(super) async fn run(
        &self,
        pages: impl List,
        mut note: impl FnMut(String, Outcome) -> anyhow::Result<()>,
    ) -> anyhow::Result<End> {
        let sent = self.batches(pages).map(|batch| async { self.send(batch?).await });
        let mut sent = pin!(sent.buffered(self.pace.in_flight()));
        while let Some(done) = sent.next().await {
            match done? {
                Some(Batch { last_key, outcome, .. }) => note(last_key, outcome)?,
                None => return Ok(End::Stopped),
            }
        }
        Ok(if self.stop.is_set() { End::Stopped } else { End::Whole })
    }

    /// Batches, each when its turn has come; none after the signal.
    fn batches(&self, pages: impl List) -> impl Stream<Item = anyhow::Result<Batch>> {
        let feed = Feed { pages, objects: Vec::new().into_iter(), rules: self.rules, size: self.pace.tasks() };
        stream::unfold(Some(feed), |feed| async {
            let mut feed = feed?;
            let batch = match feed.batch().await {
                Ok(batch) => batch?,
                Err(error) => return Some((Err(error), None)),
            };
            let in_turn = self.stop.sleep(self.pace.wait(batch.keys.len(), Instant::now())).await;
            in_turn.then_some((Ok(batch), Some(feed)))
        })
    }

    /// The batch with the answers about its objects; `None` if somebody ended it before each had one.
    ///
    /// Each try sends fewer objects in one invocation, so that one that is slow does not hold up its neighbours.
    async fn send(&self, mut batch: Batch) -> anyhow::Result<Option<Batch>> {
        let mut left = std::mem::take(&mut batch.keys);
        let (mut size, mut wait) = (TASKS, self.first_wait);
        for tried in 1.. {
            let mut again = Again::default();
            for keys in left.chunks(size) {
                match self.edge.dispatch(&event(self.bucket, self.run, keys)).await {
                    Ok(answer) => take_answers(keys, answer, &mut batch.outcome, &mut again)?,
                    Err(DispatchError::Temporary(error)) => keys.iter().for_each(|key| again.add(key, &error)),
                    Err(DispatchError::Final(error)) => return Err(error),
                }
            }
            let Again { keys, why } = again;
            let Some(first) = keys.first() else { return Ok(Some(batch)) };
            if tried == TRIES {
                return Err(anyhow!(
                    "{} objects failed {TRIES} times, the first, `{first}`, because {why}",
                    keys.len()
                ));
            }
            if !self.stop.sleep(wait + self.pace.wait(keys.len(), Instant::now())).await {
                return Ok(None);
            }
            left = keys;
            (size, wait) = ((size / 2).max(1), wait * 2);
        }
        unreachable!("an endless range does not end")
    }
}

/// Objects that must be tried again.
#[derive(Default)]
struct Again {
    keys: Vec<String>,
    /// Of the first.
    why: String,
}

impl Again {
    fn add(&mut self, key: &str, why: &impl Display) {
        if self.keys.is_empty() {
            // The causes too, where it is an error.
            self.why = format!("{why:#}");
        }
        self.keys.push(key.to_owned());
    }
}

/// An event of S3 Batch Operations, schema 2.0; a task's id is its place in `keys`.
fn event(bucket: &str, run: &str, keys: &[String]) -> Value {
    let task = |(at, key): (usize, &String)| {
        json!({
            "taskId": at.to_string(), "s3Key": encode_event_key(key), "s3VersionId": null, "s3Bucket": bucket,
        })
    };
    let tasks: Vec<Value> = keys.iter().enumerate().map(task).collect();
    json!({ "invocationSchemaVersion": "2.0", "invocationId": run, "job": { "id": run }, "tasks": tasks })
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<TaskResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskResult {
    task_id: String,
    result_code: ResultCode,
    result_string: String,
}

/// Notes final answers in `outcome`, the others in `again`.
fn take_answers(keys: &[String], answer: Value, outcome: &mut Outcome, again: &mut Again) -> anyhow::Result<()> {
    let Answer { results } = serde_json::from_value(answer).context("the dispatcher's answer: is it this release?")?;
    for (at, key) in keys.iter().enumerate() {
        let found = results.iter().find(|result| result.task_id == at.to_string());
        match found {
            Some(TaskResult { result_code: ResultCode::Temporary, result_string, .. }) => again.add(key, result_string),
            Some(result) => outcome.answer(key, result.result_code, &result.result_string),
            None => again.add(key, &"the dispatcher did not answer about it"),
        }
    }
    Ok(())
}

/// Makes batches of pages.
struct Feed<'a, Pages> {
    pages: Pages,
    objects: std::vec::IntoIter<Listed>,
    rules: &'a Rules,
    size: usize,
}

impl<Pages: List> Feed<'_, Pages> {
    /// The next objects for one invocation; `None` after the last. The end of a listing may be all left out.
    async fn batch(&mut self) -> anyhow::Result<Option<Batch>> {
        let mut batch = Batch::default();
        let mut is_empty = true;
        while batch.keys.len() < self.size {
            let Some(object) = self.objects.next() else {
                let Some(page) = self.pages.page().await? else { break };
                self.objects = page.into_iter();
                continue;
            };
            match self.rules.decide(&object) {
                Decision::Skip(skip) => batch.outcome.leave_out(&object.key, &skip),
                Decision::Invoke(_) => batch.keys.push(object.key.clone()),
            }
            (batch.last_key, is_empty) = (object.key, false);
        }
        Ok((!is_empty).then_some(batch))
    }
}

/// When objects may go: never more than so many a second, and no bursts after a pause.
struct Pace {
    rate: u32,
    /// Most objects on their way, where somebody says so.
    at_a_time: Option<usize>,
    next: Cell<Instant>,
}

impl Pace {
    fn new(rate: u32) -> Self {
        Self { rate, at_a_time: None, next: Cell::new(Instant::now()) }
    }

    /// Objects in one invocation: at a slow rate those of a second.
    fn tasks(&self) -> usize {
        if self.at_a_time.is_some() { 1 } else { TASKS.min(self.rate as usize) }
    }

    /// Invocations on their way at a time, as many as the rate needs.
    fn in_flight(&self) -> usize {
        if let Some(at_a_time) = self.at_a_time {
            return at_a_time;
        }
        (self.rate as usize * INVOCATION_S).div_ceil(self.tasks()).clamp(2, MAX_IN_FLIGHT)
    }

    /// How long `objects` must wait for their turn, which is theirs from now on.
    fn wait(&self, objects: usize, now: Instant) -> Duration {
        let turn = self.next.get().max(now);
        self.next.set(turn + Duration::from_secs_f64(objects as f64 / f64::from(self.rate)));
        turn - now
    }
}

#[cfg(test)]
mod tests;
