//! What `thumbtier serve` is told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The pipeline of thumbtier on your own machines
#[derive(Debug, Parser)]
#[command(name = "thumbtier", bin_name = "thumbtier", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The one subcommand.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Box<ServeArguments>),
}

/// Make thumbnails of what is uploaded to a store that speaks S3, on this machine
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct ServeArguments {
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
    #[command(flatten)]
    pub(crate) options: Option<Options>,
}

/// What is done beside serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List what ended for good without thumbnails
    Letters(LettersArguments),
    /// Have letters sent again by the process that serves
    Redrive(LettersArguments),
}

/// Which letters.
#[derive(Debug, Args)]
pub(crate) struct LettersArguments {
    /// The state folder of the process that serves
    #[arg(long, env = "THUMBTIER_STATE", value_name = "FOLDER")]
    pub(crate) state: PathBuf,
    /// Those about uploads that are at fault; else those about the system
    #[arg(long)]
    pub(crate) refusals: bool,
    /// Only those with this reason, e.g. over_budget
    #[arg(long, value_name = "NAME")]
    pub(crate) reason: Option<String>,
}

/// How a bucket is named in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Style {
    /// https://host/bucket/key
    Path,
    /// https://bucket.host/key
    Host,
}

/// How it serves.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The bucket that images are uploaded to
    #[arg(long, env = "THUMBTIER_SOURCE", value_name = "BUCKET")]
    pub(crate) source: String,
    /// The bucket that thumbnails are stored in; may be the same one with --prefix and --destination-prefix
    #[arg(long, env = "THUMBTIER_DESTINATION", value_name = "BUCKET")]
    pub(crate) destination: String,
    /// Only keys that begin so, several by commas
    #[arg(long = "prefix", env = "THUMBTIER_PREFIX", value_name = "PREFIX", value_delimiter = ',')]
    pub(crate) prefixes: Vec<String>,
    /// What the keys of thumbnails begin with
    #[arg(long, env = "THUMBTIER_DESTINATION_PREFIX", value_name = "PREFIX", default_value = "")]
    pub(crate) destination_prefix: String,
    /// Where events, jobs that wait and letters are kept; one process has it
    #[arg(long, env = "THUMBTIER_STATE", value_name = "FOLDER")]
    pub(crate) state: PathBuf,

    /// The store, e.g. http://minio:9000; without it AWS
    #[arg(long, env = "THUMBTIER_ENDPOINT", value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// The same as browsers reach it, for URLs that take uploads of the page
    #[arg(long, env = "THUMBTIER_PUBLIC_ENDPOINT", value_name = "URL")]
    pub(crate) public_endpoint: Option<String>,
    /// How buckets are named in requests
    #[arg(long, env = "THUMBTIER_STYLE", value_enum, default_value = "path")]
    pub(crate) style: Style,
    /// The region that requests are signed for
    #[arg(long, env = "THUMBTIER_REGION", value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// A file of PEM certificates that are trusted beside the system's
    #[arg(long, env = "THUMBTIER_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// No other process writes thumbnails: allows a store without conditional writes
    #[arg(long, env = "THUMBTIER_ALONE")]
    pub(crate) alone: bool,

    /// Where HTTP is listened to
    #[arg(long, env = "THUMBTIER_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The token of POST /events; without it there are no events by HTTP
    #[arg(long, env = "THUMBTIER_EVENTS_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) events_token: Option<String>,
    /// The token of the HTTP API and its page; without it there is neither
    #[arg(long, env = "THUMBTIER_API_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) api_token: Option<String>,
    /// Everybody may read thumbnails by the HTTP API
    #[arg(long, env = "THUMBTIER_PUBLIC_THUMBNAILS")]
    pub(crate) public_thumbnails: bool,
    /// A queue that speaks SQS, whose messages are events: its URL
    #[arg(long, env = "THUMBTIER_SQS", value_name = "URL")]
    pub(crate) sqs: Option<String>,
    /// Where SQS is, if not at AWS
    #[arg(long, env = "THUMBTIER_SQS_ENDPOINT", value_name = "URL")]
    pub(crate) sqs_endpoint: Option<String>,
    /// A list of Redis, whose entries are events: redis://[:PASSWORD@]HOST[:PORT][/DATABASE]
    #[arg(long, env = "THUMBTIER_REDIS", value_name = "URL", hide_env_values = true)]
    pub(crate) redis: Option<String>,
    /// The key of that list
    #[arg(long, env = "THUMBTIER_REDIS_KEY", value_name = "KEY", default_value = "bucketevents")]
    pub(crate) redis_key: String,
    /// Compare the buckets so often: what has no thumbnail gets one, what is left of deleted images goes; e.g. 10m
    #[arg(long, env = "THUMBTIER_RECONCILE", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) reconcile: Option<Duration>,

    /// MB of memory that the process may use, if its control group or the machine does not say less
    #[arg(long, env = "THUMBTIER_MEMORY", value_name = "MB")]
    pub(crate) memory: Option<u64>,
    /// A tiers.json instead of the table that this build was made with
    #[arg(long, env = "THUMBTIER_TIERS", value_name = "FILE")]
    pub(crate) tiers: Option<PathBuf>,
    /// A thumbnails.json instead of what this build was made with
    #[arg(long, env = "THUMBTIER_THUMBNAILS", value_name = "FILE")]
    pub(crate) thumbnails: Option<PathBuf>,
    /// The formats that are read, by commas; all of the build without it
    #[arg(long, env = "THUMBTIER_FORMATS", value_name = "FORMATS", default_value = "")]
    pub(crate) formats: String,
    /// The largest object that is read, in bytes
    #[arg(long, env = "THUMBTIER_MAX_OBJECT_BYTES", value_name = "BYTES", default_value_t = u64::MAX, hide_default_value = true)]
    pub(crate) max_object_bytes: u64,
    /// The largest image that is decoded, in pixels
    #[arg(long, env = "THUMBTIER_MAX_PIXELS", value_name = "PIXELS", default_value_t = 1_000_000_000)]
    pub(crate) max_pixels: u64,
    /// Thumbnails stay when their image is deleted
    #[arg(long, env = "THUMBTIER_KEEP_THUMBNAILS")]
    pub(crate) keep_thumbnails: bool,
    /// How long a job that failed waits for its second try; later ones wait longer
    #[arg(long, env = "THUMBTIER_RETRY_DELAY", value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    pub(crate) retry_delay: Duration,
    /// How long jobs that run may take to end when the process is asked to stop
    #[arg(long, env = "THUMBTIER_STOP_WITHIN", value_name = "TIME", default_value = "25s", value_parser = humantime::parse_duration)]
    pub(crate) stop_within: Duration,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert!(parse("thumbtier serve --source a --destination b --state s --reconcile 10m").is_ok());
        assert!(parse("thumbtier serve letters --state s").is_ok());
        assert!(parse("thumbtier serve --source a").is_err());
    }
}
