//! CPU time of every file of the calibration's grid, made into the thumbnails of `thumbnails.json`. `make calibrate`
//! reads the estimates.
//!
//! `cargo bench -p benches --bench grid -- png-screen` runs a part of it.

use std::time::Duration;

use benches::grid;
use benches::places::Places;
use contract::TierTable;
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use engine::Limits;

fn grid(criterion: &mut Criterion) {
    let tiers = TierTable::builtin().expect("the shipped table is sound");
    let limits = Limits::for_budget(tiers.largest().budget_bytes());
    let places = Places::here();
    let variants = places.thumbnails().expect("thumbnails.json is sound").variants;
    let folder = places.inputs();
    let mut group = criterion.benchmark_group(grid::BENCH);
    for input in grid::coarse() {
        let id = BenchmarkId::from_parameter(input.name());
        group.throughput(Throughput::Bytes(input.size_bytes));
        // Ten runs of the same file, whatever one takes: criterion's other mode makes at least 55.
        group.sampling_mode(SamplingMode::Flat);
        group.bench_with_input(id, &input, |bencher, input| {
            let file = input.file(&folder).and_then(std::fs::read).expect("the target folder can be written");
            bencher.iter_custom(|rounds| {
                let started = usage::cpu_time();
                for _ in 0..rounds {
                    let made = engine::make(&mut file.as_slice(), &variants, &limits, &mut |_| ());
                    let made = made.expect("the grid is sound");
                    assert_eq!(made.thumbnails.len(), variants.len());
                }
                usage::cpu_time() - started
            });
        });
    }
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(300))
}

criterion_group! { name = benches; config = settings(); targets = grid }
criterion_main!(benches);
