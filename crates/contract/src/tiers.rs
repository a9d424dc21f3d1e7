//! `tiers.json`: THE table. Which memory each tier has, and the largest object of each format that goes there.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Function, ImageFormat, VariantSet};

/// The row of `max_object_bytes` for a format without a row of its own, or not known at dispatch.
const DEFAULT_ROW: &str = "default";

/// Beside the tiers: what the thresholds were measured for.
const MEASURED_FOR: &str = "measured_for";

/// One deployment of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// `small`, `medium` or `large` as shipped; the suffix of the function's name and the value of `TIER`.
    pub name: String,
    /// The function's memory, in MB as Lambda counts them (2^20 bytes).
    pub memory_mb: u64,
    /// The function's timeout, in seconds.
    pub timeout_s: u64,
    /// What the engine may plan to hold for one image, in MB of 2^20 bytes; the rest of the memory is for the
    /// runtime, the SDK and the thumbnails.
    pub budget_mb: u64,
    default_max_bytes: u64,
    max_bytes: Vec<(ImageFormat, u64)>,
}

impl Tier {
    /// The largest object of `format` that is sent here, in bytes. `None` is a format not known at dispatch.
    #[must_use]
    pub fn max_object_bytes(&self, format: Option<ImageFormat>) -> u64 {
        let row = self.max_bytes.iter().find(|(row, _)| Some(*row) == format);
        row.map_or(self.default_max_bytes, |(_, bytes)| *bytes)
    }

    /// How many threads share the work of one image: as many as it takes to use the vCPUs that come with the memory.
    #[must_use]
    pub fn threads(&self) -> u32 {
        Function::with_memory(self.memory_mb).threads
    }

    /// [`Tier::budget_mb`] in bytes.
    #[must_use]
    pub const fn budget_bytes(&self) -> u64 {
        self.budget_mb << 20
    }
}

/// An object that no tier takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// What the largest tier takes of this format, in bytes.
    pub limit_bytes: u64,
}

/// Two tiers or more, each strictly larger than the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierTable {
    tiers: Vec<Tier>,
    measured_for: Option<VariantSet>,
}

/// What is wrong with a tier table. Each message names the row and the fix.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TierError {
    /// Not JSON, or not the shape of a tier.
    #[error("tiers.json is not a table of tiers")]
    Shape(#[source] serde_json::Error),
    /// No row at all.
    #[error("tiers.json has no tier: write at least one")]
    Empty,
    /// A key of `max_object_bytes` is no format.
    #[error("tier `{tier}` has a threshold for `{format}`: expected `default` or one of {}", ImageFormat::names())]
    UnknownFormat {
        /// The row's name.
        tier: String,
        /// The key as written.
        format: String,
    },
    /// `max_object_bytes` lacks the row for unknown formats.
    #[error("tier `{tier}` has no `default` in max_object_bytes: add it")]
    NoDefault {
        /// The row's name.
        tier: String,
    },
    /// The budget leaves nothing for the runtime.
    #[error("tier `{tier}` plans {budget_mb} MB for an image in {memory_mb} MB of memory: leave at least 32 MB")]
    BudgetTooLarge {
        /// The row's name.
        tier: String,
        /// Its budget.
        budget_mb: u64,
        /// Its memory.
        memory_mb: u64,
    },
    /// A row is not strictly larger than the row before it.
    #[error("tier `{tier}` must have more {what} than tier `{smaller}`: raise it")]
    NotLarger {
        /// The row's name.
        tier: String,
        /// The row before it.
        smaller: String,
        /// The column.
        what: String,
    },
}

/// The least that the runtime, the SDK and the encoder need beside an image, in MB.
const RUNTIME_MB: u64 = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    memory_mb: u64,
    timeout_s: u64,
    budget_mb: u64,
    max_object_bytes: Map<String, Value>,
}

impl TierTable {
    /// The table that this build was made with.
    ///
    /// # Errors
    /// As [`TierTable::parse`]; a test keeps the shipped table free of them.
    pub fn builtin() -> Result<Self, TierError> {
        Self::parse(include_str!("../../../tiers.json"))
    }

    /// Reads a table; the order in the file is the order of size.
    ///
    /// # Errors
    /// [`TierError`], for the first row that is wrong.
    pub fn parse(json: &str) -> Result<Self, TierError> {
        let mut rows: Map<String, Value> = serde_json::from_str(json).map_err(TierError::Shape)?;
        // `shift_remove`, because the other one would put the last row in its place.
        let measured_for = rows.shift_remove(MEASURED_FOR).map(serde_json::from_value).transpose();
        let measured_for = measured_for.map_err(TierError::Shape)?;
        let tiers = rows.into_iter().map(|(name, row)| tier(name, row)).collect::<Result<Vec<_>, _>>()?;
        if tiers.is_empty() {
            return Err(TierError::Empty);
        }
        for pair in tiers.windows(2) {
            check_order(&pair[0], &pair[1])?;
        }
        Ok(Self { tiers, measured_for })
    }

