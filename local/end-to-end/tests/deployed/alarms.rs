//! Every alarm goes off: those of `monitoring=full` by the metrics that they look at, those of the deployment by what they
//! are there for. `local/alarms.py` evaluates them as CloudWatch documents it.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::collections::BTreeSet;

use end_to_end::{Deployment, webp_over};
use serde_json::{Value, json};

use crate::template::{of_kind, packaged};

/// A value of a metric: its namespace, its dimensions, its name.
type Point = (&'static str, &'static [(&'static str, &'static str)], &'static str, f64);

const OURS: &str = "thumbtier/prod";
const SMALL: &[(&str, &str)] = &[("tier", "small")];
const DISPATCHER: &[(&str, &str)] = &[("tier", "dispatcher")];
const OWN_OUTPUT: &[(&str, &str)] = &[("outcome", "own_output")];
const SMALL_WORKER: &[(&str, &str)] = &[("FunctionName", "thumbtier-prod-worker-small")];
const DISPATCHER_FUNCTION: &[(&str, &str)] = &[("FunctionName", "thumbtier-prod-dispatcher")];
const API: &[(&str, &str)] = &[("FunctionName", "thumbtier-prod-api")];
const BATCH: &[(&str, &str)] = &[("FunctionName", "thumbtier-prod-batch")];
const DEAD_LETTERS: &[(&str, &str)] = &[("QueueName", "thumbtier-prod-dead-letters")];
const FAILED_JOBS: &[(&str, &str)] = &[("QueueName", "thumbtier-prod-failed-jobs")];

/// Each alarm: what it sleeps through, and what brings it about. Of every sum only one function has values: those of the
/// others were never published, as of tiers that nothing was sent to.
const CONDITIONS: [(&str, &[Point], &[Point]); 14] = [
    (
        "dead-letters",
        &[("AWS/SQS", DEAD_LETTERS, "ApproximateNumberOfMessagesVisible", 0.0)],
        &[("AWS/SQS", DEAD_LETTERS, "ApproximateNumberOfMessagesVisible", 1.0)],
    ),
    (
        "errors",
        &[("AWS/Lambda", SMALL_WORKER, "Errors", 3.0), ("AWS/Lambda", API, "Errors", 2.0)],
        &[("AWS/Lambda", BATCH, "Errors", 1.0)],
    ),
    // A day of monitoring is $1.
    ("daily-cost", &[(OURS, &[], "dollars", 8.5)], &[(OURS, &[], "dollars", 1.0)]),
    (
        "failure-rate",
        &[(OURS, SMALL, "images", 100.0), (OURS, SMALL, "failures", 5.0)],
        &[(OURS, SMALL, "failures", 1.0)],
    ),
    ("refusal-rate", &[(OURS, SMALL, "refusals", 20.0)], &[(OURS, SMALL, "refusals", 1.0)]),
    ("headroom-small", &[(OURS, SMALL, "headroom_percent", 10.0)], &[(OURS, SMALL, "headroom_percent", 9.0)]),
    (
        "headroom-medium",
        &[(OURS, &[("tier", "medium")], "headroom_percent", 50.0)],
        &[(OURS, &[("tier", "medium")], "headroom_percent", 1.0)],
    ),
    (
        "headroom-large",
        &[(OURS, &[("tier", "large")], "headroom_percent", 50.0)],
        &[(OURS, &[("tier", "large")], "headroom_percent", 1.0)],
    ),
    (
        "throttles",
        &[("AWS/Lambda", DISPATCHER_FUNCTION, "Throttles", 0.0)],
        &[("AWS/Lambda", DISPATCHER_FUNCTION, "Throttles", 1.0)],
    ),
    (
        "lost",
        &[("AWS/Lambda", SMALL_WORKER, "AsyncEventsDropped", 0.0)],
        &[("AWS/Lambda", DISPATCHER_FUNCTION, "DestinationDeliveryFailures", 1.0)],
    ),
    (
        "waiting",
        &[("AWS/Lambda", SMALL_WORKER, "AsyncEventAge", 1_800_000.0)],
        &[("AWS/Lambda", SMALL_WORKER, "AsyncEventAge", 1_800_001.0)],
    ),
    (
        "failed-jobs-age",
        &[("AWS/SQS", FAILED_JOBS, "ApproximateAgeOfOldestMessage", 1800.0)],
        &[("AWS/SQS", FAILED_JOBS, "ApproximateAgeOfOldestMessage", 1801.0)],
    ),
    ("loop", &[(OURS, OWN_OUTPUT, "objects", 0.0)], &[(OURS, OWN_OUTPUT, "objects", 1.0)]),
    (
        "invocations",
        &[(OURS, DISPATCHER, "objects", 2.0), ("AWS/Lambda", SMALL_WORKER, "Invocations", 8.0)],
        &[("AWS/Lambda", SMALL_WORKER, "Invocations", 1.0)],
    ),
];

/// The properties of the alarms of `monitoring=full`, with the names that references would give.
fn alarms() -> Vec<Value> {
    let mut alarms = of_kind(&packaged("template-kms"), "AWS::CloudWatch::Alarm");
    for alarm in &mut alarms {
        let names = [("DeadLetters", "dead-letters"), ("FailedJobs", "failed-jobs")];
        // An index would make what is not there.
        let dimensions = alarm.pointer_mut("/Dimensions").and_then(Value::as_array_mut).into_iter().flatten();
        for dimension in dimensions {
            let queue = dimension["Value"]["Fn::GetAtt"][0].as_str().map(str::to_owned);
            if let Some((_, name)) = names.iter().find(|(resource, _)| queue.as_deref() == Some(*resource)) {
                dimension["Value"] = json!(format!("thumbtier-prod-{name}"));
            }
        }
        for part in alarm.pointer_mut("/Metrics").and_then(Value::as_array_mut).into_iter().flatten() {
            let dimensions = part.pointer_mut("/MetricStat/Metric/Dimensions").and_then(Value::as_array_mut);
            for dimension in dimensions.into_iter().flatten().filter(|dimension| dimension["Value"].is_object()) {
                dimension["Value"] = json!("thumbtier-prod-thumbnails");
            }
        }
    }
    alarms
}

#[tokio::test]
async fn each_alarm_of_full_monitoring_sleeps_below_its_threshold_and_goes_off_above() {
    let deployment = Deployment::connect().await;
    let alarms = alarms();
    let name = |alarm: &Value| alarm["AlarmName"].as_str().unwrap().strip_prefix("thumbtier-prod-").unwrap().to_owned();
    let packaged: BTreeSet<_> = alarms.iter().map(name).collect();
    assert_eq!(packaged, CONDITIONS.iter().map(|(name, ..)| (*name).to_owned()).collect());
    for (suffix, below, above) in CONDITIONS {
        let alarm = alarms.iter().find(|alarm| name(alarm) == suffix).unwrap();
        let whole = format!("thumbtier-prod-{suffix}");
        deployment.put_alarm(alarm).await;
        // Nothing was ever published, and nothing is wrong with that.
        let reason = deployment.alarm_is(&whole, "OK").await;
        for points in [below, above] {
            for (namespace, of, metric, value) in points {
                deployment.put_metric(namespace, of, metric, *value).await;
            }
            if points == below {
                let reason = deployment.alarm_is(&whole, "OK").await;
                println!("{suffix}: OK, {reason}");
            }
        }
        println!("{suffix}: {reason}; ALARM, {}", deployment.alarm_is(&whole, "ALARM").await);
        deployment.delete_alarm(&whole).await;
    }
}

/// The two of `basic` that failures bring about, and their messages to the topic.
#[tokio::test]
async fn jobs_that_fail_for_good_set_off_the_alarms_of_the_deployment() {
    let deployment = Deployment::connect().await;
    let policy = deployment.without_statement("worker-small", "ReadSource").await;
    for number in 0..3 {
        deployment.upload(&format!("alarms/{number}.webp"), "image/webp", webp_over(10_000)).await;
    }
    // Three tries of each, and then a letter.
    let letters = deployment.alarm_is("thumbtier-local-dead-letters", "ALARM").await;
    let errors = deployment.alarm_is("thumbtier-local-errors", "ALARM").await;
    policy.restore().await;
    println!("dead-letters: {letters}; errors: {errors}");
    let topic = [("TopicName", "thumbtier-local-alarms")];
    assert!(deployment.sum_of("AWS/SNS", &topic, "NumberOfMessagesPublished").await >= 2.0);
    deployment.purge("dead-letters").await;
    deployment.alarm_is("thumbtier-local-daily-cost", "OK").await;
}
