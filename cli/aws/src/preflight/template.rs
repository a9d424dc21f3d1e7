//! What a packaged template will ask of an account. Pure.

use serde_json::Value;

/// What the deployment will make and use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Functions by their names.
    pub functions: Vec<String>,
    /// Queues by their names.
    pub queues: Vec<String>,
    /// The two buckets: name, and whether the stack makes it.
    pub buckets: Vec<(String, bool)>,
    /// Environments that are taken out of the account's, for these functions alone.
    pub reserved_concurrency: u64,
    /// The largest function.
    pub memory_mb: u64,
    /// The key of the buckets.
    pub kms_key_arn: Option<String>,
    /// Uploads come by EventBridge.
    pub by_eventbridge: bool,
    /// The kinds of resources, each once.
    pub kinds: Vec<String>,
}

impl Wanted {
    /// Of a template, in that account and region.
    pub(super) fn of(template: &Value, partition: &str, account: &str, region: &str) -> Self {
        let name = |value: &Value| {
            let text = value.as_str().or_else(|| value["Fn::Sub"].as_str()).unwrap_or_default();
            let text = text.replace("${AWS::AccountId}", account).replace("${AWS::Region}", region);
            text.replace("${AWS::Partition}", partition)
        };
        let resources = || template["Resources"].as_object().into_iter().flat_map(|all| all.values());
        let of_kind =
            |kind: &'static str| resources().filter(move |one| one["Type"] == kind).map(|one| &one["Properties"]);
        let functions = || of_kind("AWS::Lambda::Function");
        let made: Vec<String> = of_kind("AWS::S3::Bucket").map(|bucket| name(&bucket["BucketName"])).collect();
        let variables = functions().map(|function| &function["Environment"]["Variables"]);
        let with_buckets = variables.clone().find(|all| all["SOURCE_BUCKET"] != Value::Null);
        let buckets = ["SOURCE_BUCKET", "DESTINATION_BUCKET"].map(|variable| {
            let bucket = with_buckets.map_or_else(String::new, |all| name(&all[variable]));
            let is_made = made.contains(&bucket);
            (bucket, is_made)
        });
        let mut buckets: Vec<_> = buckets.into_iter().filter(|(bucket, _)| !bucket.is_empty()).collect();
        buckets.dedup();
        let mut kinds: Vec<String> = resources().filter_map(|one| one["Type"].as_str().map(str::to_owned)).collect();
        kinds.sort();
        kinds.dedup();
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        Self {
            functions: functions().map(|function| name(&function["FunctionName"])).collect(),
            queues: of_kind("AWS::SQS::Queue").map(|queue| name(&queue["QueueName"])).collect(),
            buckets,
            reserved_concurrency: functions().map(|function| number(&function["ReservedConcurrentExecutions"])).sum(),
            memory_mb: functions().map(|function| number(&function["MemorySize"])).max().unwrap_or_default(),
            kms_key_arn: find(template, "KMSMasterKeyID").map(name),
            by_eventbridge: kinds.iter().any(|kind| kind == "AWS::Events::Rule"),
            kinds,
        }
    }
}

/// The first value of that name, however deep.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields.get(name).or_else(|| fields.values().find_map(|inner| find(inner, name))),
        Value::Array(items) => items.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_says_what_it_takes() {
        let bucket = json!({ "Fn::Sub": "up-${AWS::AccountId}-${AWS::Region}" });
        let template = json!({ "Resources": {
            "A": { "Type": "AWS::Lambda::Function", "Properties": { "FunctionName": "t-dispatcher", "MemorySize": 128,
                "Environment": { "Variables": { "SOURCE_BUCKET": bucket, "DESTINATION_BUCKET": { "Fn::Sub": "mine" } } } } },
            "B": { "Type": "AWS::Lambda::Function", "Properties": { "FunctionName": "t-worker", "MemorySize": 3008,
                "ReservedConcurrentExecutions": 7 } },
            "Q": { "Type": "AWS::SQS::Queue", "Properties": { "QueueName": "t-failed" } },
            "S": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": bucket, "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{ "ServerSideEncryptionByDefault": { "KMSMasterKeyID": "key" } }] } } },
        } });
        let wanted = Wanted::of(&template, "aws", "1", "eu-west-1");
        assert_eq!(wanted.functions, ["t-dispatcher", "t-worker"]);
        assert_eq!(wanted.buckets, [("up-1-eu-west-1".to_owned(), true), ("mine".to_owned(), false)]);
        assert_eq!((wanted.reserved_concurrency, wanted.memory_mb, wanted.queues.len()), (7, 3008, 1));
        assert_eq!((wanted.kms_key_arn.as_deref(), wanted.by_eventbridge), (Some("key"), false));
    }
}
