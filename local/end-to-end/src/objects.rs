//! Objects, their marks, and what is told of them: what the tests of lost and late uploads look at.

use std::fs;
use std::process::Command;
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::types::QueueAttributeName;
use contract::Ending;
use serde_json::{Value, json};

use crate::{Deployment, function_name, patiently};

impl Deployment {
    /// Uploads an object that carries a thumbnail's marker.
    pub async fn upload_marked(&self, key: &str, bytes: Vec<u8>) {
        let call = self.s3.put_object().bucket(&self.source_bucket).key(key).content_type("image/png");
        let call = call.metadata(contract::metadata::SOURCE_ETAG, "\"of another\"").body(ByteStream::from(bytes));
        call.send().await.expect("uploads work");
    }

    /// The ending of an upload, as soon as it is kept.
    ///
    /// # Panics
    /// For a key that is too long to have one.
    pub async fn ending(&self, key: &str) -> Vec<u8> {
        let key = Ending::key_of(key).expect("keys of tests are short");
        let call = || async { self.s3.get_object().bucket(&self.destination_bucket).key(&key).send().await.ok() };
        let object = patiently(&format!("ending `{key}`"), call).await;
        object.body.collect().await.expect("the body arrives").into_bytes().to_vec()
    }

    /// The ETag of an object of the source bucket.
    pub async fn source_etag(&self, key: &str) -> String {
        let head = self.s3.head_object().bucket(&self.source_bucket).key(key).send().await.expect("it is there");
        head.e_tag().expect("S3 gives an ETag").to_owned()
    }

    /// Puts an object into the destination bucket.
    pub async fn put_thumbnail(&self, key: &str, bytes: Vec<u8>) {
        let call = self.s3.put_object().bucket(&self.destination_bucket).key(key);
        call.body(ByteStream::from(bytes)).send().await.expect("uploads work");
    }

    /// Puts an object into the destination bucket that says it is of a version with this sequencer.
    pub async fn put_newer(&self, key: &str, sequencer: &str, bytes: Vec<u8>) {
        let call = self.s3.put_object().bucket(&self.destination_bucket).key(key).body(ByteStream::from(bytes));
        let call = call.metadata(contract::metadata::SOURCE_ETAG, "\"newer\"");
        call.metadata(contract::metadata::SEQUENCER, sequencer).send().await.expect("uploads work");
    }

    /// The keys of uploads that begin with `prefix`.
    pub async fn uploads(&self, prefix: &str) -> Vec<String> {
        let listed =
            self.s3.list_objects_v2().bucket(&self.source_bucket).prefix(prefix).send().await.expect("a listing");
        listed.contents().iter().map(|object| object.key().expect("a key").to_owned()).collect()
    }

    /// Deletes an object of the source bucket.
    pub async fn delete(&self, key: &str) {
        self.s3.delete_object().bucket(&self.source_bucket).key(key).send().await.expect("deletions work");
    }

    /// Deletes an object of the destination bucket.
    pub async fn delete_thumbnail(&self, key: &str) {
        let call = self.s3.delete_object().bucket(&self.destination_bucket).key(key);
        call.send().await.expect("deletions work");
    }

    /// Waits until no object of the destination bucket starts with `prefix`.
    pub async fn no_thumbnail(&self, prefix: &str) {
        let call = || async { self.thumbnail_keys(prefix).await.is_empty().then_some(()) };
        patiently(&format!("an end of the thumbnails of `{prefix}`"), call).await;
    }

    /// A mark of the object in the destination bucket: its user metadata of that name.
    pub async fn mark(&self, key: &str, name: &str) -> Option<String> {
        let head = self.s3.head_object().bucket(&self.destination_bucket).key(key).send().await.ok()?;
        head.metadata()?.get(name).cloned()
    }

    /// Waits until the object in the destination bucket has this mark.
    pub async fn marked(&self, key: &str, name: &str, want: &str) {
        let call = || async { (self.mark(key, name).await.as_deref() == Some(want)).then_some(()) };
        patiently(&format!("`{key}` with {name} {want}"), call).await;
    }

    /// Whether `function` has a log line about `key` by now.
    pub async fn is_logged(&self, function: &str, key: &str) -> bool {
        self.log_lines(function).await.iter().any(|line| line["key"] == key)
    }

    /// The first log line of `function` about `key` with this outcome, as soon as it is there.
    pub async fn outcome(&self, function: &str, key: &str, outcome: &str) -> Value {
        let call = || async {
            let lines = self.log_lines(function).await;
            lines.into_iter().find(|line| line["key"] == key && line["outcome"] == outcome)
        };
        patiently(&format!("the outcome `{outcome}` of `{function}` about `{key}`"), call).await
    }

