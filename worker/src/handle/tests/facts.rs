//! What is stored with thumbnails beside their pixels: placeholders, warnings, manifests; and what the upload says.

use std::collections::HashMap;

use contract::{Fit, Gravity, Manifest, Placeholder, PreviewUse, Variant};
use sha2::{Digest, Sha256};

use super::*;

/// Red on the left, green in the middle, blue on the right.
fn thirds() -> Vec<u8> {
    let mut png = Vec::new();
    let colour = |x: u32| [[200, 0, 0], [0, 200, 0], [0, 0, 200]][(x / 100) as usize];
    RgbImage::from_fn(300, 100, |x, _| Rgb(colour(x))).write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    png
}

fn cover(gravity: Gravity) -> Settings {
    let mut settings = settings("small");
    let variant = &mut settings.shared.thumbnails.variants[0];
    *variant = Variant { fit: Fit::Cover, gravity, ..variant.clone() };
    settings
}

fn middle(object: &StoredObject) -> [u8; 3] {
    let image =
        ImageReader::new(Cursor::new(&object.bytes)).with_guessed_format().unwrap().decode().unwrap().into_rgb8();
    image.get_pixel(image.width() / 2, image.height() / 2).0
}

#[test]
fn the_focus_of_an_upload_wins_and_a_bad_one_is_a_warning_and_the_middle() {
    let check = |focus: &'static str, want: usize, warnings: &[&str]| {
        let mut store = with_source(thirds());
        store.focus = Some(focus);
        let outcome = run_in(&store, &cover(Gravity::Attention), &Task::Make(job(&store, "0A"))).unwrap();
        let warnings: Vec<String> = warnings.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(outcome, Outcome::Made { thumbnails: vec![THUMBNAIL.into()], warnings: warnings.clone() });
        let stored = store.stored();
        let levels = middle(&stored[0]);
        assert_eq!((0..3).max_by_key(|channel| levels[*channel]), Some(want), "{focus}: {levels:?}");
        let named = stored[0].metadata.get(metadata::WARNINGS);
        assert_eq!(named.map(String::as_str), warnings.first().map(String::as_str), "{focus}");
    };
    check("0,0.5", 0, &[]);
    check("0.99,0.5", 2, &[]);
    check("left", 1, &["bad_focus"]);
    check("0.1", 1, &["bad_focus"]);
}

/// A TIFF with a page of each shade, 90 by 60 pixels. Source: TIFF 6.0, section 2.
fn pages(shades: &[u8]) -> Vec<u8> {
    const PIXELS: u32 = 90 * 60;
    const DIRECTORY_BYTES: u32 = 2 + 7 * 12 + 4;
    let mut file = b"II*\0\x08\0\0\0".to_vec();
    for (number, shade) in shades.iter().enumerate() {
        let pixels_at = file.len() as u32 + DIRECTORY_BYTES;
        let next = if number + 1 < shades.len() { pixels_at + PIXELS } else { 0 };
        file.extend(7_u16.to_le_bytes());
        let entries = [(256_u16, 90), (257, 60), (258, 8), (259, 1), (262, 1), (273, pixels_at), (279, PIXELS)];
        for (tag, value) in entries {
            file.extend([tag.to_le_bytes(), 4_u16.to_le_bytes()].concat());
            file.extend([1, value].map(u32::to_le_bytes).concat());
        }
        file.extend(next.to_le_bytes());
        file.resize(file.len() + PIXELS as usize, *shade);
    }
    file
}

#[test]
fn the_page_of_an_upload_is_the_one_that_is_made() {
    let made = |page: &'static str| {
        let mut store = with_source(pages(&[40, 120, 220]));
        store.page = Some(page);
        let outcome = run(&store).unwrap();
        (outcome, store.stored().first().map(|stored| middle(stored)[0]))
    };
    for (page, want) in [("1", 40), ("2", 120), ("3", 220)] {
        let (outcome, got) = made(page);
        assert!(got.unwrap().abs_diff(want) < 3, "page {page} is {got:?}, {outcome:?}");
    }
    let (outcome, stored) = made("4");
    assert!(stored.is_none() && format!("{outcome:?}").contains("no page 4, but 3 in all"), "{outcome:?}");
}

#[test]
fn a_page_that_is_no_number_is_a_warning() {
    let check = |page: &'static str, want: &[&str]| {
        let mut store = with_source(thirds());
        store.page = Some(page);
        let Outcome::Made { warnings, .. } = run(&store).unwrap() else { panic!("made") };
        assert_eq!(warnings, want, "{page}");
    };
    check("3", &[]);
    check("0", &["bad_page"]);
    check("last", &["bad_page"]);
}

#[test]
fn a_thumbnail_carries_its_placeholder() {
    let store = with_source(thirds());
    run(&store).unwrap();
    let metadata = store.stored()[0].metadata.clone();
    let placeholder = Placeholder::from_metadata(&metadata).unwrap();
    assert_eq!(placeholder.colour, "#434343");
    assert!(placeholder.thumbhash.len() > 20, "{placeholder:?}");
    assert_eq!(metadata.get(metadata::WARNINGS), None, "nothing was wrong");
}

