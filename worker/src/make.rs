//! From a body to thumbnails: the engine on a thread of its own, beside the transfer.

use std::num::NonZero;
use std::time::Instant;

use coding::{CodingError, ContentEncoding};
use contract::{BadFocus, Gravity, Job, Variant};
use engine::{EngineError, Limits, Made, Stage};
use function::CallError;

use crate::body::{BodyReader, pipe, pump};
use crate::edge::{GetObject, ObjectBody};
use crate::settings::Settings;
use crate::stopwatch::Stopwatch;

/// The warning about a focus that is no point.
const BAD_FOCUS: &str = "bad_focus";
/// The warning about a page that is no number from 1 on.
const BAD_PAGE: &str = "bad_page";

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Coding(CodingError),
    #[error("the decoder panicked")]
    Panicked(#[source] tokio::task::JoinError),
}

impl Failure {
    /// The name in logs, counters and metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Engine(error) => error.name(),
            Self::Coding(error) => error.name(),
            Self::Panicked(_) => "panicked",
        }
    }
}

impl From<CodingError> for Failure {
    fn from(error: CodingError) -> Self {
        match error {
            CodingError::Read(cause) => EngineError::Source { bytes_read: 0, cause }.into(),
            error => Self::Coding(error),
        }
    }
}

/// What was made.
#[derive(Debug)]
pub(crate) struct Work {
    pub made: Made,
    /// Names of what was wrong with the upload around the image: its encoding, its focus.
    pub warnings: Vec<&'static str>,
}

/// Makes every variant.
///
/// # Errors
/// [`Failure`]; [`EngineError::Source`] alone may go better the next time.
pub(crate) async fn make<Edge: GetObject>(
    edge: &Edge,
    body: Edge::Body,
    job: &Job,
    settings: &Settings,
    stopwatch: &mut Stopwatch,
) -> Result<Work, Failure> {
    let encoding = ContentEncoding::from_header(body.content_encoding());
    let (sender, reader) = pipe(job.bytes);
    let mut limits = Limits::for_budget(settings.tier.budget_bytes());
    limits.threads = settings.tier.threads();
    limits.max_pixels = settings.max_pixels;
    limits.previews = settings.previews;
    limits.renderer = settings.renderer;
    limits.may_go_up = settings.next_tier().is_some();
    limits.formats = settings.shared.formats;
    limits.max_source_bytes = settings.shared.max_object_bytes;
    let mut variants = settings.shared.thumbnails.variants_of(&job.key).to_vec();
    let lease = body.lease();
    let page = body.page().map(str::parse::<NonZero<u32>>);
    limits.page = page.clone().and_then(Result::ok).map_or(1, NonZero::get);
    let bad_focus = body.focus().and_then(|focus| keep(focus, &mut variants).err());
    let engine = tokio::task::spawn_blocking(move || {
        let _lease = lease;
        let mut stages = Vec::new();
        let on_stage = &mut |stage| stages.push((stage, Instant::now()));
        (decode_and_make(reader, &encoding, &variants, limits, on_stage), stages)
    });
    let calls = &stopwatch.calls;
    let get_from = async |from| {
        calls.range();
        let changed = || {
            let action = format!("GetObject of `{}/{}` from byte {from}", job.bucket, job.key);
            CallError { action, cause: "the object was replaced or deleted".into() }
        };
        edge.get_from(job, from).await?.ok_or_else(changed)
    };
    let ((), engine) = tokio::join!(pump(body, sender, get_from), engine);
    // A decoder that panics does so every time: a final answer, not a reason to pay for two retries.
    let (work, stages) = engine.map_err(Failure::Panicked)?;
    for (stage, finished) in stages {
        stopwatch.stage(stage, finished);
    }
    let mut work = work?;
    work.warnings.extend(bad_focus.map(|_| BAD_FOCUS));
    work.warnings.extend(page.and_then(Result::err).map(|_| BAD_PAGE));
    Ok(work)
}

/// Has `variants` keep the point that the uploader named; without a point that can be used, the middle.
fn keep(focus: &str, variants: &mut [Variant]) -> Result<(), BadFocus> {
    let parsed = focus.parse();
    let gravity = parsed.as_ref().map_or(Gravity::Centre, |focus| Gravity::Focus(*focus));
    variants.iter_mut().for_each(|variant| variant.gravity = gravity);
    parsed.map(drop)
}

fn decode_and_make(
    reader: BodyReader,
    encoding: &ContentEncoding,
    variants: &[Variant],
    mut limits: Limits,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<Work, Failure> {
    let mut body = coding::open(reader, encoding)?;
    limits.reader_bytes = body.held_bytes();
    // What is decoded has to be read.
    let made = match body.plain() {
        Some(reader) => engine::make_passing(reader, variants, &limits, on_stage),
        None => engine::make(body.reader(), variants, &limits, on_stage),
    };
    match made {
        Ok(made) => {
            let warnings = body.into_warning().map(coding::Warning::name).into_iter().collect();
            Ok(Work { made, warnings })
        }
        // What cannot be decoded has no first bytes to judge by.
        Err(error @ EngineError::NotAnImage { .. }) => {
            Err(body.into_fault().map_or(Failure::Engine(error), Failure::Coding))
        }
        Err(error) => Err(error.into()),
    }
}
