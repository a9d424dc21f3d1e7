//! The edge of `backfill --max-concurrency`: S3 `HeadObject` and Lambda `Invoke` of a worker, which is waited for.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use contract::{Decision, Job, ObjectHead, Outcome, Skip, Task, decode_event_key, route, with_causes};
use serde_json::{Value, json};

use super::skipped;
use crate::aws::Deployment;
use crate::backfill::aws::{Dispatcher, is_final};
use crate::backfill::direct::{Dispatch, DispatchError};
use crate::backfill::listed::Rules;

/// The workers of a deployment, and its dispatcher for what one of them cannot end.
pub(in crate::backfill) struct Workers<'a> {
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    deployment: &'a Deployment,
    rules: &'a Rules,
    dispatcher: Dispatcher<'a>,
}

impl<'a> Workers<'a> {
    /// Nothing is asked yet.
    pub(in crate::backfill) fn new(deployment: &'a Deployment, rules: &'a Rules, dispatcher: Dispatcher<'a>) -> Self {
        Self {
            s3: aws_sdk_s3::Client::new(&deployment.config),
            lambda: aws_sdk_lambda::Client::new(&deployment.config),
            deployment,
            rules,
            dispatcher,
        }
    }

    async fn head(&self, bucket: &str, key: &str) -> anyhow::Result<Option<ObjectHead>> {
        let head = match self.s3.head_object().bucket(bucket).key(key).send().await {
            Ok(head) => head,
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => return Ok(None),
            Err(error) => return Err(anyhow::Error::new(error).context(format!("HEAD of `s3://{bucket}/{key}`"))),
        };
        let facts = ObjectHead {
            bytes: head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default(),
            etag: head.e_tag().unwrap_or_default().to_owned(),
            version_id: head.version_id().map(str::to_owned),
            content_type: head.content_type().map(str::to_owned),
            storage_class: head.storage_class().map(|class| class.as_str().to_owned()),
            restored: head.restore().is_some_and(|restore| restore.contains("ongoing-request=\"false\"")),
            ..ObjectHead::default()
        };
        Ok(Some(facts.with_metadata(&head.metadata.unwrap_or_default())))
    }

    /// What became of the only task of `event`: a code and a text as the dispatcher gives them; `None` where a worker
    /// failed, whose job the dispatcher gives its tiers and its tries.
    async fn one(&self, task: &Value, run: &str) -> Result<Option<(&'static str, String)>, DispatchError> {
        let text = |name: &str| task[name].as_str().unwrap_or_default();
        let bucket = text("s3Bucket");
        let key = decode_event_key(text("s3Key")).map_err(|error| DispatchError::Final(error.into()))?;
        let Some(head) = self.head(bucket, &key).await.map_err(DispatchError::Temporary)? else {
            return Ok(Some(skipped(&Skip::Gone)));
        };
        let Rules { tiers, max_object_bytes, formats } = self.rules;
        let tier = match route(&key, &head, tiers, *max_object_bytes, *formats) {
            Decision::Invoke(tier) => tier.name.clone(),
            Decision::Skip(skip) => return Ok(Some(skipped(&skip))),
        };
        // Most of a bucket has its thumbnails already where a run is the second one.
        let job = Job { look_first: true, ..Job::new(bucket, &key, head, run) };
        let name = self.deployment.function_name(&format!("worker-{tier}"));
        let payload = serde_json::to_vec(&Task::Make(job)).map_err(|error| DispatchError::Final(error.into()))?;
        let answer = self.lambda.invoke().function_name(&name).payload(Blob::new(payload)).send().await;
        let answer = answer.map_err(|error| {
            let is_final = is_final(&error);
            let error = anyhow::Error::new(error).context(format!("invoking `{name}`"));
            if is_final { DispatchError::Final(error) } else { DispatchError::Temporary(error) }
        })?;
        if answer.function_error().is_some() {
            return Ok(None);
        }
        let payload = answer.payload().map_or(&[][..], Blob::as_ref);
        let outcome = serde_json::from_slice(payload).map_err(|error| {
            DispatchError::Final(anyhow::anyhow!(
                "the answer of `{name}` is not of this release: {}",
                with_causes(&error)
            ))
        })?;
        Ok(Some(match outcome {
            Outcome::Refused { reason, message } => ("PermanentFailure", format!("{reason}: {message}")),
            Outcome::Gone => skipped(&Skip::Gone),
            _ => ("Succeeded", format!("sent to {tier}")),
        }))
    }
}

impl Dispatch for Workers<'_> {
    async fn dispatch(&self, event: &Value) -> Result<Value, DispatchError> {
        let run = event["invocationId"].as_str().unwrap_or_default();
        let mut results = Vec::new();
        for task in event["tasks"].as_array().into_iter().flatten() {
            let Some((code, text)) = self.one(task, run).await? else { return self.dispatcher.dispatch(event).await };
            results.push(json!({ "taskId": task["taskId"], "resultCode": code, "resultString": text }));
        }
        Ok(json!({ "results": results }))
    }
}
