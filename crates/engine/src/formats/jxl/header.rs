//! What the codestream says before its first pixel, by the crate; and where its first frame starts, which the crate does
//! not say.

use std::{io::IoSliceMut, sync::Arc};

use jxl::api::{
    AlphaMode, Event, ExtraChannel, JxlBasicInfo, JxlBitstreamInput, JxlColorEncoding, JxlColorProfile, JxlDecoder,
    JxlDecoderOptions, JxlPrimaries, JxlTransferFunction, JxlWhitePoint,
};

use super::{
    FORMAT,
    bits::Bits,
    boxes::Codestream,
    decode,
    frame::{Frame, Image, Kind, Sections},
};
use crate::{
    Colour, EngineError, Limits, Orientation, Plan, Probe,
    code_points::of_codes,
    decoded::Decoded,
    raster::Channels,
    room::{Cost, Detail, Step, guarded},
    source::Source,
};

/// Frames that come before the one that is shown: layers, pieces and low pictures.
const MOST_FRAMES: usize = 32;
/// Their pixels to those of the image, which bounds time.
const MOST_LAYERS: u64 = 8;
/// How much is given to the crate at once, until it knows the header.
const STEP_BYTES: usize = 256;

/// What the plan goes by.
#[derive(Debug)]
pub(super) struct JxlDetail {
    pub(super) channels: Channels,
    pub(super) extra_channels: usize,
    /// Linear light, of which 8 bits would not be enough.
    pub(super) is_linear: bool,
    profile: Option<Vec<u8>>,
    pub(super) bits: u32,
    /// Those before the one that is shown, and it.
    pub(super) frames: Vec<(Frame, Sections)>,
}

/// What the crate may do.
pub(super) fn options() -> JxlDecoderOptions {
    let mut options = JxlDecoderOptions::default();
    options.adjust_orientation = false;
    options.alpha_mode = AlphaMode::Unpremultiplied;
    options
}

/// Bytes for the crate.
pub(super) struct Given<'bytes> {
    pub(super) bytes: &'bytes [u8],
}

impl JxlBitstreamInput for Given<'_> {
    fn available_bytes(&mut self) -> std::io::Result<usize> {
        Ok(self.bytes.len())
    }

    fn read(&mut self, buffers: &mut [IoSliceMut<'_>]) -> std::io::Result<usize> {
        let before = self.bytes.len();
        for buffer in buffers {
            let (now, later) = self.bytes.split_at(buffer.len().min(self.bytes.len()));
            buffer[..now.len()].copy_from_slice(now);
            self.bytes = later;
        }
        Ok(before - self.bytes.len())
    }
}

pub(super) fn fault(cause: jxl::error::Error) -> EngineError {
    EngineError::decoder(FORMAT, cause)
}

/// A decoder that has read the header, which ends within `bytes`.
fn header(bytes: &[u8]) -> Result<Option<JxlDecoder>, EngineError> {
    let mut decoder = JxlDecoder::new(options());
    let event = guarded(FORMAT, || decoder.process(&mut Given { bytes }, None, None).map_err(fault))?;
    Ok((event == Event::BasicInfo).then_some(decoder))
}

/// The same with the length of the header, which is the least that the crate finds it in.
fn measured(bytes: &[u8]) -> Result<Option<(JxlDecoder, usize)>, EngineError> {
    let mut decoder = JxlDecoder::new(options());
    let mut end = 0;
    for step in bytes.chunks(STEP_BYTES) {
        end += step.len();
        let event = guarded(FORMAT, || decoder.process(&mut Given { bytes: step }, None, None).map_err(fault))?;
        if event == Event::BasicInfo {
            let (mut too_short, mut enough) = (end - step.len(), end);
            while too_short + 1 < enough {
                let middle = usize::midpoint(too_short, enough);
                // Short of its end it may look like anything.
                match header(&bytes[..middle]) {
                    Ok(Some(_)) => enough = middle,
                    _ => too_short = middle,
                }
            }
            return Ok(Some((decoder, enough)));
        }
    }
    Ok(None)
}

