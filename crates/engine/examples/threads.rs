//! Wall time of `make` by one thread and by two: `cargo run --release -p engine --example threads -- FILE...`
//!
//! Each file becomes JPEGs (`SIZE=1600,512,128` by default), by one thread and by two in turn, 9 times (`ROUNDS`). Printed
//! are the median of the wall time, the least, and the CPU of each; the results are compared byte for byte. How many CPUs
//! there are is the caller's: the large tier is a control group whose quota is 34 ms of every 20.

// A tool at the desk: it may stop where it stands.
#![allow(clippy::unwrap_used)]

use std::{fs, io::Cursor, path::Path, time::Instant};

use contract::{OutputFormat, Variant};
use engine::{Limits, Made};

fn variants(sides: &str) -> Vec<Variant> {
    sides.split(',').map(|side| Variant::inside(side.parse().unwrap(), OutputFormat::Jpeg)).collect()
}

fn make(bytes: &[u8], variants: &[Variant], threads: u32) -> Made {
    let mut limits = Limits::for_budget(1 << 32);
    limits.threads = threads;
    engine::make(&mut Cursor::new(bytes), variants, &limits, &mut |_| {}).unwrap()
}

/// Wall and CPU time, in milliseconds.
struct Times(Vec<f64>, Vec<f64>);

impl Times {
    fn add(&mut self, work: impl FnOnce() -> Made) -> Made {
        let (start, cpu) = (Instant::now(), usage::cpu_time());
        let made = work();
        self.0.push(usage::milliseconds(start.elapsed()));
        self.1.push(usage::milliseconds(usage::cpu_time() - cpu));
        made
    }
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let variants = variants(&setting("SIZE", "1600,512,128"));
    for path in std::env::args().skip(1) {
        let bytes = fs::read(&path).unwrap();
        let mut times = [Times(Vec::new(), Vec::new()), Times(Vec::new(), Vec::new())];
        for _ in 0..setting("ROUNDS", "9").parse().unwrap() {
            let [one, two] = &mut times;
            let one = one.add(|| make(&bytes, &variants, 1));
            let two = two.add(|| make(&bytes, &variants, 2));
            assert_eq!(one.thumbnails, two.thumbnails);
        }
        let [[one, one_cpu], [two, two_cpu]] = times.each_mut().map(|Times(wall, cpu)| [median(wall), median(cpu)]);
        let least = times.map(|Times(wall, _)| wall[0]);
        println!(
            "{:34} 1: {one:6.1} ms (least {:6.1}, CPU {one_cpu:6.1})  2: {two:6.1} ms (least {:6.1}, CPU {two_cpu:6.1})  \
             ratio {:.2} (of least {:.2})",
            Path::new(&path).file_name().unwrap().to_string_lossy(),
            least[0],
            least[1],
            two / one,
            least[1] / least[0],
        );
    }
}
