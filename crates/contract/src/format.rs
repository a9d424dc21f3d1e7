//! The image formats that are read, and the three ways to tell them: by bytes, by Content-Type, by key.
//!
//! What a format is called and how it is told stands in one row of `format/table.rs`; the engine has a folder for it.

mod set;
mod signature;
mod svg;
mod table;

pub use set::{BadFormats, Formats};
use table::UNREAD;
pub use table::{Facts, ImageFormat};

/// How many leading bytes [`ImageFormat::from_bytes`] looks at, at the most.
///
/// Most look at 18 or fewer; an SVG's root stands behind whatever a program has to say of itself.
pub const MAGIC_BYTES: usize = 4 << 10;

impl ImageFormat {
    /// The name used in tiers.json, logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The format whose signature `bytes` starts with; `None` for everything else, also for fewer bytes than a
    /// signature has ([`MAGIC_BYTES`] are enough for all).
    ///
    /// This is the only one of the three that decides what is decoded.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let head = &bytes[..bytes.len().min(MAGIC_BYTES)];
        Self::ALL.into_iter().find(|format| (format.facts().starts)(head))
    }

    /// The format that an image media type names; parameters and case do not matter.
    ///
    /// Source: IANA media types, with the unregistered spellings that uploads carry.
    #[must_use]
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.facts().media_types.contains(&essence.as_str()))
    }

    /// The format that the extension of an object key or file name suggests.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        let extension = extension(key)?;
        Self::ALL.into_iter().find(|format| format.facts().extensions.contains(&extension.as_str()))
    }

    /// Whether it has no pixels of its own: it is drawn at the size of its largest variant, and how much memory that takes
    /// is only known behind it.
    #[must_use]
    pub const fn is_drawn(self) -> bool {
        matches!(self, Self::Svg | Self::Pdf)
    }

    /// Whether it is a film, of which one frame is read: how much work that is, its size in bytes does not say.
    #[must_use]
    pub const fn is_film(self) -> bool {
        matches!(self, Self::Mp4 | Self::Webm)
    }

    /// Whether how much work a file is follows from its bytes, so that `make calibrate` measures it.
    #[must_use]
    pub const fn is_measured(self) -> bool {
        !self.is_drawn() && !self.is_film()
    }

    /// The names of all formats, as a message says them: `jpeg, png or tiff`.
    #[must_use]
    pub fn names() -> String {
        let names = Self::ALL.map(Self::name);
        let [rest @ .., last] = names.as_slice() else { return String::new() };
        format!("{} or {last}", rest.join(", "))
    }
}

/// The name of an image format that `bytes` start with and that is not read; `None` for what is no image at all.
#[must_use]
pub fn unread_format(bytes: &[u8]) -> Option<&'static str> {
    UNREAD.iter().find(|(_, _, starts)| starts(bytes)).map(|(name, ..)| *name)
}

/// Whether the extension of an object key is that of an image format that is not read.
pub(crate) fn is_unread_extension(key: &str) -> bool {
    extension(key).is_some_and(|extension| UNREAD.iter().any(|(_, known, _)| known.contains(&extension.as_str())))
}

