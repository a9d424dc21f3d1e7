//! The packaged template in somebody's account: who is trusted, who may operate it, which pages may call it, in which
//! partition of AWS it is.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use end_to_end::Deployment;
use serde_json::{Value, json};

use crate::template::{of_kind, packaged};

const FOLDERS: [&str; 3] = ["template", "template-kms", "template-off"];

/// A service that is asked by another account's resource to assume a role of ours must not.
#[test]
fn every_trust_is_for_resources_of_this_account() {
    for folder in FOLDERS {
        let roles = of_kind(&packaged(folder), "AWS::IAM::Role");
        assert!(roles.len() >= 6, "{folder}");
        for role in roles {
            for statement in role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap() {
                let want = json!({ "StringEqualsIfExists": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } } });
                assert_eq!(statement["Condition"], want, "{folder}: {statement}");
            }
        }
    }
}

/// An ARN of S3 names no account, so that somebody else could own a bucket of that name one day. Any other names it.
/// Source: AWS Lambda developer guide, "Granting Lambda access to AWS services".
#[test]
fn every_permission_of_a_function_is_for_this_account() {
    for folder in FOLDERS {
        for permission in of_kind(&packaged(folder), "AWS::Lambda::Permission") {
            let account = json!({ "Ref": "AWS::AccountId" });
            let arn = permission["SourceArn"].to_string();
            let is_named = arn.contains("AWS::AccountId}") && !arn.contains(":s3:::");
            let is_ours = permission["SourceArn"]["Fn::GetAtt"][1] == "Arn";
            assert!(permission["SourceAccount"] == account || is_named || is_ours, "{folder}: {permission}");
        }
    }
}

#[test]
fn nothing_is_in_one_partition_only() {
    for folder in FOLDERS {
        let text = packaged(folder).to_string();
        let fixed: Vec<_> = text.match_indices("arn:aws").map(|(at, _)| &text[at..text.len().min(at + 60)]).collect();
        // The key and the distribution that the test packages with are somebody's own ARNs.
        let ours: Vec<_> = fixed.iter().filter(|arn| !arn.contains(":123456789012:")).collect();
        assert!(ours.is_empty(), "{folder}: {ours:?}");
    }
}

/// A route of method ANY takes the preflight away from the gateway's CORS. Source: Amazon API Gateway developer guide,
/// "Configure CORS for HTTP APIs in API Gateway".
#[test]
fn with_origins_no_route_takes_a_preflight() {
    let resources = packaged("template-kms");
    let [api] = of_kind(&resources, "AWS::ApiGatewayV2::Api").try_into().unwrap();
    assert_eq!(api["CorsConfiguration"]["AllowOrigins"], json!(["https://shop.example"]));
    let mut methods = BTreeMap::<String, BTreeSet<String>>::new();
    for route in of_kind(&resources, "AWS::ApiGatewayV2::Route") {
        let (method, path) = route["RouteKey"].as_str().unwrap().split_once(' ').unwrap();
        assert!(!["ANY", "OPTIONS", "$default"].contains(&method), "{route}");
        methods.entry(path.to_owned()).or_default().insert(method.to_owned());
    }
    assert_eq!(methods.len(), 8, "{methods:?}");
    // The function answers 405 to what a path has not, as without origins.
    let all = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"].map(str::to_owned);
    assert!(methods.values().all(|found| found.iter().eq(all.iter())), "{methods:?}");
    // And a page of that origin may put its upload into the bucket.
    let rules = &resources["SourceBucket"]["Properties"]["CorsConfiguration"]["CorsRules"][0];
    assert_eq!(rules["AllowedOrigins"][1], "https://shop.example");
}

#[test]
fn an_operator_may_do_what_the_subcommand_does_and_nothing_with_everything() {
    for folder in FOLDERS {
        let policies = of_kind(&packaged(folder), "AWS::IAM::ManagedPolicy");
        assert_eq!(policies.len(), 5, "cost, tune, redrive, backfill, smoke");
        // Calls that have no resource. Source: Service Authorization Reference.
        let without_resource = ["cloudwatch:GetMetricData", "logs:DescribeLogGroups", "s3:CreateJob"];
        for statement in policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap()) {
            assert_eq!(statement["Effect"], "Allow");
            let actions = statement["Action"].to_string();
            assert!(!actions.contains('*'), "{statement}");
            let is_everything = statement["Resource"] == "*";
            let has_none = statement["Action"].as_str().is_some_and(|action| without_resource.contains(&action));
            assert_eq!(is_everything, has_none, "{statement}");
            if actions.contains("iam:PassRole") {
                let to = json!({ "StringEquals": { "iam:PassedToService": "batchoperations.s3.amazonaws.com" } });
                assert_eq!(statement["Condition"], to);
            }
        }
    }
    let with_key = of_kind(&packaged("template-kms"), "AWS::IAM::ManagedPolicy");
    let uses_key = |policy: &&Value| policy.to_string().contains("kms:GenerateDataKey");
    assert_eq!(with_key.iter().filter(uses_key).count(), 3, "those that store objects");
}

