//! What can be decided before HEAD. The rest is [`contract::route`].

use contract::{EventObject, OWN_PREFIX, Skip};
use function::Settings;

/// What can be decided by the event alone, before anything is asked of S3.
pub(crate) fn skip_by_event(object: &EventObject, settings: &Settings) -> Option<Skip> {
    let is_ours = |key: &str| key.starts_with(OWN_PREFIX) || settings.thumbnails.may_have_made(key);
    if object.bucket == settings.destination_bucket && is_ours(&object.key) {
        return Some(Skip::OwnOutput);
    }
    // A queue, a topic or a rule may bring events of other buckets, and of other keys.
    if !settings.is_watched(&object.bucket, &object.key) {
        return Some(Skip::NotWatched { uploads: settings.uploads() });
    }
    object.key.ends_with('/').then_some(Skip::Folder)
}
