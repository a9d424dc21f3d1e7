//! Twice, out of order, half done, deleted meanwhile: what stands in the bucket at the end.

use contract::{PrefixVariants, Variant};

use super::*;

fn make(store: &MemoryStore, sequencer: &str) -> Outcome {
    run_in(store, &settings("small"), &Task::Make(job(store, sequencer))).unwrap()
}

fn source_etag_there(store: &MemoryStore) -> Option<String> {
    store.stored().first().map(|thumbnail| thumbnail.metadata[metadata::SOURCE_ETAG].clone())
}

#[test]
fn an_image_takes_one_get_one_put_and_one_look_at_its_source() {
    let store = with_source(photo(40, 30));
    assert_eq!(make(&store, "0A").name(), "made");
    assert_eq!((store.gets.get(), store.puts.get(), store.heads.get()), (1, 1, 1));
}

#[test]
fn the_same_event_twice_makes_the_thumbnail_once() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    assert_eq!(make(&store, "0A"), Outcome::Duplicate { thumbnails: vec![THUMBNAIL.into()] });
    assert_eq!(store.stored().len(), 1);
}

#[test]
fn a_newer_version_replaces_the_thumbnail() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    store.upload(KEY, photo(41, 30));
    assert_eq!(make(&store, "0B").name(), "made");
    assert_eq!(source_etag_there(&store), store.etag("uploads", KEY));
}

#[test]
fn an_older_version_that_comes_late_changes_nothing() {
    let store = with_source(photo(40, 30));
    let older = Task::Make(job(&store, "0A"));
    store.upload(KEY, photo(41, 30));
    make(&store, "0B");
    // It has read its object before that was replaced, and comes to its PUT only now.
    let newer = store.stored().remove(0);
    store.upload(KEY, photo(40, 30));
    let outcome = run_in(&store, &settings("small"), &older).unwrap();
    assert_eq!(outcome.name(), "stale");
    assert!(outcome.message().unwrap().contains("0A") && outcome.message().unwrap().contains("0B"));
    assert_eq!(store.stored(), [newer]);
}

#[test]
fn a_newer_one_that_comes_between_the_look_and_the_put_wins() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    store.upload(KEY, photo(41, 30));
    let newest = StoredObject {
        bytes: Bytes::from_static(b"newest"),
        metadata: [metadata::SOURCE_ETAG, metadata::SEQUENCER].map(|name| (name.to_owned(), "0C".to_owned())).into(),
        ..store.stored().remove(0)
    };
    let race = newest.clone();
    store.before_put.borrow_mut().push_back(Box::new(|_| {}));
    store.before_put.borrow_mut().push_back(Box::new(move |store| store.put_thumbnail(race)));
    assert_eq!(make(&store, "0B").name(), "stale");
    assert_eq!(store.stored(), [newest]);
}

#[test]
fn without_a_sequencer_the_source_itself_says_who_is_newer() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    store.upload(KEY, photo(41, 30));
    let unordered = Task::Make(Job { sequencer: None, ..job(&store, "") });
    assert_eq!(run_in(&store, &settings("small"), &unordered).unwrap().name(), "made");
    assert_eq!(source_etag_there(&store), store.etag("uploads", KEY));

    // Replaced while it was decoded: its own event makes the newer thumbnail.
    store.upload(KEY, photo(42, 30));
    let unordered = Task::Make(Job { sequencer: None, ..job(&store, "") });
    store.before_put.borrow_mut().push_back(Box::new(|store| store.upload(KEY, photo(43, 30))));
    let before = store.stored();
    assert_eq!(run_in(&store, &settings("small"), &unordered).unwrap(), Outcome::Gone);
    assert_eq!(store.stored(), before);
}

