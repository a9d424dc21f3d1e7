//! What a thumbnail that came back is judged by.

use std::collections::HashMap;

use super::*;

fn line() -> Line {
    Line { tier: "small".into(), ..Line::default() }
}

fn found(tier: &str, of: &str) -> Found {
    let metadata = [
        (metadata::SOURCE_ETAG, of),
        (metadata::TIER, tier),
        (metadata::MILLISECONDS, "12.5"),
        (metadata::DOLLARS, "0.000008"),
    ];
    let metadata: HashMap<_, _> = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Found { stored: Stored::new("k/128x128.jpg", None, "\"t\""), bytes: include_bytes!("smoke.jpg").to_vec(), metadata }
}

#[test]
fn a_thumbnail_says_what_made_it() {
    let (image, mut line) = (Stored::new("k", None, "\"e\""), line());
    assert_eq!(judge(&image, &found("small", "\"e\""), &mut line), None);
    assert_eq!((line.made_by.as_deref(), line.worker_ms, line.dollars), (Some("small"), 12.5, Dollars(0.000_008)));
    assert_eq!(line.thumbnails[0].width_px, 320);
}

#[test]
fn another_tier_or_another_image_is_a_failure() {
    let image = Stored::new("k", None, "\"e\"");
    let check = |found: &Found, words: &str| {
        let said = judge(&image, found, &mut line()).unwrap_or_default();
        assert!(said.contains(words), "`{said}` does not say `{words}`");
    };
    check(&found("medium", "\"e\""), "tier medium made it");
    check(&found("small", "\"old\""), "old");
    check(&Found { bytes: b"none".to_vec(), ..found("small", "\"e\"") }, "`k/128x128.jpg` is no image");
    check(&Found { metadata: HashMap::new(), ..found("small", "\"e\"") }, "thumbtier version");
}
