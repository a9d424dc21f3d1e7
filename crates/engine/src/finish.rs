//! The variants on their way from pixels to files, one after another or two at a time.

use std::{panic::resume_unwind, sync::Mutex, thread};

use contract::{Placeholder, Variant};

use crate::{
    EngineError, Stage,
    encode::{self, Thumbnail},
    placeholder::{area, placeholder, smallest},
    render::Picture,
};

/// Pixels of all variants but the largest from which on a second thread pays.
const LEAST_PIXELS: u64 = 1 << 16;

/// Renders and encodes each of `variants` from its part of `pixels`; the thumbnails come in their order, with the
/// placeholder of the smallest.
///
/// # Errors
/// Of the first variant that cannot be encoded.
pub(crate) fn finish<Part: Send>(
    pixels: Vec<Part>,
    variants: &[Variant],
    threads: u32,
    render: &(dyn Fn(Part, &Variant) -> Picture + Sync),
    on_stage: &mut dyn FnMut(Stage),
) -> Result<(Vec<Thumbnail>, Option<Placeholder>), EngineError> {
    let smallest = smallest(variants);
    let mut work: Vec<_> = pixels.into_iter().zip(variants).enumerate().collect();
    if threads < 2 || !is_shared(variants) {
        let mut hash = None;
        let make = |(number, (part, variant))| {
            let (thumbnail, of_it) = one(part, variant, (threads, smallest == Some(number)), render, on_stage)?;
            hash = hash.take().or(of_it);
            Ok(thumbnail)
        };
        let thumbnails: Result<_, EngineError> = work.into_iter().map(make).collect();
        return Ok((thumbnails?, hash));
    }
    // From the smallest to the largest, and taken from behind: the largest keeps one thread busy meanwhile.
    work.sort_by_key(|(_, (_, variant))| area(variant));
    let work = Mutex::new(work);
    let take_all = |on_stage: &mut dyn FnMut(Stage)| {
        let mut made = Vec::new();
        while let Some((number, (part, variant))) = take(&work) {
            made.push((number, one(part, variant, (threads, smallest == Some(number)), render, on_stage)));
        }
        made
    };
    let mut made = thread::scope(|scope| {
        let second = scope.spawn(|| take_all(&mut |_| ()));
        let mut made = take_all(on_stage);
        let others = second.join().unwrap_or_else(|panic| resume_unwind(panic));
        others.iter().flat_map(|_| [Stage::Resized, Stage::Encoded]).for_each(on_stage);
        made.extend(others);
        made
    });
    made.sort_by_key(|(number, _)| *number);
    let made: Vec<_> = made.into_iter().map(|(_, made)| made).collect::<Result<_, _>>()?;
    let (thumbnails, hashes): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    Ok((thumbnails, hashes.into_iter().flatten().next()))
}

/// The next piece of work. The lock is open again before that is done.
fn take<Work>(work: &Mutex<Vec<Work>>) -> Option<Work> {
    work.lock().ok()?.pop()
}

/// `is_smallest` asks for the placeholder too.
fn one<Part>(
    part: Part,
    variant: &Variant,
    (threads, is_smallest): (u32, bool),
    render: &dyn Fn(Part, &Variant) -> Picture,
    on_stage: &mut dyn FnMut(Stage),
) -> Result<(Thumbnail, Option<Placeholder>), EngineError> {
    let picture = render(part, variant);
    let placeholder = is_smallest.then(|| placeholder(&picture));
    on_stage(Stage::Resized);
    let thumbnail = encode::encode(picture, variant, threads)?;
    on_stage(Stage::Encoded);
    Ok((thumbnail, placeholder))
}

fn is_shared(variants: &[Variant]) -> bool {
    let all: u64 = variants.iter().map(area).sum();
    all - variants.iter().map(area).max().unwrap_or(0) >= LEAST_PIXELS
}
