//! Which tier an object goes to, or why it goes to none. Pure: the facts of a HEAD in, a decision out.
//!
//! Content-Type and key are claims, and both are wrong every day. An object is sent to a worker unless both deny that
//! it is an image, because only its bytes know, and a GET costs less than a picture that nobody ever sees:
//!
//! | Content-Type \\ key          | `a.jpg`, `a.heic` | `a`, `v1.2` | `a.mp3`        |
//! |------------------------------|-------------------|-------------|----------------|
//! | `image/…`                    | worker            | worker      | worker         |
//! | missing, generic, malformed  | worker            | worker      | worker         |
//! | `text/plain`, `audio/mpeg` … | worker            | worker      | `not_an_image` |
//!
//! A format that the deployment has off is skipped where a claim names it and no claim names anything else that is an
//! image: `a.psd` without a type is not read where psd is off, `a.psd` as `image/jpeg` is.
//!
//! A claim also picks the row of thresholds, the Content-Type's before the key's. What no claim names has the row of
//! unknown formats. The thresholds are about the bytes that are stored: what a Content-Encoding hides in fewer bytes
//! is measured again by the worker, while it decodes.

use crate::format::{extension, is_unread_extension};
use crate::{Formats, ImageFormat, ObjectHead, Skip, Tier, TierTable, TooLarge};

/// What to do with an object.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision<'table> {
    /// A final answer.
    Skip(Skip),
    /// Send it to this tier's worker.
    Invoke(&'table Tier),
}

/// Content types that say nothing, well-formed as they are: what SDKs, command lines, forms and browsers send when
/// nobody chose one.
const UNTYPED: [&str; 14] = [
    "application/octet-stream",
    "binary/octet-stream",
    "application/binary",
    "application/x-binary",
    "application/unknown",
    "application/x-unknown",
    "unknown/unknown",
    "content/unknown",
    "application/force-download",
    "application/x-download",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/x-directory",
    "*/*",
];

/// The longest ending of a key that is taken for an extension.
const MAX_EXTENSION_CHARS: usize = 8;

/// Storage classes that must be restored before a GET.
///
/// `GLACIER_IR` can be read at once and is not among them.
/// Source: Amazon S3 API reference, `HeadObject`, `x-amz-storage-class` and `x-amz-archive-status`.
const ARCHIVED: [&str; 4] = ["GLACIER", "DEEP_ARCHIVE", "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"];

/// Decides for the object of `key`, by what HEAD said of it, and a limit and the formats of the deployment's own.
///
/// The format is a hint, from the Content-Type or else the key: it picks the row of thresholds.
/// What the bytes really are is the worker's to find out.
#[must_use]
pub fn route<'table>(
    key: &str,
    head: &ObjectHead,
    tiers: &'table TierTable,
    max_object_bytes: u64,
    formats: Formats,
) -> Decision<'table> {
    if let Some(skip) = skip(key, head, formats) {
        return Decision::Skip(skip);
    }
    let format = claimed_format(key, head);
    // Of a film little is read, however long it is.
    if head.bytes > max_object_bytes && !format.is_some_and(ImageFormat::is_film) {
        return Decision::Skip(Skip::AboveLimit { bytes: head.bytes, limit_bytes: max_object_bytes });
    }
    match tiers.smallest_for(format, head.bytes) {
        Ok(tier) => Decision::Invoke(tier),
        Err(TooLarge { limit_bytes }) => Decision::Skip(Skip::TooLarge { bytes: head.bytes, limit_bytes }),
    }
}

/// What the object claims to be, by its Content-Type or else its key.
#[must_use]
pub fn claimed_format(key: &str, head: &ObjectHead) -> Option<ImageFormat> {
    let content_type = head.content_type.as_deref();
    content_type.and_then(ImageFormat::from_content_type).or_else(|| ImageFormat::from_key(key))
}

