//! A deployment on the local AWS, as the end-to-end tests see it: its buckets, functions, logs and roles.
//!
//! The tests run inside `make test`, which starts and deploys to the local AWS and sets the variables read here.

mod alarms;
pub mod chaos;
mod encoding;
mod faults;
mod http;
mod images;
mod key;
mod lost;
mod objects;
mod operator;
mod versions;

use std::time::{Duration, Instant, SystemTime};

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{LogFormat, LoggingConfig, SystemLogLevel};
use aws_sdk_s3::primitives::ByteStream;
use contract::Architecture;
use serde_json::Value;

pub use encoding::{brotli, gzip};
pub use faults::faults;
pub use http::{Api, problem};
pub use images::{document_over, flat_webp, raw_over, webp_over};
pub use key::Key;
pub use operator::Operator;
pub use versions::Version;

/// How long an upload may take to become a thumbnail; a tier at 0.145 of a CPU on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(90);

const DAY: Duration = Duration::from_secs(86_400);

/// The deployment's clients and names.
#[derive(Debug)]
pub struct Deployment {
    /// Where uploads go.
    pub source_bucket: String,
    /// Where thumbnails come out.
    pub destination_bucket: String,
    /// In milliseconds since 1970: tests ask about lines that were written since.
    connected_at_ms: i64,
    config: SdkConfig,
    s3: aws_sdk_s3::Client,
    lambda: aws_sdk_lambda::Client,
    sqs: aws_sdk_sqs::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
}

/// What a synchronous invocation answered.
#[derive(Debug)]
pub struct Answer {
    /// Lambda's `X-Amz-Function-Error`: the function failed.
    pub failed: bool,
    /// The payload.
    pub payload: Value,
}

impl Deployment {
    /// Connects to the deployment that `make test` made.
    ///
    /// # Panics
    /// Where it did not: the message says what to run.
    pub async fn connect() -> Self {
        let variable = |name: &str| {
            std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run these tests with `make test`"))
        };
        let config = sdk::configuration().load().await;
        assert!(config.endpoint_url().is_some_and(|url| url.starts_with("http://127.0.0.1:")), "only a local AWS");
        Self {
            source_bucket: variable("SOURCE_BUCKET"),
            destination_bucket: variable("DESTINATION_BUCKET"),
            connected_at_ms: now_ms(),
            s3: aws_sdk_s3::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            config,
        }
    }

    /// Uploads an object; returns its ETag.
    pub async fn upload(&self, key: &str, content_type: &str, bytes: Vec<u8>) -> String {
        self.upload_encoded(key, content_type, None, bytes).await
    }

    /// The same, with a Content-Encoding.
    pub async fn upload_encoded(
        &self,
        key: &str,
        content_type: &str,
        content_encoding: Option<&str>,
        bytes: Vec<u8>,
    ) -> String {
        let call = self.s3.put_object().bucket(&self.source_bucket).key(key).content_type(content_type);
        let call = call.set_content_encoding(content_encoding.map(str::to_owned));
        let stored = call.body(ByteStream::from(bytes)).send().await.expect("uploads work");
        stored.e_tag().expect("S3 gives an ETag").to_owned()
    }

    /// The object in the destination bucket, as soon as it is there.
    pub async fn thumbnail(&self, key: &str) -> Thumbnail {
        let call = || async { self.s3.get_object().bucket(&self.destination_bucket).key(key).send().await.ok() };
        let object = patiently(&format!("thumbnail `{key}`"), call).await;
        let metadata = object.metadata().expect("thumbnails carry metadata");
        let source_etag = metadata.get(contract::metadata::SOURCE_ETAG).cloned().unwrap_or_default();
        let content_type = object.content_type().unwrap_or_default().to_owned();
        let cache_control = object.cache_control().unwrap_or_default().to_owned();
        let bytes = object.body.collect().await.expect("the body arrives").into_bytes().to_vec();
        Thumbnail { bytes, content_type, cache_control, source_etag }
    }

