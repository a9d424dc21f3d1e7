//! One task, from GET to the last PUT. Knows no AWS: its edges are the traits of `edge.rs`.
//!
//! Data goes one way: this file calls the steps of a task, and no step calls another that stands above it.

use contract::{Job, Outcome, Task, with_causes};
use engine::EngineError;
use function::CallError;

use crate::deliver::{deliver, found};
use crate::edge::Edge;
use crate::error::WorkerError;
use crate::make::{Failure, make};
use crate::remove::remove;
use crate::settings::Settings;
use crate::step::Step;
use crate::stopwatch::Stopwatch;
use crate::store::look;
use crate::tell::{tell_failure, tell_refusal, tell_removal};
use crate::thumbnail::stored_objects;

/// How often a job follows an object that is deleted and uploaded again while its thumbnails are made.
const ROUNDS: u32 = 3;

/// Does the task, tells of it if nothing more can be done, and logs one line about it.
///
/// # Errors
/// [`WorkerError`] for what may go better the next time. The retry finds what is stored already and does the rest.
pub async fn handle(edge: &impl Edge, settings: &Settings, task: &Task) -> Result<Outcome, WorkerError> {
    let mut stopwatch = Stopwatch::start(&settings.shared.meter);
    let result = run(edge, settings, task, &mut stopwatch).await;
    let meter = &settings.shared.meter;
    meter.log(stopwatch.record(settings, task, &result).under(&meter.rules));
    result
}

async fn run(
    edge: &impl Edge,
    settings: &Settings,
    task: &Task,
    stopwatch: &mut Stopwatch,
) -> Result<Outcome, WorkerError> {
    let mut step = match task {
        Task::Make(job) => Step::MakeAgain(job.clone()),
        Task::Remove { remove: removal } => {
            let step = remove(edge, settings, removal, &stopwatch.calls).await.map_err(WorkerError::Remove)?;
            if matches!(step, Step::Done(Outcome::Removed { .. })) && removal.current_etag.is_none() {
                tell_removal(edge, task).await?;
            }
            step
        }
    };
    let mut rounds = 0..ROUNDS;
    loop {
        match step {
            Step::Done(outcome) => return Ok(outcome),
            Step::MakeAgain(_) if rounds.next().is_none() => break,
            Step::MakeAgain(job) => {
                step = match make_and_tell(edge, settings, &job, stopwatch).await {
                    Err(error) if !is_about(task, &job) => Step::Done(tell_failure(edge, job, &error).await?),
                    made => made?,
                }
            }
        }
    }
    let cause = format!("the object comes and goes, {ROUNDS} times").into();
    Err(WorkerError::Settle(CallError { action: format!("making the thumbnails of `{}`", task.key()), cause }))
}

/// A retry of `task` does `job` again.
fn is_about(task: &Task, job: &Job) -> bool {
    matches!(task, Task::Make(own) if own.etag == job.etag)
}

async fn make_and_tell(
    edge: &impl Edge,
    settings: &Settings,
    job: &Job,
    stopwatch: &mut Stopwatch,
) -> Result<Step, WorkerError> {
    let step = make_thumbnails(edge, settings, job, stopwatch).await?;
    if let Step::Done(Outcome::Refused { reason, message }) = &step {
        if job.came_back && settings.shared.delete_thumbnails {
            let removed = remove(edge, settings, &job.removal_of_others(), &stopwatch.calls).await;
            if let Step::MakeAgain(newer) = removed.map_err(WorkerError::Remove)? {
                return Ok(Step::MakeAgain(newer));
            }
        }
        tell_refusal(edge, job, (reason, message), stopwatch.made_by(settings, job)).await?;
    }
    Ok(step)
}

async fn make_thumbnails(
    edge: &impl Edge,
    settings: &Settings,
    job: &Job,
    stopwatch: &mut Stopwatch,
) -> Result<Step, WorkerError> {
    if job.look_first
        && let Some(there) = look(edge, settings, job, &stopwatch.calls).await.map_err(WorkerError::Look)?
    {
        return found(edge, settings, job, there, &stopwatch.calls).await;
    }
    let Some(body) = edge.get(job).await.map_err(WorkerError::Read)? else {
        return Ok(Step::Done(Outcome::Gone));
    };
    stopwatch.got();
    let work = match make(edge, body, job, settings, stopwatch).await {
        Ok(work) => work,
        Err(Failure::Engine(error @ EngineError::Source { .. })) => return Err(WorkerError::Body(error)),
        Err(Failure::Engine(error @ EngineError::OverBudget { .. })) => {
            return escalate(edge, settings, job, &error).await.map(Step::Done);
        }
        Err(failure) => return Ok(Step::Done(refused(failure.name(), &failure))),
    };
    stopwatch.made(&work.made, &work.warnings);
    let made_by = stopwatch.made_by(settings, job);
    let objects = match stored_objects(work.made, settings, job, &made_by) {
        Ok(objects) => objects,
        Err(error) => return Ok(Step::Done(refused("key_too_long", &error))),
    };
    let step = deliver(edge, settings, job, objects, &stopwatch.calls).await?;
    stopwatch.put();
    Ok(match step {
        Step::Done(Outcome::Made { thumbnails, .. }) => {
            Step::Done(Outcome::Made { thumbnails, warnings: made_by.warnings })
        }
        step => step,
    })
}

/// Hands the job to the next tier, before a pixel was decoded; the largest tier refuses it.
async fn escalate(
    edge: &impl Edge,
    settings: &Settings,
    job: &Job,
    error: &EngineError,
) -> Result<Outcome, WorkerError> {
    let Some(next) = settings.next_tier() else {
        return Ok(refused(error.name(), error));
    };
    edge.invoke(&next.name, &Task::Make(job.clone())).await.map_err(WorkerError::Escalate)?;
    Ok(Outcome::Escalated { to: next.name.clone(), message: error.to_string() })
}

fn refused(reason: &str, error: &dyn std::error::Error) -> Outcome {
    Outcome::Refused { reason: reason.to_owned(), message: with_causes(error) }
}

#[cfg(test)]
mod tests;
