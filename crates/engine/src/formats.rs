//! A room for each format, and the table of them.
//!
//! A room reads its header, says what decoding will cost, and decodes to the small image: the protocol is `room.rs`.
//! Rooms share what stands beside this file (`exif.rs`, `shrink/`, `samples.rs`, `whole.rs`), never anything of each other.
//!
//! A second thread, for which the largest tier has 0.7 of a CPU, helps JPEG from 1/4 on (`jpeg/decode.rs`), and every
//! format where there are several variants (`finish.rs`). The other rooms decode on one thread, because what could run
//! beside the serial part is too little. Of PNG at 12 MP inflating is 73 % of CPU and comes in one call with unfiltering (9 %); shrinking, resizing
//! and encoding are 6 %, so that two threads are at the best 1.06 times as fast. WebP at 12 MP is entropy decoding for
//! 65 %, and libwebp's own second thread is behind an interface that safe code does not reach. JPEG at 100 MP
//! and 1/8 is 81 % Huffman codes, one behind another; undoing the byte stuffing beside them would give 1.1.

mod avif;
mod bmp;
mod dds;
mod exr;
mod farbfeld;
mod gif;
mod hdr;
mod heic;
mod ico;
#[cfg(feature = "jpeg2000")]
mod jp2;
mod jpeg;
#[cfg(feature = "jxl")]
mod jxl;
mod mp4;
mod pdf;
mod png;
mod pnm;
mod psd;
mod qoi;
mod raw;
mod svg;
mod tga;
mod tiff;
mod webm;
mod webp;

use contract::{Formats, ImageFormat};

use crate::{
    room::{Embedded, Room},
    tiled,
};

/// What this build reads: a file of a format whose decoder is not in it is refused by name.
#[must_use]
pub const fn in_this_build() -> Formats {
    let mut formats = Formats::ALL;
    if !cfg!(feature = "hevc") {
        formats = formats.without(ImageFormat::Heic);
    }
    if !cfg!(feature = "h264") {
        formats = formats.without(ImageFormat::Mp4);
    }
    if !cfg!(feature = "vp9") {
        formats = formats.without(ImageFormat::Webm);
    }
    if !cfg!(feature = "av1") {
        formats = formats.without(ImageFormat::Avif);
    }
    if !cfg!(feature = "jpeg2000") {
        formats = formats.without(ImageFormat::Jp2);
    }
    if !cfg!(feature = "jxl") {
        formats = formats.without(ImageFormat::Jxl);
    }
    if !cfg!(feature = "svg") {
        formats = formats.without(ImageFormat::Svg);
    }
    if !cfg!(feature = "pdf") {
        formats = formats.without(ImageFormat::Pdf);
    }
    formats
}

/// The smaller picture of the same that a file carries; `None` where there is none in its first bytes.
pub(crate) fn embedded(prefix: &[u8]) -> Option<Embedded> {
    match ImageFormat::from_bytes(prefix)? {
        ImageFormat::Jpeg => jpeg::embedded(prefix),
        ImageFormat::Psd => psd::embedded(prefix),
        format @ (ImageFormat::Heic | ImageFormat::Avif) => tiled::embedded(format, prefix),
        _ => None,
    }
}

/// The room of a format; the names and signatures stand in `crates/contract/src/format/table.rs`.
pub(crate) const fn room(format: ImageFormat) -> &'static Room {
    match format {
        ImageFormat::Jpeg => &jpeg::ROOM,
        ImageFormat::Png => &png::ROOM,
        ImageFormat::Webp => &webp::ROOM,
        ImageFormat::Gif => &gif::ROOM,
        ImageFormat::Bmp => &bmp::ROOM,
        ImageFormat::Tiff => &tiff::ROOM,
        ImageFormat::Heic => &heic::ROOM,
        ImageFormat::Avif => &avif::ROOM,
        #[cfg(feature = "jxl")]
        ImageFormat::Jxl => &jxl::ROOM,
        #[cfg(not(feature = "jxl"))]
        ImageFormat::Jxl => &ABSENT_JXL,
        #[cfg(feature = "jpeg2000")]
        ImageFormat::Jp2 => &jp2::ROOM,
        #[cfg(not(feature = "jpeg2000"))]
        ImageFormat::Jp2 => &ABSENT_JP2,
        ImageFormat::Svg => &svg::ROOM,
        ImageFormat::Pdf => &pdf::ROOM,
        ImageFormat::Mp4 => &mp4::ROOM,
        ImageFormat::Webm => &webm::ROOM,
        ImageFormat::Psd => &psd::ROOM,
        ImageFormat::Raw => &raw::ROOM,
        ImageFormat::Pnm => &pnm::ROOM,
        ImageFormat::Qoi => &qoi::ROOM,
        ImageFormat::Ico => &ico::ROOM,
        ImageFormat::Dds => &dds::ROOM,
        ImageFormat::Hdr => &hdr::ROOM,
        ImageFormat::Exr => &exr::ROOM,
        ImageFormat::Farbfeld => &farbfeld::ROOM,
        ImageFormat::Tga => &tga::ROOM,
    }
}

/// A room without its decoder.
#[cfg(not(feature = "jxl"))]
const ABSENT_JXL: Room = Room {
    step: |_, _| Err(crate::EngineError::unsupported(ImageFormat::Jxl, "a build without it (feature `jxl`)")),
    header_place: crate::room::HeaderPlace::Front,
};

#[cfg(not(feature = "jpeg2000"))]
const ABSENT_JP2: Room = Room {
    step: |_, _| Err(crate::EngineError::unsupported(ImageFormat::Jp2, "a build without it (feature `jpeg2000`)")),
    header_place: crate::room::HeaderPlace::Front,
};
