use super::*;
use crate::weights::Windows;

const KERNELS: [Kernel; 4] = [
    Kernel::Lanczos3,
    Kernel::CatmullRom,
    Kernel::Interpolated { across: true, down: true },
    Kernel::Interpolated { across: true, down: false },
];

fn noise(count: usize) -> Vec<u8> {
    (0..count as u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// The definition: every sample by its two windows, in floating point, rounded once.
fn exact(source: &Source<'_>, crop: Crop, size: (u32, u32), kernel: Kernel) -> Vec<f64> {
    let Source { width, height, channels, samples } = *source;
    let sides = |side, from, part, to| {
        let windows = Windows::new(side, from, part, to);
        let mut pairs = vec![[0; 2]; windows.most_pairs()];
        (0..to)
            .map(|index| {
                windows.weigh(index, &mut pairs);
                let first = windows.window(index).0 as usize & !1;
                let weights = pairs.as_flattened().iter().map(|weight| f64::from(*weight) / 16384.0);
                weights
                    .enumerate()
                    .map(|(place, weight)| (first + place, weight))
                    .filter(|(_, weight)| *weight != 0.0)
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    let [across, down] = kernel.sides();
    let across = sides(across, width, (crop.left, crop.width), size.0);
    let down = sides(down, height, (crop.top, crop.height), size.1);
    let mut exact = Vec::new();
    for down in &down {
        for across in &across {
            for channel in 0..channels {
                let at = |x: usize, y: usize| f64::from(samples[(y * width as usize + x) * channels + channel]);
                let row = |y: usize| across.iter().map(|(x, weight)| at(*x, y) * weight).sum::<f64>();
                exact.push(down.iter().map(|(y, weight)| row(*y) * weight).sum::<f64>());
            }
        }
    }
    exact
}

#[test]
fn samples_are_the_weighted_sums_of_their_windows() {
    for kernel in KERNELS {
        for (from, crop, size) in [
            ((64, 48), None, (32, 24)),
            ((403, 303), None, (128, 96)),
            ((100, 80), None, (100, 80)),
            ((37, 2), None, (5, 1)),
            ((1, 1), None, (1, 1)),
            ((1, 1), None, (7, 9)),
            ((5, 700), None, (1, 33)),
            ((700, 3), None, (64, 1)),
            ((61, 47), None, (64, 50)),
            ((90, 3000), None, (6, 200)),
            ((400, 250), Some((20.25, 10.5, 300.5, 200.25)), (100, 77)),
            ((401, 251), Some((0.0, 0.0, 400.375, 250.625)), (128, 80)),
            ((161, 203), Some((0.0, 20.5, 160.5, 160.5)), (77, 77)),
            ((50, 50), Some((49.5, 49.5, 0.5, 0.5)), (3, 3)),
        ] {
            for channels in 1..=4 {
                let samples = noise(from.0 as usize * from.1 as usize * channels);
                let source = Source { width: from.0, height: from.1, channels, samples: &samples };
                let part = |(left, top, width, height)| Crop { left, top, width, height };
                let crop = crop.map_or(Crop::whole(from), part);
                let (got, want) = (resample(&source, crop, size, kernel), exact(&source, crop, size, kernel));
                assert_eq!(got.len(), want.len());
                for (place, (got, want)) in got.iter().zip(&want).enumerate() {
                    let off = (f64::from(*got) - want.clamp(0.0, 255.0)).abs();
                    assert!(off < 0.54, "{from:?} {crop:?} {size:?} {channels} {kernel:?}, {place}: {got}, not {want}");
                }
            }
        }
    }
}

#[test]
fn the_same_size_is_the_same_picture_and_one_colour_stays() {
    let samples = noise(133 * 71 * 3);
    let source = Source { width: 133, height: 71, channels: 3, samples: &samples };
    for kernel in KERNELS {
        let same = resample(&source, Crop::whole((133, 71)), (133, 71), kernel);
        assert_eq!(same == samples, kernel.keeps_samples());
        for colour in [0, 1, 127, 255] {
            let samples = [colour; 301 * 99];
            let source = Source { width: 301, height: 99, channels: 1, samples: &samples };
            for size in [(50, 40), (301, 12), (400, 100)] {
                assert!(resample(&source, Crop::whole((301, 99)), size, kernel).iter().all(|sample| *sample == colour));
            }
        }
    }
}

#[test]
fn rows_past_the_last_are_dropped_and_missing_ones_are_a_bug() {
    let mut rows = RowResampler::new((2, 2), Crop::whole((2, 2)), (1, 1), Kernel::Lanczos3);
    for _ in 0..5 {
        rows.push(&[9, 9]);
    }
    assert_eq!(rows.finish(), [9]);
    let mut rows = RowResampler::new((2, 2), Crop::whole((2, 2)), (1, 1), Kernel::Lanczos3);
    rows.push(&[9, 9]);
    assert!(std::panic::catch_unwind(|| rows.finish()).is_err());
}

#[test]
fn blank_rows_are_rows_of_zeros() {
    let (from, size) = ((40, 60), (17, 23));
    for kept in [0, 1, 30, 59] {
        let mut zeros = RowResampler::of_pixels(4, from, Crop::whole(from), size, Kernel::Lanczos3);
        let mut blank = RowResampler::of_pixels(4, from, Crop::whole(from), size, Kernel::Lanczos3);
        for row in noise(40 * 60 * 4).chunks_exact(40 * 4).take(kept) {
            zeros.push(&[0; 40 * 4]);
            blank.push(row);
        }
        blank.blank();
        for row in noise(40 * 60 * 4).chunks_exact(40 * 4).skip(kept) {
            zeros.push(row);
            blank.push(row);
        }
        assert_eq!(blank.finish(), zeros.finish(), "{kept} of 60 rows");
    }
}

#[test]
fn sides_that_only_a_header_can_have_are_planned() {
    for from in [(u32::MAX, 1), (1, u32::MAX), (u32::MAX, 1 << 16), (1 << 16, u32::MAX)] {
        let bytes = RowResampler::bytes_of_pixels(4, from, Crop::whole(from), (128, 128), Kernel::Lanczos3);
        assert!(bytes > u64::from(u32::MAX), "{from:?}: {bytes}");
    }
}

#[test]
fn fine_samples_are_those_that_are_rounded_later() {
    let (from, size) = ((133, 71), (50, 43));
    let samples = noise(133 * 71);
    for kernel in KERNELS {
        let source = Source { width: from.0, height: from.1, channels: 1, samples: &samples };
        let want = exact(&source, Crop::whole(from), size, kernel);
        let mut rows = RowResampler::fine(from, Crop::whole(from), size, kernel);
        samples.chunks_exact(from.0 as usize).for_each(|row| rows.push(row));
        for (got, want) in rows.finish_fine().into_iter().zip(want) {
            let off = (f64::from(got) / f64::from(1 << FINE_BITS) - want).abs();
            assert!(off < 0.06, "{got}, not {want}");
        }
    }
}

/// Twice as many samples, as JPEG's decoders interpolate chroma.
fn interpolated(row: &[u8]) -> Vec<u8> {
    let at = |place: isize| u32::from(row[place.clamp(0, row.len() as isize - 1) as usize]);
    let two = |place: isize| [-1, 1].map(|step| ((3 * at(place) + at(place + step) + 2) / 4) as u8);
    (0..row.len() as isize).flat_map(two).collect()
}

#[test]
fn interpolation_and_lanczos_are_one_step() {
    let (width, height) = (150, 4);
    let samples: Vec<u8> =
        noise(width * height / 3).into_iter().flat_map(|sample| [sample, sample / 2 + 60, sample / 2 + 90]).collect();
    let doubled: Vec<u8> = samples.chunks_exact(width).flat_map(interpolated).collect();
    let (width, height) = (width as u32, height as u32);
    for to in [300, 250, 128, 75, 20] {
        let source = |width, samples| Source { width, height, channels: 1, samples };
        let kernel = Kernel::Interpolated { across: true, down: false };
        let once = resample(&source(width, &samples), Crop::whole((width, height)), (to, height), kernel);
        let whole = Crop::whole((width * 2, height));
        let twice = resample(&source(width * 2, &doubled), whole, (to, height), Kernel::Lanczos3);
        // At the edges decoders repeat the last sample, and resizing leaves out what is not there.
        let edge = (8 * to / width + 3) as usize;
        for (once, twice) in once.chunks_exact(to as usize).zip(twice.chunks_exact(to as usize)) {
            for (place, (once, twice)) in once.iter().zip(twice).enumerate().skip(edge).take(to as usize - 2 * edge) {
                assert!(once.abs_diff(*twice) <= 2, "{to}, {place}: {once}, not {twice}");
            }
        }
    }
}