    /// The first tiers of the table, with these budgets in MB; the last of them takes every object that the largest took.
    #[must_use]
    pub fn within(&self, budgets_mb: &[u64]) -> Self {
        let with = |(tier, mb): (&Tier, &u64)| {
            let memory_mb = tier.memory_mb.max(mb + RUNTIME_MB);
            Tier { budget_mb: *mb, memory_mb, ..tier.clone() }
        };
        let mut tiers: Vec<_> = self.tiers.iter().zip(budgets_mb).map(with).collect();
        if let (Some(last), Some(largest)) = (tiers.last_mut(), self.tiers.last()) {
            last.default_max_bytes = largest.default_max_bytes;
            last.max_bytes.clone_from(&largest.max_bytes);
        }
        Self { tiers, measured_for: self.measured_for.clone() }
    }

    /// The tiers from the smallest to the largest.
    pub fn iter(&self) -> std::slice::Iter<'_, Tier> {
        self.tiers.iter()
    }

    /// The formats that have a threshold of their own in some tier, in the order of [`ImageFormat::ALL`]; for all
    /// others counts the row `default`.
    #[must_use]
    pub fn rows(&self) -> Vec<ImageFormat> {
        let has_row =
            |format: &ImageFormat| self.tiers.iter().any(|tier| tier.max_bytes.iter().any(|row| row.0 == *format));
        ImageFormat::ALL.into_iter().filter(has_row).collect()
    }

    /// The variants that the thresholds were measured for; `None` in a table that does not say.
    #[must_use]
    pub const fn measured_for(&self) -> Option<&VariantSet> {
        self.measured_for.as_ref()
    }

    /// The tier of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Tier> {
        self.tiers.iter().find(|tier| tier.name == name)
    }

    /// The first tier.
    #[must_use]
    pub fn smallest(&self) -> &Tier {
        self.tiers.first().expect("parse refuses an empty table")
    }

    /// The last tier.
    #[must_use]
    pub fn largest(&self) -> &Tier {
        self.tiers.last().expect("parse refuses an empty table")
    }

    /// The tier after `name` in size; `None` after the largest.
    #[must_use]
    pub fn next_after(&self, name: &str) -> Option<&Tier> {
        self.tiers.iter().skip_while(|tier| tier.name != name).nth(1)
    }

    /// The smallest tier that takes an object of `bytes`.
    ///
    /// # Errors
    /// [`TooLarge`], with the largest tier's limit for that format.
    pub fn smallest_for(&self, format: Option<ImageFormat>, bytes: u64) -> Result<&Tier, TooLarge> {
        self.tiers
            .iter()
            .find(|tier| bytes <= tier.max_object_bytes(format))
            .ok_or_else(|| TooLarge { limit_bytes: self.largest().max_object_bytes(format) })
    }
}

fn tier(name: String, row: Value) -> Result<Tier, TierError> {
    let row: Row = serde_json::from_value(row).map_err(TierError::Shape)?;
    if row.budget_mb + RUNTIME_MB > row.memory_mb {
        return Err(TierError::BudgetTooLarge { tier: name, budget_mb: row.budget_mb, memory_mb: row.memory_mb });
    }
    let mut default_max_bytes = None;
    let mut max_bytes = Vec::new();
    for (key, value) in row.max_object_bytes {
        let bytes: u64 = serde_json::from_value(value).map_err(TierError::Shape)?;
        if key == DEFAULT_ROW {
            default_max_bytes = Some(bytes);
            continue;
        }
        let Some(format) = ImageFormat::ALL.into_iter().find(|format| format.name() == key) else {
            return Err(TierError::UnknownFormat { tier: name, format: key });
        };
        max_bytes.push((format, bytes));
    }
    let Some(default_max_bytes) = default_max_bytes else {
        return Err(TierError::NoDefault { tier: name });
    };
    Ok(Tier {
        name,
        memory_mb: row.memory_mb,
        timeout_s: row.timeout_s,
        budget_mb: row.budget_mb,
        default_max_bytes,
        max_bytes,
    })
}

