//! Looks up what is known of a key: a HEAD of the source and of each thumbnail, and the ending if those do not tell.

use std::time::{Duration, SystemTime};

use contract::{Ending, Variant};
use function::CallError;
use futures_util::future::{try_join, try_join_all};

use crate::edge::{Edge, Object};
use crate::settings::Settings;
use crate::state::{Known, State, are_made, same, state};

/// Everything that is known of `key`.
///
/// # Errors
/// [`CallError`] where S3 did not answer.
pub(crate) async fn look(edge: &impl Edge, settings: &Settings, key: &str) -> Result<Known, CallError> {
    let shared = &settings.shared;
    let thumbnails = try_join_all(shared.thumbnails.variants_of(key).iter().map(async |variant| {
        for key in shared.thumbnails.keys_of_variant(key, variant) {
            if let Some(head) = edge.head(&shared.destination_bucket, &key).await? {
                return Ok(Some(head));
            }
        }
        Ok::<_, CallError>(None)
    }));
    let (source, thumbnails) = try_join(edge.head(&shared.source_bucket, key), thumbnails).await?;
    let is_made = source.as_ref().is_some_and(|source| are_made(&thumbnails, source));
    let ending = if is_made { None } else { ending(edge, key).await? };
    Ok(Known { source, thumbnails, ending })
}

/// What became of the upload of `key` with that ETag, or of the one that is there, for ever in work where nothing tells.
///
/// # Errors
/// [`CallError`] where S3 did not answer.
pub async fn what_became_of(
    edge: &impl Edge,
    settings: &Settings,
    key: &str,
    etag: Option<&str>,
) -> Result<State, CallError> {
    let known = look(edge, settings, key).await?;
    Ok(state(key, etag, &known, &settings.shared, Duration::MAX, SystemTime::now()))
}

/// How the last upload of `key` that left no thumbnail ended.
async fn ending(edge: &impl Edge, key: &str) -> Result<Option<Ending>, CallError> {
    let Ok(key) = Ending::key_of(key) else { return Ok(None) };
    let Some(object) = edge.get(&key).await? else { return Ok(None) };
    let failed = |error: serde_json::Error| CallError { action: format!("reading `{key}`"), cause: error.into() };
    serde_json::from_slice(&object.bytes).map(Some).map_err(failed)
}

/// The thumbnail of one variant; with `asked` only one of the upload with this ETag.
///
/// # Errors
/// [`CallError`] where S3 did not answer.
pub(crate) async fn thumbnail(
    edge: &impl Edge,
    settings: &Settings,
    key: &str,
    variant: &Variant,
    asked: Option<&str>,
) -> Result<Option<Object>, CallError> {
    for key in settings.shared.thumbnails.keys_of_variant(key, variant) {
        let Some(object) = edge.get(&key).await? else { continue };
        let source_etag = object.head.source_etag.as_deref().unwrap_or_default();
        if asked.is_none_or(|asked| same(asked, source_etag)) {
            return Ok(Some(object));
        }
    }
    Ok(None)
}
