//! The home of a function: AWS Lambda and SQS.

pub(crate) mod aws;
