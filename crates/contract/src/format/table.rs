//! THE table of formats. Whoever adds one adds a row here, a folder in `crates/engine/src/formats`, and its line in
//! `formats.rs`; the compiler and `tests/tidy.rs` find what else must follow.

use serde::{Deserialize, Serialize};

/// What the dispatcher, the command, the page and the documents need to know of a format.
#[derive(Debug)]
pub struct Facts {
    /// The name in tiers.json, logs and metrics: the variant's in lower case.
    pub name: &'static str,
    /// The name as people write it.
    pub title: &'static str,
    /// What defines the format.
    pub spec: &'static str,
    /// Media types in lower case, the usual one first.
    pub media_types: &'static [&'static str],
    /// Extensions of file names in lower case, without the dot, the usual one first.
    pub extensions: &'static [&'static str],
    /// Whether a file that starts with these bytes is one; at most [`super::MAGIC_BYTES`] are given.
    ///
    /// The rows are asked in their order: a weak signature stands behind the strong ones.
    pub starts: fn(&[u8]) -> bool,
    /// What of the format becomes a thumbnail, for the README's table.
    pub reads: &'static str,
    /// What is refused by name, for the README's table; empty for nothing.
    pub refuses: &'static str,
}

/// Writes the enum and its rows from one list, so that neither can be without the other.
macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident $facts:tt)*) => {
        /// An image format that the engine reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum ImageFormat {
            $($(#[$doc])* $variant,)*
        }

        /// One row for each variant, in its order.
        const ROWS: &[Facts] = &[$(Facts $facts),*];

        impl ImageFormat {
            /// Every format, in the order of the tables in documents and reports.
            pub const ALL: [Self; ROWS.len()] = [$(Self::$variant),*];

            /// The format's row.
            #[must_use]
            pub const fn facts(self) -> &'static Facts {
                &ROWS[self as usize]
            }
        }
    };
}

formats! {
    /// ITU-T T.81, in JFIF, Exif or bare.
    Jpeg {
        name: "jpeg",
        title: "JPEG",
        spec: "ITU-T T.81, JFIF 1.02, Exif 2.32",
        media_types: &["image/jpeg", "image/jpg", "image/pjpeg"],
        extensions: &["jpg", "jpeg", "jpe", "jfif"],
        starts: |head| matches!(head, [0xFF, 0xD8, 0xFF, ..]),
        reads: "baseline, extended and progressive; grey, YCbCr, RGB, CMYK, YCCK",
        refuses: "lossless, hierarchical, 12 bits, height behind the first scan (DNL)",
    }
    /// W3C Portable Network Graphics.
    Png {
        name: "png",
        title: "PNG",
        spec: "W3C PNG, third edition",
        media_types: &["image/png", "image/apng", "image/x-png"],
        extensions: &["png", "apng"],
        starts: |head| matches!(head, [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..]),
        reads: "every colour type and depth, interlaced too; of an animation the default image",
        refuses: "",
    }
    /// RFC 9649.
    Webp {
        name: "webp",
        title: "WebP",
        spec: "RFC 9649",
        media_types: &["image/webp"],
        extensions: &["webp"],
        starts: |head| matches!(head, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..]),
        reads: "lossy, lossless, alpha; the first frame",
        refuses: "a cut file",
    }
    /// GIF87a and GIF89a.
    Gif {
        name: "gif",
        title: "GIF",
        spec: "GIF89a specification",
        media_types: &["image/gif"],
        extensions: &["gif"],
        starts: |head| matches!(head, [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]),
        reads: "the first frame on its canvas",
        refuses: "",
    }
    /// Windows bitmap.
    Bmp {
        name: "bmp",
        title: "BMP",
        spec: "Microsoft, BITMAPCOREHEADER to BITMAPV5HEADER",
        media_types: &["image/bmp", "image/x-bmp", "image/x-ms-bmp"],
        extensions: &["bmp", "dib"],
        starts: |head| matches!(head, [b'B', b'M', ..]),
        reads: "1 to 32 bits, masks, run lengths",
        refuses: "JPEG or PNG inside",
    }
    /// TIFF 6.0 and BigTIFF.
    Tiff {
        name: "tiff",
        title: "TIFF",
        spec: "TIFF 6.0, BigTIFF",
        media_types: &["image/tiff", "image/tif"],
        extensions: &["tif", "tiff"],
        starts: |head| matches!(head, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
        reads: "the first page: strips, tiles, planes; 1 to 16 bits; none, PackBits, LZW, Deflate, JPEG",
        refuses: "CCITT fax, old-style JPEG, CIE Lab, signed and float samples",
    }
}

type Unread = (&'static str, fn(&[u8]) -> bool);

/// Formats that are known and not read: name and signature.
///
/// Source: ISO/IEC 14496-12 `ftyp` brands (HEIF, AVIF), ISO/IEC 18181-2, ISO/IEC 15444-1, Adobe's PSD specification.
pub(super) const UNREAD: &[Unread] = &[
    ("HEIC", |bytes| {
        let brands: [&[u8; 4]; 7] = [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"];
        brand(bytes).is_some_and(|brand| brands.contains(&brand))
    }),
    ("AVIF", |bytes| brand(bytes).is_some_and(|brand| matches!(brand, b"avif" | b"avis"))),
    ("JPEG XL", |bytes| matches!(bytes, [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..])),
    ("JPEG 2000", |bytes| matches!(bytes, [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..])),
    ("PSD", |bytes| bytes.starts_with(b"8BPS")),
    ("ICO", |bytes| bytes.starts_with(&[0, 0, 1, 0])),
    ("SVG", |bytes| bytes.starts_with(b"<svg")),
];

/// The major brand of an ISO base media file.
fn brand(bytes: &[u8]) -> Option<&[u8; 4]> {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => brand.first_chunk::<4>(),
        _ => None,
    }
}
