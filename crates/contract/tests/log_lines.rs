//! Log lines are short, priced, and such that metric filters and the command read them.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use contract::metrics::{self, DISPATCHER, Monitoring};
use contract::{
    Architecture, DispatchRecord, Dollars, ImageRecord, JobCounts, JobRecord, LOG_EVENT_BYTES, LogRules, ObjectRecord,
    Outcome, Prices, Requests, Stages, Tariff, line, priced_line,
};
use serde_json::Value;

/// What is deployed unless somebody says otherwise.
const RULES: LogRules = LogRules { monitoring: Monitoring::Basic, sample: 100, slow_ms: 2000.0 };

/// A correlation id that is in no sample of 100: Lambda's request id and the position in the event.
const ID: &str = "3604209a-e9a3-11e6-939a-754dd98c7be3-0";

fn tariff() -> Tariff {
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    Tariff { prices, architecture: Architecture::X86_64, memory_mb: 256 }
}

fn made() -> Outcome {
    Outcome::Made { thumbnails: vec!["photos/2026/11/IMG_1234.jpg/128x128.jpg".into()], warnings: Vec::new() }
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
        correlation_id: ID.into(),
        bucket: "thumbtier-prod-uploads-123456789012-us-east-1".into(),
        key: "photos/2026/11/IMG_1234.jpg".into(),
        bytes: 2_800_000,
        image,
        thumbnail_keys: outcome.map(|outcome| outcome.thumbnails().to_vec()).unwrap_or_default(),
        counts,
        stages: Stages { get_ms: 20.0, decode_ms: 90.123_456, resize_ms: 1.0, encode_ms: 1.5, put_ms: 30.0 },
        total_ms: 150.256_789,
        init_ms: 80.5,
        cpu_ms: 14.0,
        peak_bytes: 20 << 20,
        headroom_percent: 92.2,
        cost: tariff().job(80.5, 150.25, 14.0, Requests::of_worker(counts.thumbnails), 3008),
        sample: 1,
    }
}

fn dispatched() -> DispatchRecord {
    let object = ObjectRecord {
        bucket: Some("thumbtier-prod-uploads-123456789012-us-east-1".into()),
        key: Some("photos/2026/11/IMG_1234.jpg".into()),
        bytes: Some(2_800_000),
        sent_to: Some("small".into()),
        ..ObjectRecord::new("dispatched", ID)
    };
    DispatchRecord {
        tier: DISPATCHER.into(),
        object: Some(object),
        objects: 1,
        heads: 1,
        total_ms: 30.123_456,
        compute_dollars: Dollars(2e-7),
        request_dollars: Dollars(1e-6),
        dollars: Dollars(1.2e-6),
        ..DispatchRecord::default()
    }
}

