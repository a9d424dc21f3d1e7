use super::*;

fn with(key: &str, variants: &str) -> Result<Thumbnails, ThumbnailsError> {
    Thumbnails::parse(&format!(r#"{{"key":"{key}","cache_control":"no-cache","variants":[{variants}]}}"#))
}

const GOOD: &str = r#"{"name":"a","width_px":9,"height_px":9,"fit":"inside","format":"auto","quality":80}"#;

#[test]
fn the_shipped_file_makes_one_thumbnail_of_128_by_128() {
    let thumbnails = Thumbnails::builtin().unwrap();
    let [variant] = thumbnails.variants.as_slice() else { panic!("one variant") };
    assert_eq!((variant.width_px, variant.height_px, variant.fit), (128, 128, Fit::Inside));
}

#[test]
fn every_mistake_is_named() {
    let check = |result: Result<Thumbnails, ThumbnailsError>, want: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(want), "`{error}` does not say `{want}`");
    };
    check(with("{key}.{ext}", GOOD), "must contain {variant}");
    check(with("{variant}.{ext}", GOOD), "must contain {key}");
    check(with("{key}/{variant}", ""), "variants is empty");
    check(with("{key}/{variant}", &format!("{GOOD},{GOOD}")), "two variants are named `a`");
    check(with("{key}/{variant}", &GOOD.replace("\"a\"", "\"../a\"")), "variant name `../a`");
    check(with("{key}/{variant}", &GOOD.replace(":9", ":5000")), "width_px is 5000: expected 1 to 4096");
    check(with("{key}/{variant}", &GOOD.replace(":80", ":0")), "quality is 0: expected 1 to 100");
    check(with("{key}/{variant}", &GOOD.replace("inside", "outside")), "expected shape");
    let gif = GOOD.replace("auto", "gif");
    check(with("{key}/{variant}", &gif), "format is gif, which is written of animations alone");
    check(with("{key}/{variant}", &animated(GOOD, "true")), "format is auto, which has no animations");
    let avif = GOOD.replace("auto", "avif");
    check(
        with("{key}/{variant}", &animated(&avif, "true")),
        "format is avif, which has no animations: write gif or webp",
    );
    let large = avif.replace("\"width_px\":9", "\"width_px\":1025").replace("\"height_px\":9", "\"height_px\":1024");
    check(with("{key}/{variant}", &large), "the box has 1049600 pixels: 1048576 at the most, or write webp");
    let frames = animated(&gif, r#"{"max_frames":1001}"#);
    check(with("{key}/{variant}", &frames), "animated.max_frames is 1001: expected 1 to 1000");
    check(with("{key}/{variant}", &animated(&gif, r#"{"max_bytes":0}"#)), "animated.max_bytes is 0");
    let error = with("{key}/{variant}", &animated(&gif, "60")).unwrap_err();
    assert!(crate::with_causes(&error).contains("animated: expected true, false, or an object"), "{error:?}");
}

#[test]
fn the_spec_changes_with_the_file_and_only_with_it() {
    let spec = |key: &str, variant: &str| with(key, variant).unwrap().spec_of("cat.png");
    let one = spec("{key}/{variant}", GOOD);
    assert_eq!((one.len(), &one), (16, &spec("{key}/{variant}", GOOD)));
    assert_ne!(one, spec("{key}/{variant}", &GOOD.replace(":80", ":81")));
    assert_ne!(one, spec("{key}-{variant}", GOOD));
}

#[test]
fn all_keys_of_a_source_are_known_and_recognised() {
    let check = |template: &str, want: &[&str]| {
        let thumbnails = with(template, GOOD).unwrap();
        assert_eq!(thumbnails.keys_of("cat.png"), want, "{template}");
        for key in want {
            assert!(thumbnails.may_have_made(key), "{template} {key}");
        }
        assert!(!thumbnails.may_have_made("cat.png"), "{template}");
    };
    check("{key}/{variant}.{ext}", &["cat.png/a.jpg", "cat.png/a.png"]);
    check("t/{variant}/{key}", &["t/a/cat.png"]);
    check("{variant}-{key}.{ext}", &["a-cat.png.jpg", "a-cat.png.png"]);
}

#[test]
fn only_alpha_gives_a_thumbnail_a_sibling() {
    let sibling = |template, variant: &str, extension| with(template, variant).unwrap().sibling_of("k", "a", extension);
    assert_eq!(sibling("{key}/{variant}.{ext}", GOOD, "jpg").as_deref(), Some("k/a.png"));
    assert_eq!(sibling("{key}/{variant}.{ext}", GOOD, "png").as_deref(), Some("k/a.jpg"));
    assert_eq!(sibling("{key}/{variant}", GOOD, "jpg"), None);
    assert_eq!(sibling("{key}/{variant}.{ext}", &GOOD.replace("auto", "webp"), "webp"), None);
}

#[test]
fn a_background_is_six_digits_and_white_by_default() {
    let background = |field: &str| {
        let json = GOOD.replace("\"quality\"", &format!("{field}\"quality\""));
        with("{key}/{variant}", &json).map(|thumbnails| thumbnails.variants[0].background.rgb)
    };
    assert_eq!(background("").unwrap(), [255; 3]);
    assert_eq!(background(r##""background":"#0a80FF","##).unwrap(), [10, 128, 255]);
    for bad in [r##""background":"#fff","##, r#""background":"white","#, r##""background":"#+12345","##] {
        background(bad).unwrap_err();
    }
    assert_eq!(String::from(Background { rgb: [10, 128, 255] }), "#0a80ff");
}

fn by_prefix() -> Thumbnails {
    let list = |prefix: &str, name: &str| {
        format!(r#"{{"prefix":"{prefix}","variants":[{}]}}"#, GOOD.replace("\"a\"", &format!("\"{name}\"")))
    };
    let prefixes = format!("{},{}", list("photos/", "b"), list("photos/faces/", "c"));
    let json = format!(
        r#"{{"key":"{{key}}/{{variant}}","cache_control":"no-cache","variants":[{GOOD}],"prefixes":[{prefixes}]}}"#
    );
    Thumbnails::parse(&json).unwrap()
}

#[test]
fn the_longest_prefix_says_what_is_made_and_all_is_recognised() {
    let thumbnails = by_prefix();
    for (key, want) in [("cat", "cat/a"), ("photos/cat", "photos/cat/b"), ("photos/faces/cat", "photos/faces/cat/c")] {
        assert_eq!(thumbnails.keys_of(key), [want]);
        assert!(thumbnails.may_have_made(want), "{want}");
    }
    let plain = with("{key}/{variant}", GOOD).unwrap();
    assert_eq!(thumbnails.spec_of("cat"), plain.spec_of("cat"), "another prefix's variants make nothing again");
    assert_ne!(thumbnails.spec_of("photos/cat"), plain.spec_of("photos/cat"));
}

#[test]
fn prefixes_are_not_empty_and_stand_there_once() {
    let error = |list: &str| {
        let json =
            format!(r#"{{"key":"{{key}}/{{variant}}","cache_control":"","variants":[{GOOD}],"prefixes":[{list}]}}"#);
        Thumbnails::parse(&json).unwrap_err().to_string()
    };
    let one = |prefix: &str, variants: &str| format!(r#"{{"prefix":"{prefix}","variants":[{variants}]}}"#);
    assert!(error(&one("", GOOD)).contains("prefix is ``"));
    assert!(error(&format!("{},{}", one("a/", GOOD), one("a/", GOOD))).contains("prefix is `a/`"));
    assert!(error(&one("a/", "")).contains("prefix `a/`: variants is empty"));
}

#[test]
fn a_prefix_of_the_deployment_is_in_front_of_every_key() {
    let thumbnails = with("{key}/{variant}", GOOD).unwrap().under("thumbs/");
    assert_eq!((thumbnails.keys_of("cat"), thumbnails.written_prefix()), (vec!["thumbs/cat/a".to_owned()], "thumbs/"));
    assert!(thumbnails.may_have_made("thumbs/cat/a") && !thumbnails.may_have_made("cat/a"));
}

/// Of the release before these fields were there: another name would have every deployment make everything again.
#[test]
fn what_the_shipped_file_makes_has_the_name_that_it_always_had() {
    assert_eq!(Thumbnails::builtin().unwrap().spec_of("cat.png"), "541f921742969f9f");
    let centre = GOOD.replace("\"fit\"", "\"gravity\":\"centre\",\"fit\"");
    let spec = |variant: &str| with("{key}/{variant}", variant).unwrap().spec_of("k");
    assert_eq!(spec(&centre), spec(GOOD));
    assert_ne!(spec(&centre.replace("centre", "attention")), spec(GOOD));
}

#[test]
fn several_widths_and_formats_are_so_many_variants() {
    let hero = r#"{"name":"hero","width_px":1600,"height_px":900,"srcset_px":[320,1600],"fit":"cover","format":["webp","jpeg"],"quality":80}"#;
    let thumbnails = with("{key}/{variant}.{ext}", hero).unwrap();
    let all: Vec<_> = thumbnails.variants.iter().map(|one| (one.name.as_str(), one.width_px, one.height_px)).collect();
    let want = [
        ("hero-320-webp", 320, 180),
        ("hero-320-jpeg", 320, 180),
        ("hero-1600-webp", 1600, 900),
        ("hero-1600-jpeg", 1600, 900),
    ];
    assert_eq!(all, want);
    assert_eq!(thumbnails.keys_of("k")[..2], ["k/hero-320-webp.webp", "k/hero-320-jpeg.jpg"]);
    let three = hero.replace(r#"["webp","jpeg"]"#, r#"["avif","webp","jpeg"]"#).replace("320,1600", "320");
    let three = with("{key}/{variant}.{ext}", &three).unwrap().keys_of("k");
    assert_eq!(three, ["k/hero-320-avif.avif", "k/hero-320-webp.webp", "k/hero-320-jpeg.jpg"]);
    let one = |name: &str, width: u32, height: u32, format: &str| {
        format!(
            r#"{{"name":"{name}","width_px":{width},"height_px":{height},"fit":"cover","format":"{format}","quality":80}}"#
        )
    };
    let each = [
        one("hero-320-webp", 320, 180, "webp"),
        one("hero-320-jpeg", 320, 180, "jpeg"),
        one("hero-1600-webp", 1600, 900, "webp"),
        one("hero-1600-jpeg", 1600, 900, "jpeg"),
    ];
    let each = with("{key}/{variant}.{ext}", &each.join(",")).unwrap();
    assert_eq!(thumbnails.spec_of("k"), each.spec_of("k"), "the same thumbnails, however they are written");
    let error = |written: &str| {
        let error = with("{key}/{variant}.{ext}", written).unwrap_err();
        crate::with_causes(&error)
    };
    assert!(error(&hero.replace("[320,1600]", "[]")).contains("variant `hero`: srcset_px is empty"));
    assert!(error(&hero.replace(r#"["webp","jpeg"]"#, "[]")).contains("variant `hero`: format is empty"));
    assert!(error(&hero.replace("320", "5000")).contains("width_px is 5000: expected 1 to 4096"));
    assert!(error(&hero.replace("320", "1600")).contains("two variants are named `hero-1600-webp`"));
}

/// The variant with `animated`.
fn animated(variant: &str, value: &str) -> String {
    variant.replace("\"quality\"", &format!("\"animated\":{value},\"quality\""))
}

#[test]
fn animated_is_true_or_some_limits() {
    let webp = GOOD.replace("auto", "webp");
    let parsed = |value: &str| with("{key}/{variant}", &animated(&webp, value)).unwrap();
    let limits = |value: &str| parsed(value).variants[0].animated;
    assert_eq!(limits("true"), Some(Animated::default()));
    assert_eq!(limits("{}"), Some(Animated::default()));
    assert_eq!(limits(r#"{"max_ms":500}"#), Some(Animated { max_ms: 500, ..Animated::default() }));
    assert_eq!(limits("false"), None);
    let plain = with("{key}/{variant}", &webp).unwrap();
    assert_eq!(parsed("false").spec_of("k"), plain.spec_of("k"));
    assert_ne!(parsed("true").spec_of("k"), plain.spec_of("k"));
    assert_eq!(parsed("true").spec_of("k"), parsed(r#"{"max_frames":60}"#).spec_of("k"));
    assert_eq!(parsed("true").set().to_string(), "9x9 inside webp 80 animated 60");
    let gif = with("{key}/{variant}.{ext}", &animated(&GOOD.replace("auto", "gif"), "true")).unwrap();
    assert_eq!(gif.keys_of("k"), ["k/a.gif"]);
    let json = serde_json::to_string(&gif).unwrap();
    assert_eq!(Thumbnails::parse(&json).unwrap(), gif, "{json}");
}

#[test]
fn a_manifest_has_a_key_of_its_own_and_is_one_of_what_is_made() {
    let json =
        format!(r#"{{"key":"{{key}}/{{variant}}.{{ext}}","cache_control":"","variants":[{GOOD}],"manifest":true}}"#);
    let thumbnails = Thumbnails::parse(&json).unwrap();
    assert_eq!(thumbnails.keys_of("cat.png"), ["cat.png/a.jpg", "cat.png/a.png", "cat.png/manifest.json"]);
    assert!(thumbnails.may_have_made("cat.png/manifest.json"));
    assert_eq!(thumbnails.objects_of("cat.png"), 2);
    let plain = with("{key}/{variant}.{ext}", GOOD).unwrap();
    assert!(plain.manifest_key("cat.png").is_none() && !plain.may_have_made("cat.png/manifest.json"));
    let taken = json.replace("\"name\":\"a\"", "\"name\":\"manifest\"");
    assert!(Thumbnails::parse(&taken).unwrap_err().to_string().contains("two variants are named `manifest`"));
}

#[test]
fn a_thumbnail_tells_whose_it_is() {
    let thumbnails = Thumbnails::builtin().unwrap().under("thumbs/");
    for key in ["cat.png", "a b/ü+.jpg", "128x128.jpg/128x128.png"] {
        for thumbnail in thumbnails.keys_of(key) {
            assert_eq!(thumbnails.sources_of(&thumbnail), [key], "{thumbnail}");
        }
    }
    for other in ["cat.png/128x128.jpg", "thumbs/cat.png/64x64.jpg", "thumbs/cat.png", "thumbs/", "thumbs//128x128.jpg"]
    {
        assert!(thumbnails.sources_of(other).is_empty(), "{other}");
    }
}
