//! Header and plan against the [`Limits`].

use contract::{ImageFormat, Variant};

use crate::{EngineError, Limits, Plan, Probe, encode::writes};

/// Checks that this build writes all `variants`.
///
/// # Errors
/// [`EngineError::NotWritten`], for the first that it does not.
pub(crate) fn check_written(variants: &[Variant]) -> Result<(), EngineError> {
    match variants.iter().find(|variant| !writes(variant.format)) {
        Some(Variant { name, format, .. }) => {
            Err(EngineError::NotWritten { variant: name.clone(), format: format.name() })
        }
        None => Ok(()),
    }
}

impl Limits {
    /// Checks that a format is on.
    ///
    /// # Errors
    /// [`EngineError::FormatOff`].
    pub const fn check_format(&self, format: ImageFormat) -> Result<(), EngineError> {
        if !self.formats.contains(format) {
            return Err(EngineError::FormatOff { format, on: self.formats });
        }
        Ok(())
    }

    /// Checks the header's numbers.
    ///
    /// # Errors
    /// [`EngineError::SideTooLong`] and [`EngineError::TooManyPixels`].
    pub fn check_size(&self, probe: &Probe) -> Result<(), EngineError> {
        let Probe { width_px, height_px, .. } = *probe;
        if width_px.max(height_px) > self.max_side_px {
            return Err(EngineError::SideTooLong { width_px, height_px, limit_px: self.max_side_px });
        }
        let pixels = probe.pixels();
        if pixels > self.max_pixels {
            return Err(EngineError::TooManyPixels { width_px, height_px, pixels, limit_pixels: self.max_pixels });
        }
        Ok(())
    }

    /// Checks the plan's peak.
    ///
    /// # Errors
    /// [`EngineError::OverBudget`], with both sizes.
    pub const fn check_plan(&self, plan: &Plan) -> Result<(), EngineError> {
        if plan.peak_bytes > self.budget_bytes {
            return Err(EngineError::OverBudget { needed_bytes: plan.peak_bytes, budget_bytes: self.budget_bytes });
        }
        Ok(())
    }
}
