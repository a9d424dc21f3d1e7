//! From measurements to thresholds: which size of which format goes to which tier, and why.
//!
//! Measurements come in as data, thresholds go out as data and as an edit of `tiers.json`. Nothing here measures,
//! reads a file or knows a clock: the shell around it does.

mod calibration;
mod compare;
mod curve;
mod decide;
mod line;
mod logs;
mod measurement;
mod model;
mod predict;
mod round;
mod terms;
mod threshold;
mod tune;
mod write;

pub use calibration::Calibration;
pub use compare::{COLD_PART, Comparison, DISPATCHER_MS, INIT_MS, Share, Single, TierShare, Way, Workload, compare};
pub use decide::{Decision, Row, decide};
pub use line::{Line, median};
pub use logs::Logs;
pub use measurement::Measurement;
pub use model::{Model, held_out};
pub use predict::{Prediction, predict};
pub use round::round_down;
pub use terms::{CalibrateError, Objective, Terms};
pub use threshold::{Binding, Threshold};
pub use tune::{ENOUGH, FormatTuning, Job, ThresholdTuning, Tuning, dollars, tune};
pub use write::{WriteError, write};
