//! All frames of a GIF, one after another onto the canvas.
//!
//! As browsers play them: a hundredth or none is ten, the disposal 4 is 3, what becomes clear is transparent. Source:
//! GIF89a specification, sections 18 to 26; Chromium, `GIFImageDecoder`.

use std::io::{BufReader, Read};

use contract::ImageFormat;

use super::{
    blocks::{self, Blocks},
    decode::{self, Palette, READ_BYTES, at_end, colours, cut, fault, interlaced_rows},
    header::{GifDetail, table_bytes},
    lzw,
};
use crate::{
    EngineError, Probe, Warning,
    canvas::{Area, Blend, Canvas, Disposal},
    fields::Fields,
    raster::Channels,
    room::{Frames, Played, Screen},
    row_sink::at_least_half,
    source::Source,
};

const FORMAT: ImageFormat = ImageFormat::Gif;

impl Frames for GifDetail {
    fn count(&self) -> Option<u32> {
        None
    }

    fn bytes(&self, probe: &Probe) -> u64 {
        // A row in colours, the buffers, tables of colours of the screen and of a frame.
        u64::from(probe.width_px) * 4 + (READ_BYTES + blocks::BYTES + lzw::BYTES + 4 * 1_024) as u64
    }

    fn channels(&self, _: &Probe) -> Channels {
        Channels::Rgba
    }

