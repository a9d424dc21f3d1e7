//! The thumbnail that most tests ask for.

use contract::{Background, Fit, Gravity, OutputFormat, Variant};

/// A PNG, which loses nothing, inside a square.
pub(crate) fn small_png(side_px: u32) -> Variant {
    Variant {
        name: "a".to_owned(),
        width_px: side_px,
        height_px: side_px,
        fit: Fit::Inside,
        format: OutputFormat::Png,
        quality: 90,
        background: Background::default(),
        gravity: Gravity::Centre,
    }
}
