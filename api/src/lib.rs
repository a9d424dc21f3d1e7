//! The HTTP API: uploads in, thumbnails and their status out, and the page that shows it.
//!
//! It stores what is uploaded and lets the event of the upload do the rest; for somebody who waits it also runs the
//! worker itself. It keeps nothing: what became of an upload is read from the two buckets. Knows no home: on Lambda
//! `main.rs` calls [`handle`], elsewhere `thumbtier-serve` does.

mod access;
mod aws;
mod edge;
mod handle;
mod headers;
mod key;
#[cfg(feature = "lambda")]
mod lambda;
mod look;
mod page;
mod problem;
mod record;
mod request;
mod route;
mod settings;
mod state;
mod status;
mod upload;

pub use access::{Access, digest};
pub use edge::{Edge, GetObject, Object, PutUpload, RunWorker, Upload};
pub use handle::{Answer, handle};
pub use look::what_became_of;
pub use page::upload_origin;
pub use record::log;
pub use request::{Body, Request};
pub use route::Route;
pub use settings::Settings;
pub use state::State;
