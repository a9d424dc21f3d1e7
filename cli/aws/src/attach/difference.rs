//! What attaching and detaching change. Pure.

use super::notification::{Configuration, Kind, Notification};

/// An object that comes, and one that goes: deleted, expired, or restored from an archive. As in deploy/events.js.
const EVENTS: [&str; 4] =
    ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"];

/// How a deployment's own notifications are known.
#[derive(Debug)]
pub(super) struct Ours {
    /// The stage.
    pub stage: String,
    /// The dispatcher's name.
    pub function: String,
}

/// What is to be changed in a configuration, and nothing else is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// To be added.
    pub added: Vec<Notification>,
    /// To be taken away, by Id.
    pub removed: Vec<Notification>,
    /// EventBridge is off and is to be on.
    pub turns_eventbridge_on: bool,
}

/// A notification that is there and leaves no room for ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overlap {
    /// It.
    pub there: Notification,
    /// Why not both, and what to do.
    pub message: String,
}

impl Ours {
    /// The difference that makes the bucket notify `arn`, the dispatcher, of keys with these prefixes; none is every key.
    ///
    /// # Errors
    /// What is there that S3 would not take beside it.
    pub(super) fn attach(
        &self,
        before: &Configuration,
        arn: &str,
        prefixes: &[String],
    ) -> Result<Difference, Vec<Overlap>> {
        let every = [String::new()];
        let prefixes = if prefixes.is_empty() { &every[..] } else { prefixes };
        let wanted: Vec<Notification> = prefixes.iter().map(|prefix| self.notification(arn, prefix)).collect();
        let (ours, others): (Vec<_>, Vec<_>) = before.notifications.iter().partition(|one| self.made(one));
        let overlaps: Vec<Overlap> =
            others.into_iter().filter_map(|there| wanted.iter().find_map(|one| self.overlap(there, one))).collect();
        if !overlaps.is_empty() {
            return Err(overlaps);
        }
        let removed = ours.iter().filter(|one| !wanted.contains(one)).map(|one| (*one).clone()).collect();
        let added = wanted.into_iter().filter(|one| !ours.contains(&one)).collect();
        Ok(Difference { added, removed, turns_eventbridge_on: false })
    }

    /// The difference that takes away what [`Ours::attach`] added.
    pub(super) fn detach(&self, before: &Configuration) -> Difference {
        let removed = before.notifications.iter().filter(|one| self.made(one)).cloned().collect();
        Difference { removed, ..Difference::default() }
    }

    /// Whether `attach` made it. Its Id is not enough: somebody may have copied a configuration.
    fn made(&self, notification: &Notification) -> bool {
        let id = self.id("");
        let named = notification.id == id || notification.id.starts_with(&format!("{id}/"));
        named && self.is_dispatcher(notification)
    }

    /// With a version or an alias behind its name it is the dispatcher too.
    fn is_dispatcher(&self, notification: &Notification) -> bool {
        notification.kind == Kind::Function && notification.arn.split(':').nth(6) == Some(&self.function)
    }

    /// No stage has a slash in its name.
    fn id(&self, prefix: &str) -> String {
        let base = format!("thumbtier-{}-uploads", self.stage);
        if prefix.is_empty() { base } else { format!("{base}/{prefix}") }
    }

    fn notification(&self, arn: &str, prefix: &str) -> Notification {
        Notification {
            id: self.id(prefix),
            kind: Kind::Function,
            arn: arn.to_owned(),
            events: EVENTS.map(str::to_owned).into(),
            // deploy/parameters.js allows those alone that stand for themselves here.
            prefix: prefix.to_owned(),
            suffix: String::new(),
        }
    }

    fn overlap(&self, there: &Notification, wanted: &Notification) -> Option<Overlap> {
        let Notification { id, arn, .. } = there;
        let message = if id == &wanted.id {
            format!("notification `{id}` has our Id and goes to {arn}: give it another Id, or take it away")
        } else if self.is_dispatcher(there) {
            let events = there.overlap(wanted)?;
            format!(
                "notification `{id}` brings {events} of {} to this dispatcher already, and attach did not make it: take \
                 it away first, if it is not of a bucket that the deployment made",
                there.keys()
            )
        } else {
            let events = there.overlap(wanted)?;
            format!(
                "notification `{id}` brings {events} of {} to {arn}, and S3 takes no second destination for the same \
                 event and keys: deploy with event_source=eventbridge, with source_prefixes of which no key is among \
                 these, or with event_source=none and that queue or topic as source_queue_arn or source_topic_arn",
                there.keys()
            )
        };
        Some(Overlap { there: there.clone(), message })
    }
}

