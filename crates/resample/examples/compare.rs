//! CPU of rows one by one against the whole plane: `cargo run -p resample --example compare`, where `WAY=rows` and
//! `WAY=plane` run one of the two only, for callgrind.

use std::time::Instant;

use resample::{Crop, Kernel, RowResampler, Source, resample};

fn main() {
    let (width, height) = (4032_u32, 3024_u32);
    let samples: Vec<u8> = (0..width * height).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let crop = Crop { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) };
    let way = std::env::var("WAY").unwrap_or_default();
    for size in [(2048, 1536), (1024, 768), (128, 96)] {
        let [mut rows_ms, mut plane_ms] = [const { Vec::new() }; 2];
        for _ in 0..if way.is_empty() { 21 } else { 1 } {
            if way != "plane" {
                let start = Instant::now();
                let mut rows = RowResampler::new((width, height), crop, size, Kernel::Lanczos3);
                samples.chunks_exact(width as usize).for_each(|row| rows.push(row));
                assert_eq!(rows.finish().len(), (size.0 * size.1) as usize);
                rows_ms.push(start.elapsed().as_secs_f64() * 1e3);
            }
            if way != "rows" {
                let start = Instant::now();
                let source = Source { width, height, channels: 1, samples: &samples };
                assert_eq!(resample(&source, crop, size, Kernel::Lanczos3).len(), (size.0 * size.1) as usize);
                plane_ms.push(start.elapsed().as_secs_f64() * 1e3);
            }
        }
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
        };
        println!("{size:?}: rows {:.2} ms, plane {:.2} ms", median(rows_ms), median(plane_ms));
    }
}
