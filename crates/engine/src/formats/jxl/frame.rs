//! Headers of frames, and how long frames are: what the plan needs of a codestream before its decoder sees it.
//!
//! Source: ISO/IEC 18181-1, annexes C.3 (table of contents) and C.2 (frame header).

use super::bits::Bits;

/// What the header of the image says that those of frames depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image {
    pub(super) size_px: (u32, u32),
    /// Colours are XYB, not those of the profile.
    pub(super) is_xyb: bool,
    pub(super) extra_channels: u32,
    pub(super) is_animated: bool,
    pub(super) has_timecodes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    /// The picture of eighths of another one.
    Low,
    /// Pieces of pictures.
    ReferenceOnly,
    SkipProgressive,
}

#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) is_modular: bool,
    /// Width and height as it is shown.
    pub(super) size_px: (u32, u32),
    /// Its pixels to one that is stored, on each side.
    pub(super) upsampling: u32,
    pub(super) passes: u32,
    /// The side of a group.
    group_px: u32,
    /// Whether blocks are of 16 pixels on each side: chroma of a JPEG.
    chroma_shift: (u32, u32),
    pub(super) is_last: bool,
    is_shown: bool,
    /// Kept for frames behind it, at this size.
    pub(super) kept_px: Option<(u32, u32)>,
}

/// Where the blocks of a frame stand in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sections {
    /// In their order: the frame's length behind its table of contents, and the longest two.
    InOrder { bytes: u64, longest_bytes: u64 },
    /// In an order of their own, which the table says in codes.
    Permuted,
}

const SIDE: [(u32, u32); 4] = [(8, 0), (11, 256), (14, 2304), (30, 18_688)];
const POWER: [(u32, u32); 4] = [(0, 1), (0, 2), (0, 4), (0, 8)];
const USES_LOW_FRAME: u64 = 0x20;

impl Frame {
    /// The next header; `None` past the end of the bytes.
    pub(super) fn read(bits: &mut Bits<'_>, image: &Image) -> Option<Self> {
        bits.byte();
        let mut frame = Self {
            kind: Kind::Regular,
            is_modular: false,
            size_px: image.size_px,
            upsampling: 1,
            passes: 1,
            group_px: 256,
            chroma_shift: (0, 0),
            is_last: true,
            is_shown: true,
            kept_px: None,
        };
        if bits.flag()? {
            return Some(frame);
        }
        frame.kind = [Kind::Regular, Kind::Low, Kind::ReferenceOnly, Kind::SkipProgressive][bits.take(2)? as usize];
        frame.is_modular = bits.flag()?;
        let flags = bits.u64()?;
        let uses_low_frame = flags & USES_LOW_FRAME != 0;
        let is_ycbcr = !image.is_xyb && bits.flag()?;
        if is_ycbcr && !uses_low_frame {
            for _ in 0..3 {
                let (across, down) = [(0, 0), (1, 1), (1, 0), (0, 1)][bits.take(2)? as usize];
                frame.chroma_shift = (frame.chroma_shift.0.max(across), frame.chroma_shift.1.max(down));
            }
        }
        if !uses_low_frame {
            frame.upsampling = bits.u32(POWER)?;
            for _ in 0..image.extra_channels {
                bits.u32(POWER)?;
            }
        }
        if frame.is_modular {
            frame.group_px = 128 << bits.take(2)?;
        } else if image.is_xyb {
            bits.skip(6)?;
        }
        if frame.kind != Kind::ReferenceOnly {
            frame.passes = passes(bits)?;
        }
        let low_level = if frame.kind == Kind::Low { bits.u32([(0, 1), (0, 2), (0, 3), (0, 4)])? } else { 0 };
        let covers = frame.crop(bits, image)?;
        let is_picture = matches!(frame.kind, Kind::Regular | Kind::SkipProgressive);
        let mut replaces = true;
        let mut duration = 0;
        frame.is_last = false;
        if is_picture {
            replaces = blending(bits, image, covers)?;
            for _ in 0..image.extra_channels {
                blending(bits, image, covers)?;
            }
            if image.is_animated {
                duration = bits.u32([(0, 0), (0, 1), (8, 0), (32, 0)])?;
            }
            if image.has_timecodes {
                bits.skip(32)?;
            }
            frame.is_last = bits.flag()?;
        }
        let slot = if frame.kind != Kind::Low && !frame.is_last { bits.take(2)? } else { 0 };
        let is_kept = !frame.is_last && frame.kind != Kind::Low && (duration == 0 || slot != 0);
        let says_when = frame.kind == Kind::ReferenceOnly || (is_kept && replaces && covers && is_picture);
        let is_before_colours = if says_when { bits.flag()? } else { frame.kind == Kind::Low };
        let name = bits.u32([(0, 0), (4, 0), (5, 16), (10, 48)])?;
        bits.skip(u64::from(name) * 8)?;
        restoration(bits, frame.is_modular)?;
        bits.extensions()?;

        frame.is_shown = is_picture && (frame.is_last || duration > 0);
        let low = |side: u32| side.div_ceil(1 << (3 * low_level));
        frame.size_px = (low(frame.size_px.0), low(frame.size_px.1));
        let kept_px = if is_before_colours { frame.size_px } else { image.size_px };
        frame.kept_px = (is_kept || frame.kind == Kind::Low).then_some(kept_px);
        Some(frame)
    }

