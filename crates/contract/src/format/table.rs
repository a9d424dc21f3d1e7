//! THE table of formats. Whoever adds one adds a row here, a folder in `crates/engine/src/formats`, and its line in
//! `formats.rs`; the compiler and `tests/tidy.rs` find what else must follow.

use serde::{Deserialize, Serialize};

use super::{
    signature::{brand, film, pnm, tga},
    svg::svg,
};

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
    /// What of the format becomes a thumbnail, for the table in docs/formats.md.
    pub reads: &'static str,
    /// What is refused by name, for the table in docs/formats.md; empty for nothing.
    pub refuses: &'static str,
}

/// Writes the enum and its rows from one list, so that neither can be without the other.
macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident $facts:tt)*) => {
        /// An image format that the engine reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
        reads: "baseline, extended and progressive; grey, YCbCr, RGB, CMYK, YCCK; frames of motion-JPEG; half of the rows or more of a cut file",
        refuses: "arithmetic coding, lossless, hierarchical, 12 bits, two components, height behind the first scan (DNL)",
    }
    /// W3C Portable Network Graphics.
    Png {
        name: "png",
        title: "PNG",
        spec: "W3C PNG, third edition",
        media_types: &["image/png", "image/apng", "image/x-png"],
        extensions: &["png", "apng"],
        starts: |head| matches!(head, [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..]),
        reads: "every colour type and depth, interlaced too; colours by cICP (PQ and HLG clamped at white), iCCP, sRGB, gAMA and cHRM; of an animation the default image, or all frames; half of the rows or more of a cut file",
        refuses: "a cut interlaced file",
    }
    /// RFC 9649.
    Webp {
        name: "webp",
        title: "WebP",
        spec: "RFC 9649",
        media_types: &["image/webp"],
        extensions: &["webp"],
        starts: |head| matches!(head, [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..]),
        reads: "lossy, lossless, alpha; the first frame of an animation, or all",
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
        reads: "the first frame on its canvas, which grows to hold it, or all frames; half of the rows or more of a cut file",
        refuses: "a cut interlaced file",
    }
    /// Windows bitmap.
    Bmp {
        name: "bmp",
        title: "BMP",
        spec: "Microsoft, BITMAPCOREHEADER to BITMAPV5HEADER",
        media_types: &["image/bmp", "image/x-bmp", "image/x-ms-bmp"],
        extensions: &["bmp", "dib"],
        starts: |head| matches!(head, [b'B', b'M', ..]),
        reads: "1 to 32 bits, masks, run lengths; headers of OS/2; alpha, unless all of it is 0; half of the rows or more of a cut file",
        refuses: "JPEG or PNG inside, Huffman codes and 24-bit run lengths of OS/2",
    }
    /// TIFF 6.0 and BigTIFF.
    Tiff {
        name: "tiff",
        title: "TIFF",
        spec: "TIFF 6.0, BigTIFF",
        media_types: &["image/tiff", "image/tif"],
        extensions: &["tif", "tiff"],
        starts: |head| matches!(head, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
        reads: "the first page that is no reduced copy, or the one that the upload's metadata names: strips, tiles, planes; 1 to 16 bits, and signed, float and longer samples stretched from their own range; grey, palette, RGB, CMYK, YCbCr, CIE L*a*b*; none, PackBits, LZW, Deflate, JPEG, old-style JPEG, CCITT G3, G4 and RLE; half of the rows or more of a cut file",
        refuses: "samples of different widths, complex samples, ZSTD, LZMA, WebP and JPEG 2000 compression, progressive and 12-bit JPEG inside, old-style JPEG with a file in each strip, chroma at other than 1, 2 or 4 times, raw sensor data, a page that is not there or has more than 63 directories before it",
    }
    /// HEIF with pictures of HEVC.
    Heic {
        name: "heic",
        title: "HEIC, HEIF",
        spec: "ISO/IEC 23008-12, ITU-T H.265",
        media_types: &["image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"],
        extensions: &["heic", "heif", "hif"],
        starts: |head| {
            let brands: [&[u8; 4]; 7] = [b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"];
            brand(head).is_some_and(|brand| brands.contains(&brand))
        },
        reads: "the primary picture, single or a grid: grey, 4:2:0, 4:2:2 and 4:4:4 of 8, 10 and 12 bits, alpha planes, AV1 as in AVIF, colours by ICC profile, nclx or VUI, rotation, mirror and crop; half of the rows or more of a cut grid",
        refuses: "builds without `hevc` (HEVC is patented: the zips for AWS leave it out unless `HEVC=on`), screen content, overlays, unlike tiles, YCgCo and ICtCp, other essential properties, an index behind the pixels, a slice that ends early",
    }
    /// HEIF with pictures of AV1.
    Avif {
        name: "avif",
        title: "AVIF",
        spec: "AV1 Image File Format 1.1",
        media_types: &["image/avif", "image/avif-sequence"],
        extensions: &["avif", "avifs"],
        starts: |head| brand(head).is_some_and(|brand| matches!(brand, b"avif" | b"avis")),
        reads: "the primary picture, single or a grid, of a sequence too: grey, 4:2:0, 4:2:2 and 4:4:4 of 8, 10 and 12 bits, alpha planes, colours by ICC profile, nclx or sequence header, rotation, mirror and crop; without grain; half of the rows or more of a cut grid",
        refuses: "overlays, items of several frames or in several parts, superresolution, more than 64 tiles in a frame, YCgCo and ICtCp, other essential properties, an index behind the pixels",
    }
    /// JPEG XL, bare or in boxes.
    Jxl {
        name: "jxl",
        title: "JPEG XL",
        spec: "ISO/IEC 18181-1, 18181-2",
        media_types: &["image/jxl"],
        extensions: &["jxl"],
        starts: |head| {
            matches!(head, [0xFF, 0x0A, ..]) || head.starts_with(b"\0\0\0\x0CJXL \r\n\x87\n")
        },
        reads: "lossy, lossless and recompressed JPEG, of 1 to 16 bits and floats; layers, alpha; colours by ICC profile or by name; of an animation the first frame; of a large picture the low frequencies alone where they are enough",
        refuses: "inks, more than four other channels, layers of more than eight times the picture, a cut file",
    }
    /// JPEG 2000, bare or in boxes.
    Jp2 {
        name: "jp2",
        title: "JPEG 2000",
        spec: "ITU-T T.800, ISO/IEC 15444-1",
        media_types: &["image/jp2", "image/j2c", "image/jpx", "image/jpeg2000"],
        extensions: &["jp2", "j2k", "j2c", "jpf", "jpx", "jpc"],
        starts: |head| {
            head.starts_with(b"\0\0\0\x0CjP  \r\n\x87\n") || matches!(head, [0xFF, 0x4F, 0xFF, 0x51, ..])
        },
        reads: "grey, RGB, YCbCr, CMYK and palettes of 1 to 16 bits, alpha; colours by ICC profile or by name; at 1/2, 1/4 or 1/8 where that is enough",
        refuses: "CIE L*a*b*, more than five components, more than 32 layers, tiles in a coding of their own, Part 2 and HTJ2K, a cut file",
    }
    /// Photoshop documents, of which the composite is read.
    Psd {
        name: "psd",
        title: "PSD, PSB",
        spec: "Adobe Photoshop File Formats Specification",
        media_types: &["image/vnd.adobe.photoshop", "image/x-photoshop", "image/x-psd", "image/photoshop", "image/psd"],
        extensions: &["psd", "psb", "psdt"],
        starts: |head| matches!(head, [b'8', b'B', b'P', b'S', 0, 1 | 2, ..]),
        reads: "the composite, plain, run lengths and ZIP: bitmap, grey, duotone as grey, indexed, RGB, CMYK, Lab; 1, 8, 16 and 32 bits; transparency; ICC profile",
        refuses: "documents saved without a composite (\"maximise compatibility\" off), multichannel, a cut file",
    }
    /// Raw files of cameras, of which an embedded JPEG is read. DNG, CR2, NEF and ARW start as
    /// TIFF does, and are told further on.
    Raw {
        name: "raw",
        title: "camera RAW",
        spec: "DNG 1.7; the makers' files by what their cameras write",
        media_types: &[
            "image/x-adobe-dng", "image/dng", "image/x-dng", "image/x-canon-cr2", "image/x-canon-cr3", "image/x-nikon-nef",
            "image/x-sony-arw", "image/x-olympus-orf", "image/x-panasonic-rw2", "image/x-fuji-raf",
        ],
        extensions: &["dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf"],
        starts: |head| {
            matches!(
                head,
                [b'I', b'I', b'U', 0, ..]
                    | [b'I', b'I', b'R', b'O' | b'S', ..]
                    | [b'M', b'M', b'O', b'R', ..]
            ) || head.starts_with(b"FUJIFILMCCD-RAW ")
                || brand(head) == Some(b"crx ")
        },
        reads: "the smallest embedded JPEG of three times the largest thumbnail, else the largest one: DNG, CR2, CR3, NEF, ARW, ORF, RW2, RAF",
        refuses: "files without an embedded JPEG (a DNG, NEF or ARW then goes as TIFF)",
    }
    /// PBM, PGM, PPM and PAM.
    Pnm {
        name: "pnm",
        title: "PNM",
        spec: "Netpbm, pbm(5) to pam(5)",
        media_types: &["image/x-portable-anymap", "image/x-portable-bitmap", "image/x-portable-graymap", "image/x-portable-pixmap", "image/x-portable-arbitrarymap"],
        extensions: &["pnm", "pbm", "pgm", "ppm", "pam"],
        starts: pnm,
        reads: "P1 to P7, plain and raw, 1 to 16 bits",
        refuses: "PAM with another tuple type, a cut file",
    }
    /// The Quite OK Image format.
    Qoi {
        name: "qoi",
        title: "QOI",
        spec: "QOI specification 1.0",
        media_types: &["image/qoi", "image/x-qoi"],
        extensions: &["qoi"],
        starts: |head| matches!(head, [b'q', b'o', b'i', b'f', _, _, _, _, _, _, _, _, 3 | 4, 0 | 1, ..]),
        reads: "RGB and RGBA; half of the rows or more of a cut file",
        refuses: "",
    }
    /// Windows icons and cursors.
    Ico {
        name: "ico",
        title: "ICO, CUR",
        spec: "Microsoft, ICONDIR and ICONDIRENTRY",
        media_types: &["image/vnd.microsoft.icon", "image/x-icon", "image/ico"],
        extensions: &["ico", "cur"],
        starts: |head| matches!(head, [0, 0, 1 | 2, 0, 1..=255, 0, ..]),
        reads: "the largest picture: PNG, or BMP with its mask",
        refuses: "a cut file",
    }
    /// DirectDraw surfaces.
    Dds {
        name: "dds",
        title: "DDS",
        spec: "Microsoft, DDS_HEADER and DDS_HEADER_DXT10",
        media_types: &["image/vnd.ms-dds", "image/x-dds"],
        extensions: &["dds"],
        starts: |head| head.starts_with(b"DDS \x7C\0\0\0"),
        reads: "the first surface: DXT1, DXT3, DXT5 (BC1 to BC3); half of the rows or more of a cut file",
        refuses: "other pixel formats, sides that are no multiples of 4",
    }
    /// Radiance pictures.
    Hdr {
        name: "hdr",
        title: "Radiance HDR",
        spec: "Radiance, filefmts.pdf",
        media_types: &["image/vnd.radiance", "image/x-hdr"],
        extensions: &["hdr", "rgbe"],
        starts: |head| head.starts_with(b"#?RADIANCE\n") || head.starts_with(b"#?RGBE\n"),
        reads: "RGBE from the top left, clamped at white; half of the rows or more of a cut file",
        refuses: "XYZE, other orders of pixels",
    }
    /// OpenEXR.
    Exr {
        name: "exr",
        title: "OpenEXR",
        spec: "OpenEXR 3, file layout",
        media_types: &["image/x-exr", "image/aces"],
        extensions: &["exr"],
        starts: |head| head.starts_with(&[0x76, 0x2F, 0x31, 0x01]),
        reads: "the first part with R, G, B or Y, clamped at white",
        refuses: "DWA and B44 compression, deep data, subsampled channels, a cut file",
    }
    /// Farbfeld.
    Farbfeld {
        name: "farbfeld",
        title: "farbfeld",
        spec: "farbfeld(5)",
        media_types: &["image/x-farbfeld"],
        extensions: &["ff", "farbfeld"],
        starts: |head| head.starts_with(b"farbfeld"),
        reads: "all of it",
        refuses: "a cut file",
    }
    /// Scalable Vector Graphics, also in gzip.
    Svg {
        name: "svg",
        title: "SVG, SVGZ",
        spec: "W3C SVG 1.1 and parts of SVG 2, as resvg draws them",
        media_types: &["image/svg+xml", "image/svg"],
        extensions: &["svg", "svgz"],
        starts: svg,
        reads: "shapes, gradients, patterns, clips, masks, filters, markers, styles, embedded PNG, JPEG, GIF, WebP and SVG, drawn at the size of the largest thumbnail; text, other files and foreign elements are left out with a warning; UTF-8, UTF-16, ISO 8859-1",
        refuses: "what takes more than 2 s of CPU to draw, more than 1,000,000 elements or 1,024 nested ones, a cut file; outside of Linux all",
    }
    /// A page of a Portable Document Format file.
    Pdf {
        name: "pdf",
        title: "PDF",
        spec: "ISO 32000, as hayro draws it",
        media_types: &["application/pdf", "application/x-pdf", "application/illustrator", "application/vnd.adobe.illustrator"],
        extensions: &["pdf", "ai"],
        starts: |head| head[..head.len().min(1_024)].windows(5).any(|bytes| bytes == b"%PDF-"),
        reads: "the first page, or the one that the upload's metadata names, on white, drawn at the size of the largest thumbnail: paths, text, pictures, shadings, transparency, annotations; Illustrator files saved with PDF",
        refuses: "what needs a password or takes more than 2 s of CPU to draw, a page that is not there; outside of Linux all",
    }
    /// Films in the boxes of ISO/IEC 14496-12 and of QuickTime. Whatever has these boxes and is none of the pictures above
    /// is one, but for what says that it is sound alone.
    Mp4 {
        name: "mp4",
        title: "MP4, MOV",
        spec: "ISO/IEC 14496-12, 14496-14, 14496-15; QuickTime File Format; 3GPP TS 26.244",
        media_types: &["video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "video/3gpp2", "video/mpeg4"],
        extensions: &["mp4", "mov", "m4v", "3gp", "3g2", "qt"],
        starts: film,
        reads: "the first key frame of the first ten seconds that is not nearly one colour: H.264 of 4:2:0, 4:2:2 and grey, 8 and 10 bits, interlaced too; HEVC and AV1 as in HEIC and AVIF; rotation, pixel aspect, edit list; colours by nclx or VUI; an index at either end, or in fragments",
        refuses: "builds without `h264` (H.264 and HEVC are patented: the zips for AWS leave them out unless `HEVC=on`), other codecs, encrypted samples, 4:4:4 of H.264, an index of more than 16 MiB, or behind the pixels of a compressed body, a cut file",
    }
    /// Films in the elements of Matroska, of which WebM has some.
    Webm {
        name: "webm",
        title: "WebM, MKV",
        spec: "RFC 8794, RFC 9559, WebM container guidelines",
        media_types: &["video/webm", "video/x-matroska", "video/matroska"],
        extensions: &["webm", "mkv"],
        starts: |head| head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]),
        reads: "the first key frame of the first ten seconds that is not nearly one colour: VP9 of 4:2:0, 4:2:2 and 4:4:4, 8 to 12 bits; AV1 as in AVIF; H.264 and HEVC as in MP4; rotation; pixel aspect; colours by the track, else by the frame",
        refuses: "VP8 and other codecs, 4:4:0, compressed or encrypted blocks, several frames in a block, H.264 and HEVC in builds without them, a cut file",
    }
    /// Truevision TGA. Without a signature: its row stands last, and its whole header is checked.
    Tga {
        name: "tga",
        title: "TGA",
        spec: "Truevision TGA 2.0",
        media_types: &["image/x-tga", "image/tga", "image/x-targa"],
        extensions: &["tga"],
        starts: tga,
        reads: "mapped, true colour, grey; plain and run lengths",
        refuses: "headers with unusual origins or depths, a cut file",
    }
}

type Unread = (&'static str, &'static [&'static str], fn(&[u8]) -> bool);

/// Formats that are known and not read: name, extensions and signature.
pub(super) const UNREAD: &[Unread] =
    &[("EPS", &["eps"], |bytes| bytes.starts_with(b"%!PS-Adobe") || bytes.starts_with(&[0xC5, 0xD0, 0xD3, 0xC6]))];