pub(super) fn step(prefix: &[u8]) -> Result<Step, EngineError> {
    let mut file = prefix;
    let mut boxes = Codestream::new(&mut file);
    let mut bytes = Vec::new();
    boxes.fill(&mut bytes, prefix.len())?;
    let end = boxes.at();
    // The file's bytes up to that byte of the codestream.
    let up_to = |byte: usize| (end + (byte as u64).saturating_sub(bytes.len() as u64)).max(prefix.len() as u64 + 1);
    let more = |byte: usize| Ok(Step::More(up_to(byte)));
    let Some((decoder, header_bytes)) = measured(&bytes)? else {
        return more(bytes.len() + (bytes.len() / 2).max(4096));
    };
    let (Some(info), Some(embedded), Some(output)) =
        (decoder.basic_info(), decoder.embedded_color_profile(), decoder.output_color_profile())
    else {
        return Err(EngineError::header(FORMAT, "header", 0_u64));
    };
    if let JxlColorProfile::Icc(profile) = embedded {
        // The crate asks for a bit for each byte that is left, and so for too much.
        if header_bytes > 4096 && profile.len() / 8 + 64 > header_bytes - 4096 {
            return Err(EngineError::unsupported(FORMAT, "a profile in less than a bit for a byte"));
        }
    }
    let image = image(info)?;
    let (channels, has_alpha) = channels(info, embedded)?;
    let mut frames = Vec::new();
    let mut at = header_bytes;
    let mut in_preview = info.preview_size;
    let mut hidden_px = 0;
    loop {
        let mut bits = Bits::new(bytes.get(at..).unwrap_or_default());
        let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
        let size_px = in_preview.map_or(image.size_px, |(width, height)| (side(width), side(height)));
        let Some(frame) = Frame::read(&mut bits, &Image { size_px, ..image }) else {
            return more(at.saturating_add(4096));
        };
        let Some(sections) = frame.sections(&mut bits) else { return more(at.saturating_add(16_384)) };
        if in_preview.is_none() && frame.is_shown() {
            frames.push((frame, sections));
            break;
        }
        let Sections::InOrder { bytes: length, .. } = sections else {
            return Err(EngineError::unsupported(FORMAT, "a frame before the picture, in an order of its own"));
        };
        hidden_px = frame.pixels().saturating_add(hidden_px);
        if hidden_px > MOST_LAYERS * (u64::from(image.size_px.0) * u64::from(image.size_px.1)).max(1 << 20)
            || frames.len() == MOST_FRAMES
        {
            return Err(EngineError::unsupported(FORMAT, format!("{hidden_px} pixels in layers")));
        }
        at = at.saturating_add(bits.byte()).saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
        if in_preview.is_some() {
            in_preview = if frame.is_last { None } else { in_preview };
        } else {
            frames.push((frame, sections));
        }
    }
    let is_linear = output.transfer_function() == Some(&JxlTransferFunction::Linear);
    let bits = info.bit_depth.bits_per_sample();
    let detail = JxlDetail {
        channels,
        extra_channels: info.extra_channels.len(),
        is_linear,
        profile: profile(output, is_linear)?,
        bits,
        frames,
    };
    Ok(Step::Done(Probe {
        format: FORMAT,
        width_px: image.size_px.0,
        height_px: image.size_px.1,
        bits_per_sample: u8::try_from(bits).unwrap_or(u8::MAX),
        colour: if matches!(channels, Channels::Grey | Channels::GreyAlpha) { Colour::Grey } else { Colour::Rgb },
        has_alpha,
        interlaced: false,
        orientation: Orientation::from_exif(info.orientation as u64).unwrap_or_default(),
        header_bytes: end - bytes.len().saturating_sub(at) as u64,
        detail: Arc::new(detail),
    }))
}

fn image(info: &JxlBasicInfo) -> Result<Image, EngineError> {
    let side = |field, side: usize| u32::try_from(side).map_err(|_| EngineError::header(FORMAT, field, side as u64));
    Ok(Image {
        size_px: (side("width", info.size.0)?, side("height", info.size.1)?),
        is_xyb: !info.uses_original_profile,
        extra_channels: info.extra_channels.len() as u32,
        is_animated: info.animation.is_some(),
        has_timecodes: info.animation.as_ref().is_some_and(|animation| animation.have_timecodes),
    })
}

