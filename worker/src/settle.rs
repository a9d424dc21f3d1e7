//! After the last PUT: is the source still what the thumbnails were made from?
//!
//! A deletion that is handled while a job decodes finds no thumbnails yet, and a version with alpha leaves the older
//! version's JPEG beside its PNG. One HEAD of the source, $0.40 per million images, closes both: S3 is consistent, so
//! whoever changes the source before this HEAD is seen by it, and whoever changes it later finds the thumbnails.

use contract::{ObjectHead, Thumbnails};
use function::{CallError, HeadObject};
use futures_util::future::try_join_all;

use crate::calls::Calls;
use crate::edge::{DeleteObject, Deleted};
use crate::store::{Place, Written};

/// What the source is now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// What the thumbnails were made from.
    Current,
    /// Another version, whose own event makes its thumbnails.
    Replaced,
    /// Deleted.
    Gone,
    /// Uploaded again while we took thumbnails away or wrote over them, perhaps its own: they must be made again.
    Back(Box<ObjectHead>),
}

/// Where thumbnails belong to.
pub(crate) struct Origin<'job> {
    pub bucket: &'job str,
    pub key: &'job str,
    pub etag: &'job str,
}

/// Looks at the source, and takes away what must not stay beside it.
///
/// # Errors
/// [`CallError`]; a retry finds the thumbnails there and settles them again.
pub(crate) async fn settle(
    edge: &(impl HeadObject + DeleteObject),
    thumbnails: &Thumbnails,
    delete_thumbnails: bool,
    origin: &Origin<'_>,
    written: &[Written],
    calls: &Calls,
) -> Result<Source, CallError> {
    let look = async || {
        calls.head();
        edge.head(origin.bucket, origin.key).await
    };
    let is_ours = |head: &Option<ObjectHead>| head.as_ref().is_some_and(|head| head.etag == origin.etag);
    let mut now = look().await?;
    if is_ours(&now) {
        let older = beside(edge, thumbnails, origin, written, calls).await?;
        if older.is_empty() {
            return Ok(Source::Current);
        }
        // Still ours: then no newer version's job has written what was seen beside. It may have since, and a DELETE
        // that is late (S3 was slow, and the SDK tried again) must not take that.
        now = look().await?;
        if is_ours(&now) {
            for (bucket, key, etag) in older {
                edge.delete(bucket, &key, &etag).await?;
            }
            // An upload between the two looks may be an older version again, and have found its own thumbnail there.
            now = look().await?;
            match now {
                Some(head) if head.etag == origin.etag => return Ok(Source::Current),
                Some(head) => return Ok(Source::Back(Box::new(head))),
                None => {}
            }
        }
    }
    match now {
        // What we wrote over may have been the newer version's own by then: a version that comes back finds its thumbnail
        // there, and its job is over before a late PUT of ours.
        Some(newer) if written.iter().any(|written| written.is_over_another) => Ok(Source::Back(Box::new(newer))),
        Some(newer) => {
            // The newer version overwrites ours where it has the same extension. Where it has the other one and is
            // done already, nobody else will take ours away; where it is not done, its job will.
            let mut is_taken_back = false;
            for Written { place, etag, .. } in written {
                let Some(key) = sibling(thumbnails, origin, place) else { continue };
                calls.head();
                let beside = edge.head(&place.bucket, &key).await?;
                if beside.is_some_and(|beside| beside.source_etag.as_ref() == Some(&newer.etag)) {
                    is_taken_back |= edge.delete(&place.bucket, &place.key, etag).await? == Deleted::Done;
                }
            }
            let head = if is_taken_back { look().await? } else { None };
            Ok(head
                .filter(|head| head.etag == origin.etag)
                .map_or(Source::Replaced, |head| Source::Back(Box::new(head))))
        }
        None if !delete_thumbnails => Ok(Source::Gone),
        None => {
            for Written { place, etag, .. } in written {
                edge.delete(&place.bucket, &place.key, etag).await?;
            }
            // An upload between the two looks may have found its own thumbnail there, and left it to us to delete.
            Ok(look().await?.map_or(Source::Gone, |head| Source::Back(Box::new(head))))
        }
    }
}

fn sibling(thumbnails: &Thumbnails, origin: &Origin<'_>, place: &Place) -> Option<String> {
    thumbnails.sibling_of(origin.key, &place.variant, place.extension)
}

/// Bucket, key and ETag of what stands under the other extension of each of `written`.
///
/// Nearly always nothing does, and asking costs nothing: a DELETE is free, and one on condition of an ETag that is not
/// there tells what is missing (404) from what is something else (412). Ours is such an ETag, because no file has
/// the bytes of a file of another format.
async fn beside<'written>(
    edge: &(impl HeadObject + DeleteObject),
    thumbnails: &Thumbnails,
    origin: &Origin<'_>,
    written: &'written [Written],
    calls: &Calls,
) -> Result<Vec<(&'written str, String, String)>, CallError> {
    let asking = written.iter().filter_map(|Written { place, etag, .. }| {
        let key = sibling(thumbnails, origin, place)?;
        Some(async move {
            if edge.delete(&place.bucket, &key, etag).await? != Deleted::Other {
                return Ok(None);
            }
            calls.head();
            let there = edge.head(&place.bucket, &key).await?;
            Ok(there.map(|there| (place.bucket.as_str(), key, there.etag)))
        })
    });
    Ok(try_join_all(asking).await?.into_iter().flatten().collect())
}
