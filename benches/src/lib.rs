//! Inputs of the benches, made by the benches: photograph-like, the same every time; and the clock they use.

pub mod calibrate;
pub mod grid;
pub mod inputs;
pub mod outcome;
pub mod peers;
pub mod places;
pub mod report;
pub mod rig;
#[cfg(test)]
mod scratch;

use contract::{Background, Fit, OutputFormat, Variant};

/// The shipped thumbnail: inside 128x128, JPEG or PNG of quality 80.
#[must_use]
pub fn shipped_variant(format: OutputFormat) -> Variant {
    Variant {
        name: "128x128".to_owned(),
        width_px: 128,
        height_px: 128,
        fit: Fit::Inside,
        format,
        quality: 80,
        background: Background::default(),
        gravity: contract::Gravity::Centre,
        animated: None,
    }
}
