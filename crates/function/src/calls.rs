//! How often S3 was asked.

use std::sync::atomic::{AtomicU32, Ordering};

use contract::Requests;

/// Requests to S3 since the last look, counted where they are sent.
#[derive(Debug, Default)]
pub struct Calls {
    heads: AtomicU32,
    gets: AtomicU32,
    puts: AtomicU32,
}

impl Calls {
    /// A HEAD is sent.
    pub fn head(&self) {
        self.heads.fetch_add(1, Ordering::Relaxed);
    }

    /// A GET is sent.
    pub fn get(&self) {
        self.gets.fetch_add(1, Ordering::Relaxed);
    }

    /// A PUT is sent.
    pub fn put(&self) {
        self.puts.fetch_add(1, Ordering::Relaxed);
    }

    /// Those of an invocation, which is one: the next begins at nothing.
    #[must_use]
    pub fn take(&self) -> Requests {
        let take = |count: &AtomicU32| count.swap(0, Ordering::Relaxed);
        Requests { invocations: 1, heads: take(&self.heads), gets: take(&self.gets), puts: take(&self.puts) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invocation_has_its_own_count() {
        let calls = Calls::default();
        calls.head();
        calls.head();
        calls.get();
        calls.put();
        assert_eq!(calls.take(), Requests { invocations: 1, heads: 2, gets: 1, puts: 1 });
        assert_eq!(calls.take(), Requests { invocations: 1, heads: 0, gets: 0, puts: 0 });
    }
}
