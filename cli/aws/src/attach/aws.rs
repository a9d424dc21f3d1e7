//! The edge of `attach` and `detach` on AWS: S3 `GetBucketNotificationConfiguration` and its `Put`.
//!
//! `Put` replaces the whole configuration, so what was read is written again as the SDK gave it, with the difference.
//! Source: Amazon S3 API reference, "`PutBucketNotificationConfiguration`".

use std::time::Duration;

use anyhow::{Context, bail};
use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, S3KeyFilter,
};

use super::difference::Difference;
use super::notification::{Configuration, Kind, Notification};
use crate::aws::Deployment;

/// How often, and how far apart, it is read back: a bucket's configuration is consistent only in the end.
/// Source: Amazon S3 user guide, "Amazon S3 data consistency model".
const READS: u32 = 15;
const BETWEEN_READS: Duration = Duration::from_secs(2);

/// A bucket whose configuration is read and written.
pub(super) struct Bucket {
    s3: aws_sdk_s3::Client,
    /// Its name.
    pub(super) name: String,
    /// S3 refuses the calls where the bucket is another account's.
    owner: Option<String>,
}

impl Bucket {
    pub(super) fn new(deployment: &Deployment, name: &str, owner: Option<&str>) -> Self {
        let s3 = aws_sdk_s3::Client::new(&deployment.config);
        Self { s3, name: name.to_owned(), owner: owner.map(str::to_owned) }
    }

    /// What the bucket notifies.
    ///
    /// # Errors
    /// No such bucket, no right to read its configuration, or another account's.
    pub(super) async fn read(&self) -> anyhow::Result<Configuration> {
        Ok(model(&self.get().await?))
    }

    /// Writes the configuration with the difference and waits until it reads as it was meant.
    ///
    /// # Errors
    /// It is another than `before` meanwhile; S3 does not take it; or it reads otherwise afterwards.
    pub(super) async fn write(
        &self,
        before: &Configuration,
        difference: &Difference,
        skip_destination_validation: bool,
    ) -> anyhow::Result<()> {
        let there = self.get().await?;
        if !is_same(&model(&there), before) {
            bail!("the notifications of `{}` were changed by somebody else meanwhile: run it again", self.name);
        }
        let call = self.s3.put_bucket_notification_configuration().bucket(&self.name);
        let call = call.set_expected_bucket_owner(self.owner.clone());
        let call = call.notification_configuration(changed(there, difference)?);
        let written = call.skip_destination_validation(skip_destination_validation).send().await;
        written.with_context(|| {
            format!(
                "writing the notifications of `{}`, which are as they were: S3 checks that every destination exists and \
                 lets it in, those of others too (--skip-destination-validation)",
                self.name
            )
        })?;
        let want = difference.applied(before);
        for _ in 0..READS {
            if is_same(&self.read().await?, &want) {
                return Ok(());
            }
            tokio::time::sleep(BETWEEN_READS).await;
        }
        let waited_s = BETWEEN_READS.as_secs() * u64::from(READS);
        bail!(
            "the notifications of `{}` were written and read otherwise {waited_s} s later: look with --dry-run, somebody \
             else may have written them too",
            self.name
        )
    }

    async fn get(&self) -> anyhow::Result<NotificationConfiguration> {
        let call = self.s3.get_bucket_notification_configuration().bucket(&self.name);
        let found = call.set_expected_bucket_owner(self.owner.clone()).send().await;
        let found = found.with_context(|| {
            let owner = self.owner.as_deref().map(|owner| format!(", which must be of account {owner}"));
            format!("reading the notifications of `{}`{}", self.name, owner.unwrap_or_default())
        })?;
        let mut builder = NotificationConfiguration::builder();
        builder = builder.set_queue_configurations(found.queue_configurations);
        builder = builder.set_topic_configurations(found.topic_configurations);
        builder = builder.set_lambda_function_configurations(found.lambda_function_configurations);
        Ok(builder.set_event_bridge_configuration(found.event_bridge_configuration).build())
    }
}

/// In any order.
fn is_same(one: &Configuration, other: &Configuration) -> bool {
    let sorted = |all: &Configuration| {
        let mut notifications = all.notifications.clone();
        for notification in &mut notifications {
            notification.events.sort_unstable();
        }
        notifications.sort_unstable();
        (notifications, all.eventbridge)
    };
    sorted(one) == sorted(other)
}

