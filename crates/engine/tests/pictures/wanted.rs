//! The thumbnail that most tests ask for, and the refusal that they get.

use contract::{OutputFormat, Variant, with_causes};
use engine::EngineError;

/// A PNG, which loses nothing, inside a square.
pub(crate) fn small_png(side_px: u32) -> Variant {
    Variant { name: "a".to_owned(), quality: 90, ..Variant::inside(side_px, OutputFormat::Png) }
}

/// The refusal has this name, and it or what caused it says `word`.
#[track_caller]
pub(crate) fn assert_refusal(error: &EngineError, name: &str, word: &str) {
    let text = with_causes(error);
    assert_eq!(error.name(), name, "{text}");
    assert!(text.contains(word), "{text} does not say `{word}`");
}
