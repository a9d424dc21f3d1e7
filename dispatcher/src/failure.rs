//! What becomes of a job that a worker could not end. Pure.
//!
//! A worker that was killed or ran out of time may succeed with more memory and more CPU: its job goes to the next
//! tier, once. An error of the worker's own does not go better there, and Lambda has retried it already.

use contract::{DeadLetter, Job, Task, TierTable};

use crate::event::failed_job::{Cause, FailedJob};

/// Where the job goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'table> {
    /// To a larger tier.
    Escalate { tier: &'table str, job: Job },
    /// To somebody who looks into it.
    Bury(DeadLetter),
}

/// Decides on a failed job.
pub(crate) fn after<'table>(failed: &FailedJob, tiers: &'table TierTable, worker_prefix: &str) -> Next<'table> {
    let cause = failed.cause();
    let tier = failed.function().strip_prefix(worker_prefix);
    let next = tier.and_then(|name| tiers.next_after(name));
    match (&failed.task, next) {
        (Task::Make(job), Some(next))
            if matches!(cause, Cause::Killed | Cause::TimedOut) && job.escalated_from.is_none() =>
        {
            Next::Escalate { tier: &next.name, job: Job { escalated_from: tier.map(str::to_owned), ..job.clone() } }
        }
        (task, _) => Next::Bury(DeadLetter::about(task.clone(), cause.name(), &failed.message())),
    }
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
        let got = match after(failed, &tiers, "worker-") {
            Next::Escalate { tier, job } => format!("{tier} from {}", job.escalated_from.unwrap()),
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

    #[test]
    fn what_more_memory_does_not_help_is_told_with_its_reason() {
        let denied = failed("worker-small", &response("read_failed", "reading the original: AccessDenied"), None);
        check(&denied, "read_failed");
        check(&failed("worker-small", "", None), "never_ran");
        let tiers = TierTable::builtin().unwrap();
        let Next::Bury(letter) = after(&denied, &tiers, "worker-") else { panic!("a letter") };
        assert_eq!(letter.message, "worker-small: reading the original: AccessDenied");
        assert_eq!((letter.correlation_id.as_str(), letter.job.unwrap().key()), ("c", "k"));
    }

    #[test]
    fn a_removal_never_goes_up() {
        let json = r#"{"requestContext":{"functionArn":"arn:aws:lambda:r:1:function:worker-small","condition":"RetriesExhausted"},
            "requestPayload":{"remove":{"bucket":"b","key":"k","correlation_id":"c"}},
            "responsePayload":{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}}"#;
        check(&failed_job::decode(serde_json::from_str(json).unwrap()).unwrap(), "timed_out");
    }
}
