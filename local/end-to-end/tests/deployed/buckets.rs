//! The packaged templates of the bucket situations: the deployment's own buckets, those of others, one for both sides.
//!
//! What becomes of the objects in them is seen by `local/situations.py`.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use serde_json::{Value, json};

use crate::template::{of_kind, packaged};

/// Those that are ours to make, without the one that the Serverless Framework uploads zips to.
fn buckets(resources: &Value) -> Vec<&str> {
    let all = resources.as_object().unwrap().iter();
    let named = all.filter(|(name, resource)| {
        let kind = resource["Type"].as_str().unwrap();
        kind.starts_with("AWS::S3::Bucket") && !name.starts_with("Serverless")
    });
    named.map(|(name, _)| name.as_str()).collect()
}

fn rule_ids(bucket: &Value) -> Vec<&str> {
    let rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"].as_array().unwrap();
    rules.iter().map(|rule| rule["Id"].as_str().unwrap()).collect()
}

fn sub(text: &str) -> Value {
    json!({ "Fn::Sub": text })
}

/// The resources of the statement in the policies of a role.
fn resources_of(resources: &Value, role: &str, sid: &str) -> Value {
    let policies = resources[role]["Properties"]["Policies"].as_array().unwrap();
    let mut statements = policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
    statements.find(|statement| statement["Sid"] == sid).unwrap()["Resource"].clone()
}

#[test]
fn buckets_with_users_data_are_kept_whatever_becomes_of_the_stack() {
    for folder in ["template", "template-kms", "template-off", "template-same"] {
        let resources = packaged(folder);
        for name in buckets(&resources) {
            let kept = (&resources[name]["DeletionPolicy"], &resources[name]["UpdateReplacePolicy"]);
            // Whatever becomes of the stack, but for a first deployment that is rolled back before anything is in them.
            assert_eq!(kept, (&json!("RetainExceptOnCreate"), &json!("Retain")), "{folder} {name}");
        }
    }
    let resources = packaged("template");
    assert_eq!(
        buckets(&resources),
        ["SourceBucket", "SourceBucketPolicy", "DestinationBucket", "DestinationBucketPolicy"]
    );
    // No rule touches an upload that was completed.
    assert_eq!(rule_ids(&resources["SourceBucket"]), ["abort-incomplete-uploads"]);
    assert_eq!(rule_ids(&resources["DestinationBucket"]), ["abort-incomplete-uploads", "own-records"]);
    assert_eq!(resources["SourceBucket"]["Properties"]["VersioningConfiguration"], json!({ "Ref": "AWS::NoValue" }));
}

/// An empty configuration would be one, and would wipe what somebody connected by hand.
#[test]
fn without_an_event_source_there_is_no_notification_not_even_an_empty_one() {
    let bucket = &packaged("template-off")["SourceBucket"]["Properties"];
    assert_eq!(bucket["NotificationConfiguration"], json!({ "Ref": "AWS::NoValue" }));
}

#[test]
fn a_bucket_that_exists_gets_no_bucket_no_policy_and_no_notification() {
    let resources = packaged("template-existing");
    assert!(buckets(&resources).is_empty(), "{:?}", buckets(&resources));
    assert!(!resources.to_string().contains("NotificationConfiguration"));
    // What S3 asks for when somebody attaches the notification.
    let permission = &resources["SourceBucketMayInvokeDispatcher"]["Properties"];
    assert_eq!(permission["Principal"], "s3.amazonaws.com");
    assert_eq!(permission["SourceArn"], sub("arn:${AWS::Partition}:s3:::my-uploads"));
    assert_eq!(permission["SourceAccount"], json!({ "Ref": "AWS::AccountId" }));
    let function = &resources["DispatcherLambdaFunction"]["Properties"]["Environment"]["Variables"];
    assert_eq!((&function["SOURCE_BUCKET"], &function["EVENT_SOURCE"]), (&json!("my-uploads"), &json!("none")));
}

