//! The encoder, read back by another decoder.
#![allow(clippy::unwrap_used, reason = "a test may")]

use jpeg::{Effort, EncodeError, Picture, PlaneRef, encode, encode_on, most_bytes};
use zune_jpeg::zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};

/// A plane with slopes and some grain.
fn plane(width: usize, height: usize, seed: usize) -> Vec<u8> {
    let mut dice = seed as u32;
    (0..width * height)
        .map(|at| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((at % width) as f64, (at / width) as f64);
            let slope = 128.0 + 70.0 * (x / (9.0 + seed as f64)).sin() + 40.0 * (y / 13.0).cos();
            (slope + f64::from(dice >> 24) / 32.0).clamp(0.0, 255.0) as u8
        })
        .collect()
}

fn view(samples: &[u8], width_px: usize, height_px: usize) -> PlaneRef<'_> {
    PlaneRef { samples, width_px, height_px, stride: width_px }
}

/// zune-jpeg's samples of component `component`.
fn decoded(jpeg: &[u8], components: usize, component: usize) -> (usize, Vec<u8>) {
    let colours = if components == 1 { ColorSpace::Luma } else { ColorSpace::YCbCr };
    let options = DecoderOptions::default().jpeg_set_out_colorspace(colours);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    let samples = decoder.decode().unwrap();
    let width = decoder.info().unwrap().width.into();
    (width, samples.into_iter().skip(component).step_by(components).collect())
}

fn psnr_db(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 / (squares / a.len() as f64).max(1e-9)).log10()
}

#[test]
fn pictures_of_every_size_survive_the_round_trip() {
    for (width, height) in [(1, 1), (1, 40), (40, 1), (7, 9), (8, 8), (16, 16), (17, 33), (128, 96), (200, 133)] {
        let y = plane(width, height, 3);
        for (quality, least_db) in [(50, 29.0), (80, 32.0), (95, 40.0), (100, 50.0)] {
            let jpeg = encode(&Picture::Grey(view(&y, width, height)), quality).unwrap();
            let (width_read, samples) = decoded(&jpeg, 1, 0);
            let db = psnr_db(&samples, &y);
            assert!(width_read == width && db >= least_db, "grey {width}x{height} at {quality}: {db} dB");
            for (w, h) in [(width, height), (width.div_ceil(2), height), (width.div_ceil(2), height.div_ceil(2))] {
                let (cb, cr) = (plane(w, h, 20), plane(w, h, 40));
                let picture = Picture::YCbCr { y: view(&y, width, height), cb: view(&cb, w, h), cr: view(&cr, w, h) };
                let jpeg = encode(&picture, quality).unwrap();
                let db = psnr_db(&decoded(&jpeg, 3, 0).1, &y);
                assert!(db >= least_db, "luma of {width}x{height} with {w}x{h} at {quality}: {db} dB");
                if (w, h) == (width, height) {
                    let db = psnr_db(&decoded(&jpeg, 3, 2).1, &cr);
                    assert!(db >= least_db - 4.0, "chroma of {width}x{height} at {quality}: {db} dB");
                }
            }
        }
    }
}

#[test]
fn a_small_file_is_smaller_and_shows_the_same() {
    for (width, height) in [(256, 192), (301, 277)] {
        let y = plane(width, height, 3);
        for (w, h) in [(width, height), (width.div_ceil(2), height), (width.div_ceil(2), height.div_ceil(2))] {
            let (cb, cr) = (plane(w, h, 20), plane(w, h, 40));
            let colours = Picture::YCbCr { y: view(&y, width, height), cb: view(&cb, w, h), cr: view(&cr, w, h) };
            for (picture, components) in [(colours, 3), (Picture::Grey(view(&y, width, height)), 1)] {
                let [fast, small] =
                    [Effort::Fast, Effort::Small].map(|effort| encode_on(&picture, 80, effort, 1).unwrap());
                assert!(small.len() * 100 < fast.len() * 98, "{width}x{height}: {} of {}", small.len(), fast.len());
                let [fast_db, small_db] = [fast, small].map(|file| psnr_db(&decoded(&file, components, 0).1, &y));
                assert!(small_db > fast_db - 1.5, "{width}x{height}: {small_db} dB of {fast_db}");
            }
        }
    }
}

#[test]
fn our_decoder_reads_what_our_encoder_writes() {
    // Blocks of one value each, which DC alone describes.
    let (width, height) = (80, 48);
    let value = |x: usize, y: usize| (x / 8 * 20 + y / 8 * 10) as u8;
    let y: Vec<u8> = (0..width * height).map(|at| value(at % width, at / width)).collect();
    let jpeg = encode(&Picture::Grey(view(&y, width, height)), 100).unwrap();
    let mut rows = Vec::new();
    struct Collect<'a>(&'a mut Vec<u8>);
    impl jpeg::Sink for Collect<'_> {
        fn rows(&mut self, _: usize, rows: jpeg::Rows<'_>) {
            rows.iter().for_each(|row| self.0.extend_from_slice(row));
        }
    }
    jpeg::Decoder::new(&jpeg[..]).unwrap().decode(&[jpeg::Scale::Eighth], &mut Collect(&mut rows)).unwrap();
    assert!(rows.into_iter().eq((0..60).map(|at| value(at % 10 * 8, at / 10 * 8))));
}

#[test]
fn a_stride_wider_than_the_plane_is_no_part_of_it() {
    let wide = plane(50, 30, 1);
    let narrow: Vec<u8> = wide.chunks(50).flat_map(|row| &row[..37]).copied().collect();
    let strided = PlaneRef { samples: &wide[..29 * 50 + 37], width_px: 37, height_px: 30, stride: 50 };
    let same = encode(&Picture::Grey(view(&narrow, 37, 30)), 80).unwrap();
    assert_eq!(encode(&Picture::Grey(strided), 80).unwrap(), same);
}

