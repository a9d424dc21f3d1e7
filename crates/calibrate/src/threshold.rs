//! One threshold, and the constraint that set it.

use std::fmt;

use serde::Serialize;

use crate::Objective;

/// The largest object of one format that goes to one tier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// The tier's name.
    pub tier: String,
    /// What stands in `tiers.json`, in bytes.
    pub bytes: u64,
    /// The largest size of the grid that the tier takes, in bytes, before it is rounded down; 0 if it takes none.
    pub measured_bytes: u64,
    /// Why it is not larger.
    pub binding: Binding,
}

/// What keeps a threshold from being larger. `at_bytes` is the first size in the grid that the tier does not take.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Binding {
    /// The process would hold more than the tier's memory less the headroom.
    Memory {
        /// The size that does not fit.
        at_bytes: u64,
        /// Its peak.
        peak_bytes: u64,
        /// What the tier may use.
        usable_bytes: u64,
    },
    /// The engine would plan more than the tier's budget, and send the job up a tier.
    Budget {
        /// The size that does not fit.
        at_bytes: u64,
        /// Its plan.
        plan_bytes: u64,
        /// The tier's `budget_mb`, in bytes.
        budget_bytes: u64,
    },
    /// The function would be stopped.
    Timeout {
        /// The size that takes too long.
        at_bytes: u64,
        /// How long.
        duration_ms: f64,
        /// The tier's `timeout_s`, in milliseconds.
        timeout_ms: f64,
    },
    /// The image would be late.
    Latency {
        /// The size that takes too long.
        at_bytes: u64,
        /// How long.
        duration_ms: f64,
        /// The target.
        target_ms: f64,
    },
    /// A larger tier that qualifies too is better by the objective.
    Objective {
        /// The size at which it is better.
        at_bytes: u64,
        /// By what.
        objective: Objective,
        /// The larger tier.
        better: String,
        /// How many times worse this tier is.
        times: f64,
    },
    /// Everything that was measured goes here. The largest tier then keeps the table's threshold, if that is larger.
    GridEnd {
        /// The largest size that was measured.
        at_bytes: u64,
    },
    /// It would take as much as the next tier, and each tier of a table must take more than the one before.
    NextTier {
        /// The next tier.
        tier: String,
        /// Its threshold.
        bytes: u64,
    },
}

impl Threshold {
    /// Whether the tier takes no measured file of the format. The threshold is then smaller than any image.
    #[must_use]
    pub const fn takes_nothing(&self) -> bool {
        self.measured_bytes == 0
    }
}

impl Binding {
    /// The first size in the grid that the tier does not take, in bytes; `None` where it is not the size that binds.
    #[must_use]
    pub const fn at_bytes(&self) -> Option<u64> {
        match self {
            Self::Memory { at_bytes, .. }
            | Self::Budget { at_bytes, .. }
            | Self::Timeout { at_bytes, .. }
            | Self::Latency { at_bytes, .. }
            | Self::Objective { at_bytes, .. } => Some(*at_bytes),
            Self::GridEnd { .. } | Self::NextTier { .. } => None,
        }
    }

    /// What binds, in a word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Memory { .. } | Self::Budget { .. } => "memory",
            Self::Timeout { .. } => "timeout",
            Self::Latency { .. } => "latency",
            Self::Objective { objective, .. } => objective.name(),
            Self::GridEnd { .. } => "end of the grid",
            Self::NextTier { .. } => "next tier",
        }
    }
}

/// One sentence: the number, the tier, the constraint with both its figures.
impl fmt::Display for Threshold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tier, bytes, binding, .. } = self;
        if self.takes_nothing() {
            return write!(formatter, "tier `{tier}` takes nothing, by {binding}");
        }
        write!(formatter, "tier `{tier}` takes up to {}, by {binding}", Size(*bytes))
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory { at_bytes, peak_bytes, usable_bytes } => {
                write!(
                    formatter,
                    "memory: {} peaks at {}, {} may be used",
                    Size(*at_bytes),
                    Mib(*peak_bytes),
                    Mib(*usable_bytes)
                )
            }
            Self::Budget { at_bytes, plan_bytes, budget_bytes } => {
                write!(
                    formatter,
                    "memory: {} plans {}, the budget is {}",
                    Size(*at_bytes),
                    Mib(*plan_bytes),
                    Mib(*budget_bytes)
                )
            }
            Self::Timeout { at_bytes, duration_ms, timeout_ms } => {
                write!(
                    formatter,
                    "timeout: {} takes {duration_ms:.0} ms, the function is stopped at {timeout_ms:.0} ms",
                    Size(*at_bytes)
                )
            }
            Self::Latency { at_bytes, duration_ms, target_ms } => {
                write!(
                    formatter,
                    "latency: {} takes {duration_ms:.0} ms, the target is {target_ms:.0} ms",
                    Size(*at_bytes)
                )
            }
            Self::Objective { at_bytes, objective, better, times } => {
                write!(formatter, "{objective}: at {} tier `{better}` is {times:.2} times better", Size(*at_bytes))
            }
            Self::GridEnd { at_bytes } => {
                write!(formatter, "the end of the grid: nothing above {} was measured", Size(*at_bytes))
            }
            Self::NextTier { tier, bytes } => {
                write!(formatter, "the next tier: `{tier}` must take more, and takes up to {}", Size(*bytes))
            }
        }
    }
}

/// Object sizes, in the units of `tiers.json`: powers of ten.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000 => return write!(formatter, "{} B", self.0),
            1_000..1_000_000 => (1e3, "kB"),
            _ => (1e6, "MB"),
        };
        let tenths = (self.0 as f64 / unit * 10.0).round() / 10.0;
        write!(formatter, "{tenths} {name}")
    }
}

/// Memory, in the MB of Lambda: powers of two.
struct Mib(u64);

impl fmt::Display for Mib {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.0} MB of memory", self.0 as f64 / f64::from(1 << 20))
    }
}
