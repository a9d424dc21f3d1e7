//! Events in another order than they happened, and some of them twice: half of the keys are announced to a queue, whose
//! messages go to the dispatcher late.
//!
//! The other half is announced by S3 to the dispatcher, as deployed.

use std::cell::Cell;
use std::time::Duration;

use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::dice::Dice;
use super::script::{BY_QUEUE, BY_S3};
use crate::Deployment;

const QUEUE: &str = "chaos-events";

/// Of the queue's events, so that it is one in five of all.
const TWICE_PERCENT: u64 = 40;

/// Until an event is delivered, and once more until it is delivered again.
const LATE_MS: u64 = 3_000;
const LATE_AGAIN_MS: u64 = 8_000;

/// Nothing new for so many looks in a row: nothing comes any more.
const LOOKS: u32 = 20;
const LOOK: Duration = Duration::from_millis(100);

/// What the queue's events came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Delivered {
    pub events: u64,
    /// Delivered again.
    pub duplicates: u64,
    /// Delivered after one that happened later.
    pub out_of_order: u64,
}

/// The source bucket with half of its keys announced to a queue.
pub(super) struct Diverted<'deployment> {
    deployment: &'deployment Deployment,
    url: String,
    before: Vec<LambdaFunctionConfiguration>,
}

impl<'deployment> Diverted<'deployment> {
    pub(super) async fn begin(deployment: &'deployment Deployment) -> Self {
        let name = format!("thumbtier-local-{QUEUE}");
        let arn = format!("arn:aws:sqs:{}:000000000000:{name}", deployment.region());
        let statement = json!({
            "Effect": "Allow", "Principal": { "Service": "s3.amazonaws.com" }, "Action": "sqs:SendMessage", "Resource": arn,
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let call = deployment.sqs.create_queue().queue_name(name).attributes(QueueAttributeName::Policy, policy);
        call.send().await.expect("queues can be made");
        let url = deployment.queue_url(QUEUE).await;

        let call = deployment.s3.get_bucket_notification_configuration().bucket(&deployment.source_bucket);
        let before = call.send().await.expect("it has one").lambda_function_configurations().to_vec();
        let diverted = Self { deployment, url, before };
        let filtered = diverted.before.iter().cloned().map(|mut lambda| {
            lambda.filter = Some(filter(BY_S3));
            lambda
        });
        let events: Vec<Event> = diverted.before.iter().flat_map(|lambda| lambda.events.clone()).collect();
        let queue = QueueConfiguration::builder().queue_arn(arn).set_events(Some(events)).filter(filter(BY_QUEUE));
        let queue = queue.build().expect("an ARN and events");
        let wanted = NotificationConfiguration::builder().queue_configurations(queue);
        diverted.notify(wanted.set_lambda_function_configurations(Some(filtered.collect())).build()).await;
        diverted
    }

    /// As it was before.
    pub(super) async fn end(self) {
        let before = NotificationConfiguration::builder().set_lambda_function_configurations(Some(self.before.clone()));
        self.notify(before.build()).await;
        self.deployment.sqs.delete_queue().queue_url(&self.url).send().await.expect("queues can be deleted");
    }

    async fn notify(&self, configuration: NotificationConfiguration) {
        let call = self.deployment.s3.put_bucket_notification_configuration().bucket(&self.deployment.source_bucket);
        call.notification_configuration(configuration).send().await.expect("notifications can be changed");
    }

    /// Delivers what comes, until `is_over` and nothing comes any more.
    pub(super) async fn deliver(&self, seed: u64, is_over: &Cell<bool>) -> Delivered {
        let mut delivered = Delivered::default();
        let mut due: Vec<(Instant, String, Value)> = Vec::new();
        let (mut latest, mut quiet_looks) = (String::new(), 0);
        while quiet_looks < LOOKS || !due.is_empty() {
            let events = self.receive().await;
            quiet_looks = if events.is_empty() && is_over.get() { quiet_looks + 1 } else { 0 };
            for event in events {
                let object = &event["Records"][0]["s3"]["object"];
                let sequencer = object["sequencer"].as_str().unwrap_or_default().to_owned();
                let mut dice = Dice::of(seed, &format!("delivery of {} {}", object["key"], object["eTag"]));
                let at = Instant::now() + Duration::from_millis(dice.below(LATE_MS));
                delivered.events += 1;
                if dice.percent(TWICE_PERCENT) {
                    delivered.duplicates += 1;
                    let again = at + Duration::from_millis(dice.below(LATE_AGAIN_MS));
                    due.push((again, sequencer.clone(), event.clone()));
                }
                due.push((at, sequencer, event));
            }
            let now = Instant::now();
            for (_, sequencer, event) in due.extract_if(.., |(at, ..)| *at <= now) {
                self.deployment.invoke_later("dispatcher", &event).await;
                delivered.out_of_order += u64::from(sequencer < latest);
                latest = latest.max(sequencer);
            }
            sleep(LOOK).await;
        }
        delivered
    }

    /// The next events, which are in the queue no more; S3's test event is about no object.
    async fn receive(&self) -> Vec<Value> {
        let sqs = &self.deployment.sqs;
        let call = sqs.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let received = call.send().await.expect("the queue can be read");
        let mut events = Vec::new();
        for message in received.messages() {
            let receipt = message.receipt_handle().unwrap_or_default();
            sqs.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await.expect("it is ours");
            events.extend(message.body().and_then(|body| serde_json::from_str::<Value>(body).ok()));
        }
        events.retain(|event| event["Records"][0]["s3"].is_object());
        events
    }
}

fn filter(prefix: &str) -> NotificationConfigurationFilter {
    let rule = FilterRule::builder().name(FilterRuleName::Prefix).value(prefix).build();
    NotificationConfigurationFilter::builder().key(S3KeyFilter::builder().filter_rules(rule).build()).build()
}
