//! The memory that files made at once may plan to hold together.

use std::sync::{Condvar, Mutex, PoisonError};

/// So many bytes for all.
pub(super) struct Memory {
    total_bytes: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free_bytes: u64,
    /// Numbers are given out in the order of asking, and served in it: who asks for much waits, but not for ever.
    last_number: u64,
    served: u64,
}

/// What one file may plan with, until it is dropped.
pub(super) struct Reserved<'memory> {
    memory: &'memory Memory,
    pub(super) bytes: u64,
}

impl Memory {
    pub(super) fn new(total_bytes: u64) -> Self {
        let state = State { free_bytes: total_bytes, last_number: 0, served: 0 };
        Self { total_bytes, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits until `bytes` are free, but not for more than there are.
    pub(super) fn reserve(&self, bytes: u64) -> Reserved<'_> {
        let bytes = bytes.min(self.total_bytes);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.last_number;
        state.last_number += 1;
        let must_wait = |state: &mut State| state.served != number || state.free_bytes < bytes;
        let mut state = self.changed.wait_while(state, must_wait).unwrap_or_else(PoisonError::into_inner);
        state.served += 1;
        state.free_bytes -= bytes;
        drop(state);
        self.changed.notify_all();
        Reserved { memory: self, bytes }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.memory.state.lock().unwrap_or_else(PoisonError::into_inner).free_bytes += self.bytes;
        self.memory.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use std::thread;

    #[test]
    fn all_together_never_hold_more_and_who_asks_for_much_is_served() {
        let (memory, held_bytes, served) = (Memory::new(100), AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..6_u64 {
                let (memory, held_bytes, served) = (&memory, &held_bytes, &served);
                scope.spawn(move || {
                    for round in 0..200 {
                        let reserved = memory.reserve(if thread == 0 { 1_000 } else { 1 + (round * thread) % 60 });
                        assert!(held_bytes.fetch_add(reserved.bytes, Relaxed) + reserved.bytes <= 100);
                        thread::yield_now();
                        held_bytes.fetch_sub(reserved.bytes, Relaxed);
                        served.fetch_add(1, Relaxed);
                    }
                });
            }
        });
        assert_eq!(served.load(Relaxed), 1_200);
    }
}
