//! Which objects: `s3://bucket/prefix`.

use std::fmt;

use anyhow::bail;

/// The objects of a bucket whose keys start with a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The bucket's name.
    pub bucket: String,
    /// What the keys start with; empty for all.
    pub prefix: String,
}

impl Place {
    /// Reads an argument; the error is the sentence that clap prints.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let place = text.strip_prefix("s3://").map(|place| place.split_once('/').unwrap_or((place, "")));
        let place = place.filter(|(bucket, _)| !bucket.is_empty());
        let (bucket, prefix) = place.ok_or("expected s3://bucket or s3://bucket/prefix")?;
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    /// Refuses every bucket but the one that the deployment reads, and what is under none of its prefixes.
    ///
    /// # Errors
    /// What the bucket is instead, and which one it should be.
    pub(super) fn check(
        &self,
        source_bucket: &str,
        source_prefixes: &[String],
        destination_bucket: &str,
    ) -> anyhow::Result<()> {
        let Self { bucket, prefix } = self;
        if bucket == destination_bucket && bucket != source_bucket {
            bail!(
                "`{bucket}` is the bucket of thumbnails, of which no thumbnails are made: uploads are in `{source_bucket}`"
            );
        }
        if bucket != source_bucket {
            bail!("the functions of this stage may not read `{bucket}`: their uploads are in `{source_bucket}`");
        }
        if !source_prefixes.is_empty() && !source_prefixes.iter().any(|one| prefix.starts_with(one.as_str())) {
            let places: Vec<_> = source_prefixes.iter().map(|one| format!("s3://{bucket}/{one}")).collect();
            bail!("{self} is not among the uploads of this stage: name what is in {}", places.join(" or "));
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "s3://{}/{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_perhaps_a_prefix() {
        let check = |text: &str, bucket: &str, prefix: &str| {
            let want = Place { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
            assert_eq!(Place::parse(text), Ok(want), "{text}");
        };
        check("s3://uploads", "uploads", "");
        check("s3://uploads/", "uploads", "");
        check("s3://uploads/2024/a b", "uploads", "2024/a b");
        for bad in ["uploads", "s3://", "s3:///a", "https://uploads", ""] {
            assert!(Place::parse(bad).unwrap_err().contains("s3://bucket/prefix"), "{bad}");
        }
    }

    #[test]
    fn only_the_bucket_of_uploads_is_taken() {
        let refusal = |bucket: &str| {
            let place = Place { bucket: bucket.to_owned(), prefix: String::new() };
            place.check("up", &[], "thumbs").err().map(|error| error.to_string())
        };
        assert_eq!(refusal("up"), None);
        assert!(refusal("thumbs").unwrap().contains("bucket of thumbnails"));
        assert!(refusal("other").unwrap().contains("may not read `other`"));
    }

    #[test]
    fn in_one_bucket_for_both_sides_a_place_is_under_a_source_prefix() {
        let prefixes = ["photos/", "avatars/"].map(str::to_owned);
        let refusal = |prefix: &str| {
            let place = Place { bucket: "both".to_owned(), prefix: prefix.to_owned() };
            place.check("both", &prefixes, "both").err().map(|error| error.to_string())
        };
        assert_eq!((refusal("photos/"), refusal("avatars/2024/")), (None, None));
        for outside in ["", "thumbs/", "phot"] {
            assert!(refusal(outside).unwrap().contains("s3://both/photos/ or s3://both/avatars/"), "{outside}");
        }
    }
}
