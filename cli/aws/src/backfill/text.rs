//! The pages for people.

use std::fmt::Write as _;
use std::time::Duration;

use contract::{Item, thousands};

use super::estimate::{Estimate, Row, Sum};
use super::outcome::{Outcome, Refused};
use super::way::Way;
use crate::words::{count as count_of, dollars, table};

/// The dry run's page: a row for each tier and format, what is left out, the price and the time.
pub(super) fn page(place: &str, deployment: &str, estimate: &Estimate, way: Way) -> String {
    let heads = ["tier", "format", "objects", "size", "compute", "requests", "cost"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(estimate.rows.iter().map(row));
    let Sum { objects, bytes } = estimate.sum;
    let none = String::new;
    let cost = dollars(estimate.worker_dollars);
    rows.push(vec!["total".to_owned(), none(), thousands(objects), size(bytes), none(), none(), cost]);
    let mut page = format!("{place} by {deployment}\n\n{}\n", table(&rows, 2));
    for (name, sum) in &estimate.skipped {
        write!(page, "\nleft out: {}, {} {name}", size(sum.bytes), thousands(sum.objects)).expect(TAKES);
    }
    page.truncate(page.trim_end().len());
    write!(page, "\n\n{}\n", table(&items(estimate), 1)).expect(TAKES);
    let stored = dollars(estimate.stored_dollars_a_month);
    write!(page, "\nbeside it {stored} for each month that the thumbnails are kept").expect(TAKES);
    if estimate.rows.iter().any(|row| row.format == "other") {
        write!(page, "\nobjects whose keys tell no format are priced as the dearest one").expect(TAKES);
    }
    let at_rate = format!("{} at {} objects a second", time(estimate.seconds_at_rate), estimate.rate);
    match way {
        Way::Direct => write!(page, "\ntime: {at_rate}"),
        Way::BatchOperations => write!(page, "\ntime: S3's own; with --direct {at_rate}"),
    }
    .expect(TAKES);
    page
}

/// Each item of the bill, and all of them.
fn items(estimate: &Estimate) -> Vec<Vec<String>> {
    let owned = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    let mut rows = vec![owned(["item", "count", "unit", "cost"])];
    rows.extend(
        estimate
            .items
            .iter()
            .map(|Item { item, count, unit, dollars: cost }| owned([item, &count_of(*count), unit, &dollars(*cost)])),
    );
    rows.push(owned(["estimated", "", "", &dollars(estimate.dollars)]));
    rows
}

const TAKES: &str = "a String takes everything";

fn row(row: &Row) -> Vec<String> {
    let Row { tier, format, sum, compute_dollars, request_dollars } = row;
    vec![
        tier.clone(),
        (*format).to_owned(),
        thousands(sum.objects),
        size(sum.bytes),
        dollars(*compute_dollars),
        dollars(*request_dollars),
        dollars(*compute_dollars + *request_dollars),
    ]
}

/// The line before a run.
pub(super) fn opening(estimate: &Estimate) -> String {
    let Sum { objects, bytes } = estimate.sum;
    let price = dollars(estimate.dollars);
    format!("{} objects, {}, about {price}; {} left out", thousands(objects), size(bytes), {
        thousands(estimate.skipped.values().map(|sum| sum.objects).sum())
    })
}

/// What came of a run: a line for each refused object, then the counts.
pub(super) fn ending(outcome: &Outcome) -> String {
    let mut text = String::new();
    for Refused { key, reason, message } in &outcome.told {
        let (key, message) = (key.escape_debug(), message.escape_debug());
        writeln!(text, "refused  {reason:<16}  {key}: {message}").expect(TAKES);
    }
    let refused: u64 = outcome.refused.values().sum();
    let told = outcome.told.len() as u64;
    if refused > told {
        writeln!(text, "refused  and {} more", thousands(refused - told)).expect(TAKES);
    }
    let counts = |counts: &std::collections::BTreeMap<String, u64>| {
        let all: Vec<_> = counts.iter().map(|(name, count)| format!("{} {name}", thousands(*count))).collect();
        if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
    };
    let skipped = outcome.skipped.values().sum();
    write!(
        text,
        "{} dispatched, {} skipped{}, {} refused{}",
        thousands(outcome.dispatched),
        thousands(skipped),
        counts(&outcome.skipped),
        thousands(refused),
        counts(&outcome.refused)
    )
    .expect(TAKES);
    text
}

/// Three digits, in powers of ten as everything about S3.
fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut number = bytes as f64;
    let mut unit = 0;
    while number >= 999.5 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || number >= 99.95 { 0 } else { usize::from(number < 9.995) + 1 };
    format!("{number:.decimals$} {}", units[unit])
}

/// In whole seconds, and in whole minutes from an hour on.
fn time(seconds: f64) -> String {
    let step = if seconds < 3600.0 { 1.0 } else { 60.0 };
    let seconds = (seconds / step).ceil() * step;
    humantime::format_duration(Duration::from_secs(seconds as u64)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits_and_times_no_more_than_matter() {
        let sizes = [0, 999, 1_000, 9_994, 9_996, 123_456, 999_600, 2_345_678_901].map(size);
        assert_eq!(sizes, ["0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "123 kB", "1.00 MB", "2.35 GB"]);
        assert_eq!([0.0, 0.02, 90.0, 20_001.0].map(time), ["0s", "1s", "1m 30s", "5h 34m"]);
    }

    #[test]
    fn an_ending_tells_the_refused_by_key_and_counts_all_by_name() {
        let mut outcome = Outcome { dispatched: 1200, ..Outcome::default() };
        outcome.skipped.insert("folder".to_owned(), 2);
        outcome.refused.insert("too_large".to_owned(), 3);
        let (key, reason, message) = ("a\nb".to_owned(), "too_large".to_owned(), "object has 9 bytes".to_owned());
        outcome.told.push(Refused { key, reason, message });
        let want = "refused  too_large         a\\nb: object has 9 bytes\nrefused  and 2 more\n\
                    1,200 dispatched, 2 skipped (2 folder), 3 refused (3 too_large)";
        assert_eq!(ending(&outcome), want);
    }
}
