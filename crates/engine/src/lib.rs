//! Image bytes in, thumbnails out, at the least CPU and memory.
//!
//! [`make`] reads the header, plans, checks the plan against the [`Limits`], and only then decodes; one decode
//! makes every variant. Nothing here opens a file, reads a clock or the environment: bytes come from the caller's
//! [`std::io::Read`], and the caller stamps the [`Stage`]s.

#![allow(dead_code, unused_imports)] // The first cut decodes at full size; the planner and the row readers use these next.

mod colour;
mod decode;
mod encode;
mod error;
mod geometry;
mod limits;
mod make;
mod orientation;
mod plan;
mod probe;
mod raster;
mod render;
mod shrink;
mod source;

pub use error::{Damage, EncodeFault, EngineError};
pub use limits::Limits;
pub use make::{Made, Stage, Thumbnail, Warning, make};
pub use orientation::Orientation;
pub use plan::{Plan, plan};
pub use probe::{Colour, PREFIX_BYTES, Probe, probe};
