use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use contract::{Architecture, Ending, Formats, LogRules, Prices, PutOff, Tariff, Thumbnails, TierTable};
use function::Meter;

use super::*;

/// A bucket in memory, the tasks that were handed over, and the letters.
#[derive(Default)]
pub(crate) struct MemoryEdge {
    pub heads: HashMap<String, ObjectHead>,
    pub throttled: Vec<String>,
    /// Keys of objects that a HEAD gets no answer about.
    pub broken: Vec<String>,
    pub tasks: RefCell<Vec<(String, Task)>>,
    pub letters: RefCell<Vec<DeadLetter>>,
    pub put_off: RefCell<Vec<(PutOff, u32)>>,
    pub endings: RefCell<Vec<Ending>>,
    /// HEADs that are under way.
    pub at_once: Cell<usize>,
    /// The most HEADs that were under way at once.
    pub most_at_once: Cell<usize>,
}

impl MemoryEdge {
    pub(crate) fn with(heads: &[(&str, ObjectHead)]) -> Self {
        let heads = heads.iter().map(|(key, head)| ((*key).to_owned(), head.clone())).collect();
        Self { heads, ..Self::default() }
    }
}

impl HeadObject for MemoryEdge {
    async fn head(&self, _bucket: &str, key: &str) -> Result<Option<ObjectHead>, CallError> {
        if self.throttled.iter().any(|throttled| throttled == key) {
            return Err(CallError { action: format!("HeadObject of `{key}`"), cause: "503 SlowDown".into() });
        }
        if self.broken.iter().any(|broken| broken == key) {
            return Err(CallError { action: format!("HeadObject of `{key}`"), cause: "connection reset".into() });
        }
        self.at_once.set(self.at_once.get() + 1);
        self.most_at_once.set(self.most_at_once.get().max(self.at_once.get()));
        tokio::task::yield_now().await;
        self.at_once.set(self.at_once.get() - 1);
        Ok(self.heads.get(key).cloned())
    }
}

impl InvokeWorker for MemoryEdge {
    async fn invoke(&self, tier: &str, task: &Task) -> Result<(), CallError> {
        self.tasks.borrow_mut().push((tier.to_owned(), task.clone()));
        Ok(())
    }
}

impl SendDeadLetter for MemoryEdge {
    async fn send(&self, letter: &DeadLetter) -> Result<(), CallError> {
        self.letters.borrow_mut().push(letter.clone());
        Ok(())
    }
}

impl PutOffTask for MemoryEdge {
    async fn put_off(&self, task: &PutOff, delay_s: u32) -> Result<(), CallError> {
        self.put_off.borrow_mut().push((task.clone(), delay_s));
        Ok(())
    }
}

impl KeepEnding for MemoryEdge {
    async fn keep(&self, ending: &Ending) -> Result<(), CallError> {
        self.endings.borrow_mut().push(ending.clone());
        Ok(())
    }
}

pub(crate) fn settings() -> Settings {
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    Settings {
        source_bucket: "uploads".into(),
        worker_prefix: "worker-".into(),
        worker_alias: String::new(),
        tiers: TierTable::builtin().unwrap(),
        thumbnails: Thumbnails::builtin().unwrap(),
        source_prefixes: Vec::new(),
        destination_bucket: "thumbnails".into(),
        delete_thumbnails: true,
        max_object_bytes: u64::MAX,
        formats: Formats::ALL,
        keep_endings: true,
        dead_letter_queue_url: "http://queue".into(),
        refusals_queue_url: "http://refusals".into(),
        failed_jobs_queue_url: "http://failed".into(),
        retry_delay_s: 60,
        meter: Meter::new(Tariff { prices, architecture: Architecture::X86_64, memory_mb: 128 }, LogRules::whole()),
    }
}

pub(crate) fn jpeg(bytes: u64) -> ObjectHead {
    ObjectHead { bytes, etag: "\"e\"".into(), content_type: Some("image/jpeg".into()), ..ObjectHead::default() }
}

