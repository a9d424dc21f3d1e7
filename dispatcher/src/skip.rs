//! What can be decided before HEAD. The rest is [`contract::route`].

use contract::Skip;
use function::Settings;

use crate::event::{Change, EventObject};

/// What can be decided by the event alone, before anything is asked of S3.
pub(crate) fn skip_by_event(object: &EventObject, settings: &Settings) -> Option<Skip> {
    if object.bucket == settings.destination_bucket && settings.thumbnails.may_have_made(&object.key) {
        return Some(Skip::OwnOutput);
    }
    if object.key.ends_with('/') {
        return Some(Skip::Folder);
    }
    (object.change == Change::Removed && !settings.delete_thumbnails).then_some(Skip::DeleteIgnored)
}