#[test]
fn flat_and_extreme_pictures_encode() {
    for value in [0, 128, 255] {
        let y = vec![value; 24 * 24];
        let jpeg = encode(&Picture::Grey(view(&y, 24, 24)), 90).unwrap();
        assert!(psnr_db(&decoded(&jpeg, 1, 0).1, &y) > 45.0);
        assert!(jpeg.len() < 250);
    }
    let checks: Vec<u8> = (0..64 * 64).map(|at| if (at % 64 + at / 64) % 2 == 0 { 0 } else { 255 }).collect();
    for quality in [0, 1, 100, 255] {
        encode(&Picture::Grey(view(&checks, 64, 64)), quality).unwrap();
    }
}

#[test]
fn better_quality_is_never_smaller() {
    let y = plane(96, 64, 5);
    let sizes = (1..=100).map(|quality| encode(&Picture::Grey(view(&y, 96, 64)), quality).unwrap().len());
    let sizes: Vec<_> = sizes.collect();
    assert!(sizes.windows(2).all(|pair| pair[1] + 60 >= pair[0]), "{sizes:?}");
}

#[test]
fn planes_that_make_no_image_are_refused() {
    let samples = plane(20, 20, 1);
    let check = |picture: Picture<'_>, want: EncodeError| assert_eq!(encode(&picture, 80), Err(want));
    check(Picture::Grey(view(&samples, 0, 5)), EncodeError::Size { width_px: 0, height_px: 5 });
    check(Picture::Grey(view(&samples, 65_536, 1)), EncodeError::Size { width_px: 65_536, height_px: 1 });
    check(Picture::Grey(view(&samples, 20, 21)), EncodeError::ShortPlane { plane: 0, samples: 400, needed: 420 });
    let (y, chroma) = (view(&samples, 20, 20), view(&samples, 9, 10));
    check(Picture::YCbCr { y, cb: chroma, cr: chroma }, EncodeError::Chroma { width_px: 9, height_px: 10 });
}

#[test]
fn two_threads_write_the_same_file() {
    let noise = |index: usize| ((index as u32).wrapping_mul(2_654_435_761) >> 24) as u8;
    for (width, height) in [(256, 256), (257, 263), (1031, 77), (65_535, 1), (3, 40_000), (640, 480)] {
        let (half_width, half_height) = (usize::div_ceil(width, 2), usize::div_ceil(height, 2));
        for (smooth, quality) in [(1, 100), (1, 75), (64, 80)] {
            let plane = |width: usize, height: usize, seed: usize| -> Vec<u8> {
                (0..width * height).map(|index| noise(index / smooth + seed)).collect()
            };
            let luma = plane(width, height, 1);
            for (chroma_width, chroma_height) in
                [(width, height), (half_width, height), (width, half_height), (half_width, half_height)]
            {
                let [cb, cr] = [2, 3].map(|seed| plane(chroma_width, chroma_height, seed));
                let picture = Picture::YCbCr {
                    y: view(&luma, width, height),
                    cb: view(&cb, chroma_width, chroma_height),
                    cr: view(&cr, chroma_width, chroma_height),
                };
                for picture in [picture, Picture::Grey(view(&luma, width, height))] {
                    for effort in [Effort::Fast, Effort::Small] {
                        let [one, two] = [1, 2].map(|threads| encode_on(&picture, quality, effort, threads).unwrap());
                        let (chroma, luma) = ((chroma_width, chroma_height), (width, height));
                        assert!(one == two, "{luma:?} chroma {chroma:?} quality {quality} {effort:?}");
                    }
                }
            }
        }
    }
}

/// Noise is what takes the most bits. Each kind of it is the worst at some quality.
#[test]
fn no_file_is_larger_than_planned() {
    let mut dice = 1_u32;
    let mut byte = || {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 24) as u8
    };
    let mut kinds: Vec<Vec<u8>> = vec![
        (0..256 * 200).map(|_| byte()).collect(),
        (0..256 * 200).map(|_| if byte() < 128 { 0 } else { 255 }).collect(),
        (0..256 * 200).map(|at| if at / 8 % 2 == 0 { byte() } else { 255 * (byte() & 1) }).collect(),
    ];
    // Blocks of their own contrast each.
    let contrasts: Vec<u8> = (0..32 * 25).map(|_| byte() % 8).collect();
    kinds.push((0..256 * 200).map(|at| 128 + (byte() >> contrasts[at / 2048 * 32 + at % 256 / 8]) / 2).collect());
    for (kind, samples) in kinds.iter().enumerate() {
        for quality in [1, 5, 20, 50, 65, 80, 90, 95, 98, 100] {
            let luma = view(samples, 256, 200);
            let chroma = view(&samples[..128 * 100], 128, 100);
            for picture in [Picture::Grey(luma), Picture::YCbCr { y: luma, cb: chroma, cr: chroma }] {
                let is_grey = matches!(picture, Picture::Grey(_));
                let [file, small] =
                    [Effort::Fast, Effort::Small].map(|effort| encode_on(&picture, quality, effort, 1).unwrap().len());
                let most = most_bytes((256, 200), is_grey, quality).1;
                println!("{kind} {quality} {is_grey}: {file} and {small} of {most}");
                assert!(file as u64 <= most, "kind {kind} at {quality}, grey {is_grey}: {file}, planned {most}");
                assert!(
                    small as u64 <= most,
                    "kind {kind} at {quality}, grey {is_grey}: small {small}, planned {most}"
                );
                assert!(kind > 0 || quality < 90 || file as u64 * 2 > most, "{quality}: {file}, planned {most}");
            }
        }
    }
}
