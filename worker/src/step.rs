//! How far a task is.

use contract::{Job, Outcome};

/// How far a task is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is over.
    Done(Outcome),
    /// The object is there (again), and its thumbnails must be made.
    MakeAgain(Job),
}
