//! Every log line is a valid document of the embedded metric format, and every name in it is a number or a string.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use contract::metrics::{self, Directive};
use contract::{
    Architecture, Dollars, ImageRecord, InvocationRecord, JobCounts, JobRecord, ObjectRecord, Outcome, Prices,
    Requests, Stages, Tariff,
};
use serde::Serialize;
use serde_json::Value;

/// The line as JSON, after it was checked.
fn checked(record: &impl Serialize, directives: &[Directive]) -> Value {
    let line = metrics::document(record, directives, "thumbtier/test", 1_800_000_000_000);
    assert!(!line.contains('\n'));
    let document: Value = serde_json::from_str(&line).unwrap();
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let schema = serde_json::from_str(include_str!("schema/embedded_metric_format.json")).unwrap();
    compiler.add_resource("emf.json", schema).unwrap();
    let index = compiler.compile("emf.json", &mut schemas).unwrap();
    schemas.validate(&document, index).map_err(|error| format!("{error:#}")).unwrap();
    // What the schema cannot say: references must be met by members of the root.
    for directive in document["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        for name in directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
            let value = document[name.as_str().unwrap()].as_str().unwrap();
            assert!((1..=1024).contains(&value.len()), "{name}: {value}");
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(document[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
    }
    document
}

fn tariff() -> Tariff {
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    Tariff { prices, architecture: Architecture::X86_64, memory_mb: 256 }
}

fn job_record(outcome: Option<&Outcome>) -> JobRecord {
    let is_made = matches!(outcome, Some(Outcome::Made { .. }));
    let image = is_made.then(|| ImageRecord {
        format: "jpeg".into(),
        width_px: 4000,
        height_px: 3000,
        pixels: 12_000_000,
        decode_shrink: 8,
        planned_peak_bytes: 900_000,
        bytes_read: 2_800_000,
        warnings: Vec::new(),
    });
    let counts = JobCounts::of(outcome, true);
    JobRecord {
        tier: "small".into(),
        outcome: outcome.map_or("read_failed", Outcome::name).into(),
        message: outcome.and_then(Outcome::message).map(str::to_owned),
        correlation_id: "request-0".into(),
        bucket: "uploads".into(),
        key: "a \"b\"\n/ü.jpg".into(),
        bytes: 2_800_000,
        image,
        thumbnail_keys: outcome.map(|outcome| outcome.thumbnails().to_vec()).unwrap_or_default(),
        counts,
        stages: Stages { get_ms: 20.0, decode_ms: 90.0, resize_ms: 1.0, encode_ms: 1.5, put_ms: 30.0 },
        total_ms: 150.25,
        init_ms: 80.5,
        cpu_ms: 14.0,
        peak_bytes: 20 << 20,
        headroom_percent: 92.2,
        cost: tariff().job(80.5, 150.25, 14.0, Requests::of_worker(counts.thumbnails), 3008),
    }
}

fn directive_dimensions(document: &Value) -> Vec<&str> {
    let directives = document["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    directives.iter().map(|directive| directive["Dimensions"][0][0].as_str().unwrap()).collect()
}

#[test]
fn a_made_job_is_measured_by_tier_by_format_and_by_outcome() {
    let made = Outcome::Made { thumbnails: vec!["a/128x128.jpg".into(), "a/400x300.jpg".into()] };
    let document = checked(&job_record(Some(&made)), metrics::JOB);
    assert_eq!(directive_dimensions(&document), ["tier", "format", "outcome"]);
    assert_eq!((document["images"].as_u64(), document["thumbnails"].as_u64()), (Some(1), Some(2)));
    // Every metric that is listed is written.
    let listed = metrics::JOB.iter().map(|directive| directive.metrics.len());
    let written = document["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let written = written.iter().map(|directive| directive["Metrics"].as_array().unwrap().len());
    assert!(listed.eq(written), "{document}");
}

#[test]
fn every_other_end_of_a_job_is_a_document_without_a_format() {
    let refused = Outcome::Refused { reason: "corrupt".into(), message: "no".into() };
    let escalated = Outcome::Escalated { to: "medium".into(), message: "needs more".into() };
    let check = |outcome: Option<&Outcome>, name: &str, counted: &str| {
        let document = checked(&job_record(outcome), metrics::JOB);
        assert_eq!(directive_dimensions(&document), ["tier", "outcome"]);
        assert_eq!((document["outcome"].as_str(), document[counted].as_u64()), (Some(name), Some(1)), "{document}");
    };
    check(Some(&Outcome::Gone), "gone", "images");
    check(Some(&refused), "corrupt", "refusals");
    check(Some(&escalated), "escalated", "escalations");
    check(None, "read_failed", "failures");
}

#[test]
fn the_dispatchers_lines_are_documents() {
    let dispatched = ObjectRecord {
        bucket: Some("uploads".into()),
        key: Some("k".into()),
        bytes: Some(7),
        sent_to: Some("small".into()),
        ..ObjectRecord::new("dispatched", "c")
    };
    let document = checked(&dispatched, metrics::OBJECT);
    assert_eq!((directive_dimensions(&document), document["objects"].as_u64()), (vec!["outcome"], Some(1)));
    checked(&ObjectRecord::new("bad_key", "c"), metrics::OBJECT);
    let invocation = InvocationRecord {
        tier: metrics::DISPATCHER.into(),
        request_id: "r".into(),
        objects: 2,
        heads: 2,
        failures: 0,
        cold_starts: 1,
        total_ms: 30.0,
        init_ms: 70.0,
        compute_dollars: Dollars(2e-7),
        request_dollars: Dollars(1e-6),
    };
    let document = checked(&invocation, metrics::INVOCATION);
    assert_eq!(document["tier"], "dispatcher");
}

#[test]
fn a_job_record_is_read_back_as_it_was_written() {
    let made = Outcome::Made { thumbnails: vec!["a/128x128.jpg".into()] };
    for record in [job_record(Some(&made)), job_record(None)] {
        let line = metrics::document(&record, metrics::JOB, "n", 1);
        assert_eq!(serde_json::from_str::<JobRecord>(&line).unwrap(), record);
    }
}

/// 256 MB for 231 ms (80.5 of INIT and 150.25, rounded up), one request, one GET, one PUT and one HEAD, us-east-1.
#[test]
fn the_cost_of_a_job_is_the_price_formula() {
    let cost = tariff().job(80.5, 150.25, 14.0, Requests::of_worker(1), 3008);
    assert!((cost.compute_dollars.0 - 0.000_016_666_7 * 0.25 * 0.231).abs() < 1e-15, "{cost:?}");
    assert!((cost.request_dollars.0 - (0.2e-6 + 0.4e-6 + 5e-6 + 0.4e-6)).abs() < 1e-15, "{cost:?}");
    // 14 ms of CPU at 0.145 vCPU are 96.7 ms of the 150.25: 53.5 remain, plus 14 at one vCPU, plus INIT.
    assert!((cost.largest_only_dollars.0 - 0.000_016_666_7 * 2.9375 * 0.149).abs() < 1e-12, "{cost:?}");
}
