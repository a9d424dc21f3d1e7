//! After the last PUT: is the source still what the thumbnails were made from?
//!
//! A deletion that is handled while a job decodes finds no thumbnails yet, and a version with alpha leaves the older
//! version's JPEG beside its PNG. One HEAD of the source, $0.40 per million images, closes both: S3 is consistent, so
//! whoever changes the source before this HEAD is seen by it, and whoever changes it later finds the thumbnails.

use contract::{ObjectHead, Thumbnails};
use function::{CallError, HeadObject};
use futures_util::future::try_join_all;

use crate::edge::{DeleteObject, StoredObject};
use crate::stopwatch::Calls;
use crate::store::Written;

/// What the source is now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// What the thumbnails were made from.
    Current,
    /// Another version, whose own event makes its thumbnails.
    Replaced,
    /// Deleted.
    Gone,
    /// Deleted and uploaded again, perhaps with its thumbnails deleted by us: they must be made again.
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
    calls.head();
    let sibling = |object: &StoredObject| thumbnails.sibling_of(origin.key, &object.variant, object.extension);
    match edge.head(origin.bucket, origin.key).await? {
        Some(head) if head.etag == origin.etag => {
            // Whatever stands under the other extension is older than the newest version. DELETE is free, and with
            // `If-Match: *` it leaves no delete marker where nothing is.
            let deletions = written.iter().filter_map(|Written { object, .. }| {
                let key = sibling(object)?;
                Some(async move { edge.delete(&object.bucket, &key, "*").await })
            });
            try_join_all(deletions).await?;
            Ok(Source::Current)
        }
        Some(newer) => {
            // The newer version overwrites ours where it has the same extension. Where it has the other one and is
            // done already, nobody else will take ours away; where it is not done, its job will.
            for Written { object, etag } in written {
                let Some(key) = sibling(object) else { continue };
                calls.head();
                let beside = edge.head(&object.bucket, &key).await?;
                if beside.is_some_and(|beside| beside.source_etag.as_ref() == Some(&newer.etag)) {
                    edge.delete(&object.bucket, &object.key, etag).await?;
                }
            }
            Ok(Source::Replaced)
        }
        None => {
            if !delete_thumbnails {
                return Ok(Source::Gone);
            }
            for Written { object, etag } in written {
                edge.delete(&object.bucket, &object.key, etag).await?;
            }
            // An upload between the two looks may have found its own thumbnail there, and left it to us to delete.
            calls.head();
            Ok(edge.head(origin.bucket, origin.key).await?.map_or(Source::Gone, |head| Source::Back(Box::new(head))))
        }
    }
}
