use std::cell::RefCell;
use std::collections::VecDeque;

use contract::{Formats, TierTable, decode_event_key};

use super::*;

/// A listing in memory.
struct Pages(VecDeque<Vec<Listed>>);

impl List for Pages {
    async fn page(&mut self) -> anyhow::Result<Option<Vec<Listed>>> {
        Ok(self.0.pop_front())
    }
}

fn pages(keys: &[&str], size: usize) -> Pages {
    let object = |key: &&str| Listed { key: (*key).to_owned(), bytes: 9, ..Listed::default() };
    Pages(keys.chunks(size).map(|keys| keys.iter().map(object).collect()).collect())
}

/// A dispatcher that answers by key: how often it fails before it succeeds, or for ever.
#[derive(Default)]
struct Dispatcher {
    /// Keys in the order of their invocations.
    seen: RefCell<Vec<String>>,
    /// How often a key fails for now.
    busy: Vec<(&'static str, usize)>,
    /// Keys that fail for good.
    bad: Vec<&'static str>,
    /// So many of the first invocations are throttled.
    throttled: Cell<usize>,
    /// The signal comes with this key.
    stop_at: Option<(&'static str, Stop)>,
}

impl Dispatch for Dispatcher {
    async fn dispatch(&self, event: &Value) -> Result<Value, DispatchError> {
        tokio::task::yield_now().await;
        if self.throttled.get() > 0 {
            self.throttled.set(self.throttled.get() - 1);
            return Err(DispatchError::Temporary(anyhow!("rate exceeded")));
        }
        assert_eq!((&event["invocationSchemaVersion"], &event["job"]["id"]), (&json!("2.0"), &json!("run")));
        let tasks = event["tasks"].as_array().unwrap();
        let result = |task: &Value| {
            assert_eq!(task["s3Bucket"], "uploads");
            let key = decode_event_key(task["s3Key"].as_str().unwrap()).unwrap();
            if let Some((_, stop)) = self.stop_at.as_ref().filter(|(at, _)| *at == key) {
                stop.set();
            }
            let before = self.seen.borrow().iter().filter(|seen| **seen == key).count();
            self.seen.borrow_mut().push(key.clone());
            let fails = self.busy.iter().any(|(busy, times)| *busy == key && before < *times);
            let (code, text) = match (fails, self.bad.contains(&key.as_str())) {
                (true, _) => ("TemporaryFailure", "HeadObject of `uploads`: 503"),
                (_, true) => ("PermanentFailure", "too_large: object has 9 bytes"),
                _ => ("Succeeded", "sent to small"),
            };
            json!({ "taskId": task["taskId"], "resultCode": code, "resultString": text })
        };
        Ok(json!({ "results": tasks.iter().map(result).collect::<Vec<_>>() }))
    }
}

/// Runs it all with hardly a wait; how it ended, the last key that was noted, the outcome.
async fn run(edge: &Dispatcher, pages: Pages, rate: u32, stop: &Stop) -> (anyhow::Result<End>, String, Outcome) {
    let rules = Rules { tiers: TierTable::builtin().unwrap(), max_object_bytes: u64::MAX, formats: Formats::ALL };
    let direct = Direct::new(edge, &rules, ("uploads", "run"), rate, stop);
    let direct = Direct { first_wait: Duration::from_micros(10), ..direct };
    let (mut last_key, mut whole) = (String::new(), Outcome::default());
    let end = direct.run(pages, |key, outcome| {
        assert!(key > last_key, "in the order of the keys");
        last_key = key;
        whole.add(outcome);
        Ok(())
    });
    (end.await, last_key, whole)
}

const KEYS: [&str; 9] = ["a", "b", "c+ ü%", "d/", "e", "f", "g", "h", "i/"];

#[tokio::test]
async fn every_object_is_handed_over_once_and_folders_are_left_out() {
    for page in [1, 2, 100] {
        for rate in [3, 10_000] {
            let edge = Dispatcher::default();
            // A rate of 3 a second would take seconds; its batches of 3 are what is tested.
            let (end, last_key, outcome) = run(&edge, pages(&KEYS, page), rate.max(3000), &Stop::default()).await;
            assert_eq!((end.unwrap(), last_key.as_str()), (End::Whole, "i/"));
            assert_eq!((outcome.answered, outcome.dispatched, outcome.skipped["folder"]), (7, 7, 2));
            assert_eq!(*edge.seen.borrow(), ["a", "b", "c+ ü%", "e", "f", "g", "h"], "{page} {rate}");
        }
    }
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_and_what_fails_for_good_is_told() {
    // Two tries of the batch are throttled, and "g" succeeds with the last one.
    let last = TRIES as usize - 2;
    let busy = vec![("b", 2), ("g", last - 1)];
    let edge = Dispatcher { busy, bad: vec!["e"], throttled: Cell::new(2), ..Dispatcher::default() };
    let (end, _, outcome) = run(&edge, pages(&KEYS, 4), 10_000, &Stop::default()).await;
    assert_eq!((end.unwrap(), outcome.answered, outcome.dispatched), (End::Whole, 7, 6));
    assert_eq!((outcome.told[0].key.as_str(), outcome.refused["too_large"]), ("e", 1));
    let tries = |key: &str| edge.seen.borrow().iter().filter(|seen| **seen == key).count();
    assert_eq!((tries("a"), tries("b"), tries("e"), tries("g")), (1, 3, 1, last));
}

#[tokio::test]
async fn each_try_of_a_batch_sends_fewer_objects_at_once() {
    /// Takes as long as there are objects, and no invocation may be longer than three.
    struct Slow(RefCell<Vec<usize>>);
    impl Dispatch for Slow {
        async fn dispatch(&self, event: &Value) -> Result<Value, DispatchError> {
            let tasks = event["tasks"].as_array().unwrap();
            self.0.borrow_mut().push(tasks.len());
            if tasks.len() > 3 {
                return Err(DispatchError::Temporary(anyhow!("timed out")));
            }
            let result = |task: &Value| json!({ "taskId": task["taskId"], "resultCode": "Succeeded", "resultString": "sent to small" });
            Ok(json!({ "results": tasks.iter().map(result).collect::<Vec<_>>() }))
        }
    }
    let rules = Rules { tiers: TierTable::builtin().unwrap(), max_object_bytes: u64::MAX, formats: Formats::ALL };
    let (edge, stop) = (Slow(RefCell::default()), Stop::default());
    let direct = Direct::new(&edge, &rules, ("uploads", "run"), 10_000, &stop);
    let direct = Direct { first_wait: Duration::from_micros(10), ..direct };
    let mut dispatched = 0;
    let end = direct.run(pages(&["a", "b", "c", "d", "e", "f", "g"], 9), |_, outcome| {
        dispatched += outcome.dispatched;
        Ok(())
    });
    assert_eq!((end.await.unwrap(), dispatched), (End::Whole, 7));
    assert_eq!(*edge.0.borrow(), [7, 7, 6, 1, 3, 3]);
}

/// Batches of 25: `k24` ends the first, `k49` the second.
fn many() -> Vec<String> {
    (0..100).map(|number| format!("k{number:02}")).collect()
}

#[tokio::test]
async fn an_object_that_fails_too_often_ends_the_run_before_it() {
    let keys = many();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let edge = Dispatcher { busy: vec![("k30", usize::MAX), ("k31", usize::MAX)], ..Dispatcher::default() };
    let (end, last_key, outcome) = run(&edge, pages(&keys, 1000), 10_000, &Stop::default()).await;
    let error = end.unwrap_err().to_string();
    assert_eq!(error, "2 objects failed 6 times, the first, `k30`, because HeadObject of `uploads`: 503");
    assert_eq!((last_key.as_str(), outcome.answered), ("k24", 25), "later batches are not noted: they come again");
}

#[tokio::test]
async fn after_the_signal_nothing_new_is_sent_and_what_was_sent_is_noted() {
    let keys = many();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let stop = Stop::default();
    let edge = Dispatcher { stop_at: Some(("k60", stop.clone())), ..Dispatcher::default() };
    // Slow enough that the fourth batch waits for its turn when the signal comes with the third.
    let (end, last_key, outcome) = run(&edge, pages(&keys, 10), 500, &stop).await;
    assert_eq!((end.unwrap(), last_key.as_str(), outcome.answered), (End::Stopped, "k74", 75));
    assert_eq!(edge.seen.borrow().len(), 75, "each once");
}

#[tokio::test]
async fn a_dispatcher_that_is_not_there_ends_the_run_at_once() {
    struct Nobody(Cell<usize>);
    impl Dispatch for Nobody {
        async fn dispatch(&self, _: &Value) -> Result<Value, DispatchError> {
            self.0.set(self.0.get() + 1);
            Err(DispatchError::Final(anyhow!("not there")))
        }
    }
    let rules = Rules { tiers: TierTable::builtin().unwrap(), max_object_bytes: u64::MAX, formats: Formats::ALL };
    let (edge, stop) = (Nobody(Cell::new(0)), Stop::default());
    let direct = Direct::new(&edge, &rules, ("uploads", "run"), 50, &stop);
    let end = direct.run(pages(&KEYS, 9), |_, _| Ok(())).await;
    assert_eq!((end.unwrap_err().to_string().as_str(), edge.0.get()), ("not there", 1));
}

#[test]
fn objects_go_at_the_rate_and_not_in_a_burst_after_a_pause() {
    let (pace, start) = (Pace::new(50), Instant::now());
    pace.next.set(start);
    let ms = Duration::from_millis;
    assert_eq!([25, 25, 5].map(|objects| pace.wait(objects, start)), [ms(0), ms(500), ms(1000)]);
    assert_eq!(pace.wait(25, start + ms(200)), ms(900));
    // A minute later there is no backlog.
    let later = start + Duration::from_secs(60);
    assert_eq!([25, 25].map(|objects| pace.wait(objects, later)), [ms(0), ms(500)]);
    let rates = [1, 10, 50, 200, 10_000].map(Pace::new);
    assert_eq!(rates.each_ref().map(Pace::tasks), [1, 10, 25, 25, 25]);
    assert_eq!(rates.each_ref().map(Pace::in_flight), [2, 2, 4, 16, 32]);
}

#[tokio::test]
async fn no_more_objects_are_on_their_way_than_may_be() {
    #[derive(Default)]
    struct Counting {
        now: Cell<usize>,
        most: Cell<usize>,
    }
    impl Dispatch for Counting {
        async fn dispatch(&self, event: &Value) -> Result<Value, DispatchError> {
            assert_eq!(event["tasks"].as_array().unwrap().len(), 1);
            self.now.set(self.now.get() + 1);
            self.most.set(self.most.get().max(self.now.get()));
            tokio::time::sleep(Duration::from_millis(2)).await;
            self.now.set(self.now.get() - 1);
            Ok(json!({ "results": [{ "taskId": "0", "resultCode": "Succeeded", "resultString": "sent to small" }] }))
        }
    }
    let rules = Rules { tiers: TierTable::builtin().unwrap(), max_object_bytes: u64::MAX, formats: Formats::ALL };
    for most in [1, 3] {
        let (edge, stop) = (Counting::default(), Stop::default());
        let direct = Direct::new(&edge, &rules, ("uploads", "run"), 10_000, &stop).with_at_most(Some(most));
        let keys: Vec<String> = (0..40).map(|number| format!("{number:02}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let end = direct.run(pages(&keys, 100), |_, _| Ok(())).await;
        assert_eq!((end.unwrap(), edge.most.get()), (End::Whole, most as usize));
    }
}
