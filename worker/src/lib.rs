//! The worker: one job in, thumbnails in the destination bucket out; or one deletion in, and they are gone.
//!
//! Knows no home: on Lambda `main.rs` calls [`handle`], elsewhere `thumbtier-serve` does.

mod aws;
mod body;
mod calls;
mod deliver;
mod edge;
mod error;
mod handle;
mod make;
mod remove;
mod settings;
mod settle;
mod step;
mod stopwatch;
mod store;
mod tell;
mod thumbnail;

pub use aws::Body;
pub use edge::{Condition, DeleteObject, Deleted, Edge, GetObject, ObjectBody, PutObject, StoredObject};
pub use error::WorkerError;
pub use handle::handle;
pub use settings::{Settings, renderer, unwritten};