    /// Size and place; whether it covers the whole image.
    fn crop(&mut self, bits: &mut Bits<'_>, image: &Image) -> Option<bool> {
        if self.kind == Kind::Low || !bits.flag()? {
            return Some(true);
        }
        let signed = |number: u32| i64::from(number >> 1) ^ -i64::from(number & 1);
        let mut place = (0, 0);
        if self.kind != Kind::ReferenceOnly {
            place = (signed(bits.u32(SIDE)?), signed(bits.u32(SIDE)?));
        }
        let (width, height) = (bits.u32(SIDE)?, bits.u32(SIDE)?);
        // A side of 0 is that of the image.
        self.size_px =
            (if width == 0 { image.size_px.0 } else { width }, if height == 0 { image.size_px.1 } else { height });
        Some(
            place.0 <= 0
                && place.1 <= 0
                && i64::from(width) + place.0 >= i64::from(image.size_px.0)
                && i64::from(height) + place.1 >= i64::from(image.size_px.1),
        )
    }

    /// Whether people see it.
    pub(super) const fn is_shown(&self) -> bool {
        self.is_shown
    }

    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.size_px.0) * u64::from(self.size_px.1)
    }

    /// The table of contents behind the header; `None` past the end of the bytes.
    pub(super) fn sections(&self, bits: &mut Bits<'_>) -> Option<Sections> {
        if bits.flag()? {
            return Some(Sections::Permuted);
        }
        bits.byte();
        let (mut bytes, mut longest) = (0, [0; 2]);
        for _ in 0..self.section_count() {
            let section = u64::from(bits.u32([(10, 0), (14, 1024), (22, 17_408), (30, 4_211_712)])?);
            bytes += section;
            if section > longest[0] {
                longest = [section, longest[0]];
            } else {
                longest[1] = longest[1].max(section);
            }
        }
        Some(Sections::InOrder { bytes, longest_bytes: longest[0] + longest[1] })
    }

    fn section_count(&self) -> u64 {
        let side = |px: u32, shift: u32, group_px: u32| {
            let stored = px.div_ceil(self.upsampling);
            let blocks = stored.div_ceil(8 << shift) << shift;
            (u64::from(stored.div_ceil(group_px)), u64::from(blocks.div_ceil(group_px)))
        };
        let (across, low_across) = side(self.size_px.0, self.chroma_shift.0, self.group_px);
        let (down, low_down) = side(self.size_px.1, self.chroma_shift.1, self.group_px);
        match (across * down, self.passes) {
            (1, 1) => 1,
            (groups, passes) => 2 + low_across * low_down + groups * u64::from(passes),
        }
    }
}

/// How many there are.
fn passes(bits: &mut Bits<'_>) -> Option<u32> {
    let passes = bits.u32([(0, 1), (0, 2), (0, 3), (3, 4)])?;
    if passes > 1 {
        let sizes = bits.u32([(0, 0), (0, 1), (0, 2), (1, 3)])?;
        bits.skip(u64::from(passes - 1) * 2)?;
        for _ in 0..sizes {
            bits.u32(POWER)?;
        }
        for _ in 0..sizes {
            bits.u32([(0, 0), (0, 1), (0, 2), (3, 0)])?;
        }
    }
    Some(passes)
}

/// Whether the frame stands for what was there before.
fn blending(bits: &mut Bits<'_>, image: &Image, covers: bool) -> Option<bool> {
    const MULTIPLIED: u32 = 4;
    let mode = bits.u32([(0, 0), (0, 1), (0, 2), (2, 3)])?;
    let by_alpha = image.extra_channels > 0 && matches!(mode, 2 | 3);
    if by_alpha {
        bits.u32([(0, 0), (0, 1), (0, 2), (3, 3)])?;
    }
    if by_alpha || mode == MULTIPLIED {
        bits.skip(1)?;
    }
    if !(covers && mode == 0) {
        bits.skip(2)?;
    }
    Some(mode == 0)
}

/// Filters against the edges of blocks, of which nothing is needed.
fn restoration(bits: &mut Bits<'_>, is_modular: bool) -> Option<()> {
    const NUMBER: u64 = 16;
    if bits.flag()? {
        return Some(());
    }
    if bits.flag()? && bits.flag()? {
        bits.skip(6 * NUMBER)?;
    }
    let rounds = bits.take(2)?;
    if rounds > 0 {
        if !is_modular && bits.flag()? {
            bits.skip(8 * NUMBER)?;
        }
        if bits.flag()? {
            bits.skip(5 * NUMBER)?;
        }
        if bits.flag()? {
            bits.skip(if is_modular { 3 } else { 4 } * NUMBER)?;
        }
        if is_modular {
            bits.skip(NUMBER)?;
        }
    }
    bits.extensions()
}
