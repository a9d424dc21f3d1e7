//! Which way the objects of a run go, and how many of its workers run at once. Pure.
//!
//! Nothing in AWS's documentation says how many functions S3 Batch Operations invokes at once, so that it may be all that
//! the account has left: only a reservation of the function bounds it. Whoever invokes workers asynchronously queues up
//! with the uploads, however slowly.

use crate::concurrency::Concurrency;

/// How the objects get to the workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By a job of S3 Batch Operations, which invokes the dispatcher for each object.
    BatchOperations,
    /// From here: by the dispatcher, many objects in one invocation, or by workers that are waited for.
    Direct,
}

/// `--max-concurrency`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// So many workers, each waited for.
    Workers(u32),
    /// As many as come.
    Unbounded,
}

impl Bound {
    /// A number, or `none`.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number @ 1..=1_000) => Ok(Self::Workers(number)),
            _ if text == "none" => Ok(Self::Unbounded),
            _ => Err("expected a number from 1 to 1000, or none".to_owned()),
        }
    }
}

/// What the account says where nobody chose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    /// What it has.
    pub concurrency: Concurrency,
    /// How many of the function that S3 Batch Operations invokes run at once at most.
    pub reserved: Option<u64>,
}

/// How a run goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The way.
    pub way: Way,
    /// The most workers at once; `None` is bounded otherwise, or not at all.
    pub workers: Option<u32>,
    /// What nobody chose, why it is so, and how to choose otherwise.
    pub said: Option<String>,
}

impl Choice {
    /// As somebody chose it; `None` where the account decides.
    pub(super) fn asked(is_direct: bool, bound: Option<Bound>) -> Option<Self> {
        let way = if is_direct { Way::Direct } else { Way::BatchOperations };
        match bound? {
            Bound::Workers(number) => Some(Self { way: Way::Direct, workers: Some(number), said: None }),
            Bound::Unbounded => Some(Self { way, workers: None, said: None }),
        }
    }

    /// Tells whoever did not choose.
    pub(super) fn say(&self) {
        if let Some(said) = &self.said {
            eprintln!("{said}");
        }
    }

    /// By the account.
    pub(super) fn of(is_direct: bool, account: Account) -> Self {
        let Account { concurrency, reserved } = account;
        let (limit, unreserved, workers) = (concurrency.limit, concurrency.unreserved, concurrency.share());
        let from_here = |said| Self { way: Way::Direct, workers: Some(workers), said: Some(said) };
        if concurrency.is_small() {
            return from_here(format!(
                "the account runs {limit} functions at once, {unreserved} of them unreserved, and uploads need some: at most \
                 {workers} workers for this run; --max-concurrency takes another number, or none"
            ));
        }
        match (is_direct, reserved) {
            // By --rate: the default is a few dozen workers.
            (true, _) => Self { way: Way::Direct, workers: None, said: None },
            (false, Some(reserved)) => Self {
                way: Way::BatchOperations,
                workers: None,
                said: Some(format!(
                    "S3 Batch Operations runs at most {reserved} of its function at once, as the deployment reserved it"
                )),
            },
            (false, None) => from_here(format!(
                "S3 Batch Operations might take all {unreserved} functions that the account runs at once and has not \
                 reserved, and uploads would wait: from here, by at most {workers} workers; deploy with \
                 --param=reserved_concurrency_batch=10 to use it, or choose --max-concurrency, a number or none"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is_direct: bool, unreserved: u64, reserved: Option<u64>, want: (Way, Option<u32>), words: &str) {
        let concurrency = Concurrency { limit: unreserved, unreserved };
        let choice = Choice::of(is_direct, Account { concurrency, reserved });
        assert_eq!((choice.way, choice.workers), want, "{choice:?}");
        assert!(choice.said.unwrap_or_default().contains(words), "{words}");
    }

    #[test]
    fn nothing_unbounded_is_the_default() {
        let here = |workers| (Way::Direct, Some(workers));
        check(false, 10, None, here(3), "runs 10 functions at once");
        check(true, 10, None, here(3), "at most 3 workers");
        check(false, 1, None, here(1), "or none");
        check(false, 1_000, None, here(333), "reserved_concurrency_batch=10");
        check(false, 990, Some(10), (Way::BatchOperations, None), "at most 10");
        check(true, 1_000, None, (Way::Direct, None), "");
    }

    #[test]
    fn whoever_chooses_has_it_so() {
        let asked = |is_direct, text: &str| Choice::asked(is_direct, Some(Bound::parse(text).unwrap())).unwrap();
        assert_eq!(asked(false, "5"), Choice { way: Way::Direct, workers: Some(5), said: None });
        assert_eq!(asked(false, "none"), Choice { way: Way::BatchOperations, workers: None, said: None });
        assert_eq!(asked(true, "none").way, Way::Direct);
        assert_eq!(Choice::asked(true, None), None);
        assert!(["0", "1001", "some"].iter().all(|text| Bound::parse(text).is_err()));
    }
}
