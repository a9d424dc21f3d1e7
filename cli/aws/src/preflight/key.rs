//! Whether a key of KMS can be that of the buckets. Pure.
//!
//! Roles of a stack that is not there yet have no names that a key's policy could hold: the policy leaves it to IAM, or it
//! lets everybody of the account use the key through S3. Source: AWS KMS developer guide, "Default key policy", "AWS managed
//! keys for Amazon S3", "kms:ViaService"; Amazon S3 user guide, "Using server-side encryption with AWS KMS keys".

use serde_json::Value;

use super::check::{Check, ok, refused, warning};

/// What the stack does with the key: decrypts uploads and the bucket key, and asks for data keys of thumbnails.
const ACTIONS: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// A key as KMS describes it.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// `Enabled`, `Disabled`, `PendingDeletion` …
    pub state: String,
    /// `SYMMETRIC_DEFAULT`, `RSA_2048` …
    pub spec: String,
    /// Its policy, or why that could not be read.
    pub policy: Result<Value, String>,
}

/// What was found under a key's ARN.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// A key.
    Key(Key),
    /// No such key.
    Nothing,
    /// It could not be asked for.
    Unknown(String),
}

/// Where the key is to be used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The key's ARN.
    pub arn: &'a str,
    /// The account of the stack.
    pub account: &'a str,
    /// Its region.
    pub region: &'a str,
    /// The stack has a distribution of CloudFront.
    pub has_cdn: bool,
}

/// What a policy says of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Yes,
    /// On a condition that is not evaluated here.
    Perhaps,
    No,
}

pub(super) fn key(place: Place<'_>, found: &Found) -> Check {
    let Place { arn, region, .. } = place;
    if arn.split(':').nth(3) != Some(region) {
        return refused("key", format!("`{arn}` is not in {region}: a bucket's key must be in its region"));
    }
    let key = match found {
        Found::Key(key) => key,
        Found::Nothing => return refused("key", format!("`{arn}` is not there: kms_key_arn names no key")),
        Found::Unknown(error) => {
            return warning("key", format!("not known: {error}; the right to ask is kms:DescribeKey on `{arn}`"));
        }
    };
    if key.state != "Enabled" {
        let how = "aws kms enable-key, or cancel-key-deletion before it";
        return refused("key", format!("`{arn}` is {}: S3 uses enabled keys alone; {how}", key.state));
    }
    if key.spec != "SYMMETRIC_DEFAULT" {
        return refused(
            "key",
            format!("`{arn}` is of {}: S3 encrypts by SYMMETRIC_DEFAULT alone; make another key", key.spec),
        );
    }
    match &key.policy {
        Ok(policy) => by_policy(place, policy),
        Err(error) => {
            warning("key", format!("its policy is not known: {error}; the right to ask is kms:GetKeyPolicy on `{arn}`"))
        }
    }
}

fn by_policy(place: Place<'_>, policy: &Value) -> Check {
    let Place { arn, account, has_cdn, .. } = place;
    if statements(policy)
        .any(|statement| statement["Effect"] == "Deny" && ACTIONS.iter().any(|action| names(statement, action)))
    {
        return warning(
            "key",
            format!(
                "the policy of `{arn}` denies kms:Decrypt or kms:GenerateDataKey to somebody: read whether to the stack's roles"
            ),
        );
    }
    match allows(policy, |statement| is_for_account(statement, place), place) {
        Says::Yes => {}
        Says::Perhaps => {
            return warning(
                "key",
                format!(
                    "the policy of `{arn}` lets the account use it on a condition: read whether the stack's roles meet it"
                ),
            );
        }
        Says::No => {
            return refused(
                "key",
                format!(
                    "the policy of `{arn}` leaves nothing to IAM in account {account}, so that no role of the stack may use \
                     it: aws kms put-key-policy, with a statement that allows kms:Decrypt and kms:GenerateDataKey to \
                     arn:…:iam::{account}:root"
                ),
            );
        }
    }
    // Source: Amazon CloudFront developer guide, "Restrict access to an Amazon S3 origin", "SSE-KMS".
    let is_cloudfront = |statement: &Value| holds(&statement["Principal"]["Service"], "cloudfront.amazonaws.com");
    if has_cdn
        && !statements(policy).any(|one| one["Effect"] == "Allow" && is_cloudfront(one) && names(one, ACTIONS[0]))
    {
        return warning(
            "key",
            format!(
                "the stack's roles may use `{arn}`, and the distribution may not: allow kms:Decrypt to \
                 cloudfront.amazonaws.com where aws:SourceArn is the distribution's"
            ),
        );
    }
    ok("key", format!("`{arn}` is enabled, and the stack's roles may use it"))
}

fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    let all = &policy["Statement"];
    all.as_array().map_or(std::slice::from_ref(all), Vec::as_slice).iter()
}

/// Both actions, each by any statement for somebody.
fn allows(policy: &Value, is_for: impl Fn(&Value) -> bool, place: Place<'_>) -> Says {
    let of_action = |action: &str| {
        let allowed = statements(policy).filter(|one| one["Effect"] == "Allow" && is_for(one) && names(one, action));
        let best = allowed.map(|statement| is_met(&statement["Condition"], place));
        best.fold(Says::No, |best, says| if says == Says::Yes || best == Says::No { says } else { best })
    };
    match ACTIONS.map(of_action) {
        [Says::Yes, Says::Yes] => Says::Yes,
        says if says.contains(&Says::No) => Says::No,
        _ => Says::Perhaps,
    }
}

