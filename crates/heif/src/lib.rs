//! The boxes of HEIF files, and what the sequence headers of HEVC and AV1 say: bytes in, facts out. No pixel is decoded
//! here.
//!
//! Every count, size and offset is the file's claim: it is compared with the bytes that are there before anything is
//! allocated for it. Sources: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF), ISO/IEC 14496-15 (`hvcC`), ITU-T H.265;
//! AV1 Codec ISO Media File Format Binding (`av1C`), AV1 Bitstream & Decoding Process Specification.

mod av1;
mod bits;
mod boxes;
mod facts;
mod hevc;
mod items;
mod picture;
mod slice;
mod thumbnail;

pub use av1::{Av1, Still};
pub use boxes::Fault;
pub use facts::{Extent, Nclx};
pub use hevc::{Configuration, Sequence};
pub use picture::{Codec, Crop, Layer, Picture, Read, Turn, read};
pub use thumbnail::{Thumbnail, ThumbnailItem, thumbnail};
