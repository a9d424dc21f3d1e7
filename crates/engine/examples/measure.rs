//! Scratch.
use contract::*;
use std::{io::Cursor, time::Instant};
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds: usize = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(7);
    let out = std::env::var("OUT").ok();
    for path in args {
        let bytes = std::fs::read(&path).unwrap();
        let variant = Variant {
            name: "a".into(),
            width_px: 128,
            height_px: 128,
            fit: Fit::Inside,
            format: if out.is_some() { OutputFormat::Png } else { OutputFormat::Jpeg },
            quality: 80,
            background: Background::default(),
        };
        let mut times = vec![];
        let mut last = None;
        for _ in 0..rounds {
            let start = Instant::now();
            let made = engine::make(
                &mut Cursor::new(&bytes),
                &[variant.clone()],
                &engine::Limits::for_budget(1 << 32),
                &mut |_| {},
            );
            times.push(start.elapsed().as_secs_f64() * 1e3);
            last = Some(made);
        }
        times.sort_by(f64::total_cmp);
        match last.unwrap() {
            Ok(made) => {
                let name = std::path::Path::new(&path).file_name().unwrap().to_string_lossy().into_owned();
                println!(
                    "{name:28} min {:8.2} med {:8.2} ms  {:?} read {} warn {:?}",
                    times[0],
                    times[times.len() / 2],
                    made.plan,
                    made.bytes_read,
                    made.warnings
                );
                if let Some(out) = &out {
                    std::fs::write(format!("{out}/{name}.png"), &made.thumbnails[0].bytes).unwrap();
                }
            }
            Err(error) => println!("{path}: {} {error:?}", error.name()),
        }
    }
}
