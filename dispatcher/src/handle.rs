//! One invocation: every object and every failed job of the event, and the answer that its source expects.

use std::collections::BTreeMap;
use std::time::Instant;

use contract::{DispatchRecord, Ending, ObjectRecord, PutOff, Requests, Task, Usage, metrics, with_causes};
use function::{CallError, Settings, Start};
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::Value;

use crate::dispatch::{Answer, Edge, Verdict, dispatch, look};
use crate::event::failed_job::FailedJob;
use crate::event::s3_batch::{Invocation, Response, ResultCode};
use crate::event::sqs::{Content, Message};
use crate::event::{self, Event, EventError};
use crate::failure::{Next, after};

/// The function's answer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To an asynchronous source, which does not read it.
    Summary(Summary),
    /// To SQS.
    #[serde(rename_all = "camelCase")]
    Messages {
        /// What is not named here is deleted from the queue.
        batch_item_failures: Vec<Failure>,
    },
    /// To S3 Batch Operations.
    Batch(Response),
}

/// What became of an event.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Tasks handed over, by tier.
    pub dispatched: BTreeMap<String, u32>,
    /// Final answers, by name.
    pub skipped: BTreeMap<&'static str, u32>,
    /// Objects that the queue of failed jobs brings again.
    pub put_off: u32,
    /// Objects that must be tried again.
    pub failed: u32,
}

/// A message that SQS delivers again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    item_identifier: String,
}

/// Everything that makes Lambda run the event again.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It is no event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// After all were tried. Tasks already handed over are handed over again; workers find what they made.
    #[error("{failed} of {total} records could not be dispatched, the first because {first}")]
    Dispatch {
        /// How many.
        failed: usize,
        /// Of how many.
        total: usize,
        /// Why.
        first: String,
    },
}

/// How many messages are handled side by side: each may hold several objects, and all of them wait for S3 and Lambda.
const AT_A_TIME: usize = 5;

/// What an invocation did, for its log lines.
#[derive(Default)]
struct Tally {
    /// A record of each object and of each message that could not be read.
    records: Vec<ObjectRecord>,
    objects: u32,
    heads: u32,
    failures: u32,
    /// What the event's way here is billed for.
    way: Usage,
}

/// Handles one event. `request_id` is Lambda's, the same when it retries an asynchronous event.
///
/// # Errors
/// [`HandlerError`], for asynchronous sources only: the others have their own words for a failure.
pub async fn handle(
    edge: &impl Edge,
    settings: &Settings,
    event: Value,
    request_id: &str,
) -> Result<Reply, HandlerError> {
    let (start, started) = (settings.meter.start(), Instant::now());
    let mut tally = Tally { way: event::way(&event), ..Tally::default() };
    let reply = reply(edge, settings, event, request_id, &mut tally).await;
    log(settings, start, started, request_id, tally);
    reply
}

async fn reply(
    edge: &impl Edge,
    settings: &Settings,
    event: Value,
    request_id: &str,
    tally: &mut Tally,
) -> Result<Reply, HandlerError> {
    match Event::decode(event)? {
        Event::Objects(objects) => {
            let answers = or_later(edge, settings, dispatch(edge, settings, objects, request_id).await, 0).await;
            tally.add(&answers);
            summary(&answers).map(Reply::Summary)
        }
        Event::Messages(messages) => {
            let mut batch_item_failures = Vec::new();
            let mut messages = messages.into_iter();
            loop {
                let some: Vec<_> = messages.by_ref().take(AT_A_TIME).collect();
                if some.is_empty() {
                    break;
                }
                for (id, done, of_message) in join_all(some.into_iter().map(|one| own(edge, settings, one))).await {
                    tally.merge(of_message);
                    if let Err(error) = done {
                        let record = ObjectRecord { message: Some(error), ..ObjectRecord::new("failed_message", &id) };
                        tally.records.push(record);
                        batch_item_failures.push(Failure { item_identifier: id });
                    }
                }
            }
            Ok(Reply::Messages { batch_item_failures })
        }
        Event::Batch(invocation) => {
            let (ids, tasks) = invocation.into_parts();
            let (task_ids, objects): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
            let answers = dispatch(edge, settings, objects, request_id).await;
            tally.add(&answers);
            let results = task_ids.into_iter().zip(&answers).map(|(id, answer)| result(id, &answer.verdict));
            Ok(Reply::Batch(Invocation::response(ids, results.collect())))
        }
    }
}

