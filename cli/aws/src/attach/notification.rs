//! A bucket's notification configuration, as far as it decides anything. Pure.

use contract::decode_event_key;
use serde::Serialize;

/// Whom a notification goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// An SQS queue.
    Queue,
    /// An SNS topic.
    Topic,
    /// A Lambda function.
    Function,
}

/// One entry of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Notification {
    /// Its name in the configuration.
    pub id: String,
    /// Whom it goes to.
    pub kind: Kind,
    /// The destination's ARN.
    pub arn: String,
    /// `s3:ObjectCreated:*` and the like.
    pub events: Vec<String>,
    /// What keys begin with, as it is written: form-encoded.
    pub prefix: String,
    /// What keys end with, as it is written.
    pub suffix: String,
}

/// All that a bucket notifies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Configuration {
    /// In any order.
    pub notifications: Vec<Notification>,
    /// EventBridge gets every event of the bucket.
    pub eventbridge: bool,
}

impl Notification {
    /// Why S3 takes no configuration with both: an event that one key could bring to either.
    ///
    /// `None` where each event of each key has one destination at most. Prefix and suffix must both overlap.
    /// Source: Amazon S3 user guide, "Configuring event notifications using object key name filtering".
    pub(super) fn overlap(&self, other: &Self) -> Option<String> {
        let (prefix, others_prefix) = (plain(&self.prefix), plain(&other.prefix));
        let (suffix, others_suffix) = (plain(&self.suffix), plain(&other.suffix));
        let prefixes = prefix.starts_with(&others_prefix) || others_prefix.starts_with(&prefix);
        let suffixes = suffix.ends_with(&others_suffix) || others_suffix.ends_with(&suffix);
        if !(prefixes && suffixes) {
            return None;
        }
        let pairs = self.events.iter().flat_map(|event| other.events.iter().map(move |others| (event, others)));
        let (event, others) = pairs.into_iter().find(|(event, others)| same_event(event, others))?;
        Some(if event == others { event.clone() } else { format!("{event} and {others}") })
    }

    /// The keys that it is about, in words.
    pub(super) fn keys(&self) -> String {
        match (self.prefix.as_str(), self.suffix.as_str()) {
            ("", "") => "every key".to_owned(),
            (prefix, suffix) => format!("{prefix}*{suffix}"),
        }
    }
}

/// As in keys: S3 takes a space as `+` and other characters percent-encoded.
fn plain(filter: &str) -> String {
    decode_event_key(filter).unwrap_or_else(|_| filter.to_owned())
}

/// Whether one event could be both: `s3:ObjectCreated:Put` is one of `s3:ObjectCreated:*`.
fn same_event(one: &str, other: &str) -> bool {
    let family = |event: &str| event.strip_suffix('*').map(str::to_owned);
    one == other
        || family(one).is_some_and(|family| other.starts_with(&family))
        || family(other).is_some_and(|family| one.starts_with(&family))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A notification to a queue.
    pub(in super::super) fn of(id: &str, events: &[&str], prefix: &str, suffix: &str) -> Notification {
        Notification {
            id: id.to_owned(),
            kind: Kind::Queue,
            arn: format!("arn:aws:sqs:us-east-1:123456789012:{id}"),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            prefix: prefix.to_owned(),
            suffix: suffix.to_owned(),
        }
    }

    #[test]
    fn notifications_overlap_where_one_event_of_one_key_could_be_either() {
        let check = |one: (&str, &str, &str), other: (&str, &str, &str), want: Option<&str>| {
            let [one, other] = [one, other].map(|(event, prefix, suffix)| of("q", &[event], prefix, suffix));
            assert_eq!(one.overlap(&other).as_deref(), want, "{one:?} {other:?}");
            assert_eq!(other.overlap(&one).is_some(), want.is_some(), "either way round");
        };
        let (all, put, removed) = ("s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*");
        check((all, "", ""), (all, "", ""), Some(all));
        check((all, "", ""), (put, "", ""), Some("s3:ObjectCreated:* and s3:ObjectCreated:Put"));
        check((all, "", ""), (removed, "", ""), None);
        check((put, "", ""), ("s3:ObjectCreated:Post", "", ""), None);
        // The examples of the guide.
        check((all, "images/", ""), (all, "logs/", ""), None);
        check((all, "images", ""), (all, "images/cats/", ""), Some(all));
        check((all, "images/", ".jpg"), (all, "images/", ".png"), None);
        check((all, "images/", ".jpg"), (all, "", "jpg"), Some(all));
        check((all, "images/", ""), (all, "", ".jpg"), Some(all));
        // Written as S3 wants it.
        check((all, "my+photos/", ""), (all, "my%20photos/2024/", ""), Some(all));
    }
}
