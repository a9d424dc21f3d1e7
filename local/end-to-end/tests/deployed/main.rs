//! Against the deployment that the environment names: `make test` makes one and removes it again.
//!
//! One program, because each is linked with the AWS SDK anew. The Makefile runs the modules one after the other:
//! `metrics` counts jobs, `privilege` takes rights away, `redrive` and `alarms` empty the queue of dead letters.

mod account;
mod alarms;
mod backfill;
mod buckets;
mod cdn;
mod formats;
mod http;
mod metrics;
mod nothing_lost;
mod operator;
mod pipeline;
mod privilege;
mod redrive;
mod slow_down;
mod smoke;
mod template;
mod versions;
