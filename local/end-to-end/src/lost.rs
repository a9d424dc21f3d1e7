//! Objects that nobody was told of: what a backfill finds.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{NotificationConfiguration, StorageClass};
use serde_json::Value;

use crate::{Deployment, patiently};

impl Deployment {
    /// Does `work` while the source bucket announces nothing, as if it had been done before the deployment. Only for a
    /// test binary whose other tests can do without events.
    pub async fn without_events(&self, work: impl Future<Output = ()>) {
        let found = self.s3.get_bucket_notification_configuration().bucket(&self.source_bucket).send().await;
        let found = found.expect("the bucket has a notification");
        let announced = NotificationConfiguration::builder()
            .set_lambda_function_configurations(found.lambda_function_configurations)
            .set_queue_configurations(found.queue_configurations)
            .set_topic_configurations(found.topic_configurations)
            .set_event_bridge_configuration(found.event_bridge_configuration)
            .build();
        self.announce(NotificationConfiguration::builder().build()).await;
        work.await;
        self.announce(announced).await;
    }

    async fn announce(&self, what: NotificationConfiguration) {
        let call = self.s3.put_bucket_notification_configuration().bucket(&self.source_bucket);
        let call = call.skip_destination_validation(true).notification_configuration(what);
        call.send().await.expect("notifications can be changed");
    }

    /// Uploads an object that must be restored before it can be read.
    pub async fn upload_archived(&self, key: &str, bytes: Vec<u8>) {
        let call = self.s3.put_object().bucket(&self.source_bucket).key(key).content_type("image/png");
        let call = call.storage_class(StorageClass::Glacier).body(ByteStream::from(bytes));
        call.send().await.expect("uploads work");
    }

    /// Uploads an object that S3 shows only to whoever has its key, not even to a HEAD.
    pub async fn upload_locked(&self, key: &str, bytes: Vec<u8>) {
        // Of 32 bytes that are 0.
        let (zeros, md5) = ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "cLyPS3KoaSFGi/joRB3OUQ==");
        let call = self.s3.put_object().bucket(&self.source_bucket).key(key).content_type("image/png");
        let call = call.sse_customer_algorithm("AES256").sse_customer_key(zeros).sse_customer_key_md5(md5);
        call.body(ByteStream::from(bytes)).send().await.expect("uploads work");
    }

    /// The log line of `function` about `key` behind the first `count` of them, as soon as it is there.
    pub async fn line_behind(&self, function: &str, key: &str, count: usize) -> Value {
        let call = || async { self.lines_about(function, key).await.into_iter().nth(count) };
        patiently(&format!("line {} of `{function}` about `{key}`", count + 1), call).await
    }

    /// The log lines of `function` about keys that start with `prefix`, by now.
    pub async fn lines_about(&self, function: &str, prefix: &str) -> Vec<Value> {
        let mut lines = self.log_lines(function).await;
        lines.retain(|line| line["key"].as_str().is_some_and(|key| key.starts_with(prefix)));
        lines
    }
}
