//! What a listing says of an object, and what follows from it before anything is asked of the object. Pure.

use contract::{Decision, Formats, ObjectHead, Skip, TierTable, route};

/// One object of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// The object key, decoded.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// Its storage class; `None` is STANDARD.
    pub storage_class: Option<String>,
    /// An archived object that has a restored copy can be read.
    pub restored: bool,
}

/// What the deployment takes.
#[derive(Debug)]
pub(super) struct Rules {
    /// The tier table.
    pub tiers: TierTable,
    /// The largest object that is dispatched, whatever the table allows.
    pub max_object_bytes: u64,
    /// What it reads.
    pub formats: Formats,
}

impl Rules {
    /// What the dispatcher would decide, as far as a listing tells: Content-Type and metadata are not in it, so the
    /// format is the key's, and what is no image is found out later.
    pub(super) fn decide(&self, object: &Listed) -> Decision<'_> {
        if object.key.ends_with('/') {
            return Decision::Skip(Skip::Folder);
        }
        let head = ObjectHead {
            bytes: object.bytes,
            storage_class: object.storage_class.clone(),
            restored: object.restored,
            ..ObjectHead::default()
        };
        route(&object.key, &head, &self.tiers, self.max_object_bytes, self.formats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_listing_shows_is_decided_as_the_dispatcher_would() {
        let rules =
            Rules { tiers: TierTable::builtin().unwrap(), max_object_bytes: 500_000_000, formats: Formats::ALL };
        let check = |key: &str, bytes, storage_class: Option<&str>, restored, want: &str| {
            let storage_class = storage_class.map(str::to_owned);
            let got = match rules.decide(&Listed { key: key.to_owned(), bytes, storage_class, restored }) {
                Decision::Skip(skip) => skip.name().to_owned(),
                Decision::Invoke(tier) => tier.name.clone(),
            };
            assert_eq!(got, want, "{key} {bytes}");
        };
        check("a.jpg", 1_000, None, false, "small");
        check("a.jpg", 0, None, false, "empty");
        check("folder/", 0, None, false, "folder");
        check("a.jpg", 90_000_000, None, false, "large");
        check("a.jpg", 450_000_000, None, false, "too_large");
        check("a.bmp", 500_000_001, None, false, "too_large");
        check("a.jpg", 1_000, Some("GLACIER"), false, "archived_storage_class");
        check("a.jpg", 1_000, Some("GLACIER"), true, "small");
        check("a.jpg", 1_000, Some("STANDARD_IA"), false, "small");
    }
}
