//! What becomes of a job that a worker could not end. Pure.
//!
//! Lambda runs it once and no more: a second run in the same tier would cost as much and end the same way. A worker that was
//! killed or ran out of time may succeed with more memory and more CPU: its job goes to the next tier, once. A fault of S3
//! goes by: its job is put off and gets the same tier again. What neither helps is told to somebody.

use contract::{DeadLetter, Job, Task, TierTable};

use crate::event::failed_job::{Cause, FailedJob};

/// How long a job is put off before each further try, in times of the deployment's delay: as Lambda would.
const DELAYS: [f64; 2] = [1.0, 2.0];

/// The same while S3 says that it is too much: an hour, because a new prefix takes so long to be partitioned.
const SLOW_DOWN_DELAYS: [f64; 8] = [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0];

/// The longest that SQS hides a message, in seconds.
const LONGEST_DELAY_S: f64 = 900.0;

/// What the answers of S3 and Lambda to too many requests have in them.
const SLOW_DOWN: [&str; 3] = ["SlowDown", "TooManyRequests", "ServiceUnavailable"];

/// Where the job goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'table> {
    /// To a larger tier.
    Escalate { tier: &'table str, job: Job },
    /// To the same tier, later.
    PutOff { tier: String, task: Task, delay_s: u32 },
    /// To somebody who looks into it.
    Bury(DeadLetter),
}

/// Decides on a failed job.
pub(crate) fn after<'table>(
    failed: &FailedJob,
    tiers: &'table TierTable,
    worker_prefix: &str,
    retry_delay_s: u64,
) -> Next<'table> {
    let cause = failed.cause();
    let tier = failed.function().strip_prefix(worker_prefix);
    let next = tier.and_then(|name| tiers.next_after(name));
    let is_end = matches!(cause, Cause::Killed | Cause::TimedOut);
    if let (Task::Make(job), Some(next)) = (&failed.task, next)
        && is_end
        && job.escalated_from.is_none()
    {
        let job = Job { escalated_from: tier.map(str::to_owned), ..job.clone() };
        return Next::Escalate { tier: &next.name, job };
    }
    // A removal decodes nothing: what killed its worker was no image of its own.
    let may_go_by = matches!(cause, Cause::Error(_)) || (is_end && matches!(failed.task, Task::Remove { .. }));
    let delay_s = || delay_s(&failed.message(), failed.task.attempts(), retry_delay_s);
    let delay_s = may_go_by.then(delay_s).flatten();
    if let (Some(tier), Some(delay_s)) = (tier.filter(|name| tiers.get(name).is_some()), delay_s) {
        return Next::PutOff { tier: tier.to_owned(), task: failed.task.clone().attempted(), delay_s };
    }
    Next::Bury(DeadLetter::about(failed.task.clone(), cause.name(), &failed.message()))
}

/// How long what failed with that message is put off, in seconds; `None` after the last try.
pub(crate) fn delay_s(message: &str, attempts: u32, retry_delay_s: u64) -> Option<u32> {
    let delays = if is_slow_down(message) { &SLOW_DOWN_DELAYS[..] } else { &DELAYS[..] };
    let delay = delays.get(attempts as usize)?;
    Some((delay * retry_delay_s as f64).clamp(1.0, LONGEST_DELAY_S) as u32)
}

