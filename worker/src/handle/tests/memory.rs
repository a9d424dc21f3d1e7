//! Two buckets in memory with S3's conditions, and everything that was sent elsewhere.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use contract::{
    Architecture, DeadLetter, Ending, Formats, Job, LogRules, ObjectHead, PreviewUse, Prices, Tariff, Task, Thumbnails,
    TierTable, fnv1a, metadata,
};
use function::{CallError, HeadObject, InvokeWorker, KeepEnding, Meter, SendDeadLetter};

use crate::edge::{Condition, DeleteObject, Deleted, GetObject, ObjectBody, PutObject, StoredObject};
use crate::settings::Settings;

type Race = Box<dyn FnOnce(&MemoryStore)>;

#[derive(Default)]
pub(super) struct MemoryStore {
    sources: RefCell<HashMap<String, (String, Vec<u8>)>>,
    thumbnails: RefCell<HashMap<String, StoredObject>>,
    /// The connection breaks after this many bytes.
    pub breaks_after_bytes: Option<usize>,
    /// Of every source.
    pub content_encoding: Option<&'static str>,
    /// Of every source.
    pub focus: Option<&'static str>,
    /// Of every source.
    pub page: Option<&'static str>,
    refused_puts: RefCell<Vec<String>>,
    /// What somebody else does just before the next PUT.
    pub before_put: RefCell<VecDeque<Race>>,
    /// What somebody else does just before the next GET of a range.
    pub before_range: RefCell<Option<Race>>,
    /// What somebody else does just before the next DELETE.
    pub before_delete: RefCell<VecDeque<Race>>,
    pub gets: Cell<u32>,
    pub heads: Cell<u32>,
    pub puts: Cell<u32>,
    pub deletes: Cell<u32>,
    pub invoked: RefCell<Vec<(String, Task)>>,
    pub letters: RefCell<Vec<DeadLetter>>,
    pub endings: RefCell<Vec<Ending>>,
}

impl MemoryStore {
    pub(super) fn upload(&self, key: &str, bytes: Vec<u8>) {
        self.sources.borrow_mut().insert(key.into(), (etag(&bytes), bytes));
    }

    pub(super) fn delete_source(&self, key: &str) {
        self.sources.borrow_mut().remove(key);
    }

    pub(super) fn etag(&self, bucket: &str, key: &str) -> Option<String> {
        match bucket {
            "uploads" => self.sources.borrow().get(key).map(|(etag, _)| etag.clone()),
            _ => self.thumbnails.borrow().get(key).map(|object| etag(&object.bytes)),
        }
    }

    /// The thumbnails that are there, by key.
    pub(super) fn stored(&self) -> Vec<StoredObject> {
        let mut stored: Vec<_> = self.thumbnails.borrow().values().cloned().collect();
        stored.sort_by(|left, right| left.key.cmp(&right.key));
        stored
    }

    pub(super) fn put_thumbnail(&self, object: StoredObject) {
        self.thumbnails.borrow_mut().insert(object.key.clone(), object);
    }

    pub(super) fn refuse_puts_of(&self, key: &str) {
        self.refused_puts.borrow_mut().push(key.to_owned());
    }

    pub(super) fn allow_puts(&self) {
        self.refused_puts.borrow_mut().clear();
    }
}

/// Of the bytes alone, as S3's: two objects with the same bytes share it.
fn etag(bytes: &[u8]) -> String {
    format!("\"{:x}\"", fnv1a(bytes))
}

pub(super) fn failure(action: &str) -> CallError {
    CallError { action: action.into(), cause: "503 SlowDown".into() }
}

pub(super) struct MemoryBody {
    chunks: VecDeque<Result<Bytes, CallError>>,
    content_encoding: Option<&'static str>,
    focus: Option<&'static str>,
    page: Option<&'static str>,
}

impl GetObject for MemoryStore {
    type Body = MemoryBody;

    async fn get(&self, job: &Job) -> Result<Option<MemoryBody>, CallError> {
        self.get_from(job, 0).await
    }

    async fn get_from(&self, job: &Job, from: u64) -> Result<Option<MemoryBody>, CallError> {
        self.gets.set(self.gets.get() + 1);
        if from > 0
            && let Some(race) = self.before_range.take()
        {
            race(self);
        }
        let sources = self.sources.borrow();
        let Some((_, object)) = sources.get(&job.key).filter(|(etag, _)| *etag == job.etag) else { return Ok(None) };
        let sent = self.breaks_after_bytes.map_or(object.as_slice(), |bytes| &object[..bytes]);
        let sent = &sent[from as usize..];
        let mut chunks: VecDeque<_> = sent.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        if self.breaks_after_bytes.is_some() {
            chunks.push_back(Err(failure("GetObject")));
        }
        Ok(Some(MemoryBody { chunks, content_encoding: self.content_encoding, focus: self.focus, page: self.page }))
    }
}

