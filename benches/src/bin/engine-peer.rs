//! The engine as one of the peers: one JSON job a line on standard input, one answer a line on standard output.
//!
//! `{"file": "a.jpg", "sides": [1600, 128], "format": "jpeg", "outs": null}` gives
//! `{"cpu_ms": 1.2, "peak_bytes": 5000000, …}`: all thumbnails of one decode. A side is that of the box, in pixels.
//! `"threads": 2` makes them as the large tier does.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::time::Instant;

use benches::shipped_variant;
use contract::{OutputFormat, TierTable, Variant};
use engine::{Limits, Warning};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Job {
    file: String,
    sides: Vec<u32>,
    format: OutputFormat,
    outs: Option<Vec<String>>,
    threads: Option<u32>,
}

#[derive(Serialize)]
struct Answer {
    cpu_ms: f64,
    wall_ms: f64,
    peak_bytes: u64,
    bytes_read: u64,
    planned_peak_bytes: u64,
    bytes_written: usize,
    warnings: Vec<&'static str>,
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
    let shipped = shipped_variant(job.format);
    let variant = |side: &u32| Variant { width_px: *side, height_px: *side, ..shipped.clone() };
    let variants: Vec<Variant> = job.sides.iter().map(variant).collect();
    let mut limits = *limits;
    limits.threads = job.threads.unwrap_or(limits.threads);
    let (started, before) = (Instant::now(), usage::cpu_time());
    let made = engine::make(&mut File::open(&job.file)?, &variants, &limits, &mut |_| ())?;
    let (wall, cpu) = (started.elapsed(), usage::cpu_time() - before);
    for (out, thumbnail) in job.outs.iter().flatten().zip(&made.thumbnails) {
        std::fs::write(out, &thumbnail.bytes)?;
    }
    Ok(Answer {
        cpu_ms: cpu.as_secs_f64() * 1e3,
        wall_ms: wall.as_secs_f64() * 1e3,
        peak_bytes: usage::peak_bytes(),
        bytes_read: made.bytes_read,
        planned_peak_bytes: made.plan.peak_bytes,
        bytes_written: made.thumbnails.iter().map(|thumbnail| thumbnail.bytes.len()).sum(),
        warnings: made.warnings.iter().map(Warning::name).collect(),
    })
}
