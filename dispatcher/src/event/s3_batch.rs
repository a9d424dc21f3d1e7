//! S3 Batch Operations, schemas 1.0 and 2.0: tasks in, a result for each out.
//!
//! Source: Amazon S3 user guide, "Invoke AWS Lambda function", request and response.

use contract::{Change, EventObject, decode_event_key};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Decoded, EventError};

/// One invocation of a job.
#[derive(Debug)]
pub(crate) struct Invocation {
    schema: String,
    id: String,
    /// The tasks: today there is one in each invocation.
    pub tasks: Vec<Task>,
}

/// One object of a job's manifest.
#[derive(Debug)]
pub(crate) struct Task {
    id: String,
    /// The object.
    pub object: Decoded,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    invocation_schema_version: String,
    invocation_id: String,
    tasks: Vec<RequestTask>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestTask {
    task_id: String,
    s3_key: String,
    s3_version_id: Option<String>,
    /// Schema 1.0.
    s3_bucket_arn: Option<String>,
    /// Schema 2.0.
    s3_bucket: Option<String>,
}

/// The function's answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    invocation_schema_version: String,
    treat_missing_keys_as: &'static str,
    invocation_id: String,
    results: Vec<TaskResult>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct TaskResult {
    task_id: String,
    result_code: ResultCode,
    result_string: String,
}

/// What the job's report says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum ResultCode {
    /// Handed over, or an ordinary skip: a job with too many failures is stopped by S3.
    Succeeded,
    /// S3 tries it again.
    TemporaryFailure,
    /// It will not go better the next time.
    PermanentFailure,
}

/// An event with tasks.
pub(crate) fn is(event: &Value) -> bool {
    event.get("invocationSchemaVersion").is_some() && event.get("tasks").is_some()
}

/// The tasks and their objects; a key that does not decode keeps its place.
pub(crate) fn decode(event: Value) -> Result<Invocation, EventError> {
    let request: Request = serde_json::from_value(event)
        .map_err(|cause| EventError::Shape { source_name: "S3 Batch Operations", cause })?;
    let tasks = request.tasks.into_iter().map(task).collect();
    Ok(Invocation { schema: request.invocation_schema_version, id: request.invocation_id, tasks })
}

fn task(task: RequestTask) -> Task {
    let of_arn = task.s3_bucket_arn.as_deref().and_then(|arn| arn.rsplit(":::").next()).map(str::to_owned);
    let object = decode_event_key(&task.s3_key).map(|key| EventObject {
        bucket: task.s3_bucket.or(of_arn).unwrap_or_default(),
        key,
        version_id: task.s3_version_id,
        change: Change::Created,
        ..EventObject::default()
    });
    Task { id: task.task_id, object }
}

impl Invocation {
    /// The answer, with a code and a sentence for each task in its order.
    pub(crate) fn response(ids: (String, String), results: Vec<(String, ResultCode, String)>) -> Response {
        let (invocation_schema_version, invocation_id) = ids;
        let result = |(task_id, result_code, result_string)| TaskResult { task_id, result_code, result_string };
        Response {
            invocation_schema_version,
            treat_missing_keys_as: "PermanentFailure",
            invocation_id,
            results: results.into_iter().map(result).collect(),
        }
    }

    /// Schema and id, then each task's id and its object.
    pub(crate) fn into_parts(self) -> ((String, String), Vec<(String, Decoded)>) {
        ((self.schema, self.id), self.tasks.into_iter().map(|task| (task.id, task.object)).collect())
    }
}
