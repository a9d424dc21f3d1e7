//! What a file of each tier costs: just above the threshold of the tier below, under its own tier's budget.

use std::time::Duration;

use benches::inputs::{Kind, photograph};
use benches::shipped_variant;
use contract::{OutputFormat, TierTable};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::Limits;

/// JPEG bytes of one megapixel of the inputs, at about 2 bit a pixel.
const JPEG_BYTES_PER_MP: f64 = 250e3;
/// PNG bytes of the same: noise hardly compresses.
const PNG_BYTES_PER_MP: f64 = 2.2e6;

fn tiers(criterion: &mut Criterion) {
    let tiers = TierTable::builtin().expect("the shipped table is sound");
    let variant = [shipped_variant(OutputFormat::Jpeg)];
    for kind in [Kind::Jpeg, Kind::JpegProgressive, Kind::Png] {
        let mut below_bytes = 100_000;
        for tier in tiers.iter() {
            let bytes_per_mp = if kind == Kind::Png { PNG_BYTES_PER_MP } else { JPEG_BYTES_PER_MP };
            let mut megapixels = 1.2 * below_bytes as f64 / bytes_per_mp;
            // The estimate may fall short; the table has the last word.
            let (file, format) = loop {
                let file = kind.encode(&photograph(megapixels));
                let format = engine::probe(&file).expect("the inputs are sound").format;
                if file.len() as u64 > below_bytes {
                    break (file, format);
                }
                megapixels *= 1.2;
            };
            let taken = tiers.smallest_for(Some(format), file.len() as u64).expect("within the largest tier");
            assert_eq!(taken.name, tier.name);
            below_bytes = tier.max_object_bytes(Some(format));
            let limits = Limits::for_budget(tier.budget_bytes());
            let make = || engine::make(&mut file.as_slice(), &variant, &limits, &mut |_| ());
            let id = format!("tier={} format={} size={megapixels:.1}mp", tier.name, kind.name());
            let made = match make() {
                Ok(made) => made,
                // The deployment moves it up a tier; its time would not be this tier's.
                Err(error) => {
                    eprintln!("{id}: left out, {error}");
                    continue;
                }
            };
            let mut group = criterion.benchmark_group("tier");
            group.throughput(Throughput::Bytes(made.bytes_read));
            group.bench_function(&id, |bencher| {
                bencher.iter(|| {
                    let made = make().expect("made once, made again");
                    assert_eq!(made.thumbnails.first().map(|thumbnail| thumbnail.width_px), Some(128));
                });
            });
        }
    }
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! { name = benches; config = settings(); targets = tiers }
criterion_main!(benches);