/// What stands behind the last dot of a key's last segment, in lower case; `None` where nothing stands before it.
pub(crate) fn extension(key: &str) -> Option<String> {
    let (stem, extension) = key.rsplit('/').next()?.rsplit_once('.')?;
    (!stem.is_empty()).then(|| extension.to_ascii_lowercase())
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
        check(b"<svg xmlns=", Some(ImageFormat::Svg));
        check(b"%PDF-1.7\n", Some(ImageFormat::Pdf));
        check(&[&[b' '; 1_019][..], b"%PDF-"].concat(), Some(ImageFormat::Pdf));
        check(&[&[b' '; 1_020][..], b"%PDF-"].concat(), None);
        check(b"", None);
        check(b"P6\n640 480\n255\n", Some(ImageFormat::Pnm));
        check(b"P5#", None);
        check(b"P5 #a", Some(ImageFormat::Pnm));
        check(b"P7\nWIDTH 1", Some(ImageFormat::Pnm));
        check(b"P1 meeting notes", None);
        check(b"qoif\0\0\0\x01\0\0\0\x01\x04\0", Some(ImageFormat::Qoi));
        check(b"\0\0\x01\0\x02\0", Some(ImageFormat::Ico));
        check(b"\0\0\x02\0\x01\0", Some(ImageFormat::Ico)); // A cursor.
        check(b"#?RGBE\n", Some(ImageFormat::Hdr));
        check(b"\0\0\0\x20ftypisom\0\0", Some(ImageFormat::Mp4));
        check(b"\0\0\0\x14ftypqt  \0\0", Some(ImageFormat::Mp4));
        check(b"\0\0\0\x08wide\0\x1E\x84\x80mdat", Some(ImageFormat::Mp4));
        check(b"\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01", Some(ImageFormat::Webm));
        check(b"\0\0\0\x20ftypM4A \0\0", None); // Sound.
        check(b"\0\0\0\x20ftypheic\0\0", Some(ImageFormat::Heic));
    }

    /// An uncompressed TGA of 2 by 1 pixels with these bytes instead of its own.
    fn tga(changes: &[(usize, u8)]) -> Option<ImageFormat> {
        let mut header = *b"\0\0\x02\0\0\0\0\0\0\0\0\0\x02\0\x01\0\x18\x20";
        changes.iter().for_each(|(at, byte)| header[*at] = *byte);
        ImageFormat::from_bytes(&header)
    }

    #[test]
    fn a_tga_is_told_by_all_of_its_header() {
        let check = |changes: &[(usize, u8)], want: bool| {
            assert_eq!(tga(changes), want.then_some(ImageFormat::Tga), "{changes:?}");
        };
        check(&[], true);
        check(&[(2, 10), (16, 32), (17, 8)], true); // Run lengths, alpha.
        check(&[(2, 3), (16, 8)], true);
        check(&[(1, 1), (2, 1), (6, 1), (7, 24), (16, 8)], true); // 256 colours.
        check(&[(10, 1)], true); // The origin at the top: the height.
        check(&[(2, 0)], false);
        check(&[(2, 4)], false);
        check(&[(5, 1)], false); // A map that is not used.
        check(&[(8, 1)], false);
        check(&[(10, 2)], false);
        check(&[(12, 0)], false);
        check(&[(16, 23)], false);
        check(&[(17, 0xC0)], false);
        assert_eq!(ImageFormat::from_bytes(b"\0\0\x02\0\x06\x04\x06\0\x08\0\0\0\0\0\0\0\0\0"), None); // Lotus.
        assert_eq!(ImageFormat::from_bytes(&[0; 18]), None);
    }

    #[test]
    fn formats_that_are_not_read_have_their_names() {
        let check = |bytes: &[u8], want| assert_eq!(unread_format(bytes), want, "{bytes:?}");
        check(b"\0\0\0\x28ftypheic\0\0", None);
        check(b"\0\0\0\x20ftypavif\0\0", None);
        check(b"\xFF\x4F\xFF\x51", None);
        check(b"\0\0\0\x20ftypisom\0\0", None);
        check(b"\0\0\0\x20fty", None);
        check(b"%!PS-Adobe-3.0 EPSF-3.0", Some("EPS"));
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

    #[test]
    fn no_two_rows_claim_the_same_type_extension_or_name() {
        for (words, what) in [
            (ImageFormat::ALL.map(|format| format.facts().media_types).concat(), "media type"),
            (ImageFormat::ALL.map(|format| format.facts().extensions).concat(), "extension"),
            (ImageFormat::ALL.map(ImageFormat::name).to_vec(), "name"),
        ] {
            let mut once = words.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), words.len(), "a {what} stands twice in {words:?}");
            assert!(words.iter().all(|word| *word == word.to_ascii_lowercase()), "{words:?}");
        }
        for format in ImageFormat::ALL {
            let facts = format.facts();
            assert_eq!(ImageFormat::from_content_type(facts.media_types[0]), Some(format));
            assert_eq!(ImageFormat::from_key(&format!("a.{}", facts.extensions[0])), Some(format));
        }
    }

    #[test]
    fn a_message_names_every_format() {
        assert!(ImageFormat::names().starts_with("jpeg, png, "));
        assert!(ImageFormat::ALL.iter().all(|format| ImageFormat::names().contains(format.name())));
    }
}