/// What the crate is asked for.
fn channels(info: &JxlBasicInfo, profile: &JxlColorProfile) -> Result<(Channels, bool), EngineError> {
    let has = |kind| info.extra_channels.iter().any(|channel| channel.ec_type == kind);
    if has(ExtraChannel::Black) {
        return Err(EngineError::unsupported(FORMAT, "inks"));
    }
    let has_alpha = has(ExtraChannel::Alpha);
    let channels = match (profile.channels(), has_alpha) {
        (1, false) => Channels::Grey,
        (1, true) => Channels::GreyAlpha,
        (_, false) => Channels::Rgb,
        (_, true) => Channels::Rgba,
    };
    Ok((channels, has_alpha))
}

/// An ICC profile of what the crate gives; `None` for sRGB.
fn profile(output: &JxlColorProfile, is_linear: bool) -> Result<Option<Vec<u8>>, EngineError> {
    let encoding = match output {
        JxlColorProfile::Icc(profile) => return Ok(Some(profile.clone())),
        JxlColorProfile::Simple(encoding) => encoding,
    };
    let (white, primaries, transfer, is_grey) = match encoding {
        JxlColorEncoding::RgbColorSpace { white_point, primaries, transfer_function, .. } => {
            (white_point, Some(primaries), transfer_function, false)
        }
        JxlColorEncoding::GrayscaleColorSpace { white_point, transfer_function, .. } => {
            (white_point, None, transfer_function, true)
        }
        JxlColorEncoding::XYB { .. } => return Err(EngineError::unsupported(FORMAT, "samples of XYB")),
    };
    // Source: ITU-T H.273, tables 2 and 3. Linear light becomes the curve of sRGB on its way to 8 bits.
    let transfer = match transfer {
        JxlTransferFunction::SRGB => Some(13),
        JxlTransferFunction::Linear if is_linear => Some(13),
        JxlTransferFunction::Linear => Some(8),
        JxlTransferFunction::BT709 => Some(1),
        JxlTransferFunction::PQ => Some(16),
        JxlTransferFunction::DCI => Some(17),
        JxlTransferFunction::HLG => Some(18),
        JxlTransferFunction::Gamma(_) => None,
    };
    let primaries = match (primaries, white) {
        (None | Some(JxlPrimaries::SRGB), JxlWhitePoint::D65) => Some(1),
        (Some(JxlPrimaries::BT2100), JxlWhitePoint::D65) => Some(9),
        (Some(JxlPrimaries::P3), JxlWhitePoint::D65) => Some(12),
        (Some(JxlPrimaries::P3), JxlWhitePoint::DCI) => Some(11),
        _ => None,
    };
    if (primaries, transfer) == (Some(1), Some(13)) {
        return Ok(None);
    }
    let by_codes =
        primaries.zip(transfer).and_then(|(primaries, transfer)| of_codes(primaries, transfer, true, is_grey));
    let made = by_codes.and_then(|profile| profile.encode().ok());
    Ok(made.or_else(|| output.try_as_icc().map(|profile| profile.to_vec())))
}

impl JxlDetail {
    pub(super) fn profile_length(&self) -> u64 {
        self.profile.as_ref().map_or(0, |profile| profile.len() as u64)
    }

    /// The frame that is shown.
    pub(super) fn shown(&self) -> &(Frame, Sections) {
        self.frames.last().expect("`step` leaves none without it")
    }

    /// Whether nothing is lost by stopping at an eighth: the decoder gives that much as soon as it has it.
    pub(super) fn stops_early(&self, least_shrink: f64) -> bool {
        let (frame, _) = self.shown();
        let has_alpha = self.channels.has_alpha();
        least_shrink >= 8.0 * LEAST_LEFT
            && !frame.is_modular
            && !has_alpha
            && frame.upsampling == 1
            && frame.kind == Kind::Regular
    }
}

/// Pixels of the eighth that must be left to one of the largest variant, on each side: as of JPEG.
const LEAST_LEFT: f64 = 2.25;

impl Detail for JxlDetail {
    fn cost(&self, probe: &Probe, least_shrink: f64) -> Cost {
        decode::cost(self, probe, least_shrink)
    }

    fn profile_bytes(&self) -> u64 {
        self.profile_length()
    }

    fn decode(&self, source: &mut Source<'_>, probe: &Probe, plan: &Plan, _: &Limits) -> Result<Decoded, EngineError> {
        decode::decode(source, probe, self, plan, self.profile.clone())
    }
}
