//! The packaged template: dashboard, alarms and queries speak of what the functions emit, and of all of it; who else than
//! a function gets which rights; how buckets are encrypted.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use contract::metrics::{self, DISPATCHER, Monitoring, SKIPS};
use contract::{
    DispatchRecord, Dollars, ImageRecord, JobCost, JobCounts, JobRecord, ObjectRecord, Outcome, Prices, Stages,
    Thumbnails, TierTable,
};
use serde_json::{Value, json};

/// A dimension's name and a metric's.
type Name = (String, String);

const NAMESPACE: &str = "thumbtier/prod";

/// The resources that were packaged into that folder of `target`.
pub(crate) fn packaged(folder: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target").join(folder);
    let path = path.join("cloudformation-template-update-stack.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {}: run `make test`", path.display()));
    serde_json::from_str::<Value>(&text).unwrap()["Resources"].clone()
}

pub(crate) fn of_kind(resources: &Value, kind: &str) -> Vec<Value> {
    let all = resources.as_object().unwrap().values();
    all.filter(|resource| resource["Type"] == kind).map(|resource| resource["Properties"].clone()).collect()
}

fn resources(kind: &str) -> Vec<Value> {
    of_kind(&packaged("template"), kind)
}

fn name(dimension: &str, metric: &str) -> Name {
    (dimension.to_owned(), metric.to_owned())
}

/// Those of our metrics that a deployment of that level has, by its metric filters and by the table.
fn emitted(folder: &str, level: Monitoring) -> BTreeSet<Name> {
    let filters = of_kind(&packaged(folder), "AWS::Logs::MetricFilter");
    let by_filter: BTreeSet<Name> = filters
        .iter()
        .map(|filter| {
            let [made] = filter["MetricTransformations"].as_array().unwrap().as_slice() else { panic!("{filter}") };
            assert_eq!(made["MetricNamespace"], NAMESPACE);
            let metric = made["MetricName"].as_str().unwrap();
            // What a filter publishes must be in its pattern.
            assert_eq!(filter["FilterPattern"], format!("{{ $.{metric} > 0 }}"));
            assert_eq!(made["MetricValue"], format!("$.{metric}"));
            name(made["Dimensions"][0]["Key"].as_str().unwrap_or_default(), metric)
        })
        .collect();
    let of_level = metrics::all().iter().filter(|metric| metric.level <= level);
    let by_table: BTreeSet<Name> =
        of_level.map(|metric| name(metric.dimension.as_deref().unwrap_or_default(), &metric.name)).collect();
    assert_eq!(by_filter, by_table);
    by_table
}

/// `["thumbtier/prod", "images", "tier", "small", {…}]`, or `[{ "expression": "SEARCH('{thumbtier/prod,tier} images', …)" }]`.
fn in_widget(metric: &Value) -> Option<Name> {
    let parts: Vec<_> = metric.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    match parts.as_slice() {
        [NAMESPACE, metric, dimension, _] => return Some(name(dimension, metric)),
        [NAMESPACE, metric] => return Some(name("", metric)),
        _ => {}
    }
    let search = metric[0]["expression"].as_str()?.strip_prefix("SEARCH('{thumbtier/prod,")?;
    let (dimension, rest) = search.split_once("} ")?;
    Some(name(dimension, rest.split('\'').next()?))
}

fn in_alarm(metric: &Value) -> Option<Name> {
    if metric["Namespace"] != NAMESPACE {
        return None;
    }
    Some(name(metric["Dimensions"][0]["Name"].as_str().unwrap_or_default(), metric["MetricName"].as_str()?))
}

#[test]
fn the_dashboard_says_what_the_thresholds_are_for() {
    let dashboards = resources("AWS::CloudWatch::Dashboard");
    let body: Value = serde_json::from_str(dashboards[0]["DashboardBody"]["Fn::Sub"].as_str().unwrap()).unwrap();
    let words = body["widgets"][0]["properties"]["markdown"].as_str().unwrap();
    let (set, tiers) = (Thumbnails::builtin().unwrap().set(), TierTable::builtin().unwrap());
    assert!(words.contains(&format!("`{set}`")), "{words}");
    assert_eq!(words.contains("make calibrate"), set.mismatch(tiers.measured_for()).is_some(), "{words}");
}

