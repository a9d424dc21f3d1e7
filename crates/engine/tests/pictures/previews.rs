//! Pictures inside of files that stand in for the file's own: when, and when not.

use crate::fixtures;
use crate::fixtures::heif_boxes::{boxed, full};
use crate::wanted::small_png;
use std::io::Cursor;

use contract::{ImageFormat, PreviewUse};
use engine::{EngineError, Limits, Made, PreviewReason, Warning};
use image::{DynamicImage, Rgb, RgbImage};

const RED: [u8; 3] = [200, 0, 0];
const GREEN: [u8; 3] = [0, 200, 0];

fn make(bytes: &[u8], side_px: u32, limits: &Limits) -> Result<Made, EngineError> {
    engine::make(&mut Cursor::new(bytes), &[small_png(side_px)], limits, &mut |_| {})
}

fn limits(previews: PreviewUse) -> Limits {
    let mut limits = Limits::for_budget(64 << 20);
    limits.previews = previews;
    limits
}

/// What was made: the colour in the middle, and why a preview was taken.
fn outcome(made: &Made) -> ([u8; 3], Option<PreviewReason>) {
    let small = image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8();
    let got = small.get_pixel(small.width() / 2, small.height() / 2).0;
    let is_near = |want: [u8; 3]| got.iter().zip(want).all(|(got, want)| got.abs_diff(want) < 16);
    let colour = [RED, GREEN].into_iter().find(|want| is_near(*want)).unwrap_or(got);
    let reason = made.warnings.iter().find_map(|warning| match warning {
        Warning::Preview(reason) => Some(*reason),
        _ => None,
    });
    (colour, reason)
}

fn plain(colour: [u8; 3], width: u32, height: u32) -> Vec<u8> {
    fixtures::encode(&DynamicImage::from(RgbImage::from_pixel(width, height, Rgb(colour))), ImageFormat::Jpeg)
}

/// `jpeg` with an Exif block that has an orientation and `thumbnail`.
fn with_thumbnail(jpeg: &[u8], orientation: u8, thumbnail: &[u8]) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, value: u32| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &1_u32.to_be_bytes(), &value.to_be_bytes()].concat()
    };
    let mut tiff = b"MM\0*\0\0\0\x08\0\x01".to_vec();
    tiff.extend(entry(274, 3, u32::from(orientation) << 16));
    tiff.extend(26_u32.to_be_bytes());
    tiff.extend(2_u16.to_be_bytes());
    tiff.extend([entry(513, 4, 56), entry(514, 4, thumbnail.len() as u32), vec![0; 4]].concat());
    tiff.extend(thumbnail);
    let body = [b"Exif\0\0", tiff.as_slice()].concat();
    let segment = [&[0xFF, 0xE1], &(body.len() as u16 + 2).to_be_bytes()[..], &body].concat();
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

fn red_with_green() -> Vec<u8> {
    with_thumbnail(&plain(RED, 600, 400), 1, &plain(GREEN, 120, 80))
}

/// The first rows of the scan, less than half.
fn cut(file: &[u8]) -> &[u8] {
    let scan = file.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
    &file[..scan + 40]
}

#[test]
fn a_whole_picture_is_made_itself_and_the_preview_is_in_its_plan() {
    let made = make(&red_with_green(), 32, &limits(PreviewUse::Fallback)).unwrap();
    assert_eq!(outcome(&made), (RED, None));
    let without = make(&red_with_green(), 32, &limits(PreviewUse::Never)).unwrap();
    assert!(made.plan.peak_bytes > without.plan.peak_bytes, "what is kept is planned");
    assert!(without.warnings.is_empty() && without.thumbnails == made.thumbnails);
}

#[test]
fn a_damaged_an_unsupported_and_a_too_large_picture_is_the_preview() {
    let file = red_with_green();
    let check = |file: &[u8], limits: Limits, want: PreviewReason| {
        let made = make(file, 64, &limits).unwrap();
        assert_eq!(outcome(&made), (GREEN, Some(want)));
        assert_eq!((made.probe.format, made.probe.width_px), (ImageFormat::Jpeg, 120));
        assert!(made.plan.peak_bytes <= limits.budget_bytes);
        let mut never = limits;
        never.previews = PreviewUse::Never;
        let error = make(file, 64, &never).unwrap_err();
        assert_eq!(error.name(), Warning::Preview(want).name().trim_start_matches("preview_for_"));
    };
    let fallback = limits(PreviewUse::Fallback);
    check(cut(&file), fallback, PreviewReason::Corrupt);
    let mut arithmetic = file.clone();
    let frame = arithmetic.windows(2).rposition(|pair| pair == [0xFF, 0xC0]).unwrap();
    arithmetic[frame + 1] = 0xC9;
    check(&arithmetic, fallback, PreviewReason::Unsupported);
    let large = with_thumbnail(&plain(RED, 6000, 4000), 1, &plain(GREEN, 120, 80));
    let mut small = Limits::for_budget(0);
    small.budget_bytes = make(&file, 64, &fallback).unwrap().plan.peak_bytes;
    check(&large, small, PreviewReason::OverBudget);
    small.may_go_up = true;
    assert_eq!(make(&large, 64, &small).unwrap_err().name(), "over_budget", "a larger tier makes it better");
}

