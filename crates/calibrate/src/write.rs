//! The thresholds as an edit of `tiers.json`: what did not change stays, to the byte.

use std::collections::HashMap;
use std::ops::Range;

use contract::{ImageFormat, TierError, TierTable, VariantSet};
use serde_json::value::RawValue;

use crate::Decision;

/// Why the table was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The table is wrong before the edit, or would be after it.
    #[error("tiers.json is wrong {when} the edit")]
    Table {
        /// `before` or `after`.
        when: &'static str,
        /// What is wrong.
        #[source]
        cause: TierError,
    },
    /// The table has other tiers than those that were decided on.
    #[error("tiers.json has {found} tiers, the thresholds are for {expected}: calibrate again")]
    OtherTiers {
        /// In the table.
        found: usize,
        /// In the decision.
        expected: usize,
    },
}

/// `json`, the text of a `tiers.json`, with the thresholds of `decision`.
///
/// Only numbers that differ are replaced, so layout and order stay. A row that has no threshold of its own for a
/// measured format gets one at its end. `measured_for` is noted at the top; `None` leaves what stands there.
///
/// # Errors
/// [`WriteError`]; a table that does not parse is never returned.
pub fn write(json: &str, decision: &Decision, measured_for: Option<&VariantSet>) -> Result<String, WriteError> {
    let table = TierTable::parse(json).map_err(|cause| WriteError::Table { when: "before", cause })?;
    let (found, expected) = (table.iter().count(), decision.default_bytes.len());
    if found != expected {
        return Err(WriteError::OtherTiers { found, expected });
    }
    let shape = |cause| WriteError::Table { when: "before", cause: TierError::Shape(cause) };
    let rows: HashMap<String, &RawValue> = serde_json::from_str(json).map_err(shape)?;
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    if let Some(set) = measured_for.filter(|set| table.measured_for() != Some(*set)) {
        let words = serde_json::to_string(set).map_err(shape)?;
        edits.push(match rows.get("measured_for") {
            Some(value) => (span(json, value.get()), words),
            None => {
                let top = json.find('{').map_or(0, |brace| brace + 1);
                (top..top, format!("\n  \"measured_for\": {words},"))
            }
        });
    }
    for (position, tier) in table.iter().enumerate() {
        let row: HashMap<String, &RawValue> = serde_json::from_str(rows[&tier.name].get()).map_err(shape)?;
        let thresholds = row["max_object_bytes"].get();
        let cells: HashMap<String, &RawValue> = serde_json::from_str(thresholds).map_err(shape)?;
        for format in std::iter::once(None).chain(ImageFormat::ALL.map(Some)) {
            let Some(bytes) = decision.bytes(format, position) else { continue };
            match cells.get(format.map_or("default", ImageFormat::name)) {
                Some(_) if tier.max_object_bytes(format) == bytes => {}
                Some(cell) => edits.push((span(json, cell.get()), bytes.to_string())),
                None => {
                    // `default` is always there, so the object is not empty and a comma is right.
                    let name = format.map_or("default", ImageFormat::name);
                    let inside = thresholds.trim_end_matches('}').trim_end();
                    let end = span(json, inside).end;
                    edits.push((end..end, format!(", \"{name}\": {bytes}")));
                }
            }
        }
    }
    // From the end, so that the spans before an edit stay where they are; of several at one place, the last first.
    edits.sort_by_key(|(span, _)| span.start);
    let mut text = json.to_owned();
    for (span, number) in edits.into_iter().rev() {
        text.replace_range(span, &number);
    }
    TierTable::parse(&text).map_err(|cause| WriteError::Table { when: "after", cause })?;
    Ok(text)
}

/// Where `part`, a slice of `whole`, stands in it, in bytes.
fn span(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}
