//! The image formats that are read, and the three ways to tell them: by bytes, by Content-Type, by key.

use serde::{Deserialize, Serialize};

/// An image format that the engine reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// ITU-T T.81, in JFIF, Exif or bare.
    Jpeg,
    /// W3C Portable Network Graphics.
    Png,
    /// RFC 9649.
    Webp,
    /// GIF87a and GIF89a.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// TIFF 6.0 and BigTIFF.
    Tiff,
}

/// How many leading bytes [`ImageFormat::from_bytes`] looks at.
const MAGIC_BYTES: usize = 12;

impl ImageFormat {
    /// Every format, in the order of the tables in documents and reports.
    pub const ALL: [Self; 6] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif, Self::Bmp, Self::Tiff];

    /// The name used in tiers.json, logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
        }
    }

    /// The format whose signature `bytes` starts with; `None` for everything else, also for fewer than 12 bytes
    /// of a signature that needs them.
    ///
    /// This is the only one of the three that decides what is decoded.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let head = &bytes[..bytes.len().min(MAGIC_BYTES)];
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'B', b'M', ..] => Some(Self::Bmp),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Self::Tiff),
            _ => None,
        }
    }

    /// The format that an image media type names; parameters and case do not matter.
    ///
    /// Source: IANA media types, with the unregistered spellings that uploads carry.
    #[must_use]
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "image/jpeg" | "image/jpg" | "image/pjpeg" => Some(Self::Jpeg),
            "image/png" | "image/apng" | "image/x-png" => Some(Self::Png),
            "image/webp" => Some(Self::Webp),
            "image/gif" => Some(Self::Gif),
            "image/bmp" | "image/x-bmp" | "image/x-ms-bmp" => Some(Self::Bmp),
            "image/tiff" | "image/tif" => Some(Self::Tiff),
            _ => None,
        }
    }

    /// The format that the extension of an object key or file name suggests.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let name = key.rsplit('/').next()?;
        let (stem, extension) = name.rsplit_once('.')?;
        if stem.is_empty() {
            return None;
        }
        match extension.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "png" | "apng" => Some(Self::Png),
            "webp" => Some(Self::Webp),
            "gif" => Some(Self::Gif),
            "bmp" | "dib" => Some(Self::Bmp),
            "tif" | "tiff" => Some(Self::Tiff),
            _ => None,
        }
    }
}

/// The name of an image format that `bytes` start with and that is not read; `None` for what is no image at all.
///
/// Source: ISO/IEC 14496-12 `ftyp` brands (HEIF, AVIF), ISO/IEC 18181-2, ISO/IEC 15444-1, Adobe's PSD specification.
#[must_use]
pub fn unread_format(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.first_chunk::<4>()? {
            b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1" | b"msf1" => Some("HEIC"),
            b"avif" | b"avis" => Some("AVIF"),
            _ => None,
        },
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => Some("JPEG XL"),
        [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..] | [0xFF, 0x4F, 0xFF, 0x51, ..] => Some("JPEG 2000"),
        [b'8', b'B', b'P', b'S', ..] => Some("PSD"),
        [0, 0, 1, 0, ..] => Some("ICO"),
        [b'<', b's', b'v', b'g', ..] => Some("SVG"),
        _ => None,
    }
}

impl std::fmt::Display for ImageFormat {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_tell_formats_apart() {
        let check = |bytes: &[u8], want| assert_eq!(ImageFormat::from_bytes(bytes), want, "{bytes:?}");
        check(&[0xFF, 0xD8, 0xFF, 0xE0], Some(ImageFormat::Jpeg));
        check(b"\x89PNG\r\n\x1a\n....", Some(ImageFormat::Png));
        check(b"RIFF\x10\x00\x00\x00WEBPVP8 ", Some(ImageFormat::Webp));
        check(b"RIFF\x10\x00\x00\x00WAVEfmt ", None);
        check(b"GIF89a", Some(ImageFormat::Gif));
        check(b"GIF88a", None);
        check(b"BM", Some(ImageFormat::Bmp));
        check(b"II*\0\x08\0\0\0", Some(ImageFormat::Tiff));
        check(b"MM\0+\0\x08\0\0", Some(ImageFormat::Tiff));
        check(b"<svg xmlns=", None);
        check(b"", None);
    }

    #[test]
    fn formats_that_are_not_read_have_their_names() {
        let check = |bytes: &[u8], want| assert_eq!(unread_format(bytes), want, "{bytes:?}");
        check(b"\0\0\0\x28ftypheic\0\0", Some("HEIC"));
        check(b"\0\0\0\x20ftypavif\0\0", Some("AVIF"));
        check(b"\0\0\0\x20ftypisom\0\0", None); // A film.
        check(b"\0\0\0\x20fty", None);
        check(b"<svg xmlns=", Some("SVG"));
        check(b"<html>", None);
    }

    #[test]
    fn hints_ignore_case_parameters_and_folders() {
        assert_eq!(ImageFormat::from_content_type("Image/JPEG; charset=binary"), Some(ImageFormat::Jpeg));
        assert_eq!(ImageFormat::from_content_type("application/octet-stream"), None);
        assert_eq!(ImageFormat::from_key("a.png/photo.JPG"), Some(ImageFormat::Jpeg));
        assert_eq!(ImageFormat::from_key("a.png/photo"), None);
        assert_eq!(ImageFormat::from_key(".png"), None);
    }

    #[test]
    fn names_are_the_serialised_names() {
        for format in ImageFormat::ALL {
            assert_eq!(serde_json::to_value(format).unwrap(), format.name());
        }
    }
}
