//! The two ways in: the bytes in the request, or a URL that takes them straight to S3.

use std::time::Duration;

use bytes::Bytes;
use contract::{Decision, Job, ObjectHead, Skip, Task, route, with_causes};
use function::CallError;
use serde::Deserialize;

use crate::edge::{Edge, Upload};
use crate::key;
use crate::problem::Problem;
use crate::settings::Settings;

/// The largest body of a request, in bytes.
///
/// Lambda takes 6 MB of JSON, in which API Gateway sends bytes as base64, four characters for three bytes.
/// **Source:** AWS Lambda developer guide, "Lambda quotas": 6 MB each for request and response, synchronous.
pub(crate) const MAX_BODY_BYTES: usize = 4_500_000;

/// The largest object that one PUT may store, in bytes. **Source:** Amazon S3 user guide, "Uploading objects": 5 GB.
const MAX_PUT_BYTES: u64 = 5 << 30;

/// How long an upload URL lives.
pub(crate) const EXPIRES: Duration = Duration::from_secs(300);

/// The body of `POST /uploads`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUpload {
    key: String,
    content_type: String,
    bytes: u64,
}

/// Checks an upload before anything is stored: what no worker would take is told at once.
///
/// # Errors
/// [`Problem`], with the number and the limit.
pub(crate) fn check(settings: &Settings, upload: &Upload) -> Result<(), Problem> {
    let shared = &settings.shared;
    key::check(&upload.key, &settings.key_prefixes, &shared.thumbnails)?;
    // They will be headers of a request to S3.
    let encoding = upload.content_encoding.as_deref().unwrap_or_default();
    for (name, value) in [("content_type", upload.content_type.as_str()), ("content-encoding", encoding)] {
        if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) || value.len() > 255 {
            return Err(Problem::BadRequest(format!("{name}: expected up to 255 visible characters of ASCII")));
        }
    }
    let head =
        ObjectHead { bytes: upload.bytes, content_type: Some(upload.content_type.clone()), ..ObjectHead::default() };
    let max_bytes = shared.max_object_bytes.min(MAX_PUT_BYTES);
    match route(&upload.key, &head, &shared.tiers, max_bytes, shared.formats) {
        Decision::Invoke(_) => Ok(()),
        Decision::Skip(Skip::TooLarge { bytes, limit_bytes } | Skip::AboveLimit { bytes, limit_bytes }) => {
            Err(Problem::ObjectTooLarge { bytes, limit_bytes })
        }
        Decision::Skip(skip) => Err(Problem::Refused { name: skip.name().to_owned(), message: skip.to_string() }),
    }
}

/// The upload that a request asks a URL for.
///
/// # Errors
/// [`Problem`].
pub(crate) fn new_upload(settings: &Settings, body: &[u8]) -> Result<Upload, Problem> {
    let NewUpload { key, content_type, bytes } = serde_json::from_slice(body).map_err(|error| {
        Problem::BadRequest(format!(
            "{error}: expected {{\"key\": \"cat.jpg\", \"content_type\": \"image/jpeg\", \"bytes\": 123}}"
        ))
    })?;
    let upload = Upload { key, content_type, content_encoding: None, bytes, waited_for: false };
    check(settings, &upload)?;
    Ok(upload)
}

/// Stores the body of a request, and has its worker run if somebody waits for it. Returns the ETag.
///
/// The event of the upload comes to the dispatcher all the same, and its worker looks first: whatever becomes of this
/// request, the thumbnail is made.
///
/// # Errors
/// [`Problem`]. Where only the worker failed, that is told in the second part.
pub(crate) async fn put(
    edge: &impl Edge,
    settings: &Settings,
    upload: &Upload,
    bytes: Bytes,
    wait: Option<Duration>,
    request_id: &str,
) -> Result<(String, Option<String>), Problem> {
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Problem::BodyTooLarge { bytes: bytes.len(), limit_bytes: MAX_BODY_BYTES });
    }
    check(settings, upload)?;
    let stored = edge.put(upload, bytes).await?;
    let etag = stored.etag.clone();
    let Some(wait) = wait else { return Ok((etag, None)) };
    let failed = run(edge, settings, upload, stored, wait, request_id).await.err();
    Ok((etag, failed.map(|error| with_causes(&error))))
}

async fn run(
    edge: &impl Edge,
    settings: &Settings,
    upload: &Upload,
    stored: ObjectHead,
    wait: Duration,
    request_id: &str,
) -> Result<(), CallError> {
    let shared = &settings.shared;
    let Decision::Invoke(tier) = route(&upload.key, &stored, &shared.tiers, shared.max_object_bytes, shared.formats)
    else {
        return Ok(());
    };
    let job = Job::new(&shared.source_bucket, &upload.key, stored, request_id);
    edge.run(&tier.name, &Task::Make(job), wait).await.map(drop)
}
