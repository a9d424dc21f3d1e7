//! The boxes of HEIF files and of films, and what the sequence headers of their codecs say: bytes in, facts out. No pixel
//! is decoded here.
//!
//! Every count, size and offset is the file's claim: it is compared with the bytes that are there before anything is
//! allocated for it. Sources: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF), ISO/IEC 14496-15 (`avcC`,
//! `hvcC`), ITU-T H.264 and H.265;
//! AV1 Codec ISO Media File Format Binding (`av1C`), AV1 Bitstream & Decoding Process Specification.

mod av1;
mod avc;
mod bits;
mod boxes;
mod facts;
mod fragments;
mod hevc;
mod items;
mod matroska;
mod movie;
mod picture;
mod samples;
mod thumbnail;
mod vp9;

pub use av1::{Av1, Still};
pub use avc::{Avc, AvcSequence};
pub use boxes::{BoxStart, Fault};
pub use facts::{Extent, Nclx};
pub use fragments::Fragments;
pub use hevc::{Configuration, Sequence};
pub use matroska::{Block, Element, Track, block, id, time_scale, track};
pub use movie::{Movie, movie};
pub use picture::{Codec, Crop, Layer, Picture, Read, Turn, read};
pub use thumbnail::{Thumbnail, ThumbnailItem, thumbnail};
pub use vp9::Vp9;
