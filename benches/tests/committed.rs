//! The committed table, its measurements and its report are of one calibration.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::path::Path;

use benches::calibrate::{compared, workload};
use calibrate::{Calibration, write};
use contract::{Thumbnails, TierTable};

fn committed(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)).unwrap()
}

#[test]
fn the_thresholds_are_the_calibrations_own_output() {
    let text = committed("tiers.json");
    let calibration = Calibration::parse(&committed("benches/measurements.json")).unwrap();
    let decision = calibration.decide(&TierTable::parse(&text).unwrap(), &calibration.prices().unwrap()).unwrap();
    assert_eq!(write(&text, &decision, Some(&calibration.measured_for)).unwrap(), text, "run `make calibrate`");
}

#[test]
fn the_thresholds_are_for_the_thumbnails() {
    let (tiers, thumbnails) = (TierTable::builtin().unwrap(), Thumbnails::builtin().unwrap());
    assert_eq!(thumbnails.set().mismatch(tiers.measured_for()), None);
}

#[test]
fn the_report_and_the_page_show_the_table() {
    let tiers = TierTable::parse(&committed("tiers.json")).unwrap();
    let table = benches::report::thresholds(&tiers);
    assert!(committed("benches/report.md").contains(&table), "report.md lacks\n{table}\nrun `make calibrate`");
    let page = committed("benches/report.html");
    for line in table.lines().skip(2) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let row = format!("<tr><td>{}</td></tr>", cells.join("</td><td>"));
        assert!(page.contains(&row), "report.html lacks {row}: run `make calibrate`");
    }
}

#[test]
fn the_report_compares_what_was_measured_at_the_prices_of_today() {
    let calibration = Calibration::parse(&committed("benches/measurements.json")).unwrap();
    let (tiers, workload) = (TierTable::builtin().unwrap(), workload(&Thumbnails::builtin().unwrap()));
    let Calibration { measurements, terms, .. } = &calibration;
    let found = compared(measurements, &tiers, &workload, terms, &calibration.prices().unwrap()).unwrap();
    let table = benches::report::comparison(&found);
    assert!(committed("benches/report.md").contains(&table), "report.md lacks\n{table}\nrun `make calibrate`");
}

#[test]
fn the_page_needs_no_network() {
    let page = committed("benches/report.html");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    assert!(page.len() < 300_000, "report.html has {} bytes", page.len());
}
