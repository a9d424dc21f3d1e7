//! A finished calibration, as it is kept beside its report: from it alone the thresholds can be decided again.

use contract::{PricesError, RegionPrices, TierTable, VariantSet};
use serde::{Deserialize, Serialize};

use crate::{CalibrateError, Decision, Measurement, Terms, decide};

/// What was measured, and on which terms it was decided: `benches/measurements.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// The day, as year, month and day.
    pub date: String,
    /// What was typed.
    pub command: String,
    /// Whose prices, by the name of `prices.json`.
    pub region: String,
    /// Which thumbnails were made of each image.
    pub measured_for: VariantSet,
    /// On which terms.
    pub terms: Terms,
    /// What was measured.
    pub measurements: Vec<Measurement>,
}

impl Calibration {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// What is wrong with its shape, its terms or a measurement.
    pub fn parse(json: &str) -> Result<Self, CalibrateError> {
        let calibration: Self = serde_json::from_str(json).map_err(CalibrateError::Shape)?;
        crate::terms::check(&calibration.measurements, &calibration.terms)?;
        Ok(calibration)
    }

    /// The prices of its region.
    ///
    /// # Errors
    /// As [`contract::Prices::region`].
    pub fn prices(&self) -> Result<RegionPrices, PricesError> {
        Ok(contract::Prices::builtin()?.region(&self.region)?.clone())
    }

    /// The thresholds that follow from it.
    ///
    /// # Errors
    /// As [`decide`].
    pub fn decide(&self, tiers: &TierTable, prices: &RegionPrices) -> Result<Decision, CalibrateError> {
        decide(&self.measurements, tiers, &self.terms, prices)
    }
}
