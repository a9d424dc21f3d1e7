//! Work on many files at once whose results are taken in the order of the files.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// So many files for each job may be done, or in work, before the first of them is taken: results wait in memory.
const AHEAD: usize = 4;

/// Runs `work` for each number below `count`, up to `jobs` at once, and `take` for each result in the order of the numbers,
/// on the calling thread.
///
/// # Errors
/// The first of `take`; what has not begun by then is left.
pub(super) fn in_order<Done: Send, Error>(
    count: usize,
    jobs: usize,
    work: &(dyn Fn(usize) -> Done + Sync),
    take: &mut dyn FnMut(usize, Done) -> Result<(), Error>,
) -> Result<(), Error> {
    if jobs == 1 {
        return (0..count).try_for_each(|number| take(number, work(number)));
    }
    let turns = Turns::default();
    let run = |number: usize| {
        let _stop = StopOnPanic(&turns);
        work(number)
    };
    thread::scope(|scope| {
        let (sender, done) = channel();
        for _ in 0..jobs.min(count) {
            let sender = sender.clone();
            let (turns, run) = (&turns, &run);
            scope.spawn(move || {
                while let Some(number) = turns.next(count, jobs * AHEAD) {
                    // Nobody takes it any more where `take` failed.
                    let _ = sender.send((number, run(number)));
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut taken = 0;
        for (number, result) in done {
            waiting.insert(number, result);
            while let Some(result) = waiting.remove(&taken) {
                take(taken, result).inspect_err(|_| turns.stop())?;
                taken += 1;
                turns.taken(taken);
            }
        }
        Ok(())
    })
}

/// Who does what next.
#[derive(Default)]
struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    next: usize,
    taken: usize,
    is_stopped: bool,
}

impl Turns {
    /// The next number, as soon as it is less than `ahead` above those that were taken; `None` at the end.
    fn next(&self, count: usize, ahead: usize) -> Option<usize> {
        let must_wait =
            |state: &mut State| !state.is_stopped && state.next < count && state.next >= state.taken + ahead;
        let state = self.changed.wait_while(self.lock(), must_wait);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.is_stopped || state.next >= count {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    fn taken(&self, taken: usize) {
        self.lock().taken = taken;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// Nothing panics while it is locked.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without it the others would wait for a result that never comes.
struct StopOnPanic<'turns>(&'turns Turns);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    /// The first ones take longest.
    fn slow(number: usize) -> usize {
        thread::sleep(Duration::from_micros(50 * (20 - number as u64 % 20)));
        number
    }

    #[test]
    fn results_come_in_order_and_no_file_runs_far_ahead() {
        for (count, jobs) in [(0, 4), (1, 4), (100, 1), (100, 2), (100, 7), (3, 64)] {
            let (begun, mut all) = (AtomicUsize::new(0), Vec::new());
            let work = |number| {
                begun.fetch_add(1, Relaxed);
                slow(number)
            };
            let result = in_order(count, jobs, &work, &mut |number, done| {
                assert!(begun.load(Relaxed) <= number + jobs * AHEAD);
                all.push((number, done));
                Ok::<_, ()>(())
            });
            assert_eq!(result, Ok(()));
            assert!(all.into_iter().eq((0..count).map(|number| (number, number))), "{count} by {jobs}");
        }
    }

    #[test]
    fn an_error_or_a_panic_ends_it_and_nobody_waits_for_ever() {
        for jobs in [1, 3] {
            let result = in_order(1000, jobs, &slow, &mut |number, _| if number < 30 { Ok(()) } else { Err(number) });
            assert_eq!(result, Err(30));
            let work = |number| if number == 40 { panic!("as the test wants it") } else { slow(number) };
            let run = || in_order(1000, jobs, &work, &mut |_, _| Ok::<_, ()>(()));
            assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        }
    }
}