impl Difference {
    /// Nothing is to be changed.
    pub(super) fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// The configuration with it.
    pub(super) fn applied(&self, before: &Configuration) -> Configuration {
        let kept = before.notifications.iter().filter(|one| !self.removed.contains(one));
        Configuration {
            notifications: kept.chain(&self.added).cloned().collect(),
            eventbridge: before.eventbridge || self.turns_eventbridge_on,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::notification::tests::of;
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:thumbtier-prod-dispatcher";

    fn ours() -> Ours {
        Ours { stage: "prod".into(), function: "thumbtier-prod-dispatcher".into() }
    }

    fn others() -> Configuration {
        let topic = Notification { kind: Kind::Topic, ..of("tags", &["s3:ObjectTagging:*"], "", "") };
        let function = Notification { kind: Kind::Function, ..of("film", &["s3:ObjectCreated:*"], "film/", ".mp4") };
        let queue = of("bills", &["s3:ObjectCreated:Put"], "bills/", "");
        Configuration { notifications: vec![queue, topic, function], eventbridge: true }
    }

    fn prefixes(all: &[&str]) -> Vec<String> {
        all.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn what_is_attached_stands_beside_everything_else_and_detaching_leaves_what_was_there() {
        let before = others();
        let difference = ours().attach(&before, ARN, &prefixes(&["photos/", "avatars/"])).unwrap();
        assert_eq!((difference.added.len(), difference.removed.len()), (2, 0));
        let after = difference.applied(&before);
        assert_eq!((&after.notifications[..3], after.eventbridge), (&before.notifications[..], true));
        assert_eq!(after.notifications[3].id, "thumbtier-prod-uploads/photos/");
        assert!(ours().attach(&after, ARN, &prefixes(&["photos/", "avatars/"])).unwrap().is_empty(), "attached before");
        let detached = ours().detach(&after);
        assert_eq!((detached.added.len(), detached.removed.len()), (0, 2));
        assert_eq!(detached.applied(&after), before);
        assert!(ours().detach(&before).is_empty(), "not attached");
    }

    #[test]
    fn other_prefixes_take_the_place_of_those_before() {
        let before = ours().attach(&others(), ARN, &prefixes(&["photos/"])).unwrap().applied(&others());
        let difference = ours().attach(&before, ARN, &prefixes(&["photos/", "scans/"])).unwrap();
        let ids = |all: &[Notification]| all.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&difference.added), ["thumbtier-prod-uploads/scans/"]);
        assert!(difference.removed.is_empty());
        let difference = ours().attach(&before, ARN, &prefixes(&["scans/"])).unwrap();
        assert_eq!(ids(&difference.removed), ["thumbtier-prod-uploads/photos/"]);
    }

    #[test]
    fn what_s3_would_not_take_beside_ours_is_refused_by_name() {
        let overlaps = ours().attach(&others(), ARN, &[]).unwrap_err();
        let ids: Vec<_> = overlaps.iter().map(|overlap| overlap.there.id.as_str()).collect();
        assert_eq!(ids, ["bills", "film"], "tags are other events");
        assert!(overlaps[0].message.contains("`bills` brings s3:ObjectCreated:Put and s3:ObjectCreated:* of bills/*"));
        assert!(overlaps[0].message.contains("event_source=eventbridge"));
    }

    #[test]
    fn another_stage_and_a_copy_of_our_id_are_not_ours() {
        let notification = |id: &str, arn: &str| Notification { id: id.into(), ..ours().notification(arn, "photos/") };
        let is_left = |id: &str, arn: &str| {
            let there = Configuration { notifications: vec![notification(id, arn)], eventbridge: false };
            ours().detach(&there).is_empty()
        };
        let of_another = ARN.replace("-prod-", "-prod-uploads-");
        assert!(!is_left("thumbtier-prod-uploads/photos/", ARN));
        assert!(!is_left("thumbtier-prod-uploads", &format!("{ARN}:live")));
        assert!(is_left("thumbtier-prod-uploads-uploads", &of_another));
        assert!(is_left("thumbtier-prod-uploads", &of_another));
        assert!(is_left("by hand", ARN));

        let copied = Configuration {
            notifications: vec![notification("thumbtier-prod-uploads", &of_another)],
            eventbridge: false,
        };
        let overlaps = ours().attach(&copied, ARN, &[]).unwrap_err();
        assert!(overlaps[0].message.contains("has our Id and goes to"), "{overlaps:?}");
        let by_hand = Configuration { notifications: vec![notification("by hand", ARN)], eventbridge: false };
        let overlaps = ours().attach(&by_hand, ARN, &[]).unwrap_err();
        assert!(overlaps[0].message.contains("to this dispatcher already"), "{overlaps:?}");
    }
}