#[test]
fn a_manifest_names_every_thumbnail_and_goes_with_them() {
    let store = with_source(thirds());
    let mut settings = settings("small");
    let small =
        Variant { name: "small".into(), width_px: 32, height_px: 32, ..settings.shared.thumbnails.variants[0].clone() };
    settings.shared.thumbnails.variants.push(small);
    settings.shared.thumbnails.manifest = true;
    let outcome = run_in(&store, &settings, &Task::Make(job(&store, "0A"))).unwrap();
    let keys = [THUMBNAIL, "a b/ü.png/small.jpg"];
    assert_eq!(outcome, made(keys.map(str::to_owned).to_vec()), "a manifest is no thumbnail");
    let stored: HashMap<String, StoredObject> =
        store.stored().into_iter().map(|object| (object.key.clone(), object)).collect();
    let object = &stored["a b/ü.png/manifest.json"];
    assert_eq!(object.content_type, "application/json");
    let manifest: Manifest = serde_json::from_slice(&object.bytes).unwrap();
    assert_eq!((manifest.source_key.as_str(), Some(manifest.source_etag)), (KEY, store.etag("uploads", KEY)));
    assert_eq!(manifest.placeholder, Placeholder::from_metadata(&object.metadata));
    let sizes: Vec<_> = manifest.variants.iter().map(|one| (one.width_px, one.height_px)).collect();
    assert_eq!(sizes, [(128, 43), (32, 11)]);
    for (variant, key) in manifest.variants.iter().zip(keys) {
        let thumbnail = &stored[key];
        assert_eq!((variant.key.as_str(), variant.bytes), (key, thumbnail.bytes.len() as u64));
        let digest = Sha256::digest(&thumbnail.bytes);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(variant.sha256, hex);
    }
    // The same event once more: nothing is written again, and nothing is decoded where somebody looks first.
    let again = Job { look_first: true, ..job(&store, "0A") };
    let outcome = run_in(&store, &settings, &Task::Make(again)).unwrap();
    assert_eq!((outcome.name(), store.gets.get()), ("duplicate", 1));
    store.delete_source(KEY);
    let Outcome::Removed { removed } = run_in(&store, &settings, &removal("0B")).unwrap() else { panic!("kept") };
    assert_eq!((removed.len(), store.stored().len()), (3, 0));
}

#[test]
fn a_damaged_photo_with_an_exif_thumbnail_is_that_thumbnail_and_says_so() {
    let jpeg = |colour: [u8; 3], (width, height)| {
        let mut bytes = Vec::new();
        RgbImage::from_pixel(width, height, Rgb(colour))
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Jpeg)
            .unwrap();
        bytes
    };
    let thumbnail = jpeg([0, 200, 0], (120, 80));
    // No entry in the first directory; offset and length of a JPEG in the second.
    let mut tiff =
        b"MM\0*\0\0\0\x08\0\0\0\0\0\x0E\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x2C\x02\x02\0\x04\0\0\0\x01".to_vec();
    tiff.extend((thumbnail.len() as u32).to_be_bytes());
    tiff.extend([0; 4]);
    tiff.extend(&thumbnail);
    let photo = jpeg([200, 0, 0], (600, 400));
    let segment = [&[0xFF, 0xE1][..], &(tiff.len() as u16 + 8).to_be_bytes(), b"Exif\0\0", &tiff].concat();
    let cut = [&photo[..2], &segment, &photo[2..700]].concat();
    let store = with_source(cut.clone());
    let outcome = run(&store).unwrap();
    let want = Outcome::Made { thumbnails: vec![THUMBNAIL.into()], warnings: vec!["preview_for_corrupt".into()] };
    assert_eq!(outcome, want);
    let stored = store.stored();
    assert_eq!(stored[0].metadata[metadata::WARNINGS], "preview_for_corrupt");
    assert!(middle(&stored[0])[1] > 150);
    let store = with_source(cut);
    let mut never = settings("small");
    never.previews = PreviewUse::Never;
    assert_eq!(run_in(&store, &never, &Task::Make(job(&store, "0A"))).unwrap().name(), "corrupt");
}

#[test]
fn an_animated_thumbnail_has_its_own_type_and_says_how_many_frames_it_has() {
    let mut gif = Vec::new();
    let frames = (0..3).map(|step| {
        let colour = |x: u32, _| image::Rgba([if x / 30 == step { 250 } else { 20 }, 40, 90, 255]);
        image::Frame::new(image::RgbaImage::from_fn(90, 60, colour))
    });
    image::codecs::gif::GifEncoder::new(&mut gif).encode_frames(frames).unwrap();
    let store = with_source(gif);
    let mut settings = settings("small");
    settings.shared.thumbnails.manifest = true;
    let variant = &mut settings.shared.thumbnails.variants[0];
    variant.animated = Some(contract::Animated::default());
    variant.format = contract::OutputFormat::Webp;
    run_in(&store, &settings, &Task::Make(job(&store, "0A"))).unwrap();
    let stored = store.stored();
    let (manifest, thumbnail) =
        stored.iter().partition::<Vec<_>, _>(|object| object.content_type == Manifest::CONTENT_TYPE);
    assert_eq!((thumbnail[0].content_type, thumbnail[0].extension), ("image/webp", "webp"));
    assert_eq!(thumbnail[0].metadata[metadata::FRAMES], "3");
    let manifest: Manifest = serde_json::from_slice(&manifest[0].bytes).unwrap();
    assert_eq!(manifest.variants[0].frames, Some(3));
}
