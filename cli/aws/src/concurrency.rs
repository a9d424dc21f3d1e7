//! How many functions an account runs at once, and how much of that a backfill may take. Pure.

mod aws;

/// So many must stay for functions without a reservation; an account with fewer can reserve none.
/// Source: AWS Lambda developer guide, "Configuring reserved concurrency for a function".
pub(crate) const UNRESERVED_AT_LEAST: u64 = 100;

/// What is left of an account for uploads when a backfill runs in it: two thirds.
const PART: u64 = 3;

/// Execution environments of an account in one region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Concurrency {
    /// Of all functions together.
    pub limit: u64,
    /// Those that no function has reserved, and that all others share.
    pub unreserved: u64,
}

impl Concurrency {
    /// New accounts have 10. Nothing can be reserved in these, and a backfill's workers are soon all of them.
    pub(crate) const fn is_small(self) -> bool {
        self.unreserved < UNRESERVED_AT_LEAST
    }

    /// The most workers of a backfill that leave the uploads theirs.
    pub(crate) fn share(self) -> u32 {
        u32::try_from(self.unreserved / PART).unwrap_or(u32::MAX).clamp(1, 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backfill_takes_a_third_and_at_least_one() {
        let of = |unreserved| Concurrency { limit: 1_000, unreserved };
        assert_eq!([0, 2, 10, 950, 100_000].map(|unreserved| of(unreserved).share()), [1, 1, 3, 316, 1_000]);
        assert!(of(99).is_small() && !of(100).is_small());
    }
}
