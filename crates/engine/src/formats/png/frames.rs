//! The frames of APNG, one after another onto the canvas. Source: W3C PNG, third edition, sections 11.3.4 and 13.16.

use contract::ImageFormat;
use png::{BitDepth, BlendOp, DisposeOp, FrameControl};

use super::{
    colour,
    decode::{Pixels, channels, fault, in_8_bits, interlaced_rows, open, output, plan_bytes},
    header::PngDetail,
};
use crate::{
    EngineError, Probe, Warning,
    canvas::{Area, Blend, Canvas, Disposal},
    exif,
    raster::Channels,
    room::{Frames, Played, Screen},
    row_sink::at_least_half,
    source::Source,
};

impl Frames for PngDetail {
    fn count(&self) -> Option<u32> {
        Some(self.frames)
    }

    fn bytes(&self, probe: &Probe) -> u64 {
        plan_bytes(probe, self)
    }

    fn channels(&self, probe: &Probe) -> Channels {
        match channels(probe) {
            Channels::Grey | Channels::GreyAlpha => Channels::GreyAlpha,
            _ => Channels::Rgba,
        }
    }

    fn play(&self, source: &mut Source<'_>, probe: &Probe, screen: &mut dyn Screen) -> Result<Played, EngineError> {
        let (mut reader, profile) = open(source, probe, self)?;
        let (channels, depth) = output(&reader);
        let mut warnings = if self.is_damaged { vec![Warning::Damaged] } else { Vec::new() };
        let profile = colour::profile(reader.info(), channels, (profile, self), &mut warnings);
        let on_canvas = Frames::channels(self, probe);
        screen.open(on_canvas, profile, reader.info().exif_metadata.as_deref().and_then(exif::orientation));
        let plays = reader.info().animation_control.map_or(1, |control| control.num_plays);
        let mut player = Player {
            canvas: Canvas::new(on_canvas, (probe.width_px, probe.height_px)),
            row: vec![0; reader.output_line_size(probe.width_px).unwrap_or_default()],
            rounded: vec![0; if depth == BitDepth::Sixteen { probe.width_px as usize * channels.count() } else { 0 }],
            output: (channels, depth),
            interlaced: probe.interlaced,
            shown: 0,
            warnings,
        };
        match player.play((&mut reader, self.frames), probe, screen) {
            // What is shown stays, where the source did not fail.
            Err(EngineError::Corrupt { .. }) if player.shown > 0 => {
                player.warnings.push(Warning::FramesDamaged { frames: player.shown });
            }
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        Ok(Played { times: (plays > 0).then_some(plays), warnings: player.warnings })
    }
}

struct Player {
    canvas: Canvas,
    row: Vec<u8>,
    /// A row of 16 bits in 8.
    rounded: Vec<u8>,
    output: (Channels, BitDepth),
    interlaced: bool,
    /// Frames so far.
    shown: u32,
    warnings: Vec<Warning>,
}

impl Player {
    fn play(
        &mut self,
        (reader, frames): (&mut Pixels<'_, '_>, u32),
        probe: &Probe,
        screen: &mut dyn Screen,
    ) -> Result<(), EngineError> {
        let mut control = reader.info().frame_control;
        if control.is_none() {
            // The picture for readers without animations; it is no frame, but the thumbnail of those that are not animated.
            self.frame(reader, &FrameControl { width: probe.width_px, height: probe.height_px, ..whole() }, probe)?;
            screen.cover(&self.canvas)?;
            self.canvas = Canvas::new(self.canvas.channels(), (probe.width_px, probe.height_px));
        }
        for number in 0..frames {
            if number > 0 && !screen.wants() {
                return Ok(());
            }
            let next = match control.take() {
                Some(first) => first,
                None => *reader.next_frame_info().map_err(fault)?,
            };
            let is_whole = self.frame(reader, &next, probe)?;
            screen.show(&self.canvas, milliseconds(&next))?;
            self.shown += 1;
            if !is_whole {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Lays the frame on the canvas. Whether it is whole: half of the first one is shown, and nothing behind it.
    fn frame(
        &mut self,
        reader: &mut Pixels<'_, '_>,
        control: &FrameControl,
        probe: &Probe,
    ) -> Result<bool, EngineError> {
        let (left, top) = (control.x_offset as usize, control.y_offset as usize);
        let (width, height) = (control.width as usize, control.height as usize);
        let disposal = match control.dispose_op {
            DisposeOp::None => Disposal::Keep,
            DisposeOp::Background => Disposal::Clear,
            DisposeOp::Previous => Disposal::Restore,
        };
        let blend = if control.blend_op == BlendOp::Source { Blend::Replace } else { Blend::Over };
        self.canvas.begin(Area { left, top, width, height }, disposal);
        let rows: Box<dyn Iterator<Item = (usize, usize, usize)>> = if self.interlaced {
            Box::new(interlaced_rows((control.width, control.height)))
        } else {
            Box::new((0..height).map(|y| (y, 0, 1)))
        };
        let (channels, depth) = self.output;
        for (number, (y, first_x, step_x)) in rows.enumerate() {
            let damage = match reader.read_row(&mut self.row) {
                Ok(Some(_)) => None,
                Ok(None) => Some(EngineError::header(ImageFormat::Png, "rows", number as u64)),
                Err(cause) => Some(fault(cause)),
            };
            match damage {
                Some(error) if self.shown > 0 || self.interlaced => return Err(error),
                Some(error) => {
                    self.warnings.extend(at_least_half(probe, (top + number) as u32, || error)?);
                    let blank: &[u8] = match (probe.has_alpha, self.canvas.channels()) {
                        (true, Channels::GreyAlpha) => &[0; 2],
                        (true, _) => &[0; 4],
                        (false, Channels::GreyAlpha) => &[128, 255],
                        (false, _) => &[128, 128, 128, 255],
                    };
                    self.canvas.fill_from(y, blank);
                    return Ok(false);
                }
                None => {}
            }
            let samples = (width - first_x).div_ceil(step_x) * channels.count();
            let pixels = in_8_bits(&self.row, depth, &mut self.rounded, samples);
            self.canvas.put(y, (first_x, step_x), (channels, pixels), blend);
        }
        Ok(true)
    }
}

/// A frame of the whole canvas, in place of what is there.
fn whole() -> FrameControl {
    FrameControl { blend_op: BlendOp::Source, dispose_op: DisposeOp::None, ..FrameControl::default() }
}

/// A denominator of 0 is 100.
fn milliseconds(control: &FrameControl) -> u32 {
    let parts = if control.delay_den == 0 { 100 } else { u32::from(control.delay_den) };
    (u32::from(control.delay_num) * 1000 + parts / 2) / parts
}
