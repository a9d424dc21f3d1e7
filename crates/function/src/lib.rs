//! What the parts share, on Lambda and elsewhere: settings read at INIT, the meter that prices and logs, the way to a worker.

mod aws;
mod call;
mod calls;
mod environment;
#[cfg(feature = "lambda")]
mod lambda;
mod meter;
mod settings;

pub use aws::{Conditions, EtagForm, HasStore, Store, patience, status};
pub use call::{CallError, HeadObject, InvokeWorker, KeepEnding, Lease, PutOffTask, SendDeadLetter};
pub use calls::Calls;
pub use environment::{Environment, SettingsError};
#[cfg(feature = "lambda")]
pub use lambda::aws::Aws;
pub use meter::{Meter, Start};
pub use settings::Settings;