/// A message with what became of it and a tally of its own, because its neighbours are under way.
async fn own(edge: &impl Edge, settings: &Settings, message: Message) -> (String, Result<(), String>, Tally) {
    let mut tally = Tally::default();
    let Message { id, content } = message;
    let done = self::message(edge, settings, &id, content, &mut tally).await;
    (id, done, tally)
}

/// What is in one message; the error is the sentence for the log.
async fn message(
    edge: &impl Edge,
    settings: &Settings,
    id: &str,
    content: Result<Content, EventError>,
    tally: &mut Tally,
) -> Result<(), String> {
    match content.map_err(|error| with_causes(&error))? {
        Content::Objects(objects) => {
            let answers = or_later(edge, settings, dispatch(edge, settings, objects, id).await, 0).await;
            tally.add(&answers);
            summary(&answers).map(|_| ()).map_err(|error| error.to_string())
        }
        Content::FailedJob(failed) => {
            tally.objects += 1;
            let done = follow_up(edge, settings, &failed).await;
            tally.failures += u32::from(done.is_err());
            tally.records.push(done.map_err(|error| with_causes(&error))?);
            Ok(())
        }
        Content::PutOff(put_off) => {
            let (retry, task) = match *put_off {
                PutOff::Task { retry, task } => (retry, task),
                PutOff::Object { look: object, attempts, correlation_id } => {
                    let answer = look(edge, settings, Ok(object), correlation_id).await;
                    let answers = or_later(edge, settings, vec![answer], attempts).await;
                    tally.add(&answers);
                    return summary(&answers).map(|_| ()).map_err(|error| error.to_string());
                }
            };
            tally.objects += 1;
            // A tier that a deployment has taken away meanwhile has its images in the largest.
            let tier = settings.tiers.get(&retry).unwrap_or_else(|| settings.tiers.largest());
            let done = edge.invoke(&tier.name, &task).await;
            tally.failures += u32::from(done.is_err());
            done.map_err(|error| with_causes(&error))?;
            tally.records.push(ObjectRecord {
                key: Some(task.key().to_owned()),
                sent_to: Some(tier.name.clone()),
                ..ObjectRecord::new("retried", task.correlation_id())
            });
            Ok(())
        }
    }
}

/// Sends a failed job up a tier, later to the same, or to the dead letters; returns what the log says of it.
async fn follow_up(edge: &impl Edge, settings: &Settings, failed: &FailedJob) -> Result<ObjectRecord, CallError> {
    let (outcome, sent_to) = match after(failed, &settings.tiers, &settings.worker_prefix, settings.retry_delay_s) {
        Next::Escalate { tier, job } => {
            edge.invoke(tier, &Task::Make(job)).await?;
            ("escalated".to_owned(), Some(tier.to_owned()))
        }
        Next::PutOff { tier, task, delay_s } => {
            edge.put_off(&PutOff::Task { retry: tier.clone(), task }, delay_s).await?;
            ("put_off".to_owned(), Some(tier))
        }
        Next::Bury(letter) => {
            if let Task::Make(job) = &failed.task {
                if job.came_back && settings.delete_thumbnails {
                    let remove = job.removal_of_others();
                    edge.invoke(&settings.tiers.smallest().name, &Task::Remove { remove }).await?;
                }
                edge.keep(&Ending::about(job, &letter.reason, &letter.message)).await?;
            }
            edge.send(&letter).await?;
            (letter.reason, None)
        }
    };
    Ok(ObjectRecord {
        message: Some(failed.message()),
        key: Some(failed.task.key().to_owned()),
        sent_to,
        ..ObjectRecord::new(&outcome, failed.task.correlation_id())
    })
}

