//! The dispatcher: an event about objects in, one asynchronous invocation of a worker per image out.
//!
//! It HEADs each object, decides by size and format hint ([`contract::route`]), and touches no pixel. It also takes what a worker
//! was killed by to the next tier, once. Knows no home: on Lambda `main.rs` calls [`handle`], elsewhere `thumbtier-serve` does.

mod dispatch;
mod event;
mod failure;
mod handle;
mod skip;

pub use dispatch::Edge;
pub use event::s3_batch::Response;
pub use event::{EventError, check};
pub use handle::{Failure, HandlerError, Reply, Summary, handle};
