//! The committed table, its measurements and its report are of one calibration.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::path::Path;

use benches::peers::Peers;
use benches::report::{Sources, bill, expects, usual, write_bill, write_usual};
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
fn the_set_is_of_its_list_of_thumbnails() {
    let set = Calibration::parse(&committed("benches/set/measurements.json")).unwrap();
    let thumbnails = Thumbnails::parse(&committed("benches/set/thumbnails.json")).unwrap();
    assert_eq!(thumbnails.set().mismatch(Some(&set.measured_for)), None, "run `make calibrate` for it");
    let sides: Vec<u32> = thumbnails.variants.iter().map(|variant| variant.width_px).collect();
    assert_eq!(sides, benches::peers::THREE);
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

/// From what was measured, at the prices of today; `UPDATE=1` writes it.
#[test]
fn the_report_has_the_bill() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let calibration = Calibration::parse(&committed("benches/measurements.json")).unwrap();
    let peers = Peers::parse(&committed("benches/peers.json")).unwrap();
    let set = Calibration::parse(&committed("benches/set/measurements.json")).unwrap();
    let (tiers_json, prices) = (committed("tiers.json"), calibration.prices().unwrap());
    let sources = Sources { one: &calibration, set: &set, tiers_json: &tiers_json, prices: &prices, peers: &peers };
    let (text, expects) = (bill(&sources).unwrap(), expects(&sources).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        write_bill(&root, &text, &expects).unwrap();
    }
    for name in ["README.md", "docs/cost.md"] {
        assert!(committed(name).contains(&expects), "{name} does not say that it {expects}: run with UPDATE=1");
    }
    assert!(committed("benches/report.md").contains(&text), "report.md lacks\n{text}\nrun with UPDATE=1");
    let page = committed("benches/report.html");
    let all = text.lines().find(|line| line.starts_with("| **all**")).unwrap();
    for dollars in all.split("**").filter(|cell| cell.starts_with('$')) {
        assert!(
            page.contains(&format!("<strong>{dollars}</strong>")),
            "report.html lacks {dollars}: run with UPDATE=1"
        );
    }
}

#[test]
fn the_formats_have_what_a_picture_takes() {
    let calibration = Calibration::parse(&committed("benches/measurements.json")).unwrap();
    let table = usual(&calibration, &TierTable::builtin().unwrap()).unwrap();
    if std::env::var_os("UPDATE").is_some() {
        write_usual(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &table).unwrap();
    }
    assert!(committed("docs/formats.md").contains(&table), "docs/formats.md lacks\n{table}\nrun with UPDATE=1");
}

#[test]
fn the_page_needs_no_network() {
    let page = committed("benches/report.html");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    assert!(page.len() < 300_000, "report.html has {} bytes", page.len());
}