fn object(key: &str) -> EventObject {
    EventObject {
        bucket: "uploads".into(),
        key: key.into(),
        sequencer: Some("0A".into()),
        etag: Some("e".into()),
        ..EventObject::default()
    }
}

fn run(edge: &MemoryEdge, settings: &Settings, object: EventObject) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(dispatch(edge, settings, vec![Ok(object)], "origin")).remove(0).verdict
}

fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Dispatched { tier, .. } => tier.clone(),
        Verdict::Skipped { name, .. } => (*name).to_owned(),
        Verdict::PutOff { message } => message.clone(),
        Verdict::Failed(error) => error.to_string(),
    }
}

#[test]
fn a_job_says_what_is_known_of_its_object() {
    let edge = MemoryEdge::with(&[("a.jpg", jpeg(9))]);
    assert_eq!(name(&run(&edge, &settings(), object("a.jpg"))), "small");
    let tasks = edge.tasks.borrow();
    let Task::Make(job) = &tasks[0].1 else { panic!("a job") };
    assert_eq!((job.correlation_id.as_str(), job.sequencer.as_deref()), ("origin-0", Some("0A")));
    assert_eq!(job.format, Some(contract::ImageFormat::Jpeg));
}

#[test]
fn a_sequencer_does_not_go_with_another_object_than_its_own() {
    let edge = MemoryEdge::with(&[("a.jpg", jpeg(9))]);
    run(&edge, &settings(), EventObject { etag: Some("older".into()), ..object("a.jpg") });
    let tasks = edge.tasks.borrow();
    assert!(matches!(&tasks[0].1, Task::Make(Job { sequencer: None, .. })), "{:?}", tasks[0]);
}

#[test]
fn a_deletion_goes_to_the_smallest_tier_where_nothing_is_there_any_more() {
    let edge = MemoryEdge::default();
    let deletion = EventObject { change: Change::Removed, ..object("a.jpg") };
    assert_eq!(name(&run(&edge, &settings(), deletion.clone())), "small");
    assert!(matches!(&edge.tasks.borrow()[0].1, Task::Remove { remove } if remove.sequencer.as_deref() == Some("0A")));
    let kept = Settings { delete_thumbnails: false, ..settings() };
    assert_eq!(name(&run(&edge, &kept, deletion)), "delete_ignored");
    assert_eq!(edge.tasks.borrow().len(), 1);
}

#[test]
fn after_a_deletion_the_version_that_is_there_gets_its_thumbnails() {
    let edge = MemoryEdge::with(&[("a.jpg", jpeg(90_000_000))]);
    let deletion = |key| EventObject { change: Change::Removed, etag: None, ..object(key) };
    for settings in [settings(), Settings { delete_thumbnails: false, ..settings() }] {
        assert_eq!(name(&run(&edge, &settings, deletion("a.jpg"))), "large");
        let (_, task) = edge.tasks.borrow_mut().remove(0);
        // The event's sequencer is that of a deletion.
        let Task::Make(job) = task else { panic!("a job") };
        assert!(job.came_back && job.look_first && job.sequencer.is_none(), "{job:?}");
    }
    let slow = MemoryEdge { throttled: vec!["a.jpg".into()], ..MemoryEdge::default() };
    assert!(matches!(run(&slow, &settings(), deletion("a.jpg")), Verdict::Failed(_)));
}

