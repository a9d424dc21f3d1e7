//! One request, from its headers to its answer. Knows no AWS: its edges are the traits of `edge.rs`.

use std::time::{Duration, Instant, SystemTime};

use contract::{Variant, unquoted};
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LOCATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, LOCATION, RETRY_AFTER, VARY,
};
use http::response::Builder;
use http::{Method, Response, StatusCode};
use serde_json::json;

use crate::edge::{Edge, Object, Upload};
use crate::headers;
use crate::key;
use crate::look;
use crate::page;
use crate::problem::Problem;
use crate::request::{Body, Request};
use crate::route::Route;
use crate::settings::Settings;
use crate::state::{Known, State, state};
use crate::status;
use crate::upload::{self, EXPIRES};

/// How often is looked for a thumbnail that somebody waits for.
const PACE: Duration = Duration::from_millis(250);

/// A request as it is answered.
struct Asked<'request> {
    request: &'request Request,
    request_id: &'request str,
    arrived: Instant,
}

/// An answer, and what the log says beside it.
pub struct Answer {
    /// What the asker gets.
    pub response: Response<Body>,
    /// What was asked for; `None` where there is nothing like it.
    pub route: Option<Route>,
    /// The problem's name.
    pub problem: Option<String>,
    /// What the asker is not told.
    pub cause: Option<String>,
}

type Built = Result<(Builder, Body, Option<String>), Problem>;

/// Answers one request. `upload_origin` is where the page may send bytes to.
pub async fn handle(
    edge: &impl Edge,
    settings: &Settings,
    upload_origin: &str,
    request: &Request,
    request_id: &str,
) -> Answer {
    let asked = Asked { request, request_id, arrived: Instant::now() };
    let route = Route::of(&request.method, &request.path);
    let built = match &route {
        Ok(route) => answer(edge, settings, upload_origin, &asked, route).await,
        Err(no) => Err((*no).into()),
    };
    let (mut builder, body, problem, cause) = match built {
        Ok((builder, body, cause)) => (builder, body, None, cause),
        Err(problem) => (problem.response(), problem.body(), Some(problem.name().to_owned()), problem.cause()),
    };
    for (name, value) in page::SECURITY {
        builder = builder.header(name, value);
    }
    if !builder.headers_ref().is_some_and(|headers| headers.contains_key(CONTENT_SECURITY_POLICY)) {
        builder = builder.header(CONTENT_SECURITY_POLICY, page::NOTHING);
    }
    let body = if request.method == Method::HEAD { Body::Empty } else { body };
    let response = builder.body(body).expect("header values are checked where they are taken");
    Answer { response, route: route.ok(), problem, cause }
}

async fn answer(edge: &impl Edge, settings: &Settings, upload_origin: &str, asked: &Asked<'_>, route: &Route) -> Built {
    let is_open = route.is_open() || settings.public_thumbnails && matches!(route, Route::GetThumbnail(_));
    let authorization = asked.header(AUTHORIZATION.as_str());
    if !is_open && !settings.access.allows(authorization) {
        return Err(Problem::Unauthorised);
    }
    match route {
        Route::PutImage(key) => put_image(edge, settings, asked, key).await,
        Route::CreateUpload => create_upload(edge, settings, asked).await,
        Route::GetThumbnail(key) => get_thumbnail(edge, settings, asked, key).await,
        Route::GetStatus(key) => get_status(edge, settings, asked, key).await,
        Route::GetSettings => Ok(plain(json_response(StatusCode::OK, "no-cache", &status::settings(settings)))),
        Route::GetOpenApi => Ok(plain((
            Response::builder().header(CONTENT_TYPE, "application/json").header(CACHE_CONTROL, "no-cache"),
            Body::from(include_str!("../openapi.json")),
        ))),
        Route::GetPage(name) => {
            let file = page::file(name).ok_or(Problem::NoSuchPath)?;
            let (builder, body) = file.response(upload_origin);
            // With the same headers: a browser takes those of a 304 for the ones that it has.
            let is_known = asked.has(&file.etag());
            Ok(plain(if is_known { (builder.status(StatusCode::NOT_MODIFIED), Body::Empty) } else { (builder, body) }))
        }
    }
}

