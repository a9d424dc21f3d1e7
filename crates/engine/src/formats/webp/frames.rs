//! The frames of an animated WebP, one after another onto the canvas. Source: RFC 9649, section 2.7.1.1.

use contract::ImageFormat;

use super::{
    decode::{Chunks, damage, held_bytes, still},
    header::WebpDetail,
};
use crate::{
    EngineError, Probe, Warning,
    canvas::{Area, Blend, Canvas, Disposal},
    exif,
    fields::Fields,
    raster::Channels,
    room::{Frames, Played, Screen},
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Webp;

impl Frames for WebpDetail {
    fn count(&self) -> Option<u32> {
        None
    }

    fn bytes(&self, probe: &Probe) -> u64 {
        // A frame in colours beside what libwebp holds.
        held_bytes(probe, self, true) + probe.pixels() * 4
    }

    fn channels(&self, _: &Probe) -> Channels {
        Channels::Rgba
    }

    fn play(&self, source: &mut Source<'_>, probe: &Probe, screen: &mut dyn Screen) -> Result<Played, EngineError> {
        source.fill_prefix(self.file_bytes)?;
        let file = source.prefix();
        let chunks = || Chunks { file, at: 12 };
        let first = |kind: &[u8; 4]| chunks().find(|(found, _)| found == kind).map(|(_, body)| body);
        let profile = if self.profile_bytes > 0 { first(b"ICCP").map(<[u8]>::to_vec) } else { None };
        screen.open(Channels::Rgba, profile, first(b"EXIF").and_then(exif::orientation));
        let times = first(b"ANIM").and_then(|body| body.le16(4)).map_or(0, u32::from);
        let mut canvas = Canvas::new(Channels::Rgba, (probe.width_px, probe.height_px));
        let mut pixels = Vec::new();
        let mut warnings = Vec::new();
        let mut shown = 0;
        let frames = chunks().filter(|(kind, _)| kind == b"ANMF");
        for (_, body) in frames {
            if shown > 0 && !screen.wants() {
                return Ok(Played { times: (times > 0).then_some(times), warnings });
            }
            match lay(body, &mut canvas, &mut pixels, probe) {
                Some(ms) => screen.show(&canvas, ms)?,
                None if shown == 0 => return Err(damage(file, self)),
                None => {
                    warnings.push(Warning::FramesDamaged { frames: shown });
                    break;
                }
            }
            shown += 1;
        }
        let is_cut = (file.len() as u64) < self.file_bytes;
        match shown {
            0 if is_cut => return Err(damage(file, self)),
            0 => return Err(EngineError::header(FORMAT, "number of frames", 0_u8)),
            _ if is_cut && warnings.is_empty() => warnings.push(Warning::FramesDamaged { frames: shown }),
            _ => {}
        }
        Ok(Played { times: (times > 0).then_some(times), warnings })
    }
}

/// Lays a frame on the canvas, and says for how many milliseconds it is seen; `None` for one that is damaged.
fn lay(body: &[u8], canvas: &mut Canvas, pixels: &mut Vec<u8>, probe: &Probe) -> Option<u32> {
    let field = |at| body.le24(at).map(|field| field as usize);
    let (left, top, width, height) = (field(0)? * 2, field(3)? * 2, field(6)? + 1, field(9)? + 1);
    let (ms, flags) = (field(12)?, *body.get(15)?);
    if left + width > probe.width_px as usize || top + height > probe.height_px as usize {
        return None;
    }
    let file = still(body)?;
    // The library allocates by what the frame says: that must be what was planned.
    let decoder = webpx::Decoder::new(&file).ok()?;
    if (decoder.info().width as usize, decoder.info().height as usize) != (width, height) {
        return None;
    }
    let decoder = decoder.config(webpx::DecoderConfig::new().limits(webpx::Limits::none()));
    pixels.clear();
    pixels.resize(width * height * 4, 0);
    decoder.decode_rgba_into(pixels, width as u32 * 4).ok()?;
    let disposal = if flags & 1 != 0 { Disposal::Clear } else { Disposal::Keep };
    let blend = if flags & 2 != 0 { Blend::Replace } else { Blend::Over };
    canvas.begin(Area { left, top, width, height }, disposal);
    for (y, row) in pixels.chunks_exact(width * 4).enumerate() {
        canvas.put(y, (0, 1), (Channels::Rgba, row), blend);
    }
    Some(ms as u32)
}
