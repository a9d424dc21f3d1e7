//! A page of a PDF by `hayro`. Nothing in it runs: neither scripts nor actions are read.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hayro::{
    RenderCache, RenderSettings,
    hayro_interpret::{InterpreterSettings, InterpreterWarning, TransformExt},
    hayro_syntax::{DecryptionError, LoadPdfError, Pdf},
    kurbo::Affine,
    render_into,
    vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit, color::palette::css::WHITE},
};

use crate::{Lack, Refusal};

/// Where the end of a file says that it is one. Source: ISO 32000-1, annex H, note 18.
const TAIL_BYTES: usize = 1_024;

/// That page of `file`, on paper, on a raster of the size that `size_for` says.
///
/// # Errors
/// [`Refusal::Corrupt`] and [`Refusal::Unsupported`].
pub(crate) fn draw(
    file: Vec<u8>,
    page: u32,
    size_for: &mut dyn FnMut((f64, f64)) -> Result<(u32, u32), Refusal>,
) -> Result<(Vec<u8>, Vec<Lack>), Refusal> {
    let is_cut = !file[file.len().saturating_sub(TAIL_BYTES)..].windows(5).any(|bytes| bytes == b"%%EOF");
    let pdf = Pdf::new(file).map_err(refusal)?;
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err(Refusal::Corrupt("no pages can be found in it".to_owned()));
    }
    let number = page;
    let Some(page) = (page as usize).checked_sub(1).and_then(|index| pages.get(index)) else {
        return Err(Refusal::Unsupported(format!("no page {number}, but {} in all", pages.len())));
    };
    let (width, height) = page.render_dimensions();
    let is_side = |side: f32| side.is_finite() && side > 0.0;
    if !is_side(width) || !is_side(height) {
        return Err(Refusal::Corrupt(format!("page is {width}x{height} points")));
    }
    let size_px = size_for((f64::from(width), f64::from(height)))?;
    let side = |px: u32| u16::try_from(px).map_err(|_| Refusal::Unsupported(format!("{px} pixels on a side")));
    let (across, down) = (side(size_px.0)?, side(size_px.1)?);

    let (lacks_text, lacks_pictures) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (no_font, no_picture) = (lacks_text.clone(), lacks_pictures.clone());
    let warn = move |warning| match warning {
        InterpreterWarning::UnsupportedFont => no_font.store(true, Ordering::Relaxed),
        InterpreterWarning::ImageDecodeFailure => no_picture.store(true, Ordering::Relaxed),
        _ => {}
    };
    let settings = InterpreterSettings { warning_sink: Arc::new(warn), ..InterpreterSettings::default() };
    // Hints are for letters that are read; a thumbnail's are too small for them.
    let render_settings = RenderSettings { hinting: false, ..RenderSettings::default() };
    let mut context = RenderContext::new(across, down);
    let scale = Affine::scale_non_uniform(f64::from(across) / f64::from(width), f64::from(down) / f64::from(height));
    let whole = scale * page.initial_transform(true).to_kurbo();
    render_into(page, &RenderCache::new(), &settings, &render_settings, &mut context, whole);
    context.flush();
    let mut raster = Pixmap::new(across, down);
    let paper = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut raster, &mut Resources::default(), paper);

    let mut lacks = Vec::new();
    lacks.extend(is_cut.then_some(Lack::End));
    lacks.extend(lacks_text.load(Ordering::Relaxed).then_some(Lack::Text));
    lacks.extend(lacks_pictures.load(Ordering::Relaxed).then_some(Lack::Pictures));
    Ok((raster.data_as_u8_slice().to_vec(), lacks))
}

fn refusal(error: LoadPdfError) -> Refusal {
    match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Refusal::Unsupported("a password".to_owned()),
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => {
            Refusal::Unsupported("an unknown encryption".to_owned())
        }
        LoadPdfError::Decryption(_) => Refusal::Corrupt("its encryption is damaged".to_owned()),
        LoadPdfError::Invalid => Refusal::Corrupt("no pages can be found in it".to_owned()),
    }
}