async fn put_image(edge: &impl Edge, settings: &Settings, asked: &Asked<'_>, key: &str) -> Built {
    let variant = asked.variant(settings, key)?;
    let prefer = asked.header("prefer").unwrap_or_default();
    let wait = headers::wait(prefer).map_err(Problem::BadRequest)?;
    let bytes = asked.request.body.clone();
    let content_type = asked.header(CONTENT_TYPE.as_str()).unwrap_or("application/octet-stream").to_owned();
    let content_encoding = asked.header(CONTENT_ENCODING.as_str()).map(str::to_owned);
    let waited_for = wait.is_some();
    let upload = Upload { key: key.to_owned(), content_type, content_encoding, bytes: bytes.len() as u64, waited_for };
    let (etag, failed) = upload::put(edge, settings, &upload, bytes, wait, asked.request_id).await?;
    let thumbnail = asked.thumbnail_url(settings, key, Some(&etag));
    let status = status_url(key, Some(&etag));
    let deadline = wait.map(|wait| asked.arrived + wait);
    while let Some(deadline) = deadline {
        match find(edge, settings, key, variant, Some(&etag)).await? {
            Some(object) => {
                let builder = thumbnail_response(&object, settings).header("preference-applied", "wait");
                return Ok((builder.header(CONTENT_LOCATION, thumbnail), Body::from(object.bytes), failed));
            }
            None if Instant::now() + PACE > deadline => break,
            // It went up a tier, or its worker was killed: the event of the upload brings another.
            None => tokio::time::sleep(PACE).await,
        }
    }
    let (builder, body) = accepted(&json!({ "key": key, "etag": etag, "thumbnail": thumbnail, "status": status }));
    Ok((builder.header(LOCATION, thumbnail), body, failed))
}

async fn create_upload(edge: &impl Edge, settings: &Settings, asked: &Asked<'_>) -> Built {
    let upload = upload::new_upload(settings, &asked.request.body)?;
    let url = edge.presign(&upload, EXPIRES).await?;
    let body = json!({
        "key": upload.key,
        "upload": {
            "method": "PUT",
            "url": url,
            "headers": { "content-type": upload.content_type },
            "expires_s": EXPIRES.as_secs(),
        },
        "thumbnail": key::path("/thumbnails/", &upload.key),
        "status": key::path("/status/", &upload.key),
    });
    Ok(plain(json_response(StatusCode::CREATED, "no-store", &body)))
}

async fn get_thumbnail(edge: &impl Edge, settings: &Settings, asked: &Asked<'_>, key: &str) -> Built {
    key::check(key, &[], &settings.shared.thumbnails)?;
    let variant = asked.variant(settings, key)?;
    let etag = asked.query("etag");
    match find(edge, settings, key, variant, etag.as_deref()).await? {
        Some(object) if asked.has(&object.head.etag) => {
            let (builder, body) = not_modified(&object.head.etag);
            Ok(plain((builder.header(CACHE_CONTROL, cache_control(&object, settings)), body)))
        }
        Some(object) => Ok(plain((thumbnail_response(&object, settings), Body::from(object.bytes)))),
        None => Ok(plain(accepted(&json!({
            "key": key,
            "thumbnail": asked.thumbnail_url(settings, key, etag.as_deref()),
            "status": status_url(key, etag.as_deref()),
        })))),
    }
}

async fn get_status(edge: &impl Edge, settings: &Settings, asked: &Asked<'_>, key: &str) -> Built {
    key::check(key, &[], &settings.shared.thumbnails)?;
    let etag = asked.query("etag");
    let (known, state) = look_and_tell(edge, settings, key, etag.as_deref()).await?;
    let body = match &state {
        State::Unknown => return Err(Problem::NotFound { key: key.to_owned() }),
        state => status::status(key, state, &known, settings),
    };
    Ok(plain(json_response(StatusCode::OK, "no-store", &body)))
}

