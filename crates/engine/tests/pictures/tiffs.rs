//! TIFF: every place of its parts, every depth, and the tags that writers leave out or get wrong.

use crate::fixtures;
use crate::wanted::{assert_refusal, small_png};
use std::io::Cursor;

use crate::fixtures::tiff::any::{self, AnyTiff, ORDERS, plain};
use crate::fixtures::{HEIGHT, WIDTH, deflate, lzw, picture};
use engine::{EngineError, Limits, Made};
use image::RgbaImage;

fn make(bytes: &[u8]) -> Result<Made, EngineError> {
    engine::make(&mut Cursor::new(bytes), &[small_png(90)], &Limits::for_budget(64 << 20), &mut |_| ())
}

fn pixels(bytes: &[u8]) -> RgbaImage {
    image::load_from_memory(&make(bytes).unwrap().thumbnails[0].bytes).unwrap().into_rgba8()
}

/// The largest difference to the picture, in levels.
fn error(bytes: &[u8], want: impl Fn([u8; 3]) -> [u8; 3]) -> u8 {
    let got = pixels(bytes);
    assert_eq!(got.dimensions(), (WIDTH, HEIGHT));
    let pairs = got.pixels().zip(picture().pixels().map(|pixel| want(pixel.0)).collect::<Vec<_>>());
    let far = pairs.map(|(got, want)| (0..3).map(|channel| got.0[channel].abs_diff(want[channel])).max().unwrap());
    far.max().unwrap()
}

fn is_picture(name: &str, bytes: &[u8]) {
    let far = error(bytes, |rgb| rgb);
    assert!(far <= 2, "{name}: {far} levels off");
}

/// One picture of 98 KB, so that what stands behind its pixels is beyond the first prefix.
const LARGE_PX: (u32, u32) = (256, 128);

fn large(strips: usize, pixel: impl Fn(u32) -> Vec<u8>) -> AnyTiff {
    let rows: Vec<Vec<u8>> =
        (0..LARGE_PX.1).map(|y| (0..LARGE_PX.0).flat_map(|x| pixel(x / 32 + y / 32)).collect()).collect();
    let rows_per_strip = rows.len() / strips;
    let chunks = rows.chunks(rows_per_strip).map(<[Vec<u8>]>::concat).collect();
    AnyTiff::new(LARGE_PX, chunks).tags(&[(278, &[rows_per_strip as u64])])
}

/// Files whose header is made of arrays: widths, formats, alpha, colours, tables, levels, a profile.
fn with_arrays(strips: usize, big_endian: bool) -> Vec<(&'static str, AnyTiff)> {
    let three: [(u16, &[u64]); 3] = [(258, &[8; 3]), (262, &[2]), (277, &[3])];
    let colours: Vec<u64> = (0..768).map(|index: u64| index * 85).collect();
    let float = move |value: f32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let floats = move |at: u32| (0..3).flat_map(|channel| float((at * 9 + channel) as f32)).collect();
    let profile: Vec<u64> =
        moxcms::ColorProfile::new_display_p3().encode().unwrap().into_iter().map(u64::from).collect();
    let rgb = |at: u32| vec![(at * 20) as u8, 90, 200 - (at * 9) as u8];
    let strip = fixtures::jpeg::rgb_planes(&vec![90; (LARGE_PX.0 * LARGE_PX.1) as usize * 3], LARGE_PX.0);
    let (tables, rest) = fixtures::jpeg::split_tables(&strip);
    let tables: Vec<u64> =
        [&[0xFF, 0xD8], tables.as_slice(), &[0xFF, 0xD9]].concat().into_iter().map(u64::from).collect();
    // Only the profile of the ICC and the levels of YCbCr show in the pixels and not in the facts.
    let levels: Vec<u64> = [16, 235, 128, 240, 128, 240].map(|level: u64| level << 32 | 1).to_vec();
    let shares: Vec<u64> = [2126, 7152, 722].map(|share: u64| share << 32 | 10_000).to_vec();
    let jpeg = AnyTiff::new(LARGE_PX, vec![[rest, vec![0; 1 << 17]].concat()]).with(347, 7, &tables);
    vec![
        ("widths", large(strips, rgb).tags(&three)),
        ("profile", large(strips, rgb).tags(&three).with(34_675, 7, &profile)),
        ("inks", large(strips, |at| vec![at as u8 * 9, 9, 60, 0]).tags(&[(258, &[8; 4]), (262, &[5]), (277, &[4])])),
        (
            "colour map",
            large(strips, |at| vec![at as u8 * 9; 4]).tags(&[
                (258, &[8; 4]),
                (262, &[3]),
                (277, &[4]),
                (338, &[0; 3]),
                (320, &colours),
            ]),
        ),
        ("formats", large(strips, floats).tags(&three).tags(&[(258, &[32; 3]), (339, &[3; 3])])),
        (
            "extra samples",
            large(strips, |at| vec![at as u8 * 9, 90, 9, 7, 0, 99 + at as u8]).tags(&[
                (258, &[8; 6]),
                (262, &[2]),
                (277, &[6]),
                (338, &[0, 0, 2]),
            ]),
        ),
        (
            "levels",
            large(strips, rgb)
                .tags(&three)
                .tags(&[(262, &[6]), (530, &[1, 1])])
                .with(529, 5, &shares)
                .with(532, 5, &levels),
        ),
        ("jpeg tables", jpeg.tags(&three).tags(&[(259, &[7]), (262, &[6])])),
    ]
}

