//! JPEG decoded straight at 1/8, 1/4, 1/2 or full scale, and thumbnails encoded.
//!
//! The decoder is made for one job: most uploads are JPEG and most of a full decode is thrown away.
//! It walks the entropy-coded data, skips the coefficients that the scale does not need, and hands the
//! samples of each component to a [`Sink`], a stripe of rows at a time, so that memory follows the width.
//! In a progressive file it stops reading as soon as it has enough.
//!
//! It does not resize, convert colours, upsample chroma or apply the orientation; that is the engine's.
//! It does not decode arithmetic coding, 12 bit, lossless or hierarchical files:
//! [`Decoder::new`] refuses those by name, and [`read_header`] tells beforehand.
//! Files that break the standard are read as libjpeg-turbo reads them, where it reads them: see [`ColourModel::decide`].
//!
//! ```
//! use jpeg::{Decoder, Picture, PlaneRef, Rows, Scale, Sink, encode, plan};
//!
//! struct Luma(Vec<u8>);
//! impl Sink for Luma {
//!     fn rows(&mut self, _component: usize, rows: Rows<'_>) {
//!         rows.iter().for_each(|row| self.0.extend_from_slice(row));
//!     }
//! }
//!
//! let grey = PlaneRef { samples: &[90; 20 * 12], width_px: 20, height_px: 12, stride: 20 };
//! let file = encode(&Picture::Grey(grey), 80)?;
//!
//! let decoder = Decoder::new(&file[..])?;
//! let plan = plan(decoder.header(), &[Scale::Eighth])?;
//! assert_eq!(plan.components[0].extent_width_samples, 2.5);
//! let mut luma = Luma(Vec::new());
//! let outcome = decoder.decode(&[Scale::Eighth], &mut luma)?;
//! assert_eq!((luma.0.len(), outcome.rows_decoded_px), (3 * 2, 12));
//! assert!(luma.0.iter().all(|sample| sample.abs_diff(90) <= 1));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! T.81 in the comments is ITU-T Recommendation T.81 (09/92), the JPEG standard.

mod bits;
mod coding;
mod coefficients;
mod colour;
mod decoder;
mod encode;
mod error;
mod feed;
mod frame;
mod header;
mod huffman;
mod icc;
mod idct;
mod input;
mod lanes;
mod lookup;
mod markers;
mod outcome;
mod plan;
mod progressive;
mod relay;
mod scale;
mod scan;
mod scan_header;
mod sequential;
mod session;
mod sink;
mod standard;
mod stripe;
mod tables;

pub use coding::Coding;
pub use colour::{ColourModel, ColourSegments};
pub use decoder::Decoder;
pub use encode::{Effort, EncodeError, Picture, PlaneRef, encode, encode_on, most_bytes};
pub use error::{Error, Warning};
pub use header::{Component, Header, read_header};
pub use outcome::{Outcome, USABLE_SHARE};
pub use plan::{Plan, beside_bytes, plan};
pub use scale::{ComponentPlan, Scale};
pub use sink::{Rows, Sink};
