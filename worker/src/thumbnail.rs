//! A thumbnail with everything that S3 is told about it.

use bytes::Bytes;
use contract::{Job, KeyError, MadeBy, metadata, thumbnail_key};
use engine::Thumbnail;

use crate::edge::StoredObject;
use crate::settings::Settings;

/// What is stored of `thumbnail`, which was made of `job`.
///
/// # Errors
/// [`KeyError`] where its key would be longer than S3 allows.
pub(crate) fn stored_object(
    thumbnail: Thumbnail,
    settings: &Settings,
    job: &Job,
    made_by: &MadeBy,
) -> Result<StoredObject, KeyError> {
    let key = thumbnail_key(&settings.shared.thumbnails.key, &job.key, &thumbnail.variant, thumbnail.extension)?;
    let spec = settings.shared.thumbnails.spec_of(&job.key);
    let source = [
        (metadata::SOURCE_ETAG, Some(&job.etag)),
        (metadata::SOURCE_VERSION, job.version_id.as_ref()),
        (metadata::SEQUENCER, job.sequencer.as_ref()),
        (metadata::SPEC, Some(&spec)),
    ];
    let source = source.into_iter().filter_map(|(name, value)| Some((name, value?.clone())));
    let metadata = source.chain(made_by.to_metadata()).map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(StoredObject {
        variant: thumbnail.variant,
        extension: thumbnail.extension,
        bucket: settings.shared.destination_bucket.clone(),
        key,
        content_type: thumbnail.content_type,
        cache_control: settings.shared.thumbnails.cache_control.clone(),
        metadata,
        bytes: Bytes::from(thumbnail.bytes),
    })
}