#[test]
fn a_version_that_came_back_and_is_no_image_leaves_no_others_thumbnails() {
    let text = ObjectHead { content_type: Some("text/plain".into()), ..jpeg(9) };
    let ours = ObjectHead { source_etag: Some("e".into()), ..jpeg(9) };
    let edge = MemoryEdge::with(&[("a.txt", text), ("huge.jpg", jpeg(u64::MAX)), ("copy.jpg", ours)]);
    let deletion = |key| EventObject { change: Change::Removed, etag: None, ..object(key) };
    for key in ["a.txt", "huge.jpg"] {
        assert_eq!(name(&run(&edge, &settings(), deletion(key))), "small");
        let (_, task) = edge.tasks.borrow_mut().remove(0);
        assert!(
            matches!(&task, Task::Remove { remove } if remove.current_etag.as_deref() == Some("\"e\"")),
            "{task:?}"
        );
        assert_eq!(edge.endings.take().len(), 1);
    }
    assert_eq!(name(&run(&edge, &settings(), deletion("copy.jpg"))), "own_output");
    let kept = Settings { delete_thumbnails: false, ..settings() };
    assert_eq!(name(&run(&edge, &kept, deletion("a.txt"))), "not_an_image");
    assert!(edge.tasks.borrow().is_empty() && edge.letters.borrow().is_empty() && edge.endings.borrow().is_empty());
}

#[test]
fn ordinary_skips_are_told_to_nobody_and_the_others_to_the_dead_letters() {
    let archived = ObjectHead { storage_class: Some("GLACIER".into()), ..jpeg(9) };
    let song = ObjectHead { content_type: Some("audio/mpeg".into()), ..jpeg(9) };
    let heads = [("empty.jpg", jpeg(0)), ("song.mp3", song), ("large.jpg", jpeg(u64::MAX)), ("archived.jpg", archived)];
    let edge = MemoryEdge::with(&heads);
    for (key, want) in
        [("empty.jpg", "empty"), ("song.mp3", "not_an_image"), ("gone.jpg", "gone"), ("folder/", "folder")]
    {
        assert_eq!(name(&run(&edge, &settings(), object(key))), want);
    }
    assert!(edge.letters.borrow().is_empty());
    let endings = edge.endings.take();
    let told: Vec<_> = endings.iter().map(|ending| (ending.key.as_str(), ending.outcome.as_str())).collect();
    assert_eq!(told, [("empty.jpg", "empty"), ("song.mp3", "not_an_image")]);
    assert!(endings[1].message.as_ref().is_some_and(|message| message.contains("audio/mpeg")), "{endings:?}");
    for (key, want) in [("large.jpg", "too_large"), ("archived.jpg", "archived_storage_class")] {
        assert_eq!(name(&run(&edge, &settings(), object(key))), want);
        let letter = edge.letters.borrow_mut().remove(0);
        assert_eq!((letter.reason.as_str(), letter.job.unwrap().key()), (want, key));
        assert_eq!(edge.endings.take().remove(0).outcome, want);
    }
    assert!(edge.tasks.borrow().is_empty());
}

/// Guard three of four: alone, because nothing here knows of buckets' notifications, and the object has no marker.
#[test]
fn a_key_of_ours_in_the_bucket_of_thumbnails_is_never_dispatched() {
    let edge = MemoryEdge::with(&[("cat.png/128x128.jpg", jpeg(9)), ("cat.png", jpeg(9))]);
    let there = |key| EventObject { bucket: "thumbnails".into(), ..object(key) };
    assert_eq!(name(&run(&edge, &settings(), there("cat.png/128x128.jpg"))), "own_output");
    let deletion = EventObject { change: Change::Removed, ..there("cat.png/128x128.jpg") };
    assert_eq!(name(&run(&edge, &settings(), deletion)), "own_output");
    // An ending has the key of its upload at its end.
    assert_eq!(name(&run(&edge, &settings(), there(".thumbtier/endings/cat.png"))), "own_output");
    assert!(edge.tasks.borrow().is_empty() && edge.endings.borrow().is_empty());
    // Where images are uploaded, anybody may choose such a key.
    assert_eq!(name(&run(&edge, &settings(), object("cat.png/128x128.jpg"))), "small");
}

fn one_bucket() -> Settings {
    let thumbnails = Thumbnails::builtin().unwrap().under("thumbnails/");
    let source_prefixes = vec!["photos/".to_owned(), "avatars/".to_owned()];
    Settings { destination_bucket: "uploads".into(), thumbnails, source_prefixes, ..settings() }
}