fn skip(key: &str, head: &ObjectHead, formats: Formats) -> Option<Skip> {
    if head.source_etag.is_some() {
        return Some(Skip::OwnOutput);
    }
    if head.bytes == 0 {
        return Some(Skip::Empty);
    }
    if let (Claim::Other, Claim::Other) = (claim_of_type(head.content_type.as_deref()), claim_of_key(key)) {
        let content_type = head.content_type.clone().unwrap_or_default();
        let extension = likely_extension(key).unwrap_or_default();
        return Some(Skip::NotAnImage { content_type, extension });
    }
    if let Some(format) = claimed_off(key, head, formats) {
        return Some(Skip::FormatOff { format, on: formats });
    }
    let storage_class = head.storage_class.as_deref().filter(|class| ARCHIVED.contains(class) && !head.restored)?;
    Some(Skip::ArchivedStorageClass { storage_class: storage_class.to_owned() })
}

/// The format that is off and that nothing but is claimed: a type of images that names no format, or an extension of
/// another, leaves it to the bytes.
fn claimed_off(key: &str, head: &ObjectHead, formats: Formats) -> Option<ImageFormat> {
    let content_type = head.content_type.as_deref();
    let by_type = content_type.and_then(ImageFormat::from_content_type);
    let by_key = ImageFormat::from_key(key);
    let is_off = |format: ImageFormat| !formats.contains(format);
    let leaves_open = |named: Option<ImageFormat>, claim| match named {
        Some(format) => !is_off(format),
        None => claim == Claim::Image,
    };
    if leaves_open(by_type, claim_of_type(content_type)) || leaves_open(by_key, claim_of_key(key)) {
        return None;
    }
    by_type.or(by_key)
}

/// What a Content-Type or a key says of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// It is an image, perhaps of a format that is not read: the worker says so by name.
    Image,
    /// Nothing.
    Nothing,
    /// It is something else.
    Other,
}