    fn play(&self, source: &mut Source<'_>, probe: &Probe, screen: &mut dyn Screen) -> Result<Played, EngineError> {
        screen.open(Channels::Rgba, None, None);
        let mut player = Player {
            file: BufReader::with_capacity(READ_BYTES, source),
            screen_table: Vec::new(),
            control: Control::default(),
            canvas: Canvas::new(Channels::Rgba, (probe.width_px, probe.height_px)),
            shown: 0,
            times: Some(1),
            warnings: Vec::new(),
        };
        match player.play(probe, screen) {
            // What is shown stays, where the source did not fail.
            Err(EngineError::Corrupt { .. }) if player.shown > 0 => {
                player.warnings.push(Warning::FramesDamaged { frames: player.shown });
            }
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        Ok(Played { times: player.times, warnings: player.warnings })
    }
}

/// What a graphic control extension says of the frame behind it.
#[derive(Clone, Copy)]
struct Control {
    disposal: Disposal,
    ms: u32,
    transparent: Option<u8>,
}

impl Default for Control {
    fn default() -> Self {
        Self { disposal: Disposal::Keep, ms: 0, transparent: None }
    }
}

struct Player<'source, 'caller> {
    file: BufReader<&'source mut Source<'caller>>,
    screen_table: Vec<u8>,
    /// Of the frame that comes.
    control: Control,
    canvas: Canvas,
    /// Frames so far.
    shown: u32,
    /// How often it runs; `None` for ever.
    times: Option<u32>,
    warnings: Vec<Warning>,
}

impl Player<'_, '_> {
    fn play(&mut self, probe: &Probe, screen: &mut dyn Screen) -> Result<(), EngineError> {
        let head = self.bytes::<13>()?;
        self.screen_table = self.table(head[10])?;
        loop {
            let [introducer] = self.bytes()?;
            match introducer {
                0 => {}
                0x21 => self.extension()?,
                0x2C if self.shown > 0 && !screen.wants() => return Ok(()),
                0x2C => {
                    let is_whole = self.frame(probe)?;
                    let ms = std::mem::take(&mut self.control).ms;
                    screen.show(&self.canvas, ms)?;
                    self.shown += 1;
                    if !is_whole {
                        return Ok(());
                    }
                }
                0x3B => return Ok(()),
                _ => return Err(EngineError::header(FORMAT, "block introducer", introducer)),
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], EngineError> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(cut)?;
        Ok(bytes)
    }

    /// The table of colours of a screen or frame.
    fn table(&mut self, packed: u8) -> Result<Vec<u8>, EngineError> {
        let mut table = vec![0; table_bytes(packed)];
        self.file.read_exact(&mut table).map_err(cut)?;
        Ok(table)
    }

    fn extension(&mut self) -> Result<(), EngineError> {
        let [label] = self.bytes()?;
        let mut is_loop = false;
        // Sub-blocks, each with its length, up to an empty one.
        for number in 0.. {
            let [length] = self.bytes()?;
            if length == 0 {
                break;
            }
            let mut block = [0; 255];
            let block = &mut block[..usize::from(length)];
            self.file.read_exact(block).map_err(cut)?;
            match (label, number, &*block) {
                (0xF9, 0, [flags, low, high, index, ..]) => {
                    let disposal = match flags >> 2 & 7 {
                        2 => Disposal::Clear,
                        3 | 4 => Disposal::Restore,
                        _ => Disposal::Keep,
                    };
                    let ms = u32::from(u16::from_le_bytes([*low, *high])) * 10;
                    self.control = Control { disposal, ms, transparent: (flags & 1 != 0).then_some(*index) };
                }
                (0xFF, 0, name) => is_loop = matches!(name, b"NETSCAPE2.0" | b"ANIMEXTS1.0"),
                // Repetitions, 0 for ever: browsers show it once more than that.
                (0xFF, _, [1, low, high]) if is_loop => {
                    let repetitions = u32::from(u16::from_le_bytes([*low, *high]));
                    self.times = (repetitions > 0).then_some(repetitions + 1);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Lays the next frame on the canvas. Whether it is whole: half of the first one is shown, and nothing behind it.
    fn frame(&mut self, probe: &Probe) -> Result<bool, EngineError> {
        let descriptor = self.bytes::<9>()?;
        let field = |at| usize::from(descriptor.le16(at).unwrap_or_default());
        let area = Area { left: field(0), top: field(2), width: field(4), height: field(6) };
        // What lies beside the canvas is decoded for nothing, so a frame may be no larger, wherever it lies.
        for (name, side, most) in
            [("frame width", area.width, probe.width_px), ("frame height", area.height, probe.height_px)]
        {
            if side == 0 || side > most as usize {
                return Err(EngineError::header(FORMAT, name, side as u64));
            }
        }
        let is_interlaced = descriptor[8] & 0x40 != 0;
        let own_table = self.table(descriptor[8])?;
        let table = if own_table.is_empty() { &self.screen_table } else { &own_table };
        let has_colours = !table.is_empty();
        let palette = if has_colours {
            colours(table, self.control.transparent)
        } else {
            colours(&[0; 256 * 3], self.control.transparent)
        };
        self.canvas.begin(area, self.control.disposal);
        let [literal_bits] = self.bytes()?;
        let mut pixels = decode::lzw(Blocks::new(&mut self.file), literal_bits)?;
        let mut row = Vec::with_capacity(area.width * 4);
        let order: Box<dyn Iterator<Item = usize>> =
            if is_interlaced { Box::new(interlaced_rows(area.height)) } else { Box::new(0..area.height) };
        for (number, y) in order.enumerate() {
            let indices = match pixels.row(area.width) {
                Ok(indices) => indices,
                Err(end) if self.shown > 0 || is_interlaced => return Err(fault(end)),
                Err(end) => {
                    let rows = (area.top + number) as u32;
                    self.warnings.extend(at_least_half(probe, rows, || fault(end))?);
                    let blank: &[u8] = if probe.has_alpha { &[0; 4] } else { &[128, 128, 128, 255] };
                    self.canvas.fill_from(y, blank);
                    return Ok(false);
                }
            };
            paint(&palette, indices, &mut row);
            self.canvas.put(y, (0, 1), (Channels::Rgba, &row), Blend::Over);
        }
        for warning in at_end(&mut pixels, has_colours) {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        // A file may also be cut here: the next byte is missing then.
        pixels.pass();
        Ok(true)
    }
}

fn paint(palette: &Palette, indices: &[u8], row: &mut Vec<u8>) {
    row.clear();
    row.extend(indices.iter().flat_map(|index| palette[usize::from(*index)]));
}
