//! What the Lambda functions share: settings read at INIT, the meter that prices and logs, the way to a worker.

mod aws;
mod call;
mod calls;
mod environment;
mod meter;
mod settings;

pub use aws::Aws;
pub use call::{CallError, HeadObject, InvokeWorker, KeepEnding, PutOffTask, SendDeadLetter};
pub use calls::Calls;
pub use environment::{Environment, SettingsError};
pub use meter::{Meter, Start};
pub use settings::Settings;