    /// The dead letter that names `key`, as soon as it is there; it stays in the queue.
    pub async fn dead_letter(&self, key: &str) -> Value {
        self.letter("dead-letters", key).await
    }

    /// The letter about the refused upload `key`, as soon as it is there; it stays in the queue.
    pub async fn refusal(&self, key: &str) -> Value {
        self.letter("refusals", key).await
    }

    async fn letter(&self, queue: &str, key: &str) -> Value {
        let url = self.queue_url(queue).await;
        let call = || async {
            let call = self.sqs.receive_message().queue_url(&url).max_number_of_messages(10).visibility_timeout(1);
            let found = call.send().await.expect("the queue can be read");
            let bodies = found.messages().iter().filter_map(|message| message.body());
            let mut letters = bodies.filter_map(|body| serde_json::from_str::<Value>(body).ok());
            letters.find(|letter| letter["job"]["key"] == key)
        };
        patiently(&format!("the letter about `{key}` in {queue}"), call).await
    }

    /// Puts a message into the dead-letter queue.
    pub async fn send_dead_letter(&self, body: &str) {
        let url = self.queue_url("dead-letters").await;
        self.sqs.send_message().queue_url(url).message_body(body).send().await.expect("messages can be sent");
    }

    /// Writes what Lambda writes about a job whose worker was killed three times.
    pub async fn report_killed(&self, function: &str, job: &Value) {
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{}:$LATEST", function_name(function));
        let error = "RequestId: r Error: Runtime exited with error: signal: killed";
        let record = json!({
            "version": "1.0",
            "requestContext": { "requestId": "r", "functionArn": arn, "condition": "RetriesExhausted" },
            "requestPayload": job,
            "responseContext": { "statusCode": 200, "functionError": "Unhandled" },
            "responsePayload": { "errorType": "Runtime.ExitError", "errorMessage": error },
        });
        let url = self.queue_url("failed-jobs").await;
        self.sqs
            .send_message()
            .queue_url(url)
            .message_body(record.to_string())
            .send()
            .await
            .expect("messages can be sent");
    }

    /// Sets how many seconds a failed job that the dispatcher could not decide on is hidden from its next try; returns
    /// how many it was before.
    pub(crate) async fn hide_failed_jobs_for(&self, seconds: &str) -> String {
        let (url, name) = (self.queue_url("failed-jobs").await, QueueAttributeName::VisibilityTimeout);
        let before = self.sqs.get_queue_attributes().queue_url(&url).attribute_names(name.clone()).send().await;
        let before = before.expect("queues can be asked").attributes().and_then(|all| all.get(&name).cloned());
        let call = self.sqs.set_queue_attributes().queue_url(url).attributes(name, seconds);
        call.send().await.expect("queues can be changed");
        before.expect("every queue has one")
    }

    /// Of a queue of the stack, by its name in serverless.yml.
    pub(crate) async fn queue_url(&self, queue: &str) -> String {
        let call = self.sqs.get_queue_url().queue_name(format!("thumbtier-local-{queue}"));
        call.send().await.expect("the queue exists").queue_url().unwrap_or_default().to_owned()
    }

    /// Runs a function asynchronously.
    pub async fn invoke_later(&self, function: &str, payload: &Value) {
        let call = self.lambda.invoke().function_name(function_name(function)).invocation_type(InvocationType::Event);
        call.payload(Blob::new(payload.to_string())).send().await.expect("invocations work");
    }

    /// Kills every process of `function` again and again, until `done` ends.
    pub async fn kill_while<T>(&self, function: &str, done: impl Future<Output = T>) -> T {
        let killing = async {
            loop {
                for process in self.processes(function) {
                    // It may have ended by itself.
                    let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            done = done => done,
            () = killing => unreachable!("a loop without an end"),
        }
    }

    /// The processes of the functions whose name starts so, of this deployment and of no other: their endpoint is in
    /// their environment.
    pub(crate) fn processes(&self, function: &str) -> Vec<u32> {
        let name = format!("AWS_LAMBDA_FUNCTION_NAME={}", function_name(function));
        let endpoint = std::env::var("FUNCTIONS_ENDPOINT_URL").expect("`make test` sets it");
        let endpoint = format!("AWS_ENDPOINT_URL={endpoint}");
        let is_ours = |environment: &[u8]| {
            let mut entries = environment.split(|byte| *byte == 0);
            let has_name = entries.clone().any(|entry| entry.starts_with(name.as_bytes()));
            has_name && entries.any(|entry| entry == endpoint.as_bytes())
        };
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbered = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        numbered.filter(|id| fs::read(format!("/proc/{id}/environ")).is_ok_and(|bytes| is_ours(&bytes))).collect()
    }
}