#[test]
fn a_queue_and_a_topic_that_exist_are_connected_to_the_dispatcher() {
    let resources = packaged("template-existing");
    let dispatcher = json!({ "Fn::GetAtt": ["DispatcherLambdaFunction", "Arn"] });
    let queue = "arn:aws:sqs:us-east-1:123456789012:uploads";
    let mapping = &resources["UploadsQueueMapping"]["Properties"];
    assert_eq!((&mapping["EventSourceArn"], &mapping["FunctionName"]), (&json!(queue), &dispatcher));
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    let [policy] = of_kind(&resources, "AWS::IAM::Policy").try_into().unwrap();
    assert_eq!(policy["Roles"], json!([{ "Ref": "DispatcherRole" }]));
    assert_eq!(policy["PolicyDocument"]["Statement"][0]["Resource"], queue);
    let [subscription] = of_kind(&resources, "AWS::SNS::Subscription").try_into().unwrap();
    let topic = "arn:aws:sns:us-east-1:123456789012:uploads";
    assert_eq!((&subscription["TopicArn"], &subscription["Endpoint"]), (&json!(topic), &dispatcher));
    let permission = &resources["UploadsTopicMayInvokeDispatcher"]["Properties"];
    assert_eq!((&permission["Principal"], &permission["SourceArn"]), (&json!("sns.amazonaws.com"), &json!(topic)));
}

/// Guard two of four, and IAM beside it: only uploads are announced, and nothing but thumbnails can be written.
#[test]
fn in_one_bucket_uploads_alone_are_announced_and_no_function_may_write_over_one() {
    let resources = packaged("template-same");
    assert_eq!(buckets(&resources), ["SourceBucket", "SourceBucketPolicy"]);
    let bucket = &resources["SourceBucket"];
    let notified = bucket["Properties"]["NotificationConfiguration"]["LambdaConfigurations"].as_array().unwrap();
    assert_eq!(notified.len(), 2 * 4);
    for one in notified {
        let rule = &one["Filter"]["S3Key"]["Rules"][0];
        assert!(rule["Name"] == "prefix" && (rule["Value"] == "photos/" || rule["Value"] == "avatars/"), "{one}");
    }
    let objects = |start: &str| sub(&format!("arn:${{AWS::Partition}}:s3:::my-pictures/{start}*"));
    let written = json!([objects("thumbnails/"), objects(".thumbtier/")]);
    for role in ["WorkerSmallRole", "WorkerMediumRole", "WorkerLargeRole"] {
        assert_eq!(resources_of(&resources, role, "WriteThumbnails"), written);
        assert_eq!(resources_of(&resources, role, "DeleteThumbnails"), written);
        assert_eq!(resources_of(&resources, role, "ReadSource"), json!([objects("photos/"), objects("avatars/")]));
    }
    let uploads = json!([objects("photos/"), objects("avatars/")]);
    assert_eq!(resources_of(&resources, "ApiRole", "StoreUploads"), uploads);
    let variables = &resources["ApiLambdaFunction"]["Properties"]["Environment"]["Variables"];
    assert_eq!(variables["KEY_PREFIXES"], "photos/,avatars/");
}

#[test]
fn versions_of_thumbnails_expire_and_those_of_uploads_never_do() {
    let resources = packaged("template-same");
    let bucket = &resources["SourceBucket"]["Properties"];
    assert_eq!(bucket["VersioningConfiguration"], json!({ "Status": "Enabled" }));
    for rule in bucket["LifecycleConfiguration"]["Rules"].as_array().unwrap() {
        let expires = rule["ExpirationInDays"].is_number() || rule["NoncurrentVersionExpiration"].is_object();
        let ours = rule["Prefix"] == "thumbnails/" || rule["Prefix"] == ".thumbtier/";
        assert_eq!(expires, ours, "{rule}");
    }
}