/// What was read, without those that go and with those that come.
fn changed(mut there: NotificationConfiguration, difference: &Difference) -> anyhow::Result<NotificationConfiguration> {
    let mut functions = there.lambda_function_configurations.take().unwrap_or_default();
    functions.retain(|one| !difference.removed.iter().any(|gone| one.id() == Some(&gone.id)));
    for notification in &difference.added {
        functions.push(function(notification)?);
    }
    there.lambda_function_configurations = Some(functions);
    if difference.turns_eventbridge_on {
        there.event_bridge_configuration = Some(EventBridgeConfiguration::builder().build());
    }
    Ok(there)
}

fn function(notification: &Notification) -> anyhow::Result<LambdaFunctionConfiguration> {
    let Notification { id, arn, events, prefix, .. } = notification;
    let builder = LambdaFunctionConfiguration::builder().id(id).lambda_function_arn(arn);
    let builder = builder.set_events(Some(events.iter().map(|event| Event::from(event.as_str())).collect()));
    let filter = (!prefix.is_empty()).then(|| {
        let rule = FilterRule::builder().name(FilterRuleName::Prefix).value(prefix).build();
        NotificationConfigurationFilter::builder().key(S3KeyFilter::builder().filter_rules(rule).build()).build()
    });
    builder.set_filter(filter).build().context("a notification without events or a function")
}

fn model(configuration: &NotificationConfiguration) -> Configuration {
    let queues = configuration.queue_configurations().iter();
    let queues = queues.map(|one| notification(Kind::Queue, one.id(), one.queue_arn(), one.events(), one.filter()));
    let topics = configuration.topic_configurations().iter();
    let topics = topics.map(|one| notification(Kind::Topic, one.id(), one.topic_arn(), one.events(), one.filter()));
    let functions = configuration.lambda_function_configurations().iter();
    let functions = functions
        .map(|one| notification(Kind::Function, one.id(), one.lambda_function_arn(), one.events(), one.filter()));
    Configuration {
        notifications: queues.chain(topics).chain(functions).collect(),
        eventbridge: configuration.event_bridge_configuration().is_some(),
    }
}

fn notification(
    kind: Kind,
    id: Option<&str>,
    arn: &str,
    events: &[Event],
    filter: Option<&NotificationConfigurationFilter>,
) -> Notification {
    let rules = filter.and_then(|filter| filter.key()).map(S3KeyFilter::filter_rules).unwrap_or_default();
    // S3 answers `Prefix` where `prefix` was written.
    let value = |name: &str| {
        let named = |rule: &&FilterRule| rule.name().is_some_and(|one| one.as_str().eq_ignore_ascii_case(name));
        rules.iter().find(named).and_then(FilterRule::value).unwrap_or_default().to_owned()
    };
    Notification {
        id: id.unwrap_or_default().to_owned(),
        kind,
        arn: arn.to_owned(),
        events: events.iter().map(|event| event.as_str().to_owned()).collect(),
        prefix: value("prefix"),
        suffix: value("suffix"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::QueueConfiguration;

    use super::*;

    #[test]
    fn what_others_have_is_written_as_it_was_read() {
        let rule = |name: &str, value: &str| FilterRule::builder().name(name.into()).value(value).build();
        let key = S3KeyFilter::builder().filter_rules(rule("Prefix", "bills/")).filter_rules(rule("Suffix", ".pdf"));
        let filter = NotificationConfigurationFilter::builder().key(key.build()).build();
        // An event that this release of the SDK has no name for.
        let queue = QueueConfiguration::builder().id("q").queue_arn("arn").events(Event::from("s3:Future:Thing"));
        let queue = queue.filter(filter).build().unwrap();
        let there = NotificationConfiguration::builder().queue_configurations(queue.clone()).build();
        let before = model(&there);
        assert_eq!(
            (before.notifications[0].prefix.as_str(), before.notifications[0].suffix.as_str()),
            ("bills/", ".pdf")
        );
        let ours = Notification {
            id: "ours".into(),
            kind: Kind::Function,
            arn: "function".into(),
            events: vec!["s3:ObjectCreated:*".into()],
            prefix: "photos/".into(),
            suffix: String::new(),
        };
        let difference = Difference { added: vec![ours], turns_eventbridge_on: true, removed: Vec::new() };
        let after = changed(there.clone(), &difference).unwrap();
        assert_eq!(after.queue_configurations(), [queue]);
        assert!(is_same(&model(&after), &difference.applied(&before)));
        let back = Difference { removed: difference.added, ..Difference::default() };
        let back = changed(after, &back).unwrap();
        assert_eq!(model(&back).notifications, before.notifications);
    }
}
