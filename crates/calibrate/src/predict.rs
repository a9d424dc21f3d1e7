//! What an object will take in each tier, by the curves of a calibration.

use contract::{Dollars, ImageFormat, RegionPrices, TierTable, billed_ms};
use serde::Serialize;

use crate::curve::{curve, typical};
use crate::decide::columns;
use crate::{Measurement, Terms};

/// In one tier, warm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The tier's name.
    pub tier: String,
    /// Of the usual file of that format and size, I/O to S3 included, in milliseconds.
    pub duration_ms: f64,
    /// Of the worst file up to the next size that was measured, in milliseconds.
    pub worst_ms: f64,
    /// Compute alone, of the usual file.
    pub compute_dollars: Dollars,
}

/// One prediction for each tier; empty if `format` was not measured. What fits in the tier is not asked here.
#[must_use]
pub fn predict(
    measurements: &[Measurement],
    tiers: &TierTable,
    terms: &Terms,
    prices: &RegionPrices,
    format: ImageFormat,
    size_bytes: u64,
) -> Vec<Prediction> {
    let rows: Vec<_> = tiers.iter().collect();
    let columns = columns(&rows, terms);
    let points = curve(measurements, format, &columns);
    if points.is_empty() {
        return Vec::new();
    }
    let prediction = |(column, tier): (usize, &&contract::Tier)| {
        let (busy_ms, read_bytes) = typical(&points, column, size_bytes);
        let duration_ms = terms.image_io_ms(read_bytes) + busy_ms;
        // Above the grid the worst that was seen grows with the size, as the usual file's time does.
        let next = points.iter().find(|point| point.size_bytes >= size_bytes).or(points.last());
        let worst_ms = next.map_or(0.0, |point| {
            let beyond = (size_bytes as f64 / point.size_bytes as f64).max(1.0);
            terms.image_io_ms(point.read_bytes * beyond) + point.worst_ms[column] * beyond
        });
        let compute_dollars = prices.compute(terms.architecture, tier.memory_mb, billed_ms(duration_ms));
        Prediction { tier: tier.name.clone(), duration_ms, worst_ms: worst_ms.max(duration_ms), compute_dollars }
    };
    rows.iter().enumerate().map(prediction).collect()
}
