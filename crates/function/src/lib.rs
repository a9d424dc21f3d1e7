//! What the Lambda functions share: settings read at INIT, the meter that prices and logs, the way to a worker.

mod aws;
mod call;
mod environment;
mod meter;

pub use aws::{DeadLetters, Workers, head_object, sdk_config, warm_up};
pub use call::{CallError, HeadObject, InvokeWorker, SendDeadLetter};
pub use environment::{Environment, SettingsError};
pub use meter::{Meter, Start};