/// `thumbtier preflight` of the template that was packaged, or of one with other names, in the account of the tests.
fn preflight(template: &Path) -> (Option<i32>, Vec<Value>) {
    let test = std::env::current_exe().unwrap();
    let mut command = Command::new(test.ancestors().nth(2).unwrap().join("thumbtier"));
    command.args(["preflight", "--stage", "prod", "--json", "--template"]).arg(template);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(!text.is_empty(), "{said}");
    (output.status.code(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[tokio::test]
async fn a_preflight_asks_the_account_and_names_what_is_in_the_way() {
    let deployment = Deployment::connect().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/template");
    let template = folder.join("cloudformation-template-update-stack.json");
    let (code, checks) = preflight(&template);
    assert_eq!(code, Some(0), "{checks:#?}");
    let of = |name: &str| checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("{name}"));
    assert!(of("concurrency")["message"].as_str().unwrap().contains("environments are free"), "{checks:#?}");
    assert_eq!(checks.iter().filter(|check| check["check"] == "bucket" && check["outcome"] == "ok").count(), 2);

    // The names of the deployment that is there, under another stage.
    let text =
        fs::read_to_string(&template).unwrap().replace("thumbtier-prod-dispatcher", "thumbtier-local-dispatcher");
    let text = text.replace("thumbtier-prod-uploads-${AWS::AccountId}-${AWS::Region}", &deployment.source_bucket);
    let other = Path::new(env!("CARGO_TARGET_TMPDIR")).join("taken.json");
    fs::write(&other, text).unwrap();
    let (code, checks) = preflight(&other);
    assert_eq!(code, Some(1), "{checks:#?}");
    let refused: Vec<_> = checks.iter().filter(|check| check["outcome"] == "refused").collect();
    let messages: Vec<_> = refused.iter().map(|check| check["message"].as_str().unwrap()).collect();
    assert!(messages.iter().any(|message| message.contains("`thumbtier-local-dispatcher`")), "{messages:#?}");
    assert!(messages.iter().any(|message| message.contains("is there already")), "{messages:#?}");
}

/// Source: Amazon CloudFront developer guide, "Restrict access to an Amazon S3 origin".
#[test]
fn a_distribution_alone_reads_thumbnails_and_none_of_our_records() {
    let resources = packaged("template-kms");
    let config = &resources["Distribution"]["Properties"]["DistributionConfig"];
    let origin = &config["Origins"][0];
    assert_eq!(origin["OriginAccessControlId"], json!({ "Fn::GetAtt": ["DistributionAccess", "Id"] }));
    assert_eq!(origin["S3OriginConfig"]["OriginAccessIdentity"], "", "the older way is off");
    assert_eq!(config["DefaultCacheBehavior"]["ViewerProtocolPolicy"], "redirect-to-https");
    let access = &resources["DistributionAccess"]["Properties"]["OriginAccessControlConfig"];
    assert_eq!((&access["SigningBehavior"], &access["SigningProtocol"]), (&json!("always"), &json!("sigv4")));

    let policy = &resources["DestinationBucketPolicy"]["Properties"]["PolicyDocument"];
    let statements = policy["Statement"].as_array().unwrap();
    let sids: Vec<_> = statements.iter().map(|statement| statement["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids, ["TlsOnly", "ServeThumbnails", "ServeNoRecords", "ReadByTheShop"]);
    for statement in &statements[1..3] {
        assert_eq!(statement["Principal"], json!({ "Service": "cloudfront.amazonaws.com" }));
        assert_eq!(statement["Action"], "s3:GetObject");
        let own = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}";
        let other = "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE";
        assert_eq!(statement["Condition"], json!({ "StringEquals": { "aws:SourceArn": [{ "Fn::Sub": own }, other] } }));
    }
    assert_eq!((&statements[1]["Effect"], &statements[2]["Effect"]), (&json!("Allow"), &json!("Deny")));
    assert!(statements[2]["Resource"].to_string().ends_with("/.thumbtier/*\"}"), "{}", statements[2]);

    let without = packaged("template");
    assert!(of_kind(&without, "AWS::CloudFront::Distribution").is_empty());
    let statements =
        without["DestinationBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "everybody needs TLS, and nobody is let in");
}