/// The account leaves it to IAM; with everybody come its roles too.
fn is_for_account(statement: &Value, Place { account, .. }: Place<'_>) -> bool {
    let principal = &statement["Principal"];
    let root = format!(":iam::{account}:root");
    let is_it =
        |value: &Value| value.as_str().is_some_and(|name| name == "*" || name == account || name.ends_with(&root));
    [principal, &principal["AWS"]].iter().any(|value| each(value).any(is_it))
}

/// Conditions that every call of the stack meets, because it is made by the account and through S3.
fn is_met(condition: &Value, Place { account, region, .. }: Place<'_>) -> Says {
    let operators = condition.as_object().into_iter().flatten();
    let mut keys =
        operators.flat_map(|(operator, keys)| keys.as_object().into_iter().flatten().map(move |pair| (operator, pair)));
    let through = format!("s3.{region}.amazonaws.com");
    let is_met = keys.all(|(operator, (key, value))| {
        let want = match key.to_ascii_lowercase().as_str() {
            "kms:calleraccount" | "aws:principalaccount" => account,
            "kms:viaservice" => through.as_str(),
            _ => return false,
        };
        operator.starts_with("StringEquals")
            && each(value).any(|one| one.as_str().is_some_and(|one| one.starts_with(want)))
    });
    if is_met { Says::Yes } else { Says::Perhaps }
}

/// Whether a statement's actions have that one: by its name or a pattern that ends with `*`.
fn names(statement: &Value, action: &str) -> bool {
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(beginning) => action.to_ascii_lowercase().starts_with(&beginning.to_ascii_lowercase()),
        None => action.eq_ignore_ascii_case(pattern),
    };
    each(&statement["Action"]).any(|one| one.as_str().is_some_and(matches))
}

fn holds(value: &Value, name: &str) -> bool {
    each(value).any(|one| one == name)
}

/// A value of a policy is one or a list of them.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:kms:eu-west-1:1:key/k";

    fn check_found(place: Place<'_>, found: &Found, outcome: &str, words: &str) {
        let check = key(place, found);
        assert!(check.outcome == outcome && check.message.contains(words), "{words}: {check:?}");
    }

    fn place() -> Place<'static> {
        Place { arn: ARN, account: "1", region: "eu-west-1", has_cdn: false }
    }

    fn with(statements: &Value) -> Found {
        let policy = Ok(json!({ "Statement": statements }));
        Found::Key(Key { state: "Enabled".into(), spec: "SYMMETRIC_DEFAULT".into(), policy })
    }

    fn root() -> Value {
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::1:root" }, "Action": "kms:*", "Resource": "*" })
    }

    #[test]
    fn a_key_that_s3_cannot_use_is_refused() {
        check_found(Place { region: "us-east-1", ..place() }, &with(&root()), "refused", "not in us-east-1");
        check_found(place(), &Found::Nothing, "refused", "is not there");
        check_found(place(), &Found::Unknown("AccessDenied".into()), "warning", "kms:DescribeKey");
        let Found::Key(usable) = with(&root()) else { panic!("a key") };
        let asleep = Key { state: "PendingDeletion".into(), ..usable.clone() };
        check_found(place(), &Found::Key(asleep), "refused", "is PendingDeletion");
        let pair = Key { spec: "RSA_2048".into(), ..usable.clone() };
        check_found(place(), &Found::Key(pair), "refused", "is of RSA_2048");
        let secret = Key { policy: Err("AccessDenied".into()), ..usable };
        check_found(place(), &Found::Key(secret), "warning", "kms:GetKeyPolicy");
    }

    #[test]
    fn a_policy_leaves_it_to_iam_or_lets_the_account_through_s3() {
        check_found(place(), &with(&root()), "ok", "may use it");
        check_found(place(), &with(&json!([root()])), "ok", "may use it");
        let condition =
            json!({ "StringEquals": { "kms:CallerAccount": "1", "kms:ViaService": "s3.eu-west-1.amazonaws.com" } });
        let through = |condition: &Value| {
            json!([{ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                     "Condition": condition }])
        };
        check_found(place(), &with(&through(&condition)), "ok", "may use it");
        let other = json!({ "StringEquals": { "kms:CallerAccount": "2" } });
        check_found(place(), &with(&through(&other)), "warning", "on a condition");
        let administrators =
            json!([{ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::1:role/admin" }, "Action": "kms:*" }]);
        check_found(place(), &with(&administrators), "refused", "leaves nothing to IAM in account 1");
        let mut half = root();
        half["Action"] = "kms:Decrypt".into();
        check_found(place(), &with(&half), "refused", "kms:GenerateDataKey");
        let deny = json!([root(), { "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt" }]);
        check_found(place(), &with(&deny), "warning", "denies");
    }

    #[test]
    fn a_distribution_needs_the_key_too() {
        let cdn = Place { has_cdn: true, ..place() };
        check_found(cdn, &with(&root()), "warning", "cloudfront.amazonaws.com");
        let service = json!({ "Effect": "Allow", "Principal": { "Service": "cloudfront.amazonaws.com" }, "Action": ["kms:Decrypt"] });
        check_found(cdn, &with(&json!([root(), service])), "ok", "may use it");
    }
}
