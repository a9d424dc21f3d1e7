//! What became of an upload, and what this deployment allows, as JSON. Pure.

use std::collections::HashSet;

use contract::{ImageFormat, MadeBy, Placeholder, unquoted};
use serde_json::{Value, json};

use crate::key;
use crate::settings::Settings;
use crate::state::{Known, State};
use crate::upload::{EXPIRES, MAX_BODY_BYTES};

/// The body of `GET /status`.
pub(crate) fn status(key: &str, state: &State, known: &Known, settings: &Settings) -> Value {
    let mut body = json!({ "key": key, "state": name(state) });
    let mut set = |field: &str, value: Value| body[field] = value;
    match state {
        State::Made(_) => set("outcome", "made".into()),
        State::Refused { name, message, .. } => {
            set("outcome", name.as_str().into());
            set("message", message.as_str().into());
        }
        State::Deleted => set("outcome", "deleted".into()),
        State::Replaced => set("outcome", "replaced".into()),
        State::InWork | State::Unknown => {}
    }
    if let State::Made(Some(made_by)) | State::Refused { made_by: Some(made_by), .. } = state {
        let MadeBy { tier, milliseconds, estimated_dollars, warnings } = made_by;
        set("tier", tier.as_str().into());
        set("milliseconds", json!(milliseconds));
        set("estimated_dollars", json!(estimated_dollars));
        set("warnings", json!(warnings));
    }
    let placeholder = known.thumbnails.iter().flatten().find_map(|head| head.placeholder.as_ref());
    if let (State::Made(_), Some(Placeholder { thumbhash, colour })) = (state, placeholder) {
        set("placeholder", json!({ "thumbhash": thumbhash, "colour": colour }));
    }
    if let Some(source) = &known.source {
        let etag = unquoted(&source.etag);
        let content_type = source.content_type.as_deref().unwrap_or("application/octet-stream");
        set("source", json!({ "etag": etag, "bytes": source.bytes, "content_type": content_type }));
    }
    set("thumbnails", if matches!(state, State::Made(_)) { thumbnails(key, known, settings) } else { json!([]) });
    body
}

const fn name(state: &State) -> &'static str {
    match state {
        State::Made(_) => "made",
        State::InWork | State::Unknown => "in_work",
        State::Refused { .. } => "refused",
        State::Deleted => "deleted",
        State::Replaced => "replaced",
    }
}

fn thumbnails(key: &str, known: &Known, settings: &Settings) -> Value {
    let variants = settings.shared.thumbnails.variants_of(key).iter().zip(&known.thumbnails);
    let list = variants.filter_map(|(variant, head)| {
        let head = head.as_ref()?;
        let source_etag = unquoted(head.source_etag.as_deref().unwrap_or_default());
        let (path, etag) = (key::path("/thumbnails/", key), key::query(source_etag));
        Some(json!({
            "variant": variant.name,
            "url": format!("{path}?variant={}&etag={etag}", key::query(&variant.name)),
            "content_type": head.content_type,
            "bytes": head.bytes,
        }))
    });
    list.collect()
}

/// What the deployment reads, as far as the build has it.
fn formats(settings: &Settings) -> Vec<&'static str> {
    let is_built = |format: &ImageFormat| match format {
        ImageFormat::Heic | ImageFormat::Mp4 => cfg!(feature = "hevc"),
        ImageFormat::Avif => cfg!(feature = "av1"),
        ImageFormat::Jp2 => cfg!(feature = "jpeg2000"),
        ImageFormat::Jxl => cfg!(feature = "jxl"),
        ImageFormat::Webm => cfg!(feature = "vp9"),
        ImageFormat::Svg => cfg!(feature = "svg"),
        ImageFormat::Pdf => cfg!(feature = "pdf"),
        _ => true,
    };
    settings.shared.formats.iter().filter(is_built).map(|format| format.facts().title).collect()
}

/// The body of `GET /settings`.
pub(crate) fn settings(settings: &Settings) -> Value {
    let shared = &settings.shared;
    let tiers: Vec<_> =
        shared.tiers.iter().map(|tier| json!({ "name": tier.name, "memory_mb": tier.memory_mb })).collect();
    let mut variants: Vec<_> = shared.thumbnails.all_variants().map(|variant| variant.name.as_str()).collect();
    let mut seen = HashSet::new();
    variants.retain(|name| seen.insert(*name));
    json!({
        "auth": settings.access.name(),
        "public_thumbnails": settings.public_thumbnails,
        "key_prefixes": settings.key_prefixes,
        "max_key_bytes": key::longest(&shared.thumbnails),
        "max_body_bytes": MAX_BODY_BYTES,
        "max_object_bytes": shared.max_object_bytes,
        "formats": formats(settings),
        "upload_expires_s": EXPIRES.as_secs(),
        "variants": variants,
        "tiers": tiers,
    })
}