/// S3 or Lambda had too many requests.
pub(crate) fn is_slow_down(message: &str) -> bool {
    SLOW_DOWN.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::failed_job;

    fn failed(function: &str, response: &str, escalated_from: Option<&str>) -> FailedJob {
        let escalated = escalated_from.map_or(String::new(), |tier| format!(r#""escalated_from":"{tier}","#));
        let json = format!(
            r#"{{"version":"1.0","timestamp":"2026-11-21T03:00:00.000Z",
                "requestContext":{{"requestId":"r","functionArn":"arn:aws:lambda:us-east-1:1:function:{function}:$LATEST",
                                   "condition":"RetriesExhausted","approximateInvokeCount":3}},
                "requestPayload":{{"bucket":"b","key":"k","etag":"\"e\"","bytes":7,{escalated}"correlation_id":"c"}},
                "responseContext":{{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"}}{response}}}"#
        );
        failed_job::decode(serde_json::from_str(&json).unwrap()).unwrap()
    }

    fn response(error_type: &str, message: &str) -> String {
        format!(r#","responsePayload":{{"errorType":"{error_type}","errorMessage":"{message}"}}"#)
    }

    fn check(failed: &FailedJob, want: &str) {
        let tiers = TierTable::builtin().unwrap();
        let got = match after(failed, &tiers, "worker-", 60) {
            Next::Escalate { tier, job } => format!("{tier} from {}", job.escalated_from.unwrap()),
            Next::PutOff { tier, task, delay_s } => {
                format!("{tier} in {delay_s} s, {}", task.attempts())
            }
            Next::Bury(letter) => letter.reason,
        };
        assert_eq!(got, want, "{failed:?}");
    }

    #[test]
    fn a_killed_or_timed_out_job_goes_up_a_tier() {
        let exit = "RequestId: r Error: Runtime exited with error: signal: killed";
        check(&failed("worker-small", &response("Runtime.ExitError", exit), None), "medium from small");
        check(&failed("worker-medium", &response("Runtime.OutOfMemory", exit), None), "large from medium");
        let timeout = "2026-11-21T03:00:30.000Z r Task timed out after 30.00 seconds";
        check(&failed("worker-small", &response("Sandbox.Timedout", timeout), None), "medium from small");
        // Older runtimes give no type.
        let untyped = format!(r#","responsePayload":{{"errorMessage":"{timeout}"}}"#);
        check(&failed("worker-small", &untyped, None), "medium from small");
    }

    #[test]
    fn it_goes_up_once_and_not_beyond_the_largest() {
        let exit = response("Runtime.ExitError", "Runtime exited");
        check(&failed("worker-medium", &exit, Some("small")), "killed");
        check(&failed("worker-large", &exit, None), "killed");
        check(&failed("another-function", &exit, None), "killed");
        check(&failed("worker-large", &response("Sandbox.Timedout", "Task timed out"), None), "timed_out");
    }

    /// The record with its job after so many attempts.
    fn attempted(mut failed: FailedJob, attempts: u32) -> FailedJob {
        failed.task = (0..attempts).fold(failed.task, |task, _| task.attempted());
        failed
    }

    #[test]
    fn a_fault_of_s3_gets_the_same_tier_again_twice() {
        let refused = || failed("worker-small", &response("read_failed", "reading the original: AccessDenied"), None);
        check(&refused(), "small in 60 s, 1");
        check(&attempted(refused(), 1), "small in 120 s, 2");
        check(&attempted(refused(), 2), "read_failed");
        check(&failed("another-function", &response("read_failed", "x"), None), "read_failed");
        check(&failed("worker-small", "", None), "never_ran");
        let tiers = TierTable::builtin().unwrap();
        let Next::Bury(letter) = after(&attempted(refused(), 2), &tiers, "worker-", 60) else { panic!("a letter") };
        assert_eq!(letter.message, "worker-small: reading the original: AccessDenied");
        assert_eq!((letter.correlation_id.as_str(), letter.job.unwrap().key()), ("c", "k"));
    }

    #[test]
    fn slow_down_is_put_off_for_an_hour() {
        let slow = || failed("worker-medium", &response("write_failed", "writing: SlowDown: reduce your rate"), None);
        let (tiers, mut waited_s) = (TierTable::builtin().unwrap(), 0);
        let mut job = slow();
        while let Next::PutOff { tier, task, delay_s } = after(&job, &tiers, "worker-", 60) {
            assert!(tier == "medium" && delay_s <= 900, "{task:?} in {delay_s} s");
            waited_s += delay_s;
            job.task = task;
        }
        assert!((3600..=3700).contains(&waited_s), "{waited_s} s");
        check(&job, "write_failed");
    }

    #[test]
    fn a_removal_never_goes_up() {
        let json = r#"{"requestContext":{"functionArn":"arn:aws:lambda:r:1:function:worker-small","condition":"RetriesExhausted"},
            "requestPayload":{"remove":{"bucket":"b","key":"k","correlation_id":"c"}},
            "responsePayload":{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}}"#;
        let removal = || failed_job::decode(serde_json::from_str(json).unwrap()).unwrap();
        check(&removal(), "small in 60 s, 1");
        check(&attempted(removal(), 2), "timed_out");
    }
}
