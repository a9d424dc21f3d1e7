//! What is to be done before a deployment, by what the account said. Pure.

use serde::Serialize;

use super::key::{Found, Place, key};
use super::template::Wanted;
use crate::concurrency::{Concurrency, UNRESERVED_AT_LEAST};

/// What a new account may give a function. Source: AWS Lambda developer guide, "Lambda quotas": new accounts have reduced
/// quotas; 3,008 MB is what field reports name.
const NEW_ACCOUNT_MEMORY_MB: u64 = 3008;

/// What the account said; an error is a sentence, because one question that is refused hides no other answer.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Who asks.
    pub caller: String,
    /// Their account.
    pub account: String,
    /// Environments of the account, and those that no function has reserved.
    pub concurrency: Result<Concurrency, String>,
    /// The stack of each function and queue that is there already; `None` is nobody's.
    pub taken: Vec<(String, Option<String>)>,
    /// The stack that will be made or updated.
    pub stack: String,
    /// In the order of [`Wanted::buckets`].
    pub buckets: Vec<Bucket>,
    /// The key of the buckets, where they have one.
    pub key: Option<Found>,
    /// Actions that the caller may not do.
    pub denied: Result<Vec<String>, String>,
}

/// What is there under a bucket's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Bucket {
    /// Nothing.
    Free,
    /// A bucket that the caller may not look at: most likely somebody else's.
    Foreign,
    /// The caller's, with EventBridge on or off and so many notifications.
    Own { eventbridge: bool, notifications: usize },
    /// It could not be asked for.
    Unknown(String),
}

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// `caller`, `concurrency`, `memory`, `names`, `bucket`, `key`, `rights`.
    pub check: &'static str,
    /// `ok`, `warning` or `refused`.
    pub outcome: &'static str,
    /// What is so, and what to do.
    pub message: String,
}

pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Check {
    Check { check, outcome: "ok", message: message.into() }
}

pub(super) fn warning(check: &'static str, message: impl Into<String>) -> Check {
    Check { check, outcome: "warning", message: message.into() }
}

pub(super) fn refused(check: &'static str, message: impl Into<String>) -> Check {
    Check { check, outcome: "refused", message: message.into() }
}

/// Every check.
pub(super) fn checks(wanted: &Wanted, facts: &Facts, region: &str) -> Vec<Check> {
    let is_update = facts.taken.iter().any(|(_, stack)| stack.as_ref() == Some(&facts.stack));
    let kind = if is_update { "updates the stack" } else { "makes the stack" };
    let mut checks = vec![ok("caller", format!("{} {kind} {} in {region}", facts.caller, facts.stack))];
    checks.extend(concurrency(wanted, facts, is_update));
    checks.push(memory(wanted));
    checks.push(names(wanted, facts));
    for ((name, is_made), found) in wanted.buckets.iter().zip(&facts.buckets) {
        checks.push(bucket(name, *is_made, is_update, wanted.by_eventbridge, found));
    }
    if let (Some(arn), Some(found)) = (&wanted.kms_key_arn, &facts.key) {
        let has_cdn = wanted.kinds.iter().any(|kind| kind == "AWS::CloudFront::Distribution");
        checks.push(key(Place { arn, account: &facts.account, region, has_cdn }, found));
    }
    checks.push(rights(&facts.denied));
    checks
}

fn concurrency(wanted: &Wanted, facts: &Facts, is_update: bool) -> Vec<Check> {
    let concurrency = match &facts.concurrency {
        Ok(found) => *found,
        Err(error) => return vec![warning("concurrency", format!("not known: {error}"))],
    };
    let Concurrency { limit, unreserved } = concurrency;
    let keep = UNRESERVED_AT_LEAST.min(limit);
    let reserved = wanted.reserved_concurrency;
    let left = unreserved.saturating_sub(reserved);
    let mut checks = Vec::new();
    // What an update reserves is reserved already, or some of it.
    if reserved > 0 && left < keep && !is_update {
        checks.push(refused(
            "concurrency",
            format!(
                "the template reserves {reserved} environments, {unreserved} of the account's {limit} are free, and {keep} \
                 must stay: lower reserved_concurrency_… by {}, or leave it out",
                keep - left
            ),
        ));
    } else if concurrency.is_small() {
        checks.push(warning(
            "concurrency",
            format!(
                "the account runs {limit} environments at once, for all of its functions: uploads wait for their turn, none \
                 is lost, and a backfill takes at most {} of them; ask for more: aws service-quotas request-service-quota-increase \
                 --service-code lambda --quota-code L-B99A9384 --desired-value 1000",
                concurrency.share()
            ),
        ));
    } else {
        let message =
            format!("{unreserved} of {limit} environments are free and shared with the account's other functions");
        checks.push(ok("concurrency", message));
    }
    checks
}

fn memory(wanted: &Wanted) -> Check {
    let memory_mb = wanted.memory_mb;
    if memory_mb > NEW_ACCOUNT_MEMORY_MB {
        return warning(
            "memory",
            format!(
                "the largest tier has {memory_mb} MB: a new account takes {NEW_ACCOUNT_MEMORY_MB}, and the deployment fails \
                 above; AWS tells nobody the limit before, so lower tiers.json if it does"
            ),
        );
    }
    ok("memory", format!("{memory_mb} MB is what a new account takes too"))
}

fn names(wanted: &Wanted, facts: &Facts) -> Check {
    let foreign: Vec<_> = facts.taken.iter().filter(|(_, stack)| stack.as_ref() != Some(&facts.stack)).collect();
    let Some((name, stack)) = foreign.first() else {
        return ok("names", format!("{} functions and {} queues", wanted.functions.len(), wanted.queues.len()));
    };
    let whose = stack.as_ref().map_or_else(|| "no stack".to_owned(), |stack| format!("the stack {stack}"));
    refused(
        "names",
        format!("{} names are taken, the first, `{name}`, by {whose}: choose another STAGE", foreign.len()),
    )
}