fn value(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// Both lines of an image, and what CloudWatch adds to each, are half of what the end-to-end test allows.
#[test]
fn an_ordinary_image_is_a_few_hundred_bytes() {
    let prices = tariff().prices;
    let job = priced_line(job_record(Some(&made())).under(&RULES), &prices);
    let dispatch = priced_line(dispatched().under(&RULES), &prices);
    let bytes = job.len() + dispatch.len() + 2 * LOG_EVENT_BYTES as usize;
    println!("{job}\n{dispatch}\n{bytes} B");
    assert!(bytes <= 700, "{bytes}: {job}\n{dispatch}");
}

#[test]
fn no_number_has_an_exponent() {
    for line in [priced_line(dispatched(), &tariff().prices), line(&job_record(Some(&made())).under(&RULES))] {
        let numbers = line.split([',', '{', '}']).filter_map(|field| field.rsplit_once(':')).map(|(_, value)| value);
        let numbers: Vec<_> = numbers.filter(|value| !value.starts_with('"')).collect();
        assert!(numbers.iter().any(|number| number.starts_with("0.00000")), "{line}");
        assert!(numbers.iter().all(|number| !number.contains(['e', 'E'])), "{line}");
    }
}

#[test]
fn a_line_pays_for_itself() {
    let mut record = dispatched();
    for key in ["a.jpg", "a/rather/long/key/of/some/object/in/a/bucket.jpg"] {
        record.object.as_mut().unwrap().key = Some(key.into());
        let line = priced_line(record.clone(), &tariff().prices);
        let price = value(&line)["dollars"].as_f64().unwrap() - 1.2e-6;
        let want = (line.len() as f64 + 26.0) * 0.50 / 1e9;
        assert!((price - want).abs() < 2.0 * 0.50 / 1e9, "{line}: {price}, expected {want}");
    }
}

/// The filters find every number of the level in an ordinary line, or the number was 0.
#[test]
fn ordinary_lines_carry_the_metrics_of_their_level() {
    for monitoring in [Monitoring::Basic, Monitoring::Full] {
        let rules = LogRules { monitoring, ..RULES };
        let job = job_record(Some(&made()));
        let lines = [
            ("worker", value(&line(&job.clone().under(&rules))), value(&line(&job))),
            ("dispatcher", value(&line(&dispatched().under(&rules))), value(&line(&dispatched()))),
        ];
        for (function, short, whole) in lines {
            let of_level = metrics::all().iter().filter(|metric| metric.level <= monitoring);
            for metric in of_level.filter(|metric| metric.functions.iter().any(|name| name == function)) {
                assert_eq!(
                    short[&metric.name].is_number(),
                    whole[&metric.name].is_number(),
                    "{}: {short}",
                    metric.name
                );
                let dimension = metric.dimension.as_ref().map(|name| &short[name]);
                assert!(dimension.is_none_or(Value::is_string), "{metric:?}: {short}");
            }
        }
    }
}

#[test]
fn whatever_is_not_ordinary_keeps_the_whole_line() {
    let check = |record: JobRecord, whole: bool| {
        let line = value(&line(&record.under(&RULES)));
        assert_eq!(line["bucket"].is_string(), whole, "{line}");
        line
    };
    check(job_record(Some(&made())), false);
    check(JobRecord { total_ms: 2000.01, ..job_record(Some(&made())) }, true);
    let refused = Outcome::Refused { reason: "corrupt".into(), message: "no".into() };
    let escalated = Outcome::Escalated { to: "medium".into(), message: "needs more".into() };
    for (outcome, name, counted) in [
        (Some(&refused), "corrupt", "refusals"),
        (Some(&escalated), "escalated", "escalations"),
        (None, "read_failed", "failures"),
    ] {
        let line = check(job_record(outcome), true);
        assert_eq!((line["outcome"].as_str(), line[counted].as_u64()), (Some(name), Some(1)), "{line}");
    }
    let skipped = ObjectRecord { message: Some("no image".into()), bytes: Some(7), ..ObjectRecord::new("empty", ID) };
    let line = value(&line(&DispatchRecord::about(skipped).under(&RULES)));
    assert_eq!((&line["bytes"], &line["objects"], &line["tier"]), (&7.into(), &1.into(), &Value::Null));
}

/// One in a hundred, give or take what chance does to ten thousand.
#[test]
fn a_sample_stands_for_as_many_as_were_not_drawn() {
    let drawn = |sample| {
        let rules = LogRules { sample, ..RULES };
        let ids = (0..10_000).map(|number| format!("3604209a-e9a3-11e6-939a-{number:012x}-0"));
        let record = job_record(Some(&made()));
        let records = ids.map(|correlation_id| JobRecord { correlation_id, ..record.clone() }.under(&rules));
        let whole: Vec<_> = records.filter(|record| !record.bucket.is_empty()).collect();
        assert!(whole.iter().all(|record| record.sample == sample));
        whole.len()
    };
    assert!((60..=140).contains(&drawn(100)), "{}", drawn(100));
    assert_eq!(drawn(1), 10_000);
}

#[test]
fn a_record_is_read_back_as_it_was_written() {
    for record in [job_record(Some(&made())), job_record(Some(&made())).under(&RULES), job_record(None)] {
        assert_eq!(serde_json::from_str::<JobRecord>(&line(&record)).unwrap(), record);
    }
    for record in [dispatched(), dispatched().under(&RULES), DispatchRecord::default()] {
        assert_eq!(serde_json::from_str::<DispatchRecord>(&line(&record)).unwrap(), record);
    }
}

/// 256 MB for 231 ms (80.5 of INIT and 150.25, rounded up), one request, one GET, one PUT and one HEAD, us-east-1.
#[test]
fn the_cost_of_a_job_is_the_price_formula() {
    let cost = tariff().job(80.5, 150.25, 14.0, Requests::of_worker(1), 3008);
    assert!((cost.compute_dollars.0 - 0.000_016_666_7 * 0.25 * 0.231).abs() < 1e-12, "{cost:?}");
    assert!((cost.request_dollars.0 - (0.2e-6 + 0.4e-6 + 5e-6 + 0.4e-6)).abs() < 1e-15, "{cost:?}");
    assert!((cost.dollars.0 - cost.compute_dollars.0 - cost.request_dollars.0).abs() < 1e-12, "{cost:?}");
    // 14 ms of CPU at 0.145 vCPU are 96.7 ms of the 150.25: 53.5 remain, plus 14 at one vCPU, plus INIT.
    assert!((cost.largest_only_dollars.0 - 0.000_016_666_7 * 2.9375 * 0.149).abs() < 1e-12, "{cost:?}");
}
