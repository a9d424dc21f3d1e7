//! What a picture of an ordinary camera takes in each format, for the documents. From committed measurements alone.

use anyhow::Context;
use calibrate::{Calibration, Measurement};
use contract::TierTable;

use super::chart::Unit;

/// What phones and cameras make most.
const PIXELS: f64 = 12e6;

/// Around the table in docs/formats.md.
pub(super) const MARKERS: [&str; 2] = ["<!-- 12 MP: written by `make calibrate` -->\n", "<!-- 12 MP: end -->"];

/// The table, as Markdown: a row for each kind of file that was measured.
///
/// # Errors
/// A kind that was not measured on both sides of 12 megapixels.
pub fn usual(calibration: &Calibration, tiers: &TierTable) -> anyhow::Result<String> {
    let mut varieties: Vec<&str> = calibration.measurements.iter().map(|found| found.variety.as_str()).collect();
    let mut seen = std::collections::HashSet::new();
    varieties.retain(|variety| seen.insert(*variety));
    let mut lines =
        vec!["| file | size | read | memory | tier | time |".to_owned(), "|---|--:|--:|--:|---|--:|".to_owned()];
    for variety in varieties {
        lines.push(row(calibration, tiers, variety).with_context(|| format!("{variety} of 12 megapixels"))?);
    }
    Ok(lines.join("\n") + "\n")
}

fn row(calibration: &Calibration, tiers: &TierTable, variety: &str) -> anyhow::Result<String> {
    let of_it = || calibration.measurements.iter().filter(|found| found.variety == variety);
    let at = |value: fn(&Measurement) -> f64| at(of_it().map(|found| (found.pixels as f64, value(found))));
    let size_bytes = at(|found| found.size_bytes as f64)?;
    let format = of_it().next().map(|found| found.format);
    let tier = tiers.smallest_for(format, size_bytes as u64).ok().context("no tier takes it")?;
    let timed = of_it().filter_map(|found| Some((found.pixels as f64, *found.tier_ms.get(&tier.name)?)));
    Ok(format!(
        "| {variety} | {} | {} | {} | {} | {} |",
        Unit::Bytes.write(size_bytes),
        Unit::Bytes.write(at(|found| found.read_bytes as f64)?),
        Unit::Memory.write(at(|found| found.peak_bytes as f64)?),
        tier.name,
        Unit::Milliseconds.write(self::at(timed)?),
    ))
}

/// On the line between the nearest smaller and the nearest larger one.
fn at(points: impl Iterator<Item = (f64, f64)>) -> anyhow::Result<f64> {
    let mut points: Vec<(f64, f64)> = points.collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let above = points.partition_point(|(pixels, _)| *pixels < PIXELS);
    let below = above.checked_sub(1).context("nothing smaller was measured")?;
    let ((left, low), (right, high)) = (points[below], *points.get(above).context("nothing larger was measured")?);
    Ok(low + (high - low) * (PIXELS - left) / (right - left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_between_its_neighbours() {
        let points = [(20e6, 30.0), (2e6, 1.0), (10e6, 10.0)];
        assert_eq!(at(points.into_iter()).unwrap(), 14.0);
        assert_eq!(at([(12e6, 7.0), (1e6, 0.0)].into_iter()).unwrap(), 7.0);
        assert!(at([(1e6, 1.0)].into_iter()).is_err() && at([(20e6, 1.0)].into_iter()).is_err());
    }
}
