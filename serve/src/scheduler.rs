//! Jobs that wait and jobs that run: each tier has a queue of its own, and [`Shares`] says which may start.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contract::{Outcome, Task};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Notify, oneshot};

use crate::delivery::Part;
use crate::shares::Shares;

/// A task for a worker.
#[derive(Debug)]
pub(crate) struct Work {
    /// The tier's place in the table.
    pub(crate) tier: usize,
    pub(crate) task: Task,
    /// Of the delivery that brought it.
    pub(crate) part: Part,
    /// Who waits for it; the error is a sentence.
    pub(crate) answer: Option<oneshot::Sender<Result<Outcome, String>>>,
}

/// A task that may run, until the permit is dropped.
pub(crate) type Started = (Work, Permit);

/// Queues and counts.
#[derive(Debug)]
pub(crate) struct Scheduler {
    shares: Shares,
    state: Mutex<State>,
    /// Something ended.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    waiting: Vec<VecDeque<Work>>,
    running: Vec<usize>,
    lanes: Vec<UnboundedSender<Started>>,
    next_lane: usize,
    is_stopping: bool,
}

/// A share of the memory.
#[derive(Debug)]
pub(crate) struct Permit {
    scheduler: Arc<Scheduler>,
    tier: usize,
}

impl Scheduler {
    /// Gives jobs to `lanes` in turn.
    pub(crate) fn new(shares: Shares, lanes: Vec<UnboundedSender<Started>>) -> Arc<Self> {
        let tiers = shares.cost_mb.len();
        let waiting = (0..tiers).map(|_| VecDeque::new()).collect();
        let state = State { waiting, running: vec![0; tiers], lanes, next_lane: 0, is_stopping: false };
        Arc::new(Self { shares, state: Mutex::new(state), changed: Notify::new() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a task over; it runs as soon as its tier may.
    pub(crate) fn push(self: &Arc<Self>, work: Work) {
        let mut state = self.state();
        if !state.is_stopping {
            state.waiting[work.tier].push_back(work);
        }
        // Else it is dropped, and its delivery fails.
        drop(state);
        self.start();
    }

    fn start(self: &Arc<Self>) {
        let mut state = self.state();
        while let Some(tier) = state.next(&self.shares) {
            let Some(work) = state.waiting[tier].pop_front() else { break };
            state.running[tier] += 1;
            let lane = state.next_lane % state.lanes.len();
            state.next_lane = lane + 1;
            let permit = Permit { scheduler: Arc::clone(self), tier };
            if let Err(gone) = state.lanes[lane].send((work, permit)) {
                // A permit that is dropped takes the lock.
                drop(state);
                drop(gone);
                return;
            }
        }
    }

    /// Starts nothing any more, and gives back what waits: its deliveries fail, and come again elsewhere or later.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.is_stopping = true;
        let waiting: Vec<_> = state.waiting.iter_mut().map(std::mem::take).collect();
        drop(state);
        drop(waiting);
        self.changed.notify_waiters();
    }

    /// Returns when nothing runs any more.
    pub(crate) async fn idle(&self) {
        loop {
            let changed = self.changed.notified();
            if self.state().running.iter().all(|jobs| *jobs == 0) {
                return;
            }
            changed.await;
        }
    }

    /// How many of each tier wait, and how many run.
    pub(crate) fn counts(&self) -> Vec<(usize, usize)> {
        let state = self.state();
        state.waiting.iter().map(VecDeque::len).zip(state.running.iter().copied()).collect()
    }

    /// What the jobs that run may hold, in MB, and what all may.
    pub(crate) fn memory_mb(&self) -> (u64, u64) {
        let state = self.state();
        let used = self.shares.cost_mb.iter().zip(&state.running).map(|(mb, jobs)| mb * *jobs as u64).sum();
        (used, self.shares.total_mb)
    }
}

impl State {
    /// The smallest tier with a job that may start.
    fn next(&self, shares: &Shares) -> Option<usize> {
        if self.is_stopping {
            return None;
        }
        let is_waiting: Vec<bool> = self.waiting.iter().map(|queue| !queue.is_empty()).collect();
        (0..is_waiting.len()).find(|tier| is_waiting[*tier] && shares.may_start(*tier, &self.running, &is_waiting))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.scheduler.state().running[self.tier] -= 1;
        self.scheduler.start();
        self.scheduler.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    fn scheduler() -> (Arc<Scheduler>, UnboundedReceiver<Started>) {
        let (sender, receiver) = unbounded_channel();
        let shares = Shares { cost_mb: vec![10, 60], total_mb: 100, most: 3 };
        (Scheduler::new(shares, vec![sender]), receiver)
    }

    fn work(tier: usize, part: &Part) -> Work {
        let task = r#"{"bucket":"b","key":"k","etag":"\"e\"","bytes":7,"correlation_id":"c"}"#;
        Work { tier, task: serde_json::from_str(task).unwrap(), part: part.another(), answer: None }
    }

    #[test]
    fn ten_small_ones_never_wait_behind_a_large_one() {
        let (scheduler, mut started) = scheduler();
        let (part, _ended) = Part::first();
        scheduler.push(work(1, &part));
        scheduler.push(work(1, &part));
        let (_, large) = started.try_recv().unwrap();
        assert!(started.try_recv().is_err(), "two large ones are 120 MB of 100");
        for _ in 0..10 {
            scheduler.push(work(0, &part));
        }
        let mut done = 0;
        while let Ok((work, permit)) = started.try_recv() {
            assert!(scheduler.memory_mb().0 <= 100);
            assert_eq!(work.tier, 0);
            done += 1;
            drop(permit);
        }
        assert_eq!((done, scheduler.counts()), (10, vec![(0, 0), (1, 1)]));
        drop(large);
        assert_eq!(started.try_recv().unwrap().0.tier, 1);
    }

    #[tokio::test]
    async fn what_waits_when_it_stops_is_given_back() {
        let (scheduler, mut started) = scheduler();
        let (part, ended) = Part::first();
        for _ in 0..5 {
            scheduler.push(work(1, &part));
        }
        part.done();
        let (first, permit) = started.try_recv().unwrap();
        scheduler.stop();
        first.part.done();
        drop(permit);
        scheduler.idle().await;
        assert!(!ended.well().await && started.try_recv().is_err());
    }
}