#[test]
fn a_changed_specification_makes_the_thumbnail_again() {
    let store = with_source(photo(400, 300));
    make(&store, "0A");
    let mut changed = settings("small");
    changed.shared.thumbnails.variants[0].quality = 40;
    let job = job(&store, "0A");
    let spec = changed.shared.thumbnails.spec_of(&job.key);
    assert_eq!(run_in(&store, &changed, &Task::Make(job)).unwrap().name(), "made");
    assert_eq!(store.stored()[0].metadata[metadata::SPEC], spec);
}

fn two_variants() -> Settings {
    let mut settings = settings("small");
    let tiny =
        Variant { name: "tiny".into(), width_px: 8, height_px: 8, ..settings.shared.thumbnails.variants[0].clone() };
    settings.shared.thumbnails.variants.push(tiny);
    settings
}

#[test]
fn an_upload_gets_the_variants_of_its_prefix_and_no_others() {
    let mut settings = settings("small");
    let variants = vec![Variant {
        name: "tiny".into(),
        width_px: 8,
        height_px: 8,
        ..settings.shared.thumbnails.variants[0].clone()
    }];
    settings.shared.thumbnails.prefixes = vec![PrefixVariants { prefix: "a b/".into(), variants }];
    let store = with_source(photo(400, 300));
    let outcome = run_in(&store, &settings, &Task::Make(job(&store, "0A"))).unwrap();
    assert_eq!(outcome, made(vec!["a b/ü.png/tiny.jpg".into()]));
    let again = Job { look_first: true, ..job(&store, "0A") };
    assert_eq!(run_in(&store, &settings, &Task::Make(again)).unwrap().name(), "duplicate");
    store.delete_source(KEY);
    assert_eq!(run_in(&store, &settings, &removal("0B")).unwrap().name(), "removed");
    assert!(store.stored().is_empty());
}

#[test]
fn a_half_done_job_is_an_error_and_its_retry_does_the_rest() {
    let store = with_source(photo(40, 30));
    store.refuse_puts_of("a b/ü.png/tiny.jpg");
    let task = Task::Make(job(&store, "0A"));
    let error = run_in(&store, &two_variants(), &task).unwrap_err();
    assert!(error.to_string().contains("tiny.jpg`, 1 of 2 are there"), "{error}");
    let first = store.stored();
    assert_eq!(first.len(), 1, "the neighbour is stored all the same");
    store.allow_puts();
    let outcome = run_in(&store, &two_variants(), &task).unwrap();
    assert_eq!(outcome, made(vec![THUMBNAIL.into(), "a b/ü.png/tiny.jpg".into()]));
    assert_eq!(store.stored()[0], first[0]);
}

#[test]
fn a_version_with_alpha_takes_the_older_jpeg_away_and_the_other_way_round() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    let keys = |store: &MemoryStore| store.stored().into_iter().map(|one| one.key).collect::<Vec<_>>();
    store.upload(KEY, with_alpha(40, 30));
    assert_eq!(make(&store, "0B").name(), "made");
    assert_eq!(keys(&store), ["a b/ü.png/128x128.png"]);
    store.upload(KEY, photo(40, 31));
    assert_eq!(make(&store, "0C").name(), "made");
    assert_eq!(keys(&store), [THUMBNAIL]);
}

/// The upload of another photo, whose job is through at once.
fn overtaking() -> impl FnOnce(&MemoryStore) {
    let other = with_source(photo(41, 30));
    make(&other, "0C");
    let thumbnail = other.stored().remove(0);
    |store| {
        store.upload(KEY, photo(41, 30));
        store.put_thumbnail(thumbnail);
    }
}

/// The source is a photo whose thumbnail is there, and nothing else is.
fn check_newest(store: &MemoryStore) {
    let keys: Vec<_> = store.stored().into_iter().map(|one| one.key).collect();
    assert_eq!(keys, [THUMBNAIL]);
    assert_eq!(source_etag_there(store), store.etag("uploads", KEY));
}

