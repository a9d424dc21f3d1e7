//! The home of the function: a worker is invoked.

mod aws;
