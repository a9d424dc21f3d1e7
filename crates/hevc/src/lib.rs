//! Pictures of H.265 (HEVC) that refer to no others: those of HEIC, and key frames of films.
//!
//! Source of every rule: ITU-T H.265 (08/2021), named by its sections; tables are the standard's.
//!
//! A picture is decoded by rows of coding tree blocks and handed on row by row, so that four rows of blocks are held of it
//! ([`Decoder::held_bytes`]). Only tiles beside each other make it whole: their rows are not complete before the last tile.
//! Deblocking and sample adaptive offset change nothing that intra prediction reads, so that a thumbnail far smaller than
//! its picture does without ([`Filters::Off`]).
//!
//! Read are grey, 4:2:0, 4:2:2 and 4:4:4 of 8 to 12 bits, by every tool of the range extensions that such a picture may
//! use. Refused by name are pictures with P or B slices, screen content, three separate colour planes, and extended
//! precision.

mod bits;
mod cabac;
mod contexts;
mod deblock;
mod decoder;
mod error;
mod grid;
mod intra;
mod layout;
mod offsets;
mod picture;
mod pps;
mod quantiser;
mod residual;
mod rows;
mod sao;
mod scaling;
mod scan;
mod slice;
mod sps;
mod state;
mod transform;
mod transform_tree;
mod tree;
mod units;
mod vui;

pub use decoder::Decoder;
pub use error::HevcError;
pub use rows::{Filters, Row};
pub use units::units;
