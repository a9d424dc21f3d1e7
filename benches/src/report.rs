//! What a calibration leaves behind: tiers.json, measurements.json, its section of report.md, and report.html.

mod bill;
mod chart;
mod figures;
mod page;
mod set;
mod usual;
mod words;

use std::path::Path;

use anyhow::Context;

use crate::outcome::Outcome;
use crate::places::MEASUREMENTS;

pub use bill::{Sources, bill, expects};
pub use usual::usual;
pub use words::thresholds;

/// Where the section of report.md begins and ends; the rest of the file belongs to others.
const BEGIN: &str = "<!-- tiers: written by `make calibrate` -->";
const END: &str = "<!-- tiers: end -->";

/// The documents that repeat a part of the bill.
const REPEATING: [&str; 2] = ["README.md", "docs/cost.md"];
/// The document that says what a picture takes in each format.
const USUAL: &str = "docs/formats.md";

/// Both reports of a folder with another bill in them, and the documents that repeat what it expects.
///
/// # Errors
/// What the file system says, and a report without a bill.
pub fn write_bill(root: &Path, bill: &str, expects: &str) -> anyhow::Result<()> {
    let [begin, end] = [bill::BEGIN, bill::END];
    for (name, text) in [("benches/report.md", format!("\n{bill}\n")), ("benches/report.html", page::markdown(bill))] {
        save_between(root, name, [begin, end], &format!("{begin}{text}{end}"))?;
    }
    for name in REPEATING {
        save_between(root, name, bill::EXPECTS, expects)?;
    }
    Ok(())
}

/// The document of the formats with another table in it.
///
/// # Errors
/// What the file system says, and a document without a table.
pub fn write_usual(root: &Path, table: &str) -> anyhow::Result<()> {
    let [begin, end] = usual::MARKERS;
    save_between(root, USUAL, usual::MARKERS, &format!("{begin}{table}{end}"))
}

/// `text` in the place of what reaches from `begin` to `end`, both included.
fn save_between(root: &Path, name: &str, [begin, end]: [&str; 2], text: &str) -> anyhow::Result<()> {
    let document = std::fs::read_to_string(root.join(name)).with_context(|| format!("reading {name}"))?;
    let (before, rest) = document.split_once(begin).with_context(|| format!("{name} lacks `{begin}`"))?;
    let (_, after) = rest.split_once(end).with_context(|| format!("{name} lacks `{end}`"))?;
    save(root, name, &format!("{before}{text}{after}"))
}

/// Writes all four.
///
/// # Errors
/// What the file system says.
pub fn write(outcome: &Outcome, root: &Path) -> anyhow::Result<()> {
    if outcome.text_after != outcome.text_before {
        save(root, "tiers.json", &outcome.text_after)?;
    }
    save(root, MEASUREMENTS, &kept(outcome)?)?;
    let report = std::fs::read_to_string(root.join("benches/report.md")).unwrap_or_default();
    save(root, "benches/report.md", &with_section(&report, &words::section(outcome)))?;
    save(root, "benches/report.html", &page::page(outcome))
}

/// Writes a calibration of other thumbnails into the folder of their list, for [`bill`].
///
/// # Errors
/// What the file system says.
pub fn write_measurements(outcome: &Outcome, list: &Path) -> anyhow::Result<()> {
    save(list.parent().unwrap_or(Path::new(".")), "measurements.json", &kept(outcome)?)
}

fn kept(outcome: &Outcome) -> anyhow::Result<String> {
    let lines = serde_json::to_string(&outcome.calibration)?.replace("{\"format\"", "\n{\"format\"");
    Ok(lines + "\n")
}

fn save(root: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    std::fs::write(root.join(name), text).with_context(|| format!("writing {name}"))?;
    println!("wrote {name}");
    Ok(())
}

/// `report` with the section replaced, or put before the first other one.
fn with_section(report: &str, section: &str) -> String {
    let block = format!("{BEGIN}\n{section}\n{END}");
    match (report.find(BEGIN), report.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}{block}{}", &report[..begin], &report[end + END.len()..])
        }
        _ => {
            let report = if report.is_empty() { "# What thumbtier costs\n" } else { report };
            let first = report.find("<!-- ").unwrap_or(report.len());
            format!("{}\n\n{block}\n\n{}", report[..first].trim_end(), &report[first..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_section_changes() {
        let peers = "# What thumbtier costs\n\n<!-- peers: written by `make peers` -->\nx\n<!-- peers: end -->\n";
        let once = with_section(peers, "one");
        assert_eq!(once, format!("# What thumbtier costs\n\n{BEGIN}\none\n{END}\n\n{}", &peers[24..]));
        assert_eq!(with_section(&once, "two"), once.replace("one", "two"));
        assert!(with_section("", "new").starts_with("# What thumbtier costs\n\n<!-- tiers"));
    }
}