    /// The keys in the destination bucket that start with `prefix`.
    pub async fn thumbnail_keys(&self, prefix: &str) -> Vec<String> {
        let call = self.s3.list_objects_v2().bucket(&self.destination_bucket).prefix(prefix);
        let page = call.send().await.expect("lists work");
        page.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// The first log line of `function` about `key`, as soon as it is there.
    pub async fn log_line(&self, function: &str, key: &str) -> Value {
        let call = || async {
            let lines = self.log_lines(function).await;
            lines.into_iter().find(|line| line["key"] == key)
        };
        patiently(&format!("a log line of `{function}` about `{key}`"), call).await
    }

    /// Runs a function and waits for its answer.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Answer {
        let call = self.lambda.invoke().function_name(function_name(function));
        let answer = call.payload(Blob::new(payload.to_string())).send().await.expect("invocations work");
        let payload = answer.payload().map_or(&[][..], Blob::as_ref);
        Answer {
            failed: answer.function_error().is_some(),
            payload: serde_json::from_slice(payload).unwrap_or_default(),
        }
    }

    /// The sum of a metric of the deployment over the last day; without a dimension that of all functions.
    pub async fn metric_sum(&self, dimension: Option<(&str, &str)>, metric: &str) -> f64 {
        self.sum_of("thumbtier/local", dimension.as_slice(), metric).await
    }

    /// The sum of any metric over the last day.
    pub async fn sum_of(&self, namespace: &str, dimensions: &[(&str, &str)], metric: &str) -> f64 {
        let now = SystemTime::now();
        let dimensions = dimensions.iter().map(|(name, value)| Dimension::builder().name(*name).value(*value).build());
        let metric = Metric::builder().namespace(namespace).metric_name(metric);
        let metric = metric.set_dimensions(Some(dimensions.collect())).build();
        let statistic = MetricStat::builder().metric(metric).period(86_400).stat("Sum").build();
        let query = MetricDataQuery::builder().id("sum").metric_stat(statistic).build();
        let call = self.cloudwatch.get_metric_data().metric_data_queries(query);
        let answer = call.start_time((now - DAY).into()).end_time((now + DAY).into()).send().await;
        answer.expect("metrics can be read").metric_data_results().iter().flat_map(MetricDataResult::values).sum()
    }

    /// Whether Lambda writes START and REPORT of `function` into its log.
    pub async fn write_platform_logs(&self, function: &str, is_on: bool) {
        let level = if is_on { SystemLogLevel::Info } else { SystemLogLevel::Warn };
        let logging = LoggingConfig::builder().log_format(LogFormat::Json).system_log_level(level).build();
        let call = self.lambda.update_function_configuration().function_name(function_name(function));
        call.logging_config(logging).send().await.expect("functions can be changed");
    }

    /// Takes so many environments out of the account's for `function` alone, and lets it have no more; `None` gives them back.
    pub async fn reserve(&self, function: &str, environments: Option<i32>) {
        let name = function_name(function);
        if let Some(number) = environments {
            let call = self.lambda.put_function_concurrency().function_name(name);
            call.reserved_concurrent_executions(number).send().await.expect("concurrency can be reserved");
        } else {
            let call = self.lambda.delete_function_concurrency().function_name(name);
            call.send().await.expect("reservations can be deleted");
        }
    }

    /// How many environments no function has reserved.
    pub async fn unreserved(&self) -> i32 {
        let found = self.lambda.get_account_settings().send().await.expect("the account can be asked");
        found.account_limit().expect("it has one").unreserved_concurrent_executions().expect("it has a limit")
    }

    /// The region that everything is in.
    #[must_use]
    pub fn region(&self) -> String {
        self.config.region().expect("the tests are given one").to_string()
    }

