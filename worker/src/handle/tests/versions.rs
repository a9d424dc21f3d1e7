//! What a deletion brings back in a bucket with versions, and what of the deleted version must not stay.

use super::*;

/// The job that the dispatcher makes of a deletion after which something is there.
fn came_back(store: &MemoryStore) -> Task {
    Task::Make(Job { came_back: true, look_first: true, sequencer: None, ..job(store, "") })
}

/// The first version's thumbnail was made, then the second's, and the second was deleted by its id: `first` is back.
fn second_deleted(first: Vec<u8>) -> MemoryStore {
    let store = with_source(first.clone());
    run(&store).unwrap();
    store.upload(KEY, photo(41, 30));
    run_in(&store, &settings("small"), &Task::Make(job(&store, "0B"))).unwrap();
    store.upload(KEY, first);
    store
}

fn sources(store: &MemoryStore) -> Vec<String> {
    store.stored().iter().map(|thumbnail| thumbnail.metadata[metadata::SOURCE_ETAG].clone()).collect()
}

#[test]
fn a_version_that_came_back_replaces_the_thumbnails_of_the_deleted_one() {
    for first in [photo(40, 30), with_alpha(40, 30)] {
        let store = second_deleted(first);
        let task = came_back(&store);
        assert_eq!(run_in(&store, &settings("small"), &task).unwrap().name(), "made");
        assert_eq!(sources(&store), [store.etag("uploads", KEY).unwrap()]);
        // An older version is deleted by its id: the newest one's are there.
        let gets = store.gets.get();
        assert_eq!(run_in(&store, &settings("small"), &task).unwrap().name(), "duplicate");
        assert_eq!(store.gets.get(), gets, "nothing is read");
    }
}

/// Found by chaos with versions, seed 66074: the second worker saw that all was made.
#[test]
fn who_was_killed_before_the_deleted_ones_thumbnail_went_leaves_that_to_the_next() {
    for (first, second) in [(photo(40, 30), with_alpha(40, 30)), (with_alpha(40, 30), photo(40, 30))] {
        let alone = with_source(first.clone());
        run(&alone).unwrap();
        let store = with_source(second);
        run(&store).unwrap();
        store.upload(KEY, first);
        store.put_thumbnail(alone.stored().remove(0));
        assert_eq!(sources(&store).len(), 2);
        assert_eq!(run_in(&store, &settings("medium"), &came_back(&store)).unwrap().name(), "duplicate");
        assert_eq!(sources(&store), [store.etag("uploads", KEY).unwrap()]);
    }
}

#[test]
fn thumbnails_come_back_when_a_delete_marker_goes() {
    let store = with_source(photo(40, 30));
    run(&store).unwrap();
    store.delete_source(KEY);
    run_in(&store, &settings("small"), &removal("0B")).unwrap();
    store.upload(KEY, photo(40, 30));
    assert_eq!(run_in(&store, &settings("small"), &came_back(&store)).unwrap().name(), "made");
    // The marker's own event comes late.
    assert_eq!(run_in(&store, &settings("small"), &removal("0B")).unwrap(), Outcome::Kept);
    assert_eq!(sources(&store), [store.etag("uploads", KEY).unwrap()]);
}

#[test]
fn the_deleted_ones_thumbnails_go_where_the_version_that_came_back_is_refused() {
    let store = second_deleted(b"no picture".to_vec());
    assert_eq!(sources(&store).len(), 1);
    store.letters.take();
    let kept = {
        let mut settings = settings("small");
        settings.shared.delete_thumbnails = false;
        settings
    };
    run_in(&store, &kept, &came_back(&store)).unwrap();
    assert_eq!(sources(&store).len(), 1, "delete_thumbnails is false");
    assert_eq!(run_in(&store, &settings("small"), &came_back(&store)).unwrap().name(), "not_an_image");
    assert!(store.stored().is_empty());
    assert_eq!(store.letters.borrow().len(), 2);
}

#[test]
fn others_go_and_those_of_the_version_that_came_back_stay() {
    let store = second_deleted(with_alpha(40, 30));
    let Task::Make(job) = came_back(&store) else { unreachable!() };
    let remove = || Task::Remove { remove: job.removal_of_others() };
    // Its own are there from before it was archived.
    let own = {
        let other = with_source(with_alpha(40, 30));
        run(&other).unwrap();
        other.stored().remove(0)
    };
    store.put_thumbnail(own.clone());
    let outcome = run_in(&store, &settings("small"), &remove()).unwrap();
    assert_eq!(outcome, Outcome::Removed { removed: vec![THUMBNAIL.into()] });
    assert_eq!(store.stored(), [own]);
    assert!(store.endings.borrow().is_empty(), "it was not deleted");

    // A third version is there by now: its own event makes its thumbnails.
    store.upload(KEY, photo(42, 30));
    assert_eq!(run_in(&store, &settings("small"), &remove()).unwrap(), Outcome::Kept);
}

#[test]
fn a_removal_that_was_killed_after_it_took_something_away_makes_what_came_back() {
    let store = with_source(photo(40, 30));
    let Task::Remove { remove } = removal("0B") else { unreachable!() };
    let again = Task::Remove { remove: Removal { attempts: 1, ..remove } };
    assert_eq!(run_in(&store, &settings("small"), &again).unwrap().name(), "made");
    assert_eq!(run_in(&store, &settings("small"), &again).unwrap().name(), "duplicate");
}
