//! What ended for good without thumbnails: a file for each letter in the state folder, for people to read and to send again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use contract::{DeadLetter, EventObject};
use serde_json::Value;

use crate::clock::now_ms;
use crate::{durable, shape};

/// The two folders of letters, by who is at fault.
const FOLDERS: [&str; 2] = ["dead-letters", "refusals"];

/// Where letters lie that are to be sent again.
const AGAIN: &str = "redrive";

/// The folders.
#[derive(Debug)]
pub(crate) struct Letters {
    state: PathBuf,
    next: AtomicU64,
}

/// A letter and its file.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) path: PathBuf,
    pub(crate) letter: DeadLetter,
}

impl Letters {
    /// Those of a state folder.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub(crate) fn open(state: &Path) -> io::Result<Self> {
        for folder in FOLDERS.iter().chain([&AGAIN]) {
            fs::create_dir_all(state.join(folder))?;
        }
        Ok(Self { state: state.to_owned(), next: AtomicU64::new(0) })
    }

    /// Keeps a letter; returns when it is on the disk.
    ///
    /// # Errors
    /// What the disk said.
    pub(crate) fn keep(&self, letter: &DeadLetter) -> io::Result<()> {
        let folder = self.state.join(FOLDERS[usize::from(letter.refused)]);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:013}-{:05}-{}", now_ms(), std::process::id() % 100_000, number);
        let line = serde_json::to_string(letter)? + "\n";
        durable::write(&folder.join(format!("{name}.json")), [line])
    }

    /// How many letters there are: dead ones and refused ones.
    pub(crate) fn counts(&self) -> [usize; 2] {
        FOLDERS.map(|folder| files(&self.state.join(folder)).len())
    }

    /// The letters that somebody wants to be sent again.
    pub(crate) fn again(&self) -> Vec<Kept> {
        read(&self.state.join(AGAIN))
    }
}

/// All letters of a state folder, the oldest first: dead ones, refused ones, or both.
pub(crate) fn list(state: &Path, refused: Option<bool>) -> Vec<Kept> {
    let wanted = [false, true].into_iter().filter(|kind| refused.is_none_or(|refused| refused == *kind));
    wanted.flat_map(|kind| read(&state.join(FOLDERS[usize::from(kind)]))).collect()
}

/// Has a letter sent again by the process that owns the state folder.
///
/// # Errors
/// What the disk said.
pub(crate) fn send_again(state: &Path, kept: &Kept) -> io::Result<()> {
    let name = kept.path.file_name().unwrap_or_default();
    fs::rename(&kept.path, state.join(AGAIN).join(name))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files
}

fn read(folder: &Path) -> Vec<Kept> {
    let kept = |path: PathBuf| {
        let letter = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
        Some(Kept { path, letter })
    };
    files(folder).into_iter().filter_map(kept).collect()
}

/// The S3 event that starts it again; `None` where its event had no key.
///
/// Jobs go to the dispatcher, not to their worker: after a fix the object may be another one, the thresholds too.
pub(crate) fn event(letter: &DeadLetter) -> Option<Value> {
    Some(shape::of_object(&EventObject::of_task(letter.job.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use contract::Task;

    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn letters_are_kept_listed_and_sent_again() {
        let state = Scratch::new("serve-letters");
        let letters = Letters::open(&state).unwrap();
        let task: Task = serde_json::from_str(
            r#"{"bucket":"b","key":"a b/ü+.png","etag":"\"e\"","bytes":9,"sequencer":"0A","correlation_id":"c"}"#,
        )
        .unwrap();
        letters.keep(&DeadLetter::about(task.clone(), "killed", "it was killed")).unwrap();
        letters.keep(&DeadLetter::of_refused(task, "corrupt", "png is damaged")).unwrap();
        assert_eq!(letters.counts(), [1, 1]);
        let all = list(&state, None);
        assert_eq!(all.iter().map(|kept| kept.letter.reason.as_str()).collect::<Vec<_>>(), ["killed", "corrupt"]);
        send_again(&state, &list(&state, Some(true))[0]).unwrap();
        assert_eq!(letters.counts(), [1, 0]);
        let again = letters.again();
        let event = event(&again[0].letter).unwrap();
        assert_eq!(event.pointer("/Records/0/s3/object/key").unwrap(), "a%20b/%C3%BC%2B.png");
        assert_eq!(event.pointer("/Records/0/s3/object/eTag").unwrap(), "e");
    }
}