impl ObjectBody for MemoryBody {
    fn content_encoding(&self) -> Option<&str> {
        self.content_encoding
    }

    fn focus(&self) -> Option<&str> {
        self.focus
    }

    fn page(&self) -> Option<&str> {
        self.page
    }

    async fn next(&mut self) -> Option<Result<Bytes, CallError>> {
        self.chunks.pop_front()
    }
}

impl HeadObject for MemoryStore {
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<ObjectHead>, CallError> {
        self.heads.set(self.heads.get() + 1);
        let Some(etag) = self.etag(bucket, key) else { return Ok(None) };
        let thumbnails = self.thumbnails.borrow();
        let marks = thumbnails.get(key).filter(|_| bucket == "thumbnails").map(|object| &object.metadata);
        let mark = |name: &str| marks.and_then(|marks| marks.get(name).cloned());
        Ok(Some(ObjectHead {
            etag,
            bytes: 9,
            source_etag: mark(metadata::SOURCE_ETAG),
            source_sequencer: mark(metadata::SEQUENCER),
            spec: mark(metadata::SPEC),
            ..ObjectHead::default()
        }))
    }
}

impl PutObject for MemoryStore {
    async fn put(&self, object: &StoredObject, condition: &Condition) -> Result<Option<String>, CallError> {
        self.puts.set(self.puts.get() + 1);
        let race = self.before_put.borrow_mut().pop_front();
        if let Some(race) = race {
            race(self);
        }
        if self.refused_puts.borrow().contains(&object.key) {
            return Err(failure("PutObject"));
        }
        let there = self.etag("thumbnails", &object.key);
        let holds = match condition {
            Condition::Absent => there.is_none(),
            Condition::Unchanged(etag) => there.as_ref() == Some(etag),
        };
        if holds {
            self.put_thumbnail(object.clone());
        }
        Ok(holds.then(|| etag(&object.bytes)))
    }
}

impl DeleteObject for MemoryStore {
    async fn delete(&self, _bucket: &str, key: &str, etag: &str) -> Result<Deleted, CallError> {
        self.deletes.set(self.deletes.get() + 1);
        let race = self.before_delete.borrow_mut().pop_front();
        if let Some(race) = race {
            race(self);
        }
        match self.etag("thumbnails", key) {
            Some(there) if there == etag => {
                self.thumbnails.borrow_mut().remove(key);
                Ok(Deleted::Done)
            }
            Some(_) => Ok(Deleted::Other),
            None => Ok(Deleted::Absent),
        }
    }
}

impl InvokeWorker for MemoryStore {
    async fn invoke(&self, tier: &str, task: &Task) -> Result<(), CallError> {
        self.invoked.borrow_mut().push((tier.to_owned(), task.clone()));
        Ok(())
    }
}

impl SendDeadLetter for MemoryStore {
    async fn send(&self, letter: &DeadLetter) -> Result<(), CallError> {
        self.letters.borrow_mut().push(letter.clone());
        Ok(())
    }
}

impl KeepEnding for MemoryStore {
    async fn keep(&self, ending: &Ending) -> Result<(), CallError> {
        self.endings.borrow_mut().push(ending.clone());
        Ok(())
    }
}

pub(super) fn settings(tier: &str) -> Settings {
    let tiers = TierTable::builtin().unwrap();
    let tier = tiers.get(tier).unwrap().clone();
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let tariff = Tariff { prices, architecture: Architecture::X86_64, memory_mb: tier.memory_mb };
    let shared = function::Settings {
        source_bucket: "uploads".into(),
        worker_prefix: "worker-".into(),
        worker_alias: String::new(),
        tiers,
        thumbnails: Thumbnails::builtin().unwrap(),
        delete_thumbnails: true,
        max_object_bytes: 1 << 29,
        formats: Formats::ALL,
        keep_endings: true,
        dead_letter_queue_url: "http://queue".into(),
        refusals_queue_url: "http://refusals".into(),
        failed_jobs_queue_url: "http://failed".into(),
        retry_delay_s: 60,
        source_prefixes: Vec::new(),
        destination_bucket: "thumbnails".into(),
        meter: Meter::new(tariff, LogRules::whole()),
    };
    Settings { tier, max_pixels: 1 << 28, previews: PreviewUse::Fallback, renderer: None, shared }
}
