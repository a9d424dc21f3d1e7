//! What each step of a thumbnail costs: decode, resize, encode, and the whole, for every kind of file and output.
//!
//! `cargo bench -p benches --bench stages -- 'whole/format=jpeg '` runs a part of it.

use std::time::{Duration, Instant};

use benches::inputs::{Kind, photograph};
use benches::shipped_variant;
use contract::{OutputFormat, TierTable, Variant};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::{Limits, Made, Stage};

/// Megapixels of the inputs.
const SIZES_MP: [f64; 3] = [1.0, 3.0, 12.0];

/// The time from the stage before to `stage`; `None` is the whole.
fn time(file: &[u8], variant: &[Variant], limits: &Limits, stage: Option<Stage>) -> Duration {
    let started = Instant::now();
    let (mut last, mut spent) = (started, Duration::ZERO);
    let mut source = file;
    let made = engine::make(&mut source, variant, limits, &mut |reached| {
        let now = Instant::now();
        // Decoding starts with the header.
        let counts = stage == Some(reached) || (stage == Some(Stage::Decoded) && reached == Stage::Probed);
        if counts {
            spent += now - last;
        }
        last = now;
    });
    let whole = started.elapsed();
    check(&made.expect("the inputs are sound"));
    if stage.is_some() { spent } else { whole }
}

/// The answer: the right size, a file of its kind, and no warning.
fn check(made: &Made) {
    let thumbnail = made.thumbnails.first().expect("one variant makes one thumbnail");
    assert_eq!((thumbnail.width_px, thumbnail.height_px), (128, 96));
    assert_eq!(made.warnings, []);
    let format = image::guess_format(&thumbnail.bytes).expect("a thumbnail is an image");
    assert_eq!(format.to_mime_type(), thumbnail.content_type);
}

fn stages(criterion: &mut Criterion) {
    let tiers = TierTable::builtin().expect("the shipped table is sound");
    let limits = Limits::for_budget(tiers.largest().budget_bytes());
    let variant = [shipped_variant(OutputFormat::Jpeg)];
    for size_mp in SIZES_MP {
        for kind in Kind::all() {
            let file = kind.encode(&kind.picture(size_mp));
            let made = engine::make(&mut file.as_slice(), &variant, &limits, &mut |_| ()).expect("sound");
            let id = format!("format={} size={size_mp}mp", kind.name());
            for (name, stage) in [("decode", Some(Stage::Decoded)), ("resize", Some(Stage::Resized)), ("whole", None)] {
                let mut group = criterion.benchmark_group(name);
                // What was really read, which for a progressive JPEG is a part of the file.
                group.throughput(Throughput::Bytes(made.bytes_read));
                group.bench_function(&id, |bencher| {
                    bencher.iter_custom(|rounds| (0..rounds).map(|_| time(&file, &variant, &limits, stage)).sum());
                });
            }
        }
    }
}

fn outputs(criterion: &mut Criterion) {
    let tiers = TierTable::builtin().expect("the shipped table is sound");
    let limits = Limits::for_budget(tiers.largest().budget_bytes());
    let file = Kind::Jpeg.encode(&photograph(0.3));
    let mut group = criterion.benchmark_group("encode");
    for (name, format) in [("jpeg", OutputFormat::Jpeg), ("png", OutputFormat::Png), ("webp", OutputFormat::Webp)] {
        let variant = [shipped_variant(format)];
        let made = engine::make(&mut file.as_slice(), &variant, &limits, &mut |_| ()).expect("sound");
        let out_bytes: usize = made.thumbnails.iter().map(|thumbnail| thumbnail.bytes.len()).sum();
        group.throughput(Throughput::Bytes(out_bytes as u64));
        group.bench_function(format!("output={name} size=128x96"), |bencher| {
            bencher
                .iter_custom(|rounds| (0..rounds).map(|_| time(&file, &variant, &limits, Some(Stage::Encoded))).sum());
        });
    }
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! { name = benches; config = settings(); targets = stages, outputs }
criterion_main!(benches);