/// A type that is missing, generic or malformed says nothing: `undefined`, `null`, `image`, `jpg`, `[object Object]`
/// and two types in one line are mistakes of programs, and no statement about the bytes.
///
/// Source: RFC 9110, 8.3.1, media types; 5.6.2, tokens.
fn claim_of_type(content_type: Option<&str>) -> Claim {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if ImageFormat::from_content_type(&essence).is_some() || essence.starts_with("image/") {
        return Claim::Image;
    }
    let is_token = |part: &str| !part.is_empty() && part.bytes().all(is_token_byte);
    let is_well_formed = essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    if !is_well_formed || UNTYPED.contains(&essence.as_str()) { Claim::Nothing } else { Claim::Other }
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// A key without an extension says nothing: many systems name their uploads by an id.
fn claim_of_key(key: &str) -> Claim {
    if ImageFormat::from_key(key).is_some() || is_unread_extension(key) {
        return Claim::Image;
    }
    if likely_extension(key).is_some() { Claim::Other } else { Claim::Nothing }
}

/// What stands behind the last dot, where it looks like an extension: `mp3` and `7z`, but not the end of
/// `scan.2024-05`, of `v1.2` or of a sentence.
fn likely_extension(key: &str) -> Option<String> {
    extension(key).filter(|extension| {
        extension.len() <= MAX_EXTENSION_CHARS
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && extension.bytes().any(|byte| byte.is_ascii_alphabetic())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: u64 = u64::MAX;

    /// With every format.
    fn route<'table>(key: &str, head: &ObjectHead, tiers: &'table TierTable, max_bytes: u64) -> Decision<'table> {
        super::route(key, head, tiers, max_bytes, Formats::ALL)
    }

    fn head(bytes: u64, content_type: Option<&str>) -> ObjectHead {
        ObjectHead { bytes, content_type: content_type.map(str::to_owned), ..ObjectHead::default() }
    }

    fn table() -> TierTable {
        TierTable::builtin().unwrap()
    }

    #[test]
    fn each_threshold_of_the_shipped_table_routes_at_it_and_one_byte_over_it() {
        let table = table();
        for (format, content_type) in [
            (None, None),
            (Some(ImageFormat::Jpeg), Some("image/jpeg")),
            (Some(ImageFormat::Png), Some("image/png")),
            (Some(ImageFormat::Webp), Some("image/webp")),
        ] {
            for tier in table.iter() {
                let limit_bytes = tier.max_object_bytes(format);
                assert_eq!(route("k", &head(limit_bytes, content_type), &table, ANY), Decision::Invoke(tier));
                let above = route("k", &head(limit_bytes + 1, content_type), &table, ANY);
                match table.next_after(&tier.name) {
                    Some(next) => assert_eq!(above, Decision::Invoke(next)),
                    None => {
                        let bytes = limit_bytes + 1;
                        assert_eq!(above, Decision::Skip(Skip::TooLarge { bytes, limit_bytes }));
                    }
                }
            }
        }
    }

    #[test]
    fn a_film_goes_to_the_smallest_tier_whatever_its_size() {
        let table = table();
        let small = table.iter().next().unwrap();
        for (key, content_type) in [("a.mov", None), ("a", Some("video/mp4")), ("a.mp4", Some("text/plain"))] {
            let got = super::route(key, &head(2_000_000_000, content_type), &table, 1 << 29, Formats::ALL);
            assert_eq!(got, Decision::Invoke(small), "{key} {content_type:?}");
        }
    }

    #[test]
    fn the_key_is_asked_where_the_content_type_says_nothing() {
        let table = table();
        let bytes = table.get("small").unwrap().max_object_bytes(Some(ImageFormat::Bmp));
        let check = |key, content_type, want: &str| {
            let got = route(key, &head(bytes, content_type), &table, ANY);
            assert_eq!(got, Decision::Invoke(table.get(want).unwrap()), "{key} {content_type:?}");
        };
        check("scan.bmp", None, "small");
        check("scan.bmp", Some("binary/octet-stream"), "small");
        check("scan", Some("image/bmp"), "small");
        // Without a type and an extension it is the default row that counts, which is stricter than BMP's.
        let of_default_row = table.smallest_for(None, bytes).unwrap().name.clone();
        assert_ne!(of_default_row, "small");
        check("scan", None, &of_default_row);
    }

    #[test]
    fn the_deployment_may_allow_less_than_the_table() {
        let table = table();
        let skip = Decision::Skip(Skip::AboveLimit { bytes: 10, limit_bytes: 9 });
        assert_eq!(route("a.png", &head(10, None), &table, 9), skip);
        assert_eq!(route("a.png", &head(9, None), &table, 9), Decision::Invoke(table.get("small").unwrap()));
    }

    #[test]
    fn every_skip_has_its_name() {
        let table = table();
        let check = |key, head: ObjectHead, want: Option<&str>| {
            let got = match route(key, &head, &table, ANY) {
                Decision::Skip(skip) => Some(skip.name()),
                Decision::Invoke(_) => None,
            };
            assert_eq!(got, want, "{key} {head:?}");
        };
        let archived = |class: &str, restored| ObjectHead {
            storage_class: Some(class.to_owned()),
            restored,
            ..head(9, Some("image/png"))
        };
        check("a.png", head(0, Some("image/png")), Some("empty"));
        check("a.mp3", head(9, Some("audio/mpeg")), Some("not_an_image"));
        check("a.html", head(9, Some("Text/HTML; charset=utf-8")), Some("not_an_image"));
        check("a.png", ObjectHead { source_etag: Some("e".into()), ..head(9, Some("image/png")) }, Some("own_output"));
        check("a.png", archived("DEEP_ARCHIVE", false), Some("archived_storage_class"));
        check("a.png", archived("DEEP_ARCHIVE", true), None);
        check("a.png", archived("GLACIER_IR", false), None);
        check("a.png", archived("STANDARD_IA", false), None);
    }

    #[test]
    fn only_what_type_and_key_both_deny_is_skipped() {
        let table = table();
        let images = ["image/jpeg", "Image/PNG; x=y", "image/svg+xml", "image/*"];
        let generic = ["", " ", "binary/octet-stream", "application/x-www-form-urlencoded", "*/*", "Unknown/Unknown"];
        let malformed = ["undefined", "null", "image", "jpg", "image jpeg", "[object Object]", "/", "text/", "a/b/c"];
        let two_in_one = ["text/plain, image/jpeg"];
        let others = ["text/plain", "application/json", "Text/HTML; charset=utf-8", "audio/mpeg", "application/zip"];
        let unknown = generic.iter().chain(&malformed).chain(&two_in_one).copied().map(Some).chain([None]);
        let may_be: Vec<_> = images.into_iter().map(Some).chain(unknown).collect();
        let keys_of_images = ["photo.jpg", "photo.JPEG", "IMG_1.heic", "a.b/scan.tiff", "logo.svg"];
        let keys_of_anything =
            ["photo", "a.b/photo", "v1.2", "scan.2024-05", "Fig. 3", "photo.", ".jpg", "a.verylongending"];
        let other_keys = ["notes.txt", "data.json", "song.mp3", "photo.jpg.bak", "a.7z"];
        let is_dispatched = |key: &str, content_type: Option<&str>| {
            matches!(route(key, &head(9, content_type), &table, ANY), Decision::Invoke(_))
        };
        for key in keys_of_images.into_iter().chain(keys_of_anything).chain(other_keys) {
            for content_type in &may_be {
                assert!(is_dispatched(key, *content_type), "{key} {content_type:?}");
            }
            for content_type in others {
                let want = !other_keys.contains(&key);
                assert_eq!(is_dispatched(key, Some(content_type)), want, "{key} {content_type:?}");
            }
        }
    }

    #[test]
    fn what_is_off_is_skipped_by_name_and_what_may_be_something_else_is_not() {
        let formats = Formats::parse("jpeg,png").unwrap();
        let check = |key: &str, content_type: Option<&str>, want: Option<ImageFormat>| {
            let skip = skip(key, &head(9, content_type), formats);
            let want = want.map(|format| Skip::FormatOff { format, on: formats });
            assert_eq!(skip, want, "{key} {content_type:?}");
        };
        let psd = Some(ImageFormat::Psd);
        check("a.psd", None, psd);
        check("a.psd", Some("binary/octet-stream"), psd);
        check("a.psd", Some("text/plain"), psd);
        check("a", Some("image/vnd.adobe.photoshop"), psd);
        check("a.tif", Some("image/vnd.adobe.photoshop"), psd);
        check("a.psd", Some("image/jpeg"), None);
        check("a.jpg", Some("image/vnd.adobe.photoshop"), None);
        check("a.psd", Some("image/*"), None);
        check("a", None, None);
        check("a.jpg", None, None);
        let Some(skip) = self::skip("a.psd", &head(9, None), formats) else { panic!("not skipped") };
        let words = "the upload says it is psd, and this deployment reads jpeg, png: convert it, or add psd to the parameter formats";
        assert_eq!(skip.to_string(), words);
        assert!(skip.is_ordinary());
    }

    #[test]
    fn a_wrong_type_leaves_the_thresholds_to_the_key() {
        for content_type in ["application/json", "text/plain", "undefined", "image", "jpg"] {
            assert_eq!(claimed_format("photo.jpg", &head(9, Some(content_type))), Some(ImageFormat::Jpeg));
        }
        assert_eq!(claimed_format("photo.jpg", &head(9, Some("image/png"))), Some(ImageFormat::Png));
    }

    #[test]
    fn what_is_skipped_is_told_with_both_claims() {
        let Some(skip) = skip("a/notes.txt", &head(9, Some("text/plain")), Formats::ALL) else { panic!("not skipped") };
        let message = skip.to_string();
        assert!(message.contains("`text/plain`") && message.contains("`.txt`"), "{message}");
    }
}
