//! Somebody who may do what one of the stack's managed policies allows, and nothing else.

use std::process::Command;

use serde_json::{Value, json};

use crate::Deployment;

/// A user of IAM with a key.
#[derive(Debug)]
pub struct Operator {
    iam: aws_sdk_iam::Client,
    name: String,
    statements: Vec<Value>,
    key: (String, String),
}

impl Deployment {
    /// A new user of that name with the statements of the policy for `command`: `Cost`, `Tune`, `Redrive`, `Backfill`.
    ///
    /// # Panics
    /// Where the stack has no such policy.
    pub async fn operator(&self, name: &str, command: &str) -> Operator {
        let iam = aws_sdk_iam::Client::new(&self.config);
        let policies = iam.list_policies().send().await.expect("policies can be listed");
        let wanted = format!("{command}Policy");
        let is_it = |name: Option<&str>| name.is_some_and(|name| name.contains(&wanted));
        let found = policies.policies().iter().find(|policy| is_it(policy.policy_name()));
        let found = found.unwrap_or_else(|| panic!("no {wanted} in {policies:?}"));
        let (arn, version) = (found.arn().expect("it has one"), found.default_version_id().expect("it has one"));
        let call = iam.get_policy_version().policy_arn(arn).version_id(version).send().await;
        let document = call.expect("it can be read").policy_version().and_then(|one| one.document().map(str::to_owned));
        let document =
            contract::decode_event_key(&document.expect("it has one")).expect("IAM percent-encodes policies");
        let mut document: Value = serde_json::from_str(&document).expect("policies are JSON");
        let statements = document["Statement"].as_array_mut().map(std::mem::take).expect("a list of statements");

        // A run of its own, also where an earlier one failed.
        let name = format!("thumbtier-operator-{}-{}", name.to_lowercase(), std::process::id());
        iam.create_user().user_name(&name).send().await.expect("users can be made");
        let made = iam.create_access_key().user_name(&name).send().await.expect("keys can be made");
        let key = made.access_key().expect("it is told once");
        let key = (key.access_key_id().to_owned(), key.secret_access_key().to_owned());
        Operator { iam, name, statements, key }
    }
}

impl Operator {
    /// The names of the statements.
    #[must_use]
    pub fn rights(&self) -> Vec<String> {
        self.statements.iter().filter_map(|statement| statement["Sid"].as_str().map(str::to_owned)).collect()
    }

    /// Gives the user all statements but `right`.
    pub async fn may_all_but(&self, right: Option<&str>) {
        let is_left = |statement: &&Value| right.is_none_or(|right| statement["Sid"] != right);
        let left: Vec<_> = self.statements.iter().filter(is_left).collect();
        let document = json!({ "Version": "2012-10-17", "Statement": left }).to_string();
        let call = self.iam.put_user_policy().user_name(&self.name).policy_name("operator").policy_document(document);
        call.send().await.expect("policies can be put");
    }

    /// The id and the secret of the user's key.
    #[must_use]
    pub fn key(&self) -> (&str, &str) {
        (&self.key.0, &self.key.1)
    }

    /// Makes `command` run as this user.
    pub fn runs<'command>(&self, command: &'command mut Command) -> &'command mut Command {
        let (id, secret) = &self.key;
        command.env("AWS_ACCESS_KEY_ID", id).env("AWS_SECRET_ACCESS_KEY", secret)
    }

    /// Takes the user away.
    pub async fn leave(self) {
        let (name, key) = (self.name, self.key.0);
        self.iam.delete_user_policy().user_name(&name).policy_name("operator").send().await.expect("it has one");
        self.iam.delete_access_key().user_name(&name).access_key_id(key).send().await.expect("it has one");
        self.iam.delete_user().user_name(&name).send().await.expect("it is there");
    }
}