fn shown(folder: &str) -> BTreeSet<Name> {
    let resources = packaged(folder);
    let dashboards = of_kind(&resources, "AWS::CloudWatch::Dashboard");
    let body: Value = serde_json::from_str(dashboards[0]["DashboardBody"]["Fn::Sub"].as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap();
    let charts = widgets.iter().filter(|widget| widget["type"] == "metric");
    let lines = charts.flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
    let on_dashboard = lines.filter_map(in_widget);
    let alarms = of_kind(&resources, "AWS::CloudWatch::Alarm");
    let plain = alarms.iter().filter_map(in_alarm);
    let math = alarms.iter().filter_map(|alarm| alarm["Metrics"].as_array()).flatten();
    let math = math.filter_map(|part| in_alarm(&part["MetricStat"]["Metric"]));
    on_dashboard.chain(plain).chain(math).collect()
}

#[test]
fn every_metric_is_shown_and_every_shown_metric_is_emitted() {
    assert_eq!(shown("template"), emitted("template", Monitoring::Basic));
    assert_eq!(shown("template-kms"), emitted("template-kms", Monitoring::Full));
}

/// An alarm is billed by the metrics in it, of which math takes ten at most.
fn metrics_in_alarms(folder: &str) -> usize {
    let alarms = of_kind(&packaged(folder), "AWS::CloudWatch::Alarm");
    let counts = alarms.iter().map(|alarm| {
        let parts = alarm["Metrics"].as_array();
        let count = parts.map_or(1, |parts| parts.iter().filter(|part| part["MetricStat"].is_object()).count());
        assert!(count <= 10, "{count} metrics in {}", alarm["AlarmName"]);
        count
    });
    counts.sum()
}

/// Custom metrics by their dimensions' values, and the metrics in alarms, in dollars a month.
#[test]
fn basic_monitoring_costs_three_dollars_a_month_and_off_nothing() {
    let tiers = TierTable::builtin().unwrap().iter().count();
    let names = emitted("template", Monitoring::Basic);
    let of_workers = |name: &str| {
        metrics::all().iter().any(|metric| {
            metric.name == name
                && metric.dimension.is_some()
                && metric.functions.iter().any(|function| function == "worker")
        })
    };
    let of_dispatcher = |name: &str| {
        metrics::all().iter().any(|metric| {
            metric.name == name
                && metric.level <= Monitoring::Basic
                && metric.dimension.is_some()
                && metric.functions.iter().any(|function| function == DISPATCHER)
        })
    };
    let counts = names.iter().map(|(dimension, name)| match dimension.as_str() {
        "tier" => usize::from(of_workers(name)) * tiers + usize::from(of_dispatcher(name)),
        "" => 1,
        other => panic!("basic has a dimension {other}: how many values?"),
    });
    let custom: usize = counts.sum();
    let in_alarms = metrics_in_alarms("template");
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let dollars = prices.cloudwatch_metric_month * custom as f64 + prices.cloudwatch_alarm_month * in_alarms as f64;
    assert!(dollars.0 <= 3.0 + 1e-9, "{custom} metrics and {in_alarms} in alarms: {dollars}");
    assert_eq!((custom, in_alarms), (7, 6));
    // As `cli/aws/src/cost/fixed.rs` reckons it.
    assert_eq!(metrics_in_alarms("template-kms"), 48);
    // The API is one more in the alarm of errors.
    assert_eq!(metrics_in_alarms("template-existing"), 7);
    // And `deploy/fixed.js`, with Lambda's polls of SQS: a day of it is in the alarm.
    let alarms = of_kind(&packaged("template"), "AWS::CloudWatch::Alarm");
    let daily = alarms.iter().find(|alarm| alarm["AlarmName"] == "thumbtier-prod-daily-cost").unwrap();
    let polls = prices.sqs_million_requests.0 * 0.648;
    let want = format!("dollars+{:.4}", (dollars.0 + polls) / 30.0);
    assert!(daily["Metrics"].as_array().unwrap().iter().any(|part| part["Expression"] == want), "{want}: {daily}");
    assert!(dollars.0 + polls <= 3.0 + 1e-9, "{dollars} and {polls}");

    let off = packaged("template-off");
    for kind in ["AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::MetricFilter"] {
        assert!(of_kind(&off, kind).is_empty(), "{kind}");
    }
}

/// START, END and REPORT of every invocation are below WARN.
#[test]
fn lambda_writes_no_line_of_its_own_about_what_went_well() {
    for function in resources("AWS::Lambda::Function") {
        let want = json!({ "LogFormat": "JSON", "SystemLogLevel": "WARN" });
        assert_eq!(function["LoggingConfig"], want, "{}", function["FunctionName"]);
    }
    for function in of_kind(&packaged("template-kms"), "AWS::Lambda::Function") {
        assert_eq!(function["LoggingConfig"]["SystemLogLevel"], "INFO", "{}", function["FunctionName"]);
    }
}

/// The fourth word of the lines in the charts of the deployment that has all that is off by default.
fn fourth_words(is_meant: impl Fn(&Value) -> bool) -> Vec<String> {
    let dashboards = of_kind(&packaged("template-kms"), "AWS::CloudWatch::Dashboard");
    let body: Value = serde_json::from_str(dashboards[0]["DashboardBody"]["Fn::Sub"].as_str().unwrap()).unwrap();
    let charts = body["widgets"].as_array().unwrap().iter();
    let lines = charts.flat_map(|chart| chart["properties"]["metrics"].as_array().into_iter().flatten());
    lines.filter(|line| is_meant(line)).map(|line| line[3].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_skip_and_each_distribution_is_on_the_dashboard() {
    assert_eq!(fourth_words(|line| line[1] == "objects" && line[2] == "outcome"), SKIPS);
    let distributions = fourth_words(|line| line[0] == "AWS/CloudFront" && line[1] == "Requests");
    assert_eq!(distributions, ["${Distribution}", "E1EXAMPLE"]);
}

/// Every name that a line of any function can have.
fn fields() -> BTreeSet<String> {
    let outcome = Outcome::Refused { reason: "corrupt".into(), message: "no".into() };
    let image = ImageRecord {
        format: "jpeg".into(),
        width_px: 1,
        height_px: 1,
        pixels: 1,
        decode_shrink: 1,
        planned_peak_bytes: 1,
        bytes_read: 1,
        warnings: vec!["w".into()],
    };
    let (text, one) = (|| "x".to_owned(), Dollars(1.0));
    let job = JobRecord {
        tier: text(),
        outcome: text(),
        message: Some(text()),
        correlation_id: text(),
        bucket: text(),
        key: text(),
        bytes: 1,
        image: Some(image),
        thumbnail_keys: vec![text()],
        counts: JobCounts { thumbnails: 1, failures: 1, escalations: 1, ..JobCounts::of(Some(&outcome), true) },
        stages: Stages { get_ms: 1.0, decode_ms: 1.0, resize_ms: 1.0, encode_ms: 1.0, put_ms: 1.0 },
        total_ms: 1.0,
        init_ms: 1.0,
        cpu_ms: 1.0,
        peak_bytes: 1,
        headroom_percent: 1.0,
        cost: JobCost { compute_dollars: one, request_dollars: one, largest_only_dollars: one, dollars: one },
        sample: 2,
    };
    let object = ObjectRecord { sent_to: Some(text()), message: Some(text()), ..ObjectRecord::new("gone", "c") };
    let dispatch = DispatchRecord {
        tier: DISPATCHER.into(),
        request_id: "r".into(),
        object: Some(object),
        objects: 1,
        heads: 1,
        failures: 1,
        cold_starts: 1,
        total_ms: 1.0,
        init_ms: 1.0,
        compute_dollars: Dollars(1.0),
        request_dollars: Dollars(1.0),
        dollars: Dollars(1.0),
    };
    let lines = [serde_json::to_value(job), serde_json::to_value(dispatch)];
    lines.into_iter().flat_map(|line| line.unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>()).collect()
}

/// The language of CloudWatch Logs Insights, as far as it is used.
const INSIGHTS: [&str; 19] = [
    "fields",
    "filter",
    "stats",
    "sort",
    "limit",
    "count",
    "sum",
    "pct",
    "max",
    "latest",
    "by",
    "as",
    "desc",
    "asc",
    "and",
    "or",
    "in",
    "like",
    "ispresent",
];

/// What Insights itself finds in a line. Source: CloudWatch Logs user guide, "Supported logs and discovered fields". And
/// the fields of `platform.report`. Source: AWS Lambda developer guide, "Lambda Telemetry API `Event` schema reference".
const DISCOVERED: [&str; 11] = [
    "@timestamp",
    "@log",
    "@message",
    "type",
    "record",
    "metrics",
    "durationMs",
    "billedDurationMs",
    "memorySizeMB",
    "maxMemoryUsedMB",
    "initDurationMs",
];

#[test]
fn queries_ask_for_fields_that_log_lines_have() {
    let queries = resources("AWS::Logs::QueryDefinition");
    assert!(queries.len() >= 3);
    let fields = fields();
    for query in &queries {
        let text = query["QueryString"].as_str().unwrap();
        // Every other piece between double quotes is a literal.
        let unquoted: String = text.split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let is_word = |part: char| part.is_alphanumeric() || part == '_' || part == '@';
        let words: Vec<&str> = unquoted.split(|part| !is_word(part)).filter(|word| !word.is_empty()).collect();
        let named: BTreeSet<&str> = words.windows(2).filter(|pair| pair[0] == "as").map(|pair| pair[1]).collect();
        for word in words {
            let known = word.starts_with(|first: char| first.is_ascii_digit())
                || INSIGHTS.contains(&word)
                || DISCOVERED.contains(&word)
                || named.contains(word)
                || fields.contains(word);
            assert!(known, "`{word}` in\n{text}");
        }
    }
}

#[test]
fn a_backfill_job_may_invoke_one_function_read_its_manifest_and_write_its_report() {
    let resources = packaged("template");
    let role = &resources["BatchJobRole"]["Properties"];
    let [trusted] = role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap().as_slice() else {
        panic!("{role}")
    };
    assert_eq!(trusted["Principal"], json!({ "Service": "batchoperations.s3.amazonaws.com" }));
    let [policy] = role["Policies"].as_array().unwrap().as_slice() else { panic!("one policy: {role}") };
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let granted: Vec<(&str, &str)> = statements
        .iter()
        .map(|statement| {
            assert_eq!(statement["Effect"], "Allow");
            (statement["Action"].as_str().unwrap(), statement["Resource"]["Fn::Sub"].as_str().unwrap())
        })
        .collect();
    let bucket = resources["DestinationBucket"]["Properties"]["BucketName"]["Fn::Sub"].as_str().unwrap();
    let objects = |keys: &str| format!("arn:${{AWS::Partition}}:s3:::{bucket}/.thumbtier/backfill/{keys}");
    let function = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:thumbtier-prod-batch";
    let (manifest, report) = (objects("*/manifest.csv"), objects("*"));
    let want =
        [("lambda:InvokeFunction", function), ("s3:GetObject", manifest.as_str()), ("s3:PutObject", report.as_str())];
    assert_eq!(granted, want);
    // The command finds the role in the function's variables.
    let variables = &resources["BatchLambdaFunction"]["Properties"]["Environment"]["Variables"];
    assert_eq!(variables["BATCH_JOB_ROLE_ARN"], json!({ "Fn::GetAtt": ["BatchJobRole", "Arn"] }));
}

/// Of both buckets.
fn encryption(resources: &Value) -> [Value; 2] {
    ["SourceBucket", "DestinationBucket"].map(|bucket| {
        let encryption = &resources[bucket]["Properties"]["BucketEncryption"];
        encryption["ServerSideEncryptionConfiguration"].clone()
    })
}

#[test]
fn without_a_key_buckets_are_encrypted_by_s3_and_nobody_needs_kms() {
    let resources = packaged("template");
    let by_s3 = json!([{ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } }]);
    assert_eq!(encryption(&resources), [by_s3.clone(), by_s3]);
    assert!(!resources.to_string().contains("kms:"), "a right on a key that is not there");
}

#[test]
fn with_a_key_both_buckets_use_it_and_only_those_who_read_or_write_bytes_may() {
    let resources = packaged("template-kms");
    let key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let by_key = json!([{
        "ServerSideEncryptionByDefault": { "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key }, "BucketKeyEnabled": true,
    }]);
    assert_eq!(encryption(&resources), [by_key.clone(), by_key]);
    let [policy] = of_kind(&resources, "AWS::IAM::Policy").try_into().unwrap();
    let tiers = TierTable::builtin().unwrap();
    let workers = tiers.iter().map(|tier| {
        let worker = resources
            .as_object()
            .unwrap()
            .values()
            .find(|resource| resource["Properties"]["Environment"]["Variables"]["TIER"] == tier.name);
        json!({ "Ref": worker.unwrap()["Properties"]["Role"]["Fn::GetAtt"][0] })
    });
    assert_eq!(
        policy["Roles"],
        workers
            .chain(["BatchJobRole", "ApiRole", "DispatcherRole", "BatchRole"].map(|role| json!({ "Ref": role })))
            .collect::<Value>()
    );
    let [statement] = policy["PolicyDocument"]["Statement"].as_array().unwrap().as_slice() else { panic!("{policy}") };
    assert_eq!(statement["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]));
    assert_eq!(statement["Resource"], key);
    let by_s3 = json!({ "kms:ViaService": { "Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}" } });
    assert_eq!(statement["Condition"], json!({ "StringEquals": by_s3 }));
    let operators = of_kind(&resources, "AWS::IAM::ManagedPolicy");
    let theirs = operators.iter().map(|policy| policy.to_string().matches("\"kms:Decrypt\"").count()).sum::<usize>();
    assert_eq!(resources.to_string().matches("\"kms:Decrypt\"").count(), 1 + theirs, "nobody else has it");
}
