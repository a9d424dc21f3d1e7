//! Log lines of workers, as they come out of CloudWatch Logs by whichever door.

use contract::JobRecord;
use contract::metrics::DISPATCHER;
use serde_json::Value;

/// What was found in a log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logs {
    /// The lines about jobs.
    pub records: Vec<JobRecord>,
    /// Lines of other things: START, REPORT, the dispatcher.
    pub other_lines: usize,
    /// Lines that should be about a job and lack something.
    pub broken_lines: usize,
}

impl Logs {
    /// Reads `text`: JSON lines as the worker writes them; lines with time and id before the JSON, as in exports to
    /// S3 and in `aws logs tail`; lines whose JSON has the worker's line in `message` or `@message`; and the document
    /// of `aws logs filter-log-events`.
    pub fn read(&mut self, text: &str) {
        if let Ok(document) = serde_json::from_str::<Value>(text)
            && let Some(events) = document["events"].as_array()
        {
            events.iter().for_each(|event| self.value(event));
            return;
        }
        text.lines().filter(|line| !line.trim().is_empty()).for_each(|line| self.line(line));
    }

    fn line(&mut self, line: &str) {
        let json = line.find('{').and_then(|start| serde_json::from_str::<Value>(line[start..].trim_end()).ok());
        match json {
            Some(value) => self.value(&value),
            None => self.other_lines += 1,
        }
    }

    fn value(&mut self, value: &Value) {
        let inner = ["message", "@message"].into_iter().map(|name| &value[name]).find(|inner| !inner.is_null());
        // A job's own line may have a message too: the sentence of its refusal.
        match inner.filter(|_| value["correlation_id"].is_null()) {
            Some(Value::String(line)) => self.line(line),
            Some(inner) => self.value(inner),
            None if !is_of_a_worker(value) => self.other_lines += 1,
            None => match serde_json::from_value(value.clone()) {
                Ok(record) => self.records.push(record),
                Err(_) => self.broken_lines += 1,
            },
        }
    }
}

/// The dispatcher's lines name their tier too.
fn is_of_a_worker(line: &Value) -> bool {
    line["outcome"].is_string() && line["tier"].as_str().is_some_and(|tier| tier != DISPATCHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"tier":"small","outcome":"made","correlation_id":"c","bucket":"b","key":"k.png","bytes":9,"format":"png","width_px":3,"height_px":2,"pixels":6,"decode_shrink":1,"planned_peak_bytes":7,"bytes_read":9,"warnings":[],"thumbnail_keys":["k"],"images":1,"thumbnails":1,"refusals":0,"failures":0,"escalations":0,"cold_starts":0,"get_ms":1,"decode_ms":1,"resize_ms":1,"encode_ms":1,"put_ms":1,"total_ms":5,"init_ms":0,"cpu_ms":2,"peak_bytes":8,"headroom_percent":90,"compute_dollars":0,"request_dollars":0,"largest_only_dollars":0}"#;

    fn read(text: &str) -> Logs {
        let mut logs = Logs::default();
        logs.read(text);
        logs
    }

    #[test]
    fn a_line_is_found_in_every_form_that_cloudwatch_gives_it() {
        let quoted = serde_json::to_string(LINE).unwrap();
        let forms = [
            LINE.to_owned(),
            format!("2026-11-21T06:00:00.000Z {LINE}"),
            format!("2026-11-21T06:00:00.000Z\t3604209a-e9a3\tINFO\t{LINE}\n"),
            format!("2026-11-21T06:00:00 2026/11/21/[$LATEST]abc {LINE}"),
            format!(r#"{{"timestamp":1,"message":{quoted}}}"#),
            format!(r#"{{"@timestamp":"x","@message":{quoted}}}"#),
            format!(r#"{{"timestamp":"x","level":"INFO","message":{LINE}}}"#),
            format!("{{\n \"events\": [\n {{\"message\": {quoted}}} ] }}"),
        ];
        for form in forms {
            let logs = read(&form);
            assert_eq!((logs.records.len(), logs.other_lines, logs.broken_lines), (1, 0, 0), "{form}");
            assert_eq!(logs.records[0].image.as_ref().unwrap().format, "png");
        }
    }

    #[test]
    fn what_is_no_job_is_counted() {
        let cut = LINE.replace(r#""key":"k.png","#, "");
        let text = format!(
            "START RequestId: r\nREPORT RequestId: r\n\n{{\"tier\":\"dispatcher\",\"outcome\":\"dispatched\"}}\n{{\"tier\n{cut}\n{LINE}"
        );
        let logs = read(&text);
        assert_eq!((logs.records.len(), logs.other_lines, logs.broken_lines), (1, 4, 1));
    }

    #[test]
    fn a_refusal_keeps_its_own_message() {
        let refused = LINE.replace(r#""outcome":"made""#, r#""outcome":"corrupt","message":"it ends early""#);
        assert_eq!(read(&refused).records[0].message.as_deref(), Some("it ends early"));
    }
}
