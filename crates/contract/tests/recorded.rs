//! Old jobs meet new code, and new jobs old code: functions change one after the other, and queues keep messages for 14
//! days. `recorded/VERSION` has what each version writes: `least.json` with nothing that may be missing, `most.json` with
//! everything.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests, which clippy.toml cannot say.

use std::fs;
use std::path::PathBuf;

use contract::{DeadLetter, ImageFormat, Job, ObjectHead, PutOff, Removal, Task};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded"))
}

/// The versions, and what was recorded of each.
fn recorded(file: &str) -> Vec<(String, Value)> {
    let versions = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
    let versions = versions.filter(|version| version.path().join(file).exists());
    versions
        .map(|version| {
            let text = fs::read_to_string(version.path().join(file)).unwrap();
            (version.file_name().into_string().unwrap(), serde_json::from_str(&text).unwrap())
        })
        .collect()
}

/// Every message that one part of a deployment leaves for another: an invocation's payload, or a queue's message.
fn messages(job: Job, remove: Removal, refused: bool) -> Value {
    let (task, removal) = (Task::Make(job), Task::Remove { remove });
    let letter = DeadLetter { refused, ..DeadLetter::about(task.clone(), "corrupt", "png is damaged") };
    let letter_without_a_job = DeadLetter { job: None, ..letter.clone() };
    json!({
        "make": task,
        "remove": removal,
        "put_off": PutOff { retry: "small".into(), task },
        "dead_letter": if refused { letter } else { letter_without_a_job },
    })
}

fn removal() -> Removal {
    Removal {
        bucket: "uploads".into(),
        key: "photos/ü +.jpg".into(),
        sequencer: None,
        current_etag: None,
        attempts: 0,
        correlation_id: "c".into(),
    }
}

fn head() -> ObjectHead {
    ObjectHead { bytes: 7, etag: "\"e\"".into(), ..ObjectHead::default() }
}

fn least() -> Value {
    messages(Job::new("uploads", "photos/no extension", head(), "c"), removal(), false)
}

/// Without `..`, so that a new field asks for its place here.
fn most() -> Value {
    let job = Job {
        bucket: "uploads".into(),
        key: "photos/ü +.jpg".into(),
        etag: "\"e\"".into(),
        bytes: 7,
        version_id: Some("v".into()),
        sequencer: Some("0A".into()),
        format: Some(ImageFormat::Jpeg),
        escalated_from: Some("small".into()),
        look_first: true,
        came_back: true,
        attempts: 2,
        correlation_id: "c".into(),
    };
    let remove = Removal { sequencer: Some("0A".into()), current_etag: Some("\"e\"".into()), attempts: 2, ..removal() };
    messages(job, remove, true)
}

#[test]
fn this_version_writes_what_is_recorded_of_it() {
    let folder = folder().join(env!("CARGO_PKG_VERSION"));
    for (file, want) in [("least.json", least()), ("most.json", most())] {
        let path = folder.join(file);
        let text = format!("{want:#}\n");
        if std::env::var_os("UPDATE").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(path, text).unwrap();
        } else {
            let was = fs::read_to_string(&path).unwrap_or_default();
            let next =
                "raise the version if this one is released, then `UPDATE=1 cargo test -p contract --test recorded`";
            assert_eq!(text, was, "{}: jobs have another shape: {next}", path.display());
        }
    }
}

#[test]
fn jobs_of_every_version_are_read() {
    for (version, messages) in recorded("least.json").into_iter().chain(recorded("most.json")) {
        let part = |name: &str| messages[name].clone();
        let is = |name: &str, read: Result<(), serde_json::Error>| {
            read.unwrap_or_else(|error| panic!("{name} of {version} cannot be read any more: {error}"));
        };
        is("make", serde_json::from_value::<Job>(part("make")).map(|_| ()));
        is("dead_letter", serde_json::from_value::<DeadLetter>(part("dead_letter")).map(|_| ()));
        is("put_off", serde_json::from_value::<PutOff>(part("put_off")).map(|_| ()));
        let task: Task = serde_json::from_value(part("remove")).unwrap();
        assert!(matches!(task, Task::Remove { .. }), "a removal of {version} is read as {task:?}");
        let task: Task = serde_json::from_value(part("make")).unwrap();
        assert!(matches!(task, Task::Make(_)), "a job of {version} is read as {task:?}");
    }
}

/// What is in `least.json` is what that version's code cannot do without; it passes over what it does not know.
#[test]
fn jobs_of_this_version_have_what_every_older_one_needs() {
    for (version, needs) in recorded("least.json") {
        for (name, today) in [("least", least()), ("most", most())] {
            lacks_nothing(&needs, &today, &format!("{name} for {version}"));
        }
    }
}

fn lacks_nothing(needs: &Value, has: &Value, place: &str) {
    let Value::Object(fields) = needs else {
        let same = std::mem::discriminant(needs) == std::mem::discriminant(has);
        return assert!(same, "{place} is {has}, where that version reads {needs}");
    };
    for (name, value) in fields {
        let field =
            has.get(name).unwrap_or_else(|| panic!("{place} lacks `{name}`, without which that version reads nothing"));
        lacks_nothing(value, field, &format!("{place}, {name}"));
    }
}

/// What a newer dispatcher says of a format that this version does not know is no reason to fail: the bytes decide.
#[test]
fn a_format_of_the_future_is_none() {
    let mut job = most()["make"].clone();
    job["format"] = json!("jpegxxl");
    job["of_the_future"] = json!({ "more": 1 });
    let read: Job = serde_json::from_value(job).unwrap();
    assert_eq!(read.format, None);
    assert_eq!(read.attempts, 2);
}