/// The thumbnail; `None` while it is in work. Any other reason why there is none is a problem.
async fn find(
    edge: &impl Edge,
    settings: &Settings,
    key: &str,
    variant: &Variant,
    asked: Option<&str>,
) -> Result<Option<Object>, Problem> {
    if let Some(object) = look::thumbnail(edge, settings, key, variant, asked).await? {
        return Ok(Some(object));
    }
    match look_and_tell(edge, settings, key, asked).await?.1 {
        State::Unknown => Err(Problem::NotFound { key: key.to_owned() }),
        State::Deleted => Err(Problem::Deleted { key: key.to_owned() }),
        State::Replaced => Err(Problem::Replaced { key: key.to_owned() }),
        State::Refused { name, message, .. } => Err(Problem::Refused { name, message }),
        // Made meanwhile, or nearly.
        State::Made(_) | State::InWork => Ok(None),
    }
}

async fn look_and_tell(
    edge: &impl Edge,
    settings: &Settings,
    key: &str,
    asked: Option<&str>,
) -> Result<(Known, State), Problem> {
    let known = look::look(edge, settings, key).await?;
    let state = state(key, asked, &known, &settings.shared, settings.max_age, SystemTime::now());
    Ok((known, state))
}

fn plain((builder, body): (Builder, Body)) -> (Builder, Body, Option<String>) {
    (builder, body, None)
}

/// It is stored and in work: ask again in a second.
fn accepted(body: &serde_json::Value) -> (Builder, Body) {
    let (builder, body) = json_response(StatusCode::ACCEPTED, "no-store", body);
    (builder.header(RETRY_AFTER, "1"), body)
}

fn json_response(status: StatusCode, cache_control: &'static str, body: &serde_json::Value) -> (Builder, Body) {
    let builder = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    (builder.header(CACHE_CONTROL, cache_control), Body::from(body.to_string()))
}

fn not_modified(etag: &str) -> (Builder, Body) {
    (Response::builder().status(StatusCode::NOT_MODIFIED).header(ETAG, etag), Body::Empty)
}

fn thumbnail_response(object: &Object, settings: &Settings) -> Builder {
    let content_type = object.head.content_type.as_deref().unwrap_or("application/octet-stream");
    Response::builder()
        .header(CONTENT_TYPE, content_type)
        .header(ETAG, &object.head.etag)
        .header(CACHE_CONTROL, cache_control(object, settings))
        .header(VARY, "authorization")
}

/// What needs a token to be read is not for a shared cache, whatever `thumbnails.json` says of the object itself.
fn cache_control(object: &Object, settings: &Settings) -> String {
    let stored = object.cache_control.as_deref().unwrap_or("no-cache");
    if settings.public_thumbnails { stored.to_owned() } else { stored.replace("public", "private") }
}

fn status_url(key: &str, etag: Option<&str>) -> String {
    with_query(key::path("/status/", key), &[("etag", etag.map(unquoted))])
}

/// `path` and those of `parameters` that have a value.
fn with_query(path: String, parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some(format!("{name}={}", key::query((*value)?))));
    let query = given.collect::<Vec<_>>().join("&");
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

impl Asked<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers.get(name)?.to_str().ok()
    }

    fn query(&self, name: &str) -> Option<String> {
        let mut named = self.request.query.iter().filter(|(other, _)| other == name);
        named.next().map(|(_, value)| value.clone())
    }

    /// The variant that is asked for; the first one if none is.
    fn variant<'settings>(&self, settings: &'settings Settings, key: &str) -> Result<&'settings Variant, Problem> {
        let variants = settings.shared.thumbnails.variants_of(key);
        let Some(name) = self.query("variant") else { return Ok(&variants[0]) };
        variants.iter().find(|variant| variant.name == name).ok_or_else(|| {
            let names: Vec<_> = variants.iter().map(|variant| variant.name.as_str()).collect();
            Problem::BadRequest(format!("variant is `{name}`: this deployment makes {}", names.join(", ")))
        })
    }

    /// Whether the asker has what `etag` names already.
    fn has(&self, etag: &str) -> bool {
        self.header(IF_NONE_MATCH.as_str()).is_some_and(|have| headers::matches(have, etag))
    }

    /// Where the variant that is asked for is, or will be.
    fn thumbnail_url(&self, settings: &Settings, key: &str, etag: Option<&str>) -> String {
        let variant = self.query("variant").filter(|name| *name != settings.shared.thumbnails.variants_of(key)[0].name);
        let parameters = [("variant", variant.as_deref()), ("etag", etag.map(unquoted))];
        with_query(key::path("/thumbnails/", key), &parameters)
    }
}