#[test]
fn it_is_preferred_where_it_has_three_times_the_pixels_on_a_side() {
    let prefer = limits(PreviewUse::Prefer);
    let made = make(&red_with_green(), 36, &prefer).unwrap();
    assert_eq!(outcome(&made), (GREEN, Some(PreviewReason::Preferred)));
    assert_eq!(outcome(&make(&red_with_green(), 45, &prefer).unwrap()), (RED, None));
    assert_eq!(outcome(&make(&red_with_green(), 36, &limits(PreviewUse::Fallback)).unwrap()), (RED, None));
    let broken = with_thumbnail(&plain(RED, 600, 400), 1, &plain(GREEN, 120, 80)[..400]);
    assert_eq!(outcome(&make(&broken, 36, &prefer).unwrap()), (RED, None), "a damaged preview is none");
}

#[test]
fn a_preview_of_another_shape_is_another_picture() {
    for size in [(120, 90), (80, 120), (48, 32), (900, 600)] {
        let file = with_thumbnail(&plain(RED, 600, 400), 1, &plain(GREEN, size.0, size.1));
        let error = make(cut(&file), 64, &limits(PreviewUse::Fallback)).unwrap_err();
        assert_eq!(error.name(), "corrupt", "{size:?}");
        assert_eq!(engine::preview_px(&file), None, "{size:?}");
    }
    assert_eq!(engine::preview_px(&red_with_green()), Some((120, 80)));
}

#[test]
fn it_is_turned_as_the_picture_is() {
    let picture = DynamicImage::from(fixtures::picture());
    let thumbnail = fixtures::encode(&picture, ImageFormat::Jpeg);
    let image = |orientation| {
        let file = with_thumbnail(&plain(RED, 900, 600), orientation, &thumbnail);
        let made = make(cut(&file), 90, &limits(PreviewUse::Fallback)).unwrap();
        image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgb8()
    };
    assert_eq!(image::imageops::rotate90(&image(1)), image(6));
}

#[test]
fn a_document_without_a_composite_shows_its_thumbnail() {
    let thumbnail = plain(GREEN, 120, 80);
    let facts = [1_u32, 120, 80, 360, 28_800, thumbnail.len() as u32].map(u32::to_be_bytes).concat();
    let body = [facts, vec![0, 24, 0, 1], thumbnail].concat();
    let resources = [
        fixtures::psd::resource(1057, &[0, 0, 0, 1, 0]),
        fixtures::psd::resource(1036, &body),
        fixtures::psd::resource(1000, b"a"),
    ];
    let red = DynamicImage::from(RgbImage::from_pixel(600, 400, Rgb(RED))).into_rgba8();
    let file = fixtures::psd::with_resources(&red, fixtures::psd::PLAIN, &resources.concat());
    let made = make(&file, 64, &limits(PreviewUse::Fallback)).unwrap();
    assert_eq!((outcome(&made), made.probe.format), ((GREEN, Some(PreviewReason::Unsupported)), ImageFormat::Psd));
}

/// An overlay of 600 by 400, which is not decoded, with a thumbnail item behind so many bytes.
fn overlay(kind: &[u8; 4], configuration: &[u8], item: &[u8], before: usize) -> Vec<u8> {
    let start = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
    let entry = |id: u8, kind: &[u8; 4]| full(b"infe", 2, &[&[0, id, 0, 0][..], kind, &[0]].concat());
    let ispe = |width: u32, height: u32| full(b"ispe", 0, &[width, height].map(u32::to_be_bytes).concat());
    let properties = [ispe(600, 400), ispe(120, 80), configuration.to_vec()].concat();
    let own: &[u8] = if configuration.is_empty() { &[0, 2, 1, 2] } else { &[0, 2, 2, 2, 0x83] };
    let associations = [&[0, 0, 0, 2, 0, 1, 1, 1], own].concat();
    let meta = |at: u32| {
        let mut places = vec![0x44, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 1];
        places.extend([at.to_be_bytes(), (item.len() as u32).to_be_bytes()].concat());
        let parts = [
            full(b"hdlr", 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0"),
            full(b"pitm", 0, &[0, 1]),
            full(b"iinf", 0, &[&[0, 2][..], &entry(1, b"iovl"), &entry(2, kind)].concat()),
            full(b"iref", 0, &boxed(b"thmb", &[0, 2, 0, 1, 0, 1])),
            boxed(b"iprp", &[boxed(b"ipco", &properties), full(b"ipma", 0, &associations)].concat()),
            full(b"iloc", 1, &places),
        ];
        full(b"meta", 0, &parts.concat())
    };
    let at = start.len() + meta(0).len() + 8 + before;
    [start, meta(at as u32), boxed(b"mdat", &[vec![0; before], item.to_vec()].concat())].concat()
}

#[test]
fn an_item_that_is_not_decoded_shows_its_thumbnail_item() {
    let heic = fixtures::heic::heic(&RgbImage::from_pixel(120, 80, Rgb(GREEN)), fixtures::heic::PLAIN);
    let at = |kind: &[u8]| heic.windows(4).position(|four| four == kind).unwrap() - 4;
    let configuration =
        &heic[at(b"hvcC")..][..u32::from_be_bytes(heic[at(b"hvcC")..][..4].try_into().unwrap()) as usize];
    let hevc = &heic[at(b"mdat") + 8..];
    for before in [0, 300_000] {
        for (kind, configuration, item) in
            [(b"jpeg", [].as_slice(), plain(GREEN, 120, 80).as_slice()), (b"hvc1", configuration, hevc)]
        {
            let file = overlay(kind, configuration, item, before);
            let made = make(&file, 64, &limits(PreviewUse::Fallback)).unwrap();
            let want = ((GREEN, Some(PreviewReason::Unsupported)), ImageFormat::Heic);
            assert_eq!((outcome(&made), made.probe.format), want, "{before}");
            assert_eq!(make(&file, 64, &limits(PreviewUse::Never)).unwrap_err().name(), "unsupported");
        }
    }
}
