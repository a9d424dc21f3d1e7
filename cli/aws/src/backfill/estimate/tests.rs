use contract::{Formats, Prices, TierTable};

use super::*;

fn rules() -> Rules {
    Rules { tiers: TierTable::builtin().unwrap(), max_object_bytes: u64::MAX, formats: Formats::ALL }
}

fn object(key: &str, bytes: u64) -> Listed {
    Listed { key: key.to_owned(), bytes, ..Listed::default() }
}

fn estimate(objects: &[(&str, u64)], way: Way) -> Estimate {
    let (rules, calibration) = (rules(), thumbtier::tune::builtin().unwrap());
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let mut tally = Tally::new(&rules);
    for (key, bytes) in objects {
        tally.add(&object(key, *bytes));
    }
    tally.estimate(&Rates {
        calibration: &calibration,
        prices: &prices,
        architecture: Architecture::X86_64,
        dispatcher_memory_mb: 128,
        variants: 1,
        thumbnail_bytes: 5000.0,
        has_key: false,
        way,
        rate: 50,
    })
}

fn near(got: Dollars, want: f64) {
    assert!((got.0 - want).abs() <= want * 1e-9, "{got:.9} is not {want:.9}");
}

#[test]
fn each_tier_and_format_is_a_row_and_what_is_left_out_has_a_name() {
    let found = estimate(
        &[("a.jpg", 1_000_000), ("b.JPG", 2_000_000), ("c.webp", 4_000_000), ("d", 500), ("e/", 0), ("f.png", 0)],
        Way::BatchOperations,
    );
    let rows: Vec<_> =
        found.rows.iter().map(|row| (row.tier.as_str(), row.format, row.sum.objects, row.sum.bytes)).collect();
    let want = [("small", "jpeg", 2, 3_000_000), ("small", "other", 1, 500), ("medium", "webp", 1, 4_000_000)];
    assert_eq!(rows, want);
    assert_eq!(found.sum, Sum { objects: 4, bytes: 7_000_500 });
    let skipped: Vec<_> = found.skipped.iter().map(|(name, sum)| (*name, sum.objects)).collect();
    assert_eq!(skipped, [("empty", 1), ("folder", 1)]);
}

#[test]
fn a_million_objects_are_priced_as_the_list_prices_say() {
    let one = estimate(&[("a.jpg", 1_000_000)], Way::BatchOperations);
    near(one.rows[0].request_dollars, (0.20 + 0.40 + 0.40 + 5.00) / 1e6);
    near(one.batch_operations_dollars, 0.25 + 1.00 / 1e6);
    // 40 ms of 128 MB and one INIT in a hundred, an invocation, a HEAD.
    let compute = (0.040 + 0.01 * 0.060) * 0.125 * 0.000_016_666_7;
    near(one.dispatcher_dollars, compute + 0.20 / 1e6 + 0.40 / 1e6);
    let direct = estimate(&[("a.jpg", 1_000_000)], Way::Direct);
    near(direct.dispatcher_dollars, compute + 0.20 / 1e6 / TASKS as f64 + 0.40 / 1e6);
    assert_eq!(direct.batch_operations_dollars, Dollars::ZERO);
    near(direct.log_dollars, 590.0 * (0.50 + 0.03 * 14.0 / 30.0) / 1e9);
    let init = 0.01 * 0.060 * 0.25 * 0.000_016_666_7;
    let sum = direct.worker_dollars.0 + init + direct.dispatcher_dollars.0 + direct.log_dollars.0;
    near(direct.dollars, sum);
    near(direct.items.iter().map(|item| item.dollars).sum(), sum);
    near(direct.stored_dollars_a_month, 5000.0 / 1e9 * 0.023);
    let names: Vec<_> = one.items.iter().map(|item| item.item).collect();
    let want = [
        "S3 PUT",
        "S3 GET",
        "S3 HEAD",
        "Lambda time",
        "Lambda INIT",
        "Lambda requests",
        "logs written",
        "logs kept",
        "S3 Batch jobs",
        "S3 Batch objects",
    ];
    assert_eq!(names, want);
    assert_eq!(estimate(&[], Way::BatchOperations).dollars, Dollars::ZERO);
    let many = vec![("a.jpg", 1_000_000); 500];
    assert_eq!(estimate(&many, Way::Direct).seconds_at_rate, 10.0);
}

#[test]
fn the_price_of_many_sizes_is_that_of_each_object_apart() {
    let sizes: Vec<u64> = (1..400).map(|step| step * 17_321).collect();
    let objects: Vec<_> = sizes.iter().map(|bytes| ("a.png", *bytes)).collect();
    let together = estimate(&objects, Way::Direct).worker_dollars.0;
    let apart: f64 = objects.iter().map(|one| estimate(&[*one], Way::Direct).worker_dollars.0).sum();
    assert!((together / apart - 1.0).abs() < 0.01, "{together} {apart}");
}

#[test]
fn an_unknown_format_costs_as_much_as_the_dearest() {
    let dollars = |key: &str| estimate(&[(key, 1_500_000)], Way::Direct).rows[0].compute_dollars.0;
    let measured = contract::TierTable::builtin().unwrap().rows();
    let each = measured.into_iter().map(|format| dollars(&format!("a.{}", format.facts().extensions[0])));
    assert_eq!(dollars("a"), each.fold(0.0, f64::max));
}

#[test]
fn classes_are_at_most_a_sixteenth_wide_and_keep_their_order() {
    let mut last = 0;
    for bytes in (0..20).chain((1..60).map(|power| 1_u64 << power)).chain((1..1000).map(|step| step * 7919)) {
        let class = size_class(bytes);
        assert!(class <= bytes && (bytes - class) * 16 <= bytes, "{bytes}: {class}");
        last = last.max(class);
    }
    assert_eq!(last, 1 << 59);
}