fn bucket(name: &str, is_made: bool, is_update: bool, by_eventbridge: bool, found: &Bucket) -> Check {
    match (found, is_made) {
        (Bucket::Free, true) => ok("bucket", format!("`{name}` is free")),
        (Bucket::Free, false) => refused("bucket", format!("`{name}` is not there, and the stack does not make it")),
        (Bucket::Foreign, _) => refused(
            "bucket",
            format!(
                "`{name}` is somebody else's, or you may not look at it: choose another name, or ask for s3:ListBucket"
            ),
        ),
        (Bucket::Own { .. }, true) if is_update => ok("bucket", format!("`{name}` is there, as the stack left it")),
        (Bucket::Own { .. }, true) => refused(
            "bucket",
            format!(
                "`{name}` is there already: choose another name, or say that it exists by source_bucket_exists=true or \
                     destination_bucket_exists=true"
            ),
        ),
        (Bucket::Own { eventbridge: false, .. }, false) if by_eventbridge => refused(
            "bucket",
            format!(
                "`{name}` sends nothing to EventBridge: switch that on in its properties, or by event_source=s3 and \
                     thumbtier attach"
            ),
        ),
        (Bucket::Own { notifications, .. }, false) => {
            ok("bucket", format!("`{name}` is there with {notifications} notifications of others, which stay"))
        }
        (Bucket::Unknown(error), _) => warning("bucket", format!("`{name}`: {error}")),
    }
}

fn rights(denied: &Result<Vec<String>, String>) -> Check {
    match denied {
        Ok(denied) if denied.is_empty() => {
            ok("rights", "whoever asks may make what the template has, as IAM simulates it")
        }
        Ok(denied) => refused("rights", format!("whoever asks may not {}: ask for these rights", denied.join(", "))),
        Err(error) => warning("rights", format!("not known: {error}; the right to ask is iam:SimulatePrincipalPolicy")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            functions: vec!["t-prod-dispatcher".into()],
            buckets: vec![("up".into(), true)],
            memory_mb: 3008,
            ..Wanted::default()
        }
    }

    fn facts() -> Facts {
        Facts {
            caller: "arn:aws:iam::1:user/a".into(),
            account: "1".into(),
            concurrency: Ok(Concurrency { limit: 1000, unreserved: 950 }),
            taken: Vec::new(),
            stack: "thumbtier-prod".into(),
            buckets: vec![Bucket::Free],
            key: None,
            denied: Ok(Vec::new()),
        }
    }

    /// The one check that is not `ok`, and that it says so.
    fn check(wanted: &Wanted, facts: &Facts, outcome: &str, words: &str) {
        let all = checks(wanted, facts, "eu-west-1");
        let bad: Vec<_> = all.iter().filter(|check| check.outcome != "ok").collect();
        assert!(bad.len() == 1 && bad[0].outcome == outcome && bad[0].message.contains(words), "{words}: {all:#?}");
    }

    #[test]
    fn an_ordinary_account_is_ready() {
        assert!(checks(&wanted(), &facts(), "eu-west-1").iter().all(|check| check.outcome == "ok"));
    }

    #[test]
    fn a_small_account_is_told_what_it_shares() {
        let small = Facts { concurrency: Ok(Concurrency { limit: 10, unreserved: 10 }), ..facts() };
        check(&wanted(), &small, "warning", "a backfill takes at most 3");
        check(&Wanted { reserved_concurrency: 2, ..wanted() }, &small, "refused", "lower reserved_concurrency_… by 2");
        let reserved = Wanted { reserved_concurrency: 900, ..wanted() };
        check(&reserved, &facts(), "refused", "100 must stay");
        // It is what the stack has.
        let update = Facts { taken: vec![("t".into(), Some("thumbtier-prod".into()))], ..facts() };
        let all = checks(&reserved, &update, "eu-west-1");
        assert!(all.iter().all(|check| check.outcome == "ok"), "{all:#?}");
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let check_bucket = |is_made, by_eventbridge, found, words| {
            let wanted = Wanted { buckets: vec![("up".into(), is_made)], by_eventbridge, ..wanted() };
            check(&wanted, &Facts { buckets: vec![found], ..facts() }, "refused", words);
        };
        let own = Bucket::Own { eventbridge: false, notifications: 3 };
        check_bucket(true, false, own.clone(), "source_bucket_exists=true");
        check_bucket(true, false, Bucket::Foreign, "somebody else's");
        check_bucket(false, true, own, "sends nothing to EventBridge");
        check_bucket(false, false, Bucket::Free, "is not there");
        let taken = Facts { taken: vec![("t-prod-dispatcher".into(), Some("other".into()))], ..facts() };
        check(&wanted(), &taken, "refused", "by the stack other");
        let denied = Facts { denied: Ok(vec!["iam:CreateRole".into()]), ..facts() };
        check(&wanted(), &denied, "refused", "iam:CreateRole");
        check(
            &wanted(),
            &Facts { denied: Err("AccessDenied".into()), ..facts() },
            "warning",
            "iam:SimulatePrincipalPolicy",
        );
        check(&Wanted { memory_mb: 10_240, ..wanted() }, &facts(), "warning", "10240 MB");
        let with_key = Wanted { kms_key_arn: Some("arn:aws:kms:eu-west-1:1:key/k".into()), ..wanted() };
        check(&with_key, &Facts { key: Some(Found::Nothing), ..facts() }, "refused", "is not there");
    }
}
