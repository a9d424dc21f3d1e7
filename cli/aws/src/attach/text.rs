//! What `attach` and `detach` print: everything that the bucket notifies, and what changes in it.

use std::fmt::Write as _;

use serde::Serialize;

use super::difference::{Difference, Overlap};
use super::notification::{Configuration, Notification};
use crate::words::table;

/// A page, or one object of JSON.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// `written`, `unchanged`, `planned`, `declined` or `refused`.
    outcome: &'static str,
    bucket: String,
    kept: Vec<Notification>,
    added: Vec<Notification>,
    removed: Vec<Notification>,
    eventbridge_before: bool,
    eventbridge_after: bool,
    /// Sentences, each about a notification that is there.
    refused: Vec<String>,
}

impl Report {
    pub(super) fn new(outcome: &'static str, bucket: &str, before: &Configuration, change: &Difference) -> Self {
        let kept = before.notifications.iter().filter(|one| !change.removed.contains(one));
        Self {
            outcome,
            bucket: bucket.to_owned(),
            kept: kept.cloned().collect(),
            added: change.added.clone(),
            removed: change.removed.clone(),
            eventbridge_before: before.eventbridge,
            eventbridge_after: change.applied(before).eventbridge,
            refused: Vec::new(),
        }
    }

    pub(super) fn refused(bucket: &str, before: &Configuration, overlaps: &[Overlap]) -> Self {
        let refused = overlaps.iter().map(|overlap| overlap.message.clone()).collect();
        Self { refused, ..Self::new("refused", bucket, before, &Difference::default()) }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and flags serialise")
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("s3://{}: {}\n", self.bucket, self.sentence());
        let marked = [(' ', &self.kept), ('+', &self.added), ('-', &self.removed)];
        let rows: Vec<Vec<String>> =
            marked.into_iter().flat_map(|(mark, all)| all.iter().map(move |one| row(mark, one))).collect();
        if !rows.is_empty() {
            let _ = writeln!(text, "{}", table(&rows, usize::MAX));
        }
        match (self.eventbridge_before, self.eventbridge_after) {
            (false, true) => text.push_str("+ EventBridge gets every event of the bucket\n"),
            (true, _) => text.push_str("  EventBridge gets every event of the bucket\n"),
            (false, false) => {}
        }
        for message in &self.refused {
            let _ = writeln!(text, "refused: {message}");
        }
        text
    }

    fn sentence(&self) -> &'static str {
        match self.outcome {
            "written" => "written, and read back as it was meant",
            "unchanged" => "nothing to change",
            "declined" => "nothing was written",
            "refused" => "nothing was written, because S3 would not take both",
            _ => "lines with + come, lines with - go, all others stay as they are",
        }
    }
}

fn row(mark: char, one: &Notification) -> Vec<String> {
    let id = if one.id.is_empty() { "no Id" } else { &one.id };
    vec![format!("{mark} {}", one.arn), one.events.join(" "), one.keys(), id.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::super::notification::tests::of;
    use super::*;

    #[test]
    fn a_page_shows_what_stays_comes_and_goes() {
        let (queue, ours) =
            (of("q", &["s3:ObjectCreated:Put"], "bills/", ""), of("ours", &["s3:ObjectRemoved:*"], "", ""));
        let before = Configuration { notifications: vec![queue], eventbridge: true };
        let change = Difference { added: vec![ours], ..Difference::default() };
        let text = Report::new("planned", "b", &before, &change).text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(
            lines[1].starts_with("  arn:aws:sqs:us-east-1:123456789012:q ") && lines[1].contains("bills/*"),
            "{text}"
        );
        assert!(lines[2].starts_with("+ arn:") && lines[2].contains("every key"), "{text}");
        let json: serde_json::Value =
            serde_json::from_str(&Report::new("planned", "b", &before, &change).json()).unwrap();
        assert_eq!((&json["kept"][0]["kind"], &json["added"][0]["id"]), (&"queue".into(), &"ours".into()));
        assert_eq!(json["eventbridge_after"], true);
    }
}