#[test]
fn a_png_does_not_take_the_jpeg_of_a_version_away_that_overtook_it() {
    // Overtaken before the first look at what is beside it, or just before that is deleted.
    for quiet_deletes in 0..2 {
        let store = with_source(photo(40, 30));
        make(&store, "0A");
        store.upload(KEY, with_alpha(40, 30));
        for _ in 0..quiet_deletes {
            store.before_delete.borrow_mut().push_back(Box::new(|_| {}));
        }
        store.before_delete.borrow_mut().push_back(Box::new(overtaking()));
        make(&store, "0B");
        assert!(store.stored().iter().any(|one| one.key == THUMBNAIL), "{quiet_deletes}");
        // What the newer version's job does at its end.
        make(&store, "0C");
        check_newest(&store);
    }
}

#[test]
fn a_picture_that_comes_back_while_its_old_jpeg_is_taken_away_gets_it_again() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    store.upload(KEY, with_alpha(40, 30));
    store.before_delete.borrow_mut().push_back(Box::new(|_| {}));
    // The first version again: its job finds its thumbnail there, and has nothing to do.
    store.before_delete.borrow_mut().push_back(Box::new(|store| store.upload(KEY, photo(40, 30))));
    assert_eq!(make(&store, "0B").name(), "made");
    check_newest(&store);
}

#[test]
fn an_older_jpeg_that_lands_beside_the_newer_png_is_taken_back() {
    let store = with_source(photo(40, 30));
    let older = Task::Make(job(&store, "0A"));
    let newer = with_source(with_alpha(40, 30));
    make(&newer, "0B");
    let png = newer.stored().remove(0);
    store.before_put.borrow_mut().push_back(Box::new(move |store| {
        store.upload(KEY, with_alpha(40, 30));
        store.put_thumbnail(png);
    }));
    let outcome = run_in(&store, &settings("small"), &older).unwrap();
    assert_eq!(outcome, Outcome::Gone);
    let keys: Vec<_> = store.stored().into_iter().map(|one| one.key).collect();
    assert_eq!(keys, ["a b/ü.png/128x128.png"]);
}

#[test]
fn an_object_deleted_while_it_was_decoded_leaves_no_thumbnail() {
    let store = with_source(photo(40, 30));
    store.before_put.borrow_mut().push_back(Box::new(|store| store.delete_source(KEY)));
    assert_eq!(make(&store, "0A"), Outcome::Gone);
    assert!(store.stored().is_empty());
}

#[test]
fn an_object_that_comes_back_while_its_thumbnail_is_taken_back_gets_it_again() {
    let store = with_source(photo(40, 30));
    store.before_put.borrow_mut().push_back(Box::new(|store| store.delete_source(KEY)));
    // The same bytes again: the upload's own job finds this thumbnail and has nothing to do.
    store.before_delete.borrow_mut().push_back(Box::new(|store| store.upload(KEY, photo(40, 30))));
    assert_eq!(make(&store, "0A"), made(vec![THUMBNAIL.into()]));
    assert_eq!(store.stored().len(), 1);
}

#[test]
fn an_older_png_does_not_take_the_jpeg_of_a_newer_version_away() {
    let store = with_source(with_alpha(40, 30));
    make(&store, "0A");
    store.upload(KEY, photo(40, 30));
    // Replaced while it is decoded, by a version whose thumbnail has the same bytes and whose job is ahead of ours.
    store.before_put.borrow_mut().push_back(Box::new(|store| {
        let again = [photo(40, 30), vec![0]].concat();
        store.upload(KEY, again);
    }));
    assert_eq!(make(&store, "0B"), Outcome::Gone);
    assert!(store.stored().iter().any(|thumbnail| thumbnail.key == THUMBNAIL));
}

#[test]
fn a_deletion_takes_the_thumbnails_with_it() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    store.delete_source(KEY);
    let outcome = run_in(&store, &settings("small"), &removal("0B")).unwrap();
    assert_eq!(outcome, Outcome::Removed { removed: vec![THUMBNAIL.into()] });
    assert!(store.stored().is_empty());
    let again = run_in(&store, &settings("small"), &removal("0B")).unwrap();
    assert_eq!(again, Outcome::Removed { removed: vec![] });
}

