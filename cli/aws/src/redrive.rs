//! `thumbtier redrive`: dead letters are sent again, after what stopped them was mended.

mod aws;
mod letter;

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use self::aws::Queue;
use self::letter::{Read, read};
use crate::aws::{Deployment, StageArguments, block_on};
use thumbtier::Ending;

/// Send the dead letters and the refused uploads of a deployment again
///
/// Reads the dead-letter queue, prints each letter with its reason, key and age, and hands it to the dispatcher, which
/// looks at the object as it is now. A letter is deleted only after it was handed over; what fails again comes back.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RedriveArguments {
    #[command(flatten)]
    deployment: StageArguments,
    /// Print the letters and leave them where they are
    #[arg(long)]
    dry_run: bool,
    /// One JSON object per letter on standard output
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  thumbtier redrive --stage prod --dry-run
  thumbtier redrive --stage prod
  thumbtier redrive --stage prod --dry-run --json | jq -r .reason | sort | uniq -c

Exit status: 0 every letter sent again (or printed), 1 some could not be, 2 wrong usage or no such queue.";

/// A message as it was received.
#[derive(Debug)]
struct Letter {
    id: String,
    receipt: String,
    body: String,
    sent_ms: Option<u64>,
}

/// One line of output.
#[derive(Debug, Serialize)]
struct Line {
    /// `sent`, `left` (dry run), `not_sent`.
    outcome: &'static str,
    reason: String,
    key: Option<String>,
    age_s: Option<u64>,
    message: String,
}

/// Sends every letter again, one line for each.
///
/// # Errors
/// No such queue, or no right to it; standard output that cannot be written to.
pub(crate) fn run(arguments: &RedriveArguments) -> anyhow::Result<Ending> {
    block_on(async {
        let deployment = Deployment::find(&arguments.deployment).await?;
        let mut ending = Ending::Done;
        for name in ["dead-letters", "refusals"] {
            let queue = Queue::find(&deployment, name).await?;
            if matches!(redrive(arguments, name, &queue).await?, Ending::SomeRefused) {
                ending = Ending::SomeRefused;
            }
        }
        Ok(ending)
    })
}

async fn redrive(arguments: &RedriveArguments, name: &str, queue: &Queue) -> anyhow::Result<Ending> {
    let started_ms = now_ms();
    let progress = bar(queue.count().await?);
    let mut ending = Ending::Done;
    let mut seen = HashSet::new();
    let (mut left, mut sent) = (Vec::new(), 0);
    loop {
        let letters = queue.receive().await?;
        let count_before = seen.len();
        for letter in letters {
            // What is sent again and fails again comes back while this runs: that is for the next run.
            let is_new = letter.sent_ms.is_some_and(|sent| sent > started_ms);
            if is_new || !seen.insert(letter.id.clone()) {
                left.push(letter);
                continue;
            }
            let read = read(&letter.body);
            let (outcome, why) = match &read.event {
                None => ("not_sent", None),
                Some(_) if arguments.dry_run => ("left", None),
                Some(event) => match hand_over(queue, event, &letter).await {
                    Ok(()) => ("sent", None),
                    Err(error) => ("not_sent", Some(format!("{error:#}"))),
                },
            };
            if outcome == "not_sent" {
                ending = Ending::SomeRefused;
            }
            sent += u32::from(outcome == "sent");
            progress.suspend(|| print(arguments.json, &line(outcome, read, why, &letter)))?;
            progress.inc(1);
            if outcome != "sent" {
                left.push(letter);
            }
        }
        if seen.len() == count_before {
            break;
        }
    }
    progress.finish_and_clear();
    for letter in &left {
        queue.release(letter).await?;
    }
    eprintln!("{name}: {} letters, {sent} sent again", seen.len());
    Ok(ending)
}

/// Handed over first, deleted afterwards: between the two it may be sent twice, never lost.
async fn hand_over(queue: &Queue, event: &serde_json::Value, letter: &Letter) -> anyhow::Result<()> {
    queue.dispatch(event).await?;
    queue.delete(letter).await
}

fn line(outcome: &'static str, read: Read, why: Option<String>, letter: &Letter) -> Line {
    let age_s = letter.sent_ms.map(|sent| now_ms().saturating_sub(sent) / 1000);
    let Read { reason, message, key, .. } = read;
    Line { outcome, reason, key, age_s, message: why.unwrap_or(message) }
}

fn print(json: bool, line: &Line) -> anyhow::Result<()> {
    let text = if json {
        serde_json::to_string(line).expect("strings and numbers serialise")
    } else {
        let Line { outcome, reason, key, age_s, message } = line;
        let key = key.as_deref().map_or("no key".to_owned(), |key| key.escape_debug().to_string());
        let age = age_s.map_or("unknown age".to_owned(), age);
        format!("{outcome:<8}  {reason:<16}  {age:>8}  {key}: {}", message.escape_debug())
    };
    writeln!(io::stdout().lock(), "{text}").context("writing to standard output")
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default()
}

fn age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn bar(count: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} letters, {eta} left");
    ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        assert_eq!([5, 600, 10_000, 400_000].map(age), ["5 s", "10 min", "2 h", "4 days"]);
    }
}
