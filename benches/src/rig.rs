//! The rig: a real worker process in its tier's memory and share of a CPU, with a Lambda runtime API and an S3 of our
//! own on loopback. What a tier does on AWS, seen by the clock that bills it.

mod cgroup;
mod server;
mod worker;

pub use cgroup::{Cgroups, Group};
pub use worker::{Ending, Limits, Rig, Sample, Worker};
