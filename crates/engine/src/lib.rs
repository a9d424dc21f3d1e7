//! Image bytes in, thumbnails out, at the least CPU and memory.
//!
//! [`make`] reads the header, plans, checks the plan against the [`Limits`], and only then decodes; one decode
//! makes every variant. Nothing here opens a file, reads a clock or the environment: bytes come from the caller's
//! [`std::io::Read`], the caller stamps the [`Stage`]s, and SVG and PDF are drawn by the caller's [`Renderer`].

mod canvas;
mod check;
mod code_points;
mod colour;
mod decoded;
mod drawn;
mod embedded;
mod encode;
mod error;
mod exif;
mod fields;
mod film;
mod finish;
mod formats;
mod geometry;
mod gravity;
mod lab;
mod limits;
mod make;
mod orientation;
mod placeholder;
mod plan;
mod planes;
mod previews;
mod probe;
mod raster;
mod render;
mod room;
mod row_sink;
mod samples;
mod shrink;
mod source;
mod streams;
mod tiled;
mod videos;
mod warning;
mod ways;
mod whole;

pub use decoded::Elsewhere;
pub use embedded::preview_px;
pub use encode::{Thumbnail, writes};
pub use error::{Damage, EncodeFault, EngineError};
pub use formats::in_this_build;
pub use limits::Limits;
pub use make::{Made, Stage, make, make_passing};
pub use orientation::Orientation;
pub use plan::plan;
pub use probe::{probe, probe_source};
pub use room::{Colour, PREFIX_BYTES, Plan, Probe};
pub use source::{Pass, Seeking, Streamed};
pub use vector::{Lack, Renderer};
pub use warning::{PreviewReason, Warning};