fn check_order(smaller: &Tier, larger: &Tier) -> Result<(), TierError> {
    let columns =
        [("memory_mb", smaller.memory_mb, larger.memory_mb), ("budget_mb", smaller.budget_mb, larger.budget_mb)];
    let formats = std::iter::once(None).chain(ImageFormat::ALL.map(Some));
    let thresholds = formats.map(|format| {
        let what = format.map_or(DEFAULT_ROW, ImageFormat::name);
        (what, smaller.max_object_bytes(format), larger.max_object_bytes(format))
    });
    for (what, less, more) in columns.into_iter().chain(thresholds) {
        if more <= less {
            let what = if what.ends_with("_mb") { what.to_owned() } else { format!("max_object_bytes of {what}") };
            return Err(TierError::NotLarger { tier: larger.name.clone(), smaller: smaller.name.clone(), what });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(memory_mb: u64, budget_mb: u64, thresholds: &str) -> String {
        format!(r#"{{"memory_mb":{memory_mb},"timeout_s":9,"budget_mb":{budget_mb},"max_object_bytes":{thresholds}}}"#)
    }

    fn two(small: &str, large: &str) -> Result<TierTable, TierError> {
        TierTable::parse(&format!(r#"{{"small":{small},"large":{large}}}"#))
    }

    #[test]
    fn the_shipped_table_is_valid_and_has_the_three_memory_sizes() {
        let table = TierTable::builtin().unwrap();
        let memory: Vec<_> = table.iter().map(|tier| (tier.name.as_str(), tier.memory_mb)).collect();
        assert_eq!(memory, [("small", 256), ("medium", 1024), ("large", 3008)]);
    }

    #[test]
    fn an_object_goes_to_the_smallest_tier_that_takes_it() {
        let table =
            two(&row(256, 160, r#"{"default":10,"jpeg":20}"#), &row(1024, 800, r#"{"default":100,"jpeg":200}"#))
                .unwrap();
        let check = |format, bytes, want: Result<&str, u64>| {
            let got = table.smallest_for(format, bytes);
            assert_eq!(
                got.map(|tier| tier.name.as_str()).map_err(|error| error.limit_bytes),
                want,
                "{format:?} {bytes}"
            );
        };
        check(None, 10, Ok("small"));
        check(None, 11, Ok("large"));
        check(Some(ImageFormat::Jpeg), 20, Ok("small"));
        check(Some(ImageFormat::Jpeg), 21, Ok("large"));
        check(Some(ImageFormat::Png), 11, Ok("large")); // A format without a row uses the default.
        check(Some(ImageFormat::Png), 101, Err(100));
        check(Some(ImageFormat::Jpeg), 201, Err(200));
        assert_eq!(table.rows(), [ImageFormat::Jpeg]);
    }

    #[test]
    fn every_mistake_is_named_with_its_row() {
        let good = row(256, 160, r#"{"default":10}"#);
        let check = |result: Result<TierTable, TierError>, want: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(want), "`{error}` does not say `{want}`");
        };
        check(TierTable::parse("[]"), "not a table of tiers");
        check(TierTable::parse("{}"), "no tier");
        check(two(&good, &row(1024, 1000, r#"{"default":20}"#)), "tier `large` plans 1000 MB for an image in 1024 MB");
        check(two(&good, &row(1024, 800, r#"{"jpeg":20}"#)), "tier `large` has no `default`");
        check(two(&good, &row(1024, 800, r#"{"default":20,"xcf":3}"#)), "threshold for `xcf`");
        check(two(&good, &row(256, 170, r#"{"default":20}"#)), "more memory_mb than tier `small`");
        check(
            two(&good, &row(1024, 800, r#"{"default":20,"png":5}"#)),
            "more max_object_bytes of png than tier `small`",
        );
    }

    #[test]
    fn what_it_was_measured_for_stands_beside_the_tiers() {
        let row = row(256, 160, r#"{"default":10}"#);
        let more = row.replace("256", "512").replace("160", "161").replace("10", "11");
        let table =
            |first: &str| TierTable::parse(&format!(r#"{{{first}"small":{row},"large":{more}}}"#)).map_err(|_| ());
        let said = table(r#""measured_for":"9x9 fill png 80","#).unwrap();
        assert_eq!(said.measured_for().unwrap().to_string(), "9x9 fill png 80");
        let names: Vec<_> = said.iter().map(|tier| tier.name.as_str()).collect();
        assert_eq!(names, ["small", "large"], "the order of size is that of the file");
        assert_eq!(table("").unwrap().measured_for(), None);
        assert_eq!(table(r#""measured_for":9,"#), Err(()));
    }

    #[test]
    fn the_next_tier_is_the_next_in_size() {
        let table = TierTable::builtin().unwrap();
        assert_eq!(table.next_after("small").unwrap().name, "medium");
        assert!(table.next_after("large").is_none());
        assert!(table.next_after("huge").is_none());
    }
}