/// Guard three in one bucket for both sides: alone, because no prefix says what is an upload.
#[test]
fn in_one_bucket_a_key_of_ours_is_never_dispatched() {
    let keys = ["photos/cat.png", "thumbnails/photos/cat.png/128x128.jpg", ".thumbtier/endings/photos/cat.png"];
    let edge = MemoryEdge::with(&keys.map(|key| (key, jpeg(9))));
    let any_key = Settings { source_prefixes: Vec::new(), ..one_bucket() };
    let names = keys.map(|key| name(&run(&edge, &any_key, object(key))));
    assert_eq!(names, ["small", "own_output", "own_output"]);
    let names = keys.map(|key| name(&run(&edge, &any_key, EventObject { change: Change::Removed, ..object(key) })));
    assert_eq!(names, ["small", "own_output", "own_output"]);
}

/// The prefixes: alone, because the keys are none of ours and the objects have no marker.
#[test]
fn what_is_under_no_source_prefix_or_in_another_bucket_is_never_dispatched() {
    let keys = ["photos/cat.png", "avatars/cat.png", "thumbs-of-before/photos/cat.png", "cat.png", "photos"];
    let edge = MemoryEdge::with(&keys.map(|key| (key, jpeg(9))));
    let names = keys.map(|key| name(&run(&edge, &one_bucket(), object(key))));
    assert_eq!(names, ["small", "small", "not_watched", "not_watched", "not_watched"]);
    let deletion = EventObject { change: Change::Removed, ..object("cat.png") };
    assert_eq!(name(&run(&edge, &one_bucket(), deletion)), "not_watched");
    let elsewhere = EventObject { bucket: "another".into(), ..object("photos/cat.png") };
    let Verdict::Skipped { name, message, is_ordinary: true } = run(&edge, &settings(), elsewhere) else { panic!() };
    assert!(name == "not_watched" && message.contains("which are in `uploads`"), "{name} {message}");
}

/// Guard four of four: alone, because the bucket and the key are those of an upload.
#[test]
fn an_object_with_our_marker_is_never_dispatched() {
    let edge = MemoryEdge::with(&[("a.jpg", ObjectHead { source_etag: Some("e".into()), ..jpeg(9) })]);
    assert_eq!(name(&run(&edge, &settings(), object("a.jpg"))), "own_output");
    assert!(edge.tasks.borrow().is_empty() && edge.endings.borrow().is_empty());
}

/// The marker, on an ending: alone too.
#[test]
fn an_ending_is_never_dispatched() {
    let removed = Ending {
        outcome: Ending::REMOVED.into(),
        message: None,
        key: "a.jpg".into(),
        source_etag: None,
        made_by: None,
        correlation_id: "c".into(),
    };
    for ending in [Ending { source_etag: Some("\"e\"".into()), ..removed.clone() }, removed] {
        let (name_of_mark, mark) = ending.mark();
        let head = jpeg(9).with_metadata(&HashMap::from([(name_of_mark.to_owned(), mark)]));
        let edge = MemoryEdge::with(&[("a.jpg", head)]);
        assert_eq!(name(&run(&edge, &settings(), object("a.jpg"))), "own_output");
    }
}

#[test]
fn a_wrong_type_does_not_hide_a_picture() {
    for content_type in ["application/json", "text/plain", "undefined", "image", "jpg"] {
        let head = ObjectHead { content_type: Some(content_type.into()), ..jpeg(9) };
        let edge = MemoryEdge::with(&[("photo.jpg", head)]);
        assert_eq!(name(&run(&edge, &settings(), object("photo.jpg"))), "small", "{content_type}");
        let tasks = edge.tasks.borrow();
        assert!(matches!(&tasks[0].1, Task::Make(Job { format: Some(contract::ImageFormat::Jpeg), .. })));
    }
}