#[test]
fn a_value_that_is_not_read_yet_is_not_a_missing_value() {
    for (strips, big_endian, big_tiff) in
        [(1, false, false), (1, true, false), (4, false, true), (16, true, true), (128, false, false)]
    {
        for (name, file) in with_arrays(strips, big_endian) {
            let mut first: Option<Vec<u8>> = None;
            for order in ORDERS {
                let what = format!("{name}, {strips} strips, {order:?}, {big_endian}, {big_tiff}");
                let bytes = AnyTiff { big_endian, big_tiff, order, ..file.clone() }.file();
                let made = make(&bytes).unwrap_or_else(|error| panic!("{what}: {error:?}"));
                assert!(made.warnings.is_empty(), "{what}: {:?}", made.warnings);
                let thumbnail = &made.thumbnails[0].bytes;
                assert!(first.get_or_insert_with(|| thumbnail.clone()) == thumbnail, "{what}: another picture");
                let facts = |probe: &engine::Probe| {
                    (probe.width_px, probe.height_px, probe.bits_per_sample, probe.colour, probe.has_alpha)
                };
                // Before and behind every byte of the header, wherever it stands.
                let near = (0..600).chain(bytes.len().saturating_sub(7_000)..bytes.len()).chain([1 << 16]);
                for length in near.filter(|length| (16..=bytes.len()).contains(length)) {
                    match engine::probe(&bytes[..length]) {
                        Ok(probe) => assert_eq!(facts(&probe), facts(&made.probe), "{what}, {length} bytes"),
                        Err(EngineError::HeaderBeyondPrefix { needed_bytes, .. }) => {
                            assert!(needed_bytes > length as u64 && needed_bytes <= bytes.len() as u64, "{what}");
                        }
                        Err(error) => panic!("{what}, {length} bytes: {error:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn an_array_beyond_the_end_is_refused_and_a_profile_beyond_it_is_said() {
    let bytes = |order, file: &AnyTiff| AnyTiff { order, ..file.clone() }.file();
    for (name, file) in with_arrays(1, false) {
        let whole = bytes(any::Order::PixelsDirectoryArrays, &file);
        match make(&whole[..whole.len() - 1]) {
            Ok(made) => assert_eq!((name, made.warnings[0].name()), ("profile", "profile_ignored")),
            Err(error) => assert_eq!(error.name(), "corrupt", "{name}: {error:?}"),
        }
    }
}

#[test]
fn every_kind_shows_the_picture() {
    for (name, bytes) in any::files() {
        let ink = any::ink();
        let far = match name {
            name if name.contains("fax") => {
                let got = pixels(&bytes);
                let wrong = got.pixels().zip(&ink).filter(|(pixel, ink)| (pixel.0[0] < 128) != **ink).count();
                if wrong > 0 { 255 } else { 0 }
            }
            // Lightness, not grey: the middle is darker, the ends are the same.
            "tiff lab" => error(&bytes, |[_, green, _]| [green; 3]).saturating_sub(12),
            "tiff palette alpha" => error(&bytes, |[red, ..]| [(u32::from(red >> 5) * 0x2492 / 257) as u8; 3]),
            // From 20 to 255, and so stretched.
            "tiff floats" => {
                let samples = any::rgb();
                let (low, high) =
                    (f32::from(*samples.iter().min().unwrap()), f32::from(*samples.iter().max().unwrap()));
                error(&bytes, |rgb| rgb.map(|sample| ((f32::from(sample) - low) * 255.0 / (high - low)).round() as u8))
            }
            // One chroma sample for four pixels; corners of colour start at even places; the slope between is steep.
            "tiff ycbcr" => error(&bytes, |rgb| rgb).saturating_sub(6),
            "tiff old jpeg" | "tiff old jpeg in parts" => error(&bytes, |rgb| rgb).saturating_sub(60),
            _ => error(&bytes, |rgb| rgb),
        };
        assert!(far <= 2, "{name}: {far} levels off");
        assert!(make(&bytes).unwrap().warnings.is_empty(), "{name}");
    }
}

#[test]
fn bits_are_turned_at_every_depth_and_in_every_compression() {
    let turn = |bytes: Vec<u8>| bytes.into_iter().map(u8::reverse_bits).collect::<Vec<u8>>();
    let pack_bits =
        |bytes: &[u8]| bytes.chunks(128).flat_map(|part| [&[part.len() as u8 - 1], part].concat()).collect();
    for bits in 1..=16_usize {
        let most = (1_u64 << bits) - 1;
        let numbers: Vec<u64> = any::rgb().iter().map(|sample| (u64::from(*sample) * most + 127) / 255).collect();
        // Two bytes are in the order of the file.
        let stored = match bits {
            16 => numbers.iter().flat_map(|number| (*number as u16).to_le_bytes()).collect(),
            _ => any::pack(&numbers, WIDTH as usize * 3, bits),
        };
        let tags: [(u16, &[u64]); 4] = [(258, &[bits as u64; 3]), (262, &[2]), (266, &[2]), (277, &[3])];
        let streams: [(u64, Vec<u8>); 4] =
            [(1, stored.clone()), (5, lzw(&stored)), (8, deflate(&stored)), (32_773, pack_bits(&stored))];
        for (compression, stream) in streams {
            let file = plain(vec![turn(stream.clone())]).tags(&tags).tags(&[(259, &[compression])]).file();
            let far = error(&file, |rgb| rgb.map(|sample| ((u64::from(sample) * most + 127) / 255 * 255 / most) as u8));
            assert!(far <= 1, "{bits} bits, compression {compression}: {far} levels off");
            let file = plain(vec![stream]).tags(&tags).tags(&[(259, &[compression]), (266, &[1])]).file();
            assert!(
                error(&file, |rgb| rgb.map(|sample| ((u64::from(sample) * most + 127) / 255 * 255 / most) as u8)) <= 1
            );
        }
    }
}

#[test]
fn tags_that_are_missing_or_odd_are_read_as_libtiff_reads_them() {
    let rgb = || plain(vec![any::rgb()]).tags(&[(258, &[8; 3]), (262, &[2]), (277, &[3])]);
    let without = |file: AnyTiff, tag| {
        let entries = file.entries.iter().filter(|(other, ..)| *other != tag).cloned().collect();
        AnyTiff { entries, ..file }
    };
    is_picture("one width for three samples", &rgb().tags(&[(258, &[8])]).file());
    is_picture("no photometric interpretation", &without(rgb(), 262).file());
    is_picture("no samples per pixel", &without(rgb(), 277).file());
    for rows in [0, u64::from(u32::MAX)] {
        is_picture("rows per strip", &rgb().with(278, 4, &[rows]).file());
    }
    let halves = || any::rgb().chunks(WIDTH as usize * 90).map(<[u8]>::to_vec).collect::<Vec<_>>();
    for chunks in [vec![any::rgb()], halves()] {
        for compression in [1, 5, 8] {
            let compress = |chunk: &Vec<u8>| match compression {
                1 => chunk.clone(),
                5 => lzw(chunk),
                _ => deflate(chunk),
            };
            let rows = if chunks.len() == 1 { 60 } else { 30 };
            let file = AnyTiff { chunks: chunks.iter().map(compress).collect(), ..rgb() };
            let file = file.tags(&[(259, &[compression]), (278, &[rows])]);
            is_picture("no lengths", &AnyTiff { lengths: 0, ..file.clone() }.file());
            // Lengths of 0: the tag is written by hand.
            let zeros = vec![0; chunks.len()];
            is_picture("lengths of 0", &AnyTiff { lengths: 0, ..file.with(279, 4, &zeros) }.file());
        }
    }
    let map: Vec<u64> = [0, 1, 2]
        .iter()
        .flat_map(|channel| (0..256).map(move |index| if *channel == 1 { index } else { 255 - index }))
        .collect();
    let narrow = plain(vec![any::rgb().chunks(3).map(|pixel| pixel[1]).collect()]).tags(&[
        (258, &[8]),
        (262, &[3]),
        (320, &map),
    ]);
    assert!(error(&narrow.file(), |[_, green, _]| [255 - green, green, 255 - green]) <= 1);
}

#[test]
fn alpha_is_found_wherever_it_stands() {
    let with = |colours: usize, extra: &[u8], premultiplied: bool| -> Vec<u8> {
        let pixel = |pixel: &[u8]| {
            let alpha = u32::from(*extra.last().unwrap());
            let part =
                |sample: &u8| if premultiplied { ((u32::from(*sample) * alpha + 127) / 255) as u8 } else { *sample };
            [pixel[..colours].iter().map(part).collect(), extra.to_vec()].concat()
        };
        any::rgb().chunks(3).flat_map(pixel).collect()
    };
    let check = |name: &str, tags: &[(u16, &[u64])], stored: Vec<u8>, alpha: u8, is_grey: bool| {
        let bytes = plain(vec![stored]).tags(tags).file();
        let far = error(&bytes, |[red, green, blue]| if is_grey { [red; 3] } else { [red, green, blue] });
        assert!(far <= 2, "{name}: {far} levels off");
        assert_eq!(pixels(&bytes).get_pixel(9, 9).0[3], alpha, "{name}");
    };
    let rgb = |samples: u64| -> [(u16, Vec<u64>); 3] { [(258, vec![8]), (262, vec![2]), (277, vec![samples])] };
    let tags = |samples, kinds: &'static [u64]| {
        let [a, b, c] = rgb(samples);
        let mut all = vec![a, b, c];
        all.extend((!kinds.is_empty()).then(|| (338, kinds.to_vec())));
        all
    };
    let with_tags = |name, samples, photometric: u64, kinds, stored, alpha| {
        let mut tags = tags(samples, kinds);
        tags[1].1 = vec![photometric];
        let tags: Vec<(u16, &[u64])> = tags.iter().map(|(tag, values)| (*tag, values.as_slice())).collect();
        check(name, &tags, stored, alpha, photometric < 2);
    };
    with_tags("four samples, nothing said", 4, 2, &[], with(3, &[200], false), 200);
    with_tags("four samples, unspecified", 4, 2, &[0], with(3, &[0], false), 255);
    with_tags("second extra sample", 5, 2, &[0, 2], with(3, &[9, 200], false), 200);
    with_tags("premultiplied", 4, 2, &[1], with(3, &[200], true), 200);
    with_tags("premultiplied grey", 2, 1, &[1], with(1, &[200], true), 200);
    let ink =
        with(1, &[200], false).chunks(2).flat_map(|two| [((255 - u32::from(two[0])) * 200 / 255) as u8, 200]).collect();
    with_tags("premultiplied ink", 2, 0, &[1], ink, 200);
}

#[test]
fn rgb_in_a_jpeg_is_not_converted_whether_the_jpeg_says_so_or_not() {
    let stream = fixtures::jpeg::rgb_planes(&any::rgb(), WIDTH);
    let mut named = stream.clone();
    let place = |marker: u8| stream.windows(2).position(|two| two == [0xFF, marker]).unwrap();
    for component in 0..3 {
        // Components 1, 2, 3 become "R", "G", "B", in the frame and in the scan.
        named[place(0xC0) + 10 + component * 3] = b"RGB"[component];
        named[place(0xDA) + 5 + component * 2] = b"RGB"[component];
    }
    let tags: [(u16, &[u64]); 4] = [(258, &[8; 3]), (259, &[7]), (262, &[2]), (277, &[3])];
    let [plain, named] = [stream, named].map(|stream| pixels(&plain(vec![stream]).tags(&tags).file()));
    assert!(plain == named);
}

/// Pages one behind the other, each of one strip and without arrays; and where the last directory names the next one.
fn of_pages(pages: &[AnyTiff]) -> (Vec<u8>, usize) {
    let (mut bytes, mut next) = (Vec::new(), 0);
    for page in pages {
        let (move_by, mut part) = (bytes.len() as u32, page.file());
        // StripOffsets is the only value that points into a page.
        let entry = part.chunks_exact(2).position(|two| two == [0x11, 0x01]).unwrap() * 2;
        let offset = u32::from_le_bytes(*part[entry + 8..].first_chunk().unwrap());
        part[entry + 8..entry + 12].copy_from_slice(&(offset + move_by).to_le_bytes());
        if move_by > 0 {
            bytes[next..next + 4].copy_from_slice(&(move_by + 8).to_le_bytes());
        }
        // Behind the header, the count, and the entries with those of offsets and lengths.
        next = bytes.len() + 8 + 2 + (page.entries.len() + 2) * 12;
        bytes.extend(part);
    }
    (bytes, next)
}

/// A page of this width.
fn grey(width: usize) -> AnyTiff {
    AnyTiff::new((width as u32, 2), vec![vec![0; 2 * width]]).tags(&[(258, &[8]), (262, &[1])])
}

fn reduced(width: usize) -> AnyTiff {
    grey(width).with(254, 4, &[1])
}

#[test]
fn a_reduced_first_page_is_not_the_picture() {
    let picture = plain(vec![any::rgb()]).tags(&[(258, &[8]), (262, &[2]), (277, &[3])]);
    is_picture("second page", &of_pages(&[reduced(4), picture]).0);
    // Where every page is reduced, the first is what there is.
    assert_eq!(make(&reduced(4).file()).unwrap().probe.width_px, 4);
}

#[test]
fn a_page_is_chosen_among_those_that_are_no_reduced_copies() {
    let width = |file: &[u8], page: u32| {
        let mut limits = Limits::for_budget(64 << 20);
        limits.page = page;
        let made = engine::make(&mut Cursor::new(file), &[small_png(90)], &limits, &mut |_| ())?;
        Ok::<_, EngineError>(made.probe.width_px)
    };
    let refused = |file: &[u8], page: u32, word: &str| {
        assert_refusal(&width(file, page).unwrap_err(), "unsupported", word);
    };
    let (mut file, next) = of_pages(&[reduced(4), grey(6), reduced(3), grey(70_000 / 2), grey(9)]);
    for (page, want) in [(1, 6), (2, 35_000), (3, 9)] {
        assert_eq!(width(&file, page).unwrap(), want, "page {page}");
    }
    refused(&file, 4, "no page 4, but 3 in all");
    // The last one says that the first is next.
    file[next..next + 4].copy_from_slice(&8_u32.to_le_bytes());
    refused(&file, 4, "no page 4, but 3 in all");
    refused(&reduced(4).file(), 2, "no page 2, but 1 in all");
    let (many, _) = of_pages(&(1..=70).map(grey).collect::<Vec<_>>());
    assert_eq!(width(&many, 64).unwrap(), 64);
    refused(&many, 65, "only 64 directories");
    // Cut in front of the page's directory.
    let error = width(&file[..file.len() - 100], 3).unwrap_err();
    assert_eq!(error.name(), "corrupt", "{error}");
}

#[test]
fn what_is_damaged_or_not_read_says_so() {
    let check = |bytes: &[u8], name: &str, word: &str| {
        let error = make(bytes).unwrap_err();
        assert_refusal(&error, name, word);
    };
    let rgb = plain(vec![any::rgb()]).tags(&[(258, &[8; 3]), (262, &[2]), (277, &[3])]);
    check(&rgb.clone().tags(&[(258, &[5, 6, 5])]).file(), "unsupported", "samples of 5 and of 6 bits");
    check(&rgb.clone().tags(&[(339, &[5; 3])]).file(), "unsupported", "8 bits per sample of format 5");
    check(&rgb.clone().tags(&[(262, &[32_803])]).file(), "unsupported", "photometric interpretation 32803");
    check(&rgb.clone().tags(&[(259, &[50_000])]).file(), "unsupported", "compression 50000");
    check(&rgb.clone().tags(&[(262, &[3]), (320, &[0; 300])]).file(), "corrupt", "colour map is 300");
    check(&rgb.clone().tags(&[(262, &[6]), (530, &[3, 1])]).file(), "unsupported", "subsampled by 3x1");
    let tags: [(u16, &[u64]); 3] = [(258, &[1]), (262, &[0]), (259, &[4])];
    let half = any::fax_4(&any::ink());
    let cut = |bytes: usize| plain(vec![half[..bytes].to_vec()]).tags(&tags).file();
    check(&cut(4), "corrupt", "fax: no such code");
    // What is damaged within group 3 costs a row or two, and leaves a word.
    let fax_3 = |stream: Vec<u8>| plain(vec![stream]).tags(&tags).tags(&[(259, &[3])]).file();
    let (stream, want) =
        (any::fax_3(false, &any::ink()), pixels(&plain(vec![any::fax_4(&any::ink())]).tags(&tags).file()));
    // Two line ends: an empty row for libtiff, and no row here.
    let doubled = fax_3([[0, 1].as_slice(), &stream].concat());
    assert_eq!(make(&doubled).unwrap().warnings, [engine::Warning::Damaged]);
    assert_eq!(pixels(&doubled), want);
    for at in 4..stream.len() - 12 {
        let mut stream = stream.clone();
        stream[at] ^= 0x18;
        let bytes = fax_3(stream);
        let made = make(&bytes).unwrap();
        let got = pixels(&bytes);
        let wrong_rows = got.rows().zip(want.rows()).filter(|(got, want)| !got.clone().eq(want.clone())).count();
        assert!(wrong_rows == 0 || !made.warnings.is_empty(), "byte {at}: {wrong_rows} wrong rows and no word");
    }
}