/// Puts off what S3 or Lambda had no time for.
async fn or_later(edge: &impl Edge, settings: &Settings, answers: Vec<Answer>, attempts: u32) -> Vec<Answer> {
    join_all(answers.into_iter().map(|answer| answer.or_later(edge, settings, attempts))).await
}

fn summary(answers: &[Answer]) -> Result<Summary, HandlerError> {
    let mut summary = Summary::default();
    let mut first = None;
    for answer in answers {
        match &answer.verdict {
            Verdict::Dispatched { tier, .. } => *summary.dispatched.entry(tier.clone()).or_default() += 1,
            Verdict::PutOff { .. } => summary.put_off += 1,
            Verdict::Skipped { name, .. } => *summary.skipped.entry(name).or_default() += 1,
            Verdict::Failed(error) => {
                summary.failed += 1;
                first.get_or_insert_with(|| with_causes(error));
            }
        }
    }
    match first {
        Some(first) => Err(HandlerError::Dispatch { failed: summary.failed as usize, total: answers.len(), first }),
        None => Ok(summary),
    }
}

fn result(task_id: String, verdict: &Verdict) -> (String, ResultCode, String) {
    let (code, text) = match verdict {
        Verdict::Dispatched { tier, .. } => (ResultCode::Succeeded, format!("sent to {tier}")),
        Verdict::Skipped { name, message, is_ordinary: true } => (ResultCode::Succeeded, format!("{name}: {message}")),
        Verdict::Skipped { name, message, .. } => (ResultCode::PermanentFailure, format!("{name}: {message}")),
        // Nothing is put off for S3 Batch Operations, which tries again itself.
        Verdict::PutOff { message } => (ResultCode::TemporaryFailure, message.clone()),
        Verdict::Failed(error) => (ResultCode::TemporaryFailure, with_causes(error)),
    };
    (task_id, code, text)
}

/// An invocation of one object is one line; of several, one for each and one for all.
fn log(settings: &Settings, start: Start, started: Instant, request_id: &str, tally: Tally) {
    let meter = &settings.meter;
    let Tally { mut records, objects, heads, failures, way } = tally;
    let only = if records.len() == 1 && objects == 1 { records.pop() } else { None };
    for record in records {
        meter.log(DispatchRecord::about(record).under(&meter.rules));
    }
    let total_ms = usage::milliseconds(started.elapsed());
    let is_named = only.as_ref().is_some_and(|record| record.correlation_id.starts_with(request_id));
    let tariff = &meter.tariff;
    let compute_dollars = tariff.compute(start.init_ms + total_ms);
    let request_dollars = tariff.prices.requests(Requests { heads, ..Requests::of_dispatcher() })
        + way.dollars(tariff.architecture, &tariff.prices);
    let record = DispatchRecord {
        tier: metrics::DISPATCHER.to_owned(),
        request_id: if is_named { String::new() } else { request_id.to_owned() },
        object: only,
        objects,
        heads,
        failures,
        cold_starts: start.is_cold.into(),
        total_ms,
        init_ms: start.init_ms,
        compute_dollars,
        request_dollars,
        dollars: compute_dollars + request_dollars,
    };
    meter.log(record.under(&meter.rules));
}

impl Tally {
    fn merge(&mut self, other: Self) {
        self.records.extend(other.records);
        self.objects += other.objects;
        self.heads += other.heads;
        self.failures += other.failures;
    }

    fn add(&mut self, answers: &[Answer]) {
        self.records.extend(answers.iter().map(Answer::record));
        self.objects += answers.len() as u32;
        self.heads += answers.iter().filter(|answer| answer.is_asked).count() as u32;
        let failed = answers.iter().filter(|answer| matches!(answer.verdict, Verdict::Failed(_)));
        self.failures += failed.count() as u32;
    }
}

#[cfg(test)]
mod tests;