    /// Takes the statement `sid` out of the inline policies of a function's role; returns how to put it back.
    pub async fn without_statement(&self, function: &str, sid: &str) -> Policy {
        let function = self.lambda.get_function_configuration().function_name(function_name(function));
        let role_arn = function.send().await.expect("the function exists").role().expect("it has a role").to_owned();
        let role = role_arn.rsplit('/').next().unwrap_or_default().to_owned();
        let iam = aws_sdk_iam::Client::new(&self.config);
        let names = iam.list_role_policies().role_name(&role).send().await.expect("the role exists");
        for name in names.policy_names() {
            let found =
                iam.get_role_policy().role_name(&role).policy_name(name).send().await.expect("it has its policy");
            let document = contract::decode_event_key(found.policy_document()).expect("IAM percent-encodes policies");
            let mut reduced: Value = serde_json::from_str(&document).expect("policies are JSON");
            let statements = reduced["Statement"].as_array_mut().expect("a list of statements");
            let before = statements.len();
            statements.retain(|statement| statement["Sid"] != sid);
            if statements.len() < before {
                let policy = Policy { iam, role, name: name.clone(), document };
                policy.put(&reduced.to_string()).await;
                return policy;
            }
        }
        panic!("no policy of {role} has a statement {sid}");
    }

    /// Everything that `function` has logged.
    pub async fn raw_log(&self, function: &str) -> String {
        let lines = self.log_events(function, 0).await.into_iter().map(|(_, line)| line);
        lines.collect::<Vec<_>>().join("\n")
    }

    async fn log_lines(&self, function: &str) -> Vec<Value> {
        self.timed_lines(function).await.into_iter().map(|(_, line)| line).collect()
    }

    /// Each line and when CloudWatch Logs has it from, in milliseconds since 1970.
    async fn timed_lines(&self, function: &str) -> Vec<(i64, Value)> {
        let events = self.log_events(function, self.connected_at_ms).await;
        events.into_iter().filter_map(|(at_ms, line)| Some((at_ms, serde_json::from_str(&line).ok()?))).collect()
    }

    async fn log_events(&self, function: &str, from_ms: i64) -> Vec<(i64, String)> {
        let group = format!("/aws/lambda/{}", function_name(function));
        let call = self.logs.filter_log_events().log_group_name(group).start_time(from_ms);
        let mut pages = call.into_paginator().send();
        let mut messages = Vec::new();
        while let Some(Ok(page)) = pages.next().await {
            let events = page.events().iter();
            messages.extend(events.filter_map(|event| Some((event.timestamp()?, event.message()?.to_owned()))));
        }
        messages
    }
}

/// Milliseconds since 1970, as CloudWatch Logs counts them.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A stored thumbnail.
#[derive(Debug)]
pub struct Thumbnail {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its Content-Type.
    pub content_type: String,
    /// Its Cache-Control.
    pub cache_control: String,
    /// Its user metadata's `thumbtier-source-etag`.
    pub source_etag: String,
}

/// An inline policy of a role as it was.
#[derive(Debug)]
pub struct Policy {
    iam: aws_sdk_iam::Client,
    role: String,
    name: String,
    document: String,
}

impl Policy {
    /// Puts it back.
    pub async fn restore(&self) {
        self.put(&self.document).await;
    }

    async fn put(&self, document: &str) {
        let call = self.iam.put_role_policy().role_name(&self.role).policy_name(&self.name);
        call.policy_document(document).send().await.expect("policies can be changed");
    }
}

/// The processor of the functions, which is this machine's.
#[must_use]
pub fn architecture() -> Architecture {
    Architecture::of_target(std::env::consts::ARCH).expect("Lambda has this machine's processor")
}

/// The name of a function of the stack, by its name in serverless.yml.
#[must_use]
pub fn function_name(function: &str) -> String {
    format!("thumbtier-local-{function}")
}

async fn patiently<T, F: Future<Output = Option<T>>>(what: &str, call: impl Fn() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = call().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} did not come within {PATIENCE:?}");
        // The processors belong to what is waited for.
        let pause_ms = if started.elapsed() < Duration::from_secs(2) { 100 } else { 300 };
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
}
