//! Decodes a JPEG small: `planes FILE SCALES [OUT_PREFIX]`, SCALES being one of 8, 4, 2, 1 per component, e.g. `844`.
//!
//! Writes one PGM per component, or, without OUT_PREFIX, prints the time of 21 decodes.

use std::fs::File;
use std::io::Write as _;
use std::time::Instant;

use jpeg::{Decoder, Rows, Scale, Sink};

#[derive(Default)]
struct Planes(Vec<(usize, Vec<u8>)>);

impl Sink for Planes {
    fn rows(&mut self, component: usize, rows: Rows<'_>) {
        if self.0.len() <= component {
            self.0.resize(component + 1, (0, Vec::new()));
        }
        self.0[component].0 = rows.width_samples();
        rows.iter().for_each(|row| self.0[component].1.extend_from_slice(row));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, scales, prefix @ ..] = &args[..] else { return Err("usage: planes FILE SCALES [OUT_PREFIX]".into()) };
    let scales: Vec<Scale> = scales
        .bytes()
        .map(|scale| match scale {
            b'8' => Scale::Eighth,
            b'4' => Scale::Quarter,
            b'2' => Scale::Half,
            _ => Scale::Full,
        })
        .collect();
    let decode = || {
        let mut planes = Planes::default();
        let decoder = Decoder::new(File::open(file)?)?;
        let scales = &scales[..decoder.header().components.len().min(scales.len())];
        let outcome = decoder.decode(scales, &mut planes)?;
        Ok::<_, Box<dyn std::error::Error>>((planes, outcome))
    };
    if let [prefix] = prefix {
        let (planes, outcome) = decode()?;
        println!("{outcome:?}");
        for (component, (width, samples)) in planes.0.iter().enumerate() {
            let mut pgm = File::create(format!("{prefix}{component}.pgm"))?;
            writeln!(pgm, "P5 {width} {} 255", samples.len() / width)?;
            pgm.write_all(samples)?;
        }
        return Ok(());
    }
    let mut times: Vec<f64> = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        std::hint::black_box(decode()?);
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!("median {:.2} ms, least {:.2} ms", times[10], times[0]);
    Ok(())
}
