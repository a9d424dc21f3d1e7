//! What Lambda writes to a worker's on-failure destination.
//!
//! Source: AWS Lambda developer guide, "Capturing records of Lambda asynchronous invocations".

use contract::Task;
use serde::Deserialize;
use serde_json::Value;

use super::EventError;

/// A worker's job that failed after all its retries.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailedJob {
    request_context: RequestContext,
    /// What the worker was invoked with.
    #[serde(rename = "requestPayload")]
    pub task: Task,
    /// Missing where the job never ran, because it waited too long for its turn.
    response_payload: Option<ResponsePayload>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    function_arn: String,
    condition: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResponsePayload {
    error_type: String,
    error_message: String,
}

/// How the job failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The process was killed, most likely out of memory: more memory may help.
    Killed,
    /// It took longer than its tier allows: more CPU may help.
    TimedOut,
    /// It waited for its turn for longer than the deployment allows, or could not run at all.
    NeverRan,
    /// An error of the worker's own, by its name.
    Error(String),
}

impl Cause {
    /// The name in logs, counters and dead letters.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Killed => "killed",
            Self::TimedOut => "timed_out",
            Self::NeverRan => "never_ran",
            Self::Error(name) => name,
        }
    }
}

impl FailedJob {
    /// The name of the worker's function, out of its ARN, without version or alias.
    pub(crate) fn function(&self) -> &str {
        self.request_context.function_arn.split(':').nth(6).unwrap_or_default()
    }

    /// Why it failed.
    pub(crate) fn cause(&self) -> Cause {
        let Some(ResponsePayload { error_type, error_message }) = &self.response_payload else {
            return Cause::NeverRan;
        };
        let says = |words: &str| error_message.contains(words);
        match error_type.as_str() {
            "Sandbox.Timedout" => Cause::TimedOut,
            "" if says("Task timed out") => Cause::TimedOut,
            "Runtime.ExitError" | "Runtime.OutOfMemory" | "Runtime.Unknown" => Cause::Killed,
            "" if says("signal: killed") || says("Runtime exited") => Cause::Killed,
            "" => Cause::Error(self.request_context.condition.clone()),
            name => Cause::Error(name.to_owned()),
        }
    }

    /// The sentence for people.
    pub(crate) fn message(&self) -> String {
        let function = self.function();
        match &self.response_payload {
            Some(ResponsePayload { error_message, .. }) => format!("{function}: {error_message}"),
            None => format!("{function} did not run: {}", self.request_context.condition),
        }
    }
}

/// A record of an asynchronous invocation.
pub(crate) fn is(body: &Value) -> bool {
    body.get("requestContext").is_some() && body.get("requestPayload").is_some()
}

/// The job and why it failed.
pub(crate) fn decode(body: Value) -> Result<FailedJob, EventError> {
    serde_json::from_value(body).map_err(|cause| EventError::Shape { source_name: "a failed worker", cause })
}
