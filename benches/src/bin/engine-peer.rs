//! The engine as one of the peers: one JSON job a line on standard input, one answer a line on standard output.
//!
//! `{"file": "a.jpg", "format": "jpeg", "out": null}` gives `{"cpu_ms": 1.2, "peak_bytes": 5000000, …}`.

use std::fs::File;
use std::io::{self, BufRead, Write};

use benches::shipped_variant;
use contract::{OutputFormat, TierTable};
use engine::Limits;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Job {
    file: String,
    format: OutputFormat,
    out: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    cpu_ms: f64,
    peak_bytes: u64,
    bytes_read: u64,
    planned_peak_bytes: u64,
    shrink: u32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::for_budget(TierTable::builtin()?.largest().budget_bytes());
    for line in io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let answer = match run(&job, &limits) {
            Ok(answer) => serde_json::to_string(&answer)?,
            Err(error) => serde_json::json!({ "error": error.to_string() }).to_string(),
        };
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn run(job: &Job, limits: &Limits) -> Result<Answer, Box<dyn std::error::Error>> {
    let variant = [shipped_variant(job.format)];
    let before = usage::cpu_time();
    let made = engine::make(&mut File::open(&job.file)?, &variant, limits, &mut |_| ())?;
    let cpu = usage::cpu_time() - before;
    let thumbnail = made.thumbnails.first().ok_or("no thumbnail")?;
    if let Some(out) = &job.out {
        std::fs::write(out, &thumbnail.bytes)?;
    }
    Ok(Answer {
        cpu_ms: cpu.as_secs_f64() * 1e3,
        peak_bytes: usage::peak_bytes(),
        bytes_read: made.bytes_read,
        planned_peak_bytes: made.plan.peak_bytes,
        shrink: made.plan.shrink,
    })
}
