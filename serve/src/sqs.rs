//! Events from a queue that speaks SQS.

mod aws;

pub(crate) use self::aws::run;
