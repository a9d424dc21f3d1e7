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

use contract::{OutputFormat, Variant};

/// The shipped thumbnail: inside 128x128, JPEG or PNG of quality 80.
#[must_use]
pub fn shipped_variant(format: OutputFormat) -> Variant {
    Variant::inside(128, format)
}
