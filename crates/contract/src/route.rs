//! Which tier an object goes to, or why it goes to none. Pure: the facts of a HEAD in, a decision out.

use crate::{ImageFormat, ObjectHead, Skip, Tier, TierTable, TooLarge};

/// What to do with an object.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision<'table> {
    /// A final answer.
    Skip(Skip),
    /// Send it to this tier's worker.
    Invoke(&'table Tier),
}

/// Content types that say nothing: what SDKs, command lines and forms send when nobody chose one.
const UNTYPED: [&str; 5] = [
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/x-directory",
];

/// Storage classes that must be restored before a GET.
///
/// `GLACIER_IR` can be read at once and is not among them.
/// Source: Amazon S3 API reference, `HeadObject`, `x-amz-storage-class` and `x-amz-archive-status`.
const ARCHIVED: [&str; 4] = ["GLACIER", "DEEP_ARCHIVE", "ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"];

/// Decides for the object of `key`, by what HEAD said of it and a limit of the deployment's own.
///
/// The format is a hint, from the Content-Type or else the key: it picks the row of thresholds.
/// What the bytes really are is the worker's to find out.
#[must_use]
pub fn route<'table>(
    key: &str,
    head: &ObjectHead,
    tiers: &'table TierTable,
    max_object_bytes: u64,
) -> Decision<'table> {
    if let Some(skip) = skip(head) {
        return Decision::Skip(skip);
    }
    if head.bytes > max_object_bytes {
        return Decision::Skip(Skip::AboveLimit { bytes: head.bytes, limit_bytes: max_object_bytes });
    }
    match tiers.smallest_for(claimed_format(key, head), head.bytes) {
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

fn skip(head: &ObjectHead) -> Option<Skip> {
    if head.source_etag.is_some() {
        return Some(Skip::OwnOutput);
    }
    if head.bytes == 0 {
        return Some(Skip::Empty);
    }
    if let Some(content_type) = head.content_type.as_deref().filter(|kind| !may_be_image(kind)) {
        return Some(Skip::NotAnImage { content_type: content_type.to_owned() });
    }
    let storage_class = head.storage_class.as_deref().filter(|class| ARCHIVED.contains(class) && !head.restored)?;
    Some(Skip::ArchivedStorageClass { storage_class: storage_class.to_owned() })
}

fn may_be_image(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.is_empty() || essence.starts_with("image/") || UNTYPED.contains(&essence.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: u64 = u64::MAX;

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
        check("a.mp4", head(9, Some("video/mp4")), Some("not_an_image"));
        check("a.jpg", head(9, Some("Text/HTML; charset=utf-8")), Some("not_an_image"));
        check("a.jpg", head(9, Some("application/x-www-form-urlencoded")), None);
        check("a.jpg", head(9, Some("")), None);
        check("a.png", ObjectHead { source_etag: Some("e".into()), ..head(9, Some("image/png")) }, Some("own_output"));
        check("a.png", archived("DEEP_ARCHIVE", false), Some("archived_storage_class"));
        check("a.png", archived("DEEP_ARCHIVE", true), None);
        check("a.png", archived("GLACIER_IR", false), None);
        check("a.png", archived("STANDARD_IA", false), None);
    }
}
