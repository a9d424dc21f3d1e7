//! What was delivered once and is answered once: when everything that came of it is done, or is kept in a durable place.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// A delivery that is under way.
#[derive(Debug)]
struct Delivery {
    has_failed: AtomicBool,
    answer: Mutex<Option<oneshot::Sender<bool>>>,
}

/// A part of a delivery. Dropped without [`Part::done`], by an error or a panic, it fails the whole.
#[derive(Debug)]
pub(crate) struct Part {
    delivery: Arc<Delivery>,
    is_done: bool,
}

/// The end of a delivery: `true` where all parts are done.
#[derive(Debug)]
pub(crate) struct Ended(oneshot::Receiver<bool>);

impl Part {
    /// The first part of a new delivery, and its end.
    pub(crate) fn first() -> (Self, Ended) {
        let (sender, receiver) = oneshot::channel();
        let delivery = Delivery { has_failed: AtomicBool::new(false), answer: Mutex::new(Some(sender)) };
        (Self { delivery: Arc::new(delivery), is_done: false }, Ended(receiver))
    }

    /// Another part of the same delivery.
    pub(crate) fn another(&self) -> Self {
        Self { delivery: Arc::clone(&self.delivery), is_done: false }
    }

    /// This part is done.
    pub(crate) fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_done {
            self.delivery.has_failed.store(true, Ordering::SeqCst);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let answer = self.answer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Who delivered it may have gone.
        let _ = answer.map(|answer| answer.send(!self.has_failed.load(Ordering::SeqCst)));
    }
}

impl Ended {
    /// Whether everything is done.
    pub(crate) async fn well(self) -> bool {
        self.0.await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_delivery_ends_with_its_last_part() {
        let (first, ended) = Part::first();
        let second = first.another();
        first.done();
        let third = second.another();
        second.done();
        assert!(Arc::strong_count(&third.delivery) == 1);
        third.done();
        assert!(ended.well().await);
    }

    #[tokio::test]
    async fn one_part_that_is_dropped_fails_the_whole() {
        let (first, ended) = Part::first();
        let second = first.another();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _part = second;
            panic!("as a decoder may");
        }));
        assert!(panicked.is_err());
        first.done();
        assert!(!ended.well().await);
    }
}
