//! CPU of `make`, in process and warm: `cargo run --release -p engine --example measure -- FILE...`
//!
//! Each file becomes a JPEG of 128 px (`SIZE`, of which `SIZE=128,512,1600` gives a set) nine times (`ROUNDS`), and the
//! least and the median are printed. `GRAVITY=centre`, `attention` or `entropy` fills a square and cuts the rest off,
//! `EFFORT=small` is that of `thumbnails.json`. With `OUT=DIR` a PNG and a JPEG (`QUALITY`) of the last size are written
//! there once more, to be compared with another program's.

// A tool at the desk: it may stop where it stands.
#![allow(clippy::unwrap_used)]

use std::{io::Cursor, path::Path};

use contract::{Effort, Fit, Gravity, OutputFormat, Variant};
use engine::{EngineError, Limits, Made};

/// The environment variable `name`, or `default`.
fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

fn make(bytes: &[u8], format: OutputFormat) -> Result<Made, EngineError> {
    let sides = std::env::var("SIZE").unwrap_or_else(|_| "128".to_owned());
    let (fit, gravity) = match std::env::var("GRAVITY").as_deref() {
        Ok("attention") => (Fit::Cover, Gravity::Attention),
        Ok("entropy") => (Fit::Cover, Gravity::Entropy),
        Ok(_) => (Fit::Cover, Gravity::Centre),
        Err(_) => (Fit::Inside, Gravity::Centre),
    };
    let variant = |side: &str| {
        let quality = setting("QUALITY", 80) as u8;
        let effort = if std::env::var("EFFORT").as_deref() == Ok("small") { Effort::Small } else { Effort::Fast };
        Variant { fit, quality, gravity, effort, ..Variant::inside(side.parse().unwrap(), format) }
    };
    let variants: Vec<_> = sides.split(',').map(variant).collect();
    engine::make(&mut Cursor::new(bytes), &variants, &Limits::for_budget(1 << 32), &mut |_| {})
}

/// CPU time of the main thread so far. Wall time would count the neighbours of a busy machine.
fn cpu_ms() -> f64 {
    usage::milliseconds(usage::thread_cpu_time())
}

fn main() {
    let rounds = setting("ROUNDS", 9);
    for path in std::env::args().skip(1) {
        let name = Path::new(&path).file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let out = std::env::var("OUT").ok();
        let made = match make(&bytes, if out.is_some() { OutputFormat::Png } else { OutputFormat::Jpeg }) {
            Ok(made) => made,
            Err(error) => {
                println!("{name}: {}: {error:?}", error.name());
                continue;
            }
        };
        if let Some(out) = out {
            std::fs::write(format!("{out}/{name}.png"), &made.thumbnails.last().unwrap().bytes).unwrap();
            let jpeg = make(&bytes, OutputFormat::Jpeg).unwrap();
            std::fs::write(format!("{out}/{name}.jpg"), &jpeg.thumbnails.last().unwrap().bytes).unwrap();
        }
        let mut times_ms: Vec<f64> = (0..rounds)
            .map(|_| {
                let start_ms = cpu_ms();
                make(&bytes, OutputFormat::Jpeg).unwrap();
                cpu_ms() - start_ms
            })
            .collect();
        times_ms.sort_by(f64::total_cmp);
        let (least_ms, median_ms) = (times_ms[0], times_ms[rounds as usize / 2]);
        println!(
            "{name:28} least {least_ms:8.2} median {median_ms:8.2} ms, shrink {} x {}, planned {} KiB, read {} of {} bytes, {:?}",
            made.plan.shrink,
            made.plan.row_shrink,
            made.plan.peak_bytes >> 10,
            made.bytes_read,
            bytes.len(),
            made.warnings,
        );
    }
}
