//! A deleted object's thumbnails.

use std::cmp::Ordering;

use contract::{Job, ObjectHead, Outcome, Removal, compare_sequencers};
use function::{CallError, HeadObject};

use crate::calls::Calls;
use crate::edge::{DeleteObject, Deleted};
use crate::settings::Settings;
use crate::step::Step;

/// Removes every thumbnail of the object, unless it is there again; or those of every version but the one that came back.
///
/// # Errors
/// [`CallError`] for what may go better the next time; what is removed already is not there then.
pub(crate) async fn remove(
    edge: &(impl HeadObject + DeleteObject),
    settings: &Settings,
    removal: &Removal,
    calls: &Calls,
) -> Result<Step, CallError> {
    let look = async || {
        calls.head();
        let now = edge.head(&removal.bucket, &removal.key).await?;
        // What brought anything else has an event of its own: an upload, or the deletion of a newer version or a marker.
        Ok(now.filter(|head| removal.current_etag.as_ref() != Some(&head.etag)))
    };
    let make = |head| Job::new(&removal.bucket, &removal.key, head, &removal.correlation_id);
    match look().await? {
        None => {}
        Some(_) if removal.attempts == 0 => return Ok(Step::Done(Outcome::Kept)),
        // An earlier run may have been killed after it took away what the event's own job had found there.
        Some(head) => return Ok(Step::MakeAgain(Job { look_first: true, ..make(head) })),
    }
    let bucket = &settings.shared.destination_bucket;
    let mut removed = Vec::new();
    for key in settings.shared.thumbnails.keys_of(&removal.key) {
        calls.head();
        let Some(there) = edge.head(bucket, &key).await? else { continue };
        if belongs_to(removal, &there) && edge.delete(bucket, &key, &there.etag).await? == Deleted::Done {
            removed.push(key);
        }
    }
    if removed.is_empty() {
        return Ok(Step::Done(Outcome::Removed { removed }));
    }
    // An upload between the two looks may have found its own thumbnail there, and left it to us to remove.
    Ok(look().await?.map_or(Step::Done(Outcome::Removed { removed }), |head| Step::MakeAgain(make(head))))
}

/// Ours, and not of a version that was uploaded after this deletion.
fn belongs_to(removal: &Removal, there: &ObjectHead) -> bool {
    let newer = removal.sequencer.as_deref().zip(there.source_sequencer.as_deref());
    there.source_etag.is_some()
        && there.source_etag != removal.current_etag
        && newer.is_none_or(|(deletion, upload)| compare_sequencers(upload, deletion) != Ordering::Greater)
}