#[test]
fn a_late_deletion_leaves_a_newer_upload_alone() {
    let store = with_source(photo(40, 30));
    make(&store, "0C");
    assert_eq!(run_in(&store, &settings("small"), &removal("0B")).unwrap(), Outcome::Kept);
    // The source is deleted again, by a later deletion whose own event is still to come.
    store.delete_source(KEY);
    assert_eq!(run_in(&store, &settings("small"), &removal("0B")).unwrap(), Outcome::Removed { removed: vec![] });
    assert_eq!(store.stored().len(), 1);
}

#[test]
fn what_this_system_did_not_make_is_not_removed() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    let foreign = StoredObject { metadata: [].into(), ..store.stored().remove(0) };
    store.put_thumbnail(foreign);
    store.delete_source(KEY);
    run_in(&store, &settings("small"), &removal("0B")).unwrap();
    assert_eq!(store.stored().len(), 1);
}

#[test]
fn an_upload_during_a_removal_gets_its_thumbnail_back() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    store.delete_source(KEY);
    store.before_delete.borrow_mut().push_back(Box::new(|store| store.upload(KEY, photo(40, 30))));
    let outcome = run_in(&store, &settings("small"), &removal("0B")).unwrap();
    assert_eq!(outcome.name(), "made");
    assert_eq!(source_etag_there(&store), store.etag("uploads", KEY));
}

#[test]
fn who_looks_first_reads_nothing_that_is_made_already() {
    let store = with_source(photo(40, 30));
    let late = || Task::Make(Job { look_first: true, ..job(&store, "0B") });
    let outcome = run_in(&store, &settings("small"), &late()).unwrap();
    assert_eq!((outcome.name(), store.gets.get()), ("made", 1));
    let outcome = run_in(&store, &settings("small"), &late()).unwrap();
    assert_eq!(outcome, Outcome::Duplicate { thumbnails: vec![THUMBNAIL.into()] });
    assert_eq!((store.gets.get(), store.puts.get()), (1, 1));
    // A newer version is not taken for the one that is there.
    store.upload(KEY, photo(41, 30));
    assert_eq!(run_in(&store, &settings("small"), &late()).unwrap().name(), "made");
}

#[test]
fn an_upload_during_a_removal_that_fails_for_now_is_told_of() {
    let mut store = MemoryStore::default();
    store.breaks_after_bytes = Some(50);
    store.upload(KEY, photo(40, 30));
    let whole = with_source(photo(40, 30));
    make(&whole, "0A");
    store.put_thumbnail(whole.stored().remove(0));
    store.delete_source(KEY);
    store.before_delete.borrow_mut().push_back(Box::new(|store| store.upload(KEY, photo(40, 30))));
    // A retry would find the object there, and keep thumbnails that are gone.
    let outcome = run_in(&store, &settings("small"), &removal("0B")).unwrap();
    assert_eq!(outcome.name(), "read_failed");
    let letters = store.letters.borrow();
    let Some(Task::Make(job)) = &letters[0].job else { panic!("{letters:?}") };
    assert_eq!((&letters[0].reason[..], Some(&job.etag)), ("read_failed", store.etag("uploads", KEY).as_ref()));
}

#[test]
fn a_version_that_comes_back_just_before_its_thumbnail_is_overwritten_gets_it_again() {
    let store = with_source(photo(40, 30));
    make(&store, "0A");
    store.upload(KEY, photo(41, 30));
    store.before_put.borrow_mut().push_back(Box::new(|_| {}));
    // The first version again: its job finds its thumbnail there, and has nothing to do. Then comes the late PUT.
    store.before_put.borrow_mut().push_back(Box::new(|store| store.upload(KEY, photo(40, 30))));
    make(&store, "0B");
    check_newest(&store);
}
