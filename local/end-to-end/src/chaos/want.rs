//! What must become of a version. The engine itself is asked, so that nothing is expected of it that it does not do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use coding::ContentEncoding;
use contract::{Decision, Formats, ObjectHead, Thumbnails, TierTable, claimed_format, route, thumbnail_key};
use engine::Limits;

use super::file::File;

/// The only right ends of a version, but for a dead letter that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// These thumbnails and no others: key and bytes.
    Thumbnails(Vec<(String, Vec<u8>)>),
    /// A dead letter.
    Refusal,
    /// A log line with this outcome.
    Skip(&'static str),
}

impl Want {
    /// Of `file` as the object of `key`.
    pub(super) fn of(key: &str, file: &File, thumbnails: &Thumbnails) -> Self {
        let tiers = TierTable::builtin().expect("the committed table is sound");
        let content_type = Some(file.content_type.to_owned());
        let head = ObjectHead { bytes: file.bytes.len() as u64, content_type, ..ObjectHead::default() };
        if key.ends_with('/') {
            return Self::Skip("folder");
        }
        if let Decision::Skip(skip) = route(key, &head, &tiers, u64::MAX, Formats::ALL) {
            return Self::Skip(skip.name());
        }
        let limits = Limits::for_budget(tiers.largest().budget_bytes());
        let Ok(mut body) = coding::open(file.bytes.as_slice(), &ContentEncoding::from_header(file.content_encoding))
        else {
            return Self::Refusal;
        };
        let making = AssertUnwindSafe(|| engine::make(body.reader(), &thumbnails.variants, &limits, &mut |_| ()));
        match catch_unwind(making) {
            Ok(Ok(made)) => Self::Thumbnails(
                made.thumbnails
                    .into_iter()
                    .map(|made| {
                        let name = thumbnail_key(&thumbnails.key, key, &made.variant, made.extension);
                        (name.expect("keys of a run are short"), made.bytes)
                    })
                    .collect(),
            ),
            Ok(Err(error)) if error.name() == "not_an_image" && claimed_format(key, &head).is_none() => {
                Self::Skip("not_an_image")
            }
            Ok(Err(_)) | Err(_) => Self::Refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::ImageFormat;

    use super::*;
    use crate::chaos::dice::Dice;
    use crate::chaos::file::small;
    use crate::chaos::hostile::Hostile;

    fn want(key: &str, file: &File) -> Want {
        Want::of(key, file, &Thumbnails::builtin().unwrap())
    }

    #[test]
    fn a_picture_becomes_its_thumbnail() {
        let Want::Thumbnails(made) = want("a", &small(ImageFormat::Bmp, &mut Dice::of(1, "want"))) else {
            panic!("no thumbnail");
        };
        assert_eq!(made[0].0, "a/128x128.jpg");
        assert_eq!(made.len(), 1);
    }

    #[test]
    fn what_is_no_picture_has_an_end_of_its_own() {
        let check = |hostile: Hostile, key, expected| {
            assert_eq!(want(key, &hostile.file(&mut Dice::of(2, "want"))), expected, "{hostile:?}");
        };
        check(Hostile::LyingHeader, "a", Want::Refusal);
        check(Hostile::FalseImage, "a", Want::Refusal);
        check(Hostile::Unsupported, "a", Want::Refusal);
        check(Hostile::Unclaimed, "a", Want::Skip("not_an_image"));
        check(Hostile::Unclaimed, "a.png", Want::Refusal);
        check(Hostile::OtherType, "a.txt", Want::Skip("not_an_image"));
        let other = Hostile::OtherType.file(&mut Dice::of(2, "want"));
        assert!(
            matches!(want("a.png", &other), Want::Thumbnails(_)) && matches!(want("a", &other), Want::Thumbnails(_))
        );
        let mut dice = Dice::of(2, "want");
        for _ in 0..20 {
            let file = Hostile::Encoded.file(&mut dice);
            let is_refused = want("a.png", &file) == Want::Refusal;
            assert_eq!(is_refused, file.content_encoding == Some("zstd"));
        }
        check(Hostile::Empty, "a.png", Want::Skip("empty"));
        check(Hostile::Folder, "a/", Want::Skip("folder"));
    }
}
