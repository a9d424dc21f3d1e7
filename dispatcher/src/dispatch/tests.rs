use std::cell::RefCell;
use std::collections::HashMap;

use contract::{Architecture, Prices, Tariff};

use super::*;

/// A bucket in memory, and the jobs that were handed over.
#[derive(Default)]
struct MemoryEdge {
    heads: HashMap<String, ObjectHead>,
    throttled: Vec<String>,
    jobs: RefCell<Vec<(String, Job)>>,
}

impl HeadObject for MemoryEdge {
    async fn head(&self, _bucket: &str, key: &str) -> Result<Option<ObjectHead>, CallError> {
        if self.throttled.iter().any(|throttled| throttled == key) {
            return Err(CallError { action: format!("HeadObject of `{key}`"), cause: "503 SlowDown".into() });
        }
        Ok(self.heads.get(key).cloned())
    }
}

impl InvokeWorker for MemoryEdge {
    async fn invoke(&self, tier: &str, job: &Job) -> Result<(), CallError> {
        self.jobs.borrow_mut().push((tier.to_owned(), job.clone()));
        Ok(())
    }
}

fn object(key: &str) -> Result<EventObject, KeyError> {
    Ok(EventObject { bucket: "uploads".into(), key: key.into(), sequencer: Some("0A".into()) })
}

fn jpeg(bytes: u64) -> ObjectHead {
    ObjectHead { bytes, etag: "\"e\"".into(), content_type: Some("image/jpeg".into()), ..ObjectHead::default() }
}

fn run(edge: &MemoryEdge, objects: Vec<Result<EventObject, KeyError>>) -> Result<Summary, DispatchError> {
    let tiers = TierTable::builtin().unwrap();
    let prices = Prices::builtin().unwrap().region("us-east-1").unwrap().clone();
    let meter = Meter::new(Tariff { prices, architecture: Architecture::X86_64, memory_mb: 128 }, None);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(dispatch(edge, &tiers, &meter, objects, "request"))
}

#[test]
fn every_record_gets_its_answer_and_every_answer_is_counted() {
    let heads = [("small.jpg", jpeg(9)), ("empty.jpg", jpeg(0)), ("large.jpg", jpeg(90_000_000))];
    let edge = MemoryEdge { heads: heads.map(|(key, head)| (key.to_owned(), head)).into(), ..MemoryEdge::default() };
    let bad_key = Err(KeyError::NotUtf8 { encoded: "%FF".into() });
    let objects = vec![object("small.jpg"), object("empty.jpg"), object("deleted.jpg"), bad_key, object("large.jpg")];
    let summary = run(&edge, objects).unwrap();
    assert_eq!(summary.dispatched, [("large".to_owned(), 1), ("small".to_owned(), 1)].into());
    assert_eq!(summary.skipped, [("bad_key", 1), ("empty", 1), ("gone", 1)].into());
    let jobs = edge.jobs.borrow();
    assert_eq!(jobs[0].0, "small");
    assert_eq!(jobs[0].1.correlation_id, "request-0");
    assert_eq!(jobs[0].1.sequencer.as_deref(), Some("0A"));
}

#[test]
fn a_record_that_fails_fails_the_event_but_not_its_neighbours() {
    let edge = MemoryEdge {
        heads: [("good.jpg".to_owned(), jpeg(9))].into(),
        throttled: vec!["slow.jpg".into()],
        ..MemoryEdge::default()
    };
    let error = run(&edge, vec![object("slow.jpg"), object("good.jpg")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 of 2 records could not be dispatched, the first because HeadObject of `slow.jpg` failed: 503 SlowDown"
    );
    assert_eq!(edge.jobs.borrow().len(), 1);
}
