//! The canvas that the frames of an animation are laid on, one after another.

use crate::raster::Channels;

/// What becomes of a frame before the next one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposal {
    /// It stays.
    Keep,
    /// Its part of the canvas becomes transparent: browsers do so, whatever colour the file has for a background.
    Clear,
    /// Its part of the canvas becomes what it was before.
    Restore,
}

/// How a frame is laid on what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blend {
    /// Its alpha too is that of the canvas.
    Replace,
    /// What is there shows through its alpha.
    Over,
}

/// The part of the canvas that a frame covers, in pixels. It may go beyond the canvas, which cuts it off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Straight alpha, transparent at first.
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    channels: Channels,
    samples: Vec<u8>,
    /// Of the frame that lies on it now.
    area: Area,
    disposal: Disposal,
    /// What that frame covers, where it is restored.
    saved: Vec<u8>,
}

impl Canvas {
    /// Of `width` by `height` pixels; `channels` have alpha.
    pub(crate) fn new(channels: Channels, (width, height): (u32, u32)) -> Self {
        debug_assert!(channels.has_alpha());
        let (width, height) = (width as usize, height as usize);
        let samples = vec![0; width * height * channels.count()];
        Self { width, height, channels, samples, area: Area::default(), disposal: Disposal::Keep, saved: Vec::new() }
    }

    /// What it holds at the most, in bytes: itself, and what a frame covers.
    pub(crate) const fn bytes(channels: Channels, pixels: u64) -> u64 {
        pixels.saturating_mul(2 * channels.count() as u64)
    }

    pub(crate) const fn channels(&self) -> Channels {
        self.channels
    }

    /// Its rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.samples.chunks_exact(self.width * self.channels.count())
    }

    /// Disposes of the frame before, and makes ready for one that covers `area`.
    pub(crate) fn begin(&mut self, area: Area, disposal: Disposal) {
        let before = self.area;
        let mut saved = std::mem::take(&mut self.saved);
        match self.disposal {
            Disposal::Keep => {}
            Disposal::Clear => self.spans(before).for_each(|span| self.samples[span].fill(0)),
            Disposal::Restore => {
                let mut rest = saved.as_slice();
                for span in self.spans(before) {
                    let (row, behind) = rest.split_at(span.len());
                    self.samples[span].copy_from_slice(row);
                    rest = behind;
                }
            }
        }
        saved.clear();
        if disposal == Disposal::Restore {
            self.spans(area).for_each(|span| saved.extend_from_slice(&self.samples[span]));
        }
        (self.area, self.disposal, self.saved) = (area, disposal, saved);
    }

    /// The samples of each row of `area`, as far as it lies on the canvas.
    fn spans(&self, area: Area) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (width, count) = (self.width, self.channels.count());
        let (left, right) = (area.left.min(width), area.left.saturating_add(area.width).min(width));
        let bottom = area.top.saturating_add(area.height).min(self.height);
        (area.top..bottom).map(move |y| (y * width + left) * count..(y * width + right) * count)
    }

    /// Lays pixels of a frame on it: of its row `y`, from `first_x` on, each `step_x` pixels further. They have the
    /// channels of the canvas, or those without alpha.
    pub(crate) fn put(
        &mut self,
        y: usize,
        (first_x, step_x): (usize, usize),
        (channels, pixels): (Channels, &[u8]),
        blend: Blend,
    ) {
        let y = self.area.top + y;
        if y >= self.height {
            return;
        }
        let count = self.channels.count();
        let row = &mut self.samples[y * self.width * count..][..self.width * count];
        let slots = row.chunks_exact_mut(count).skip(self.area.left + first_x).step_by(step_x);
        for (slot, pixel) in slots.zip(pixels.chunks_exact(channels.count())) {
            let alpha = if channels.has_alpha() { pixel[count - 1] } else { 255 };
            if blend == Blend::Replace || alpha == 255 {
                slot[..count - 1].copy_from_slice(&pixel[..count - 1]);
                slot[count - 1] = alpha;
            } else if alpha > 0 {
                over(slot, pixel);
            }
        }
    }

    /// Makes its rows from `y` of the frame on a colour.
    pub(crate) fn fill_from(&mut self, y: usize, colour: &[u8]) {
        let at = (self.area.top + y).min(self.height) * self.width * self.channels.count();
        self.samples[at..].chunks_exact_mut(colour.len()).for_each(|pixel| pixel.copy_from_slice(colour));
    }
}

/// Straight alpha on straight alpha. Source: W3C PNG, third edition, section 13.16; RFC 9649, section 2.7.1.1.
fn over(below: &mut [u8], above: &[u8]) {
    let last = below.len() - 1;
    let (alpha, under) = (u32::from(above[last]), u32::from(below[last]));
    // Times 255.
    let all = alpha * 255 + under * (255 - alpha);
    for (below, above) in below[..last].iter_mut().zip(above) {
        let sum = u32::from(*above) * alpha * 255 + u32::from(*below) * under * (255 - alpha);
        *below = ((sum + all / 2) / all) as u8;
    }
    below[last] = ((all + 127) / 255) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];

    /// A canvas of 3 by 1 with a red frame, and a blue one of its two last pixels.
    fn after(disposal: Disposal) -> Canvas {
        let mut canvas = Canvas::new(Channels::Rgba, (3, 1));
        canvas.begin(Area { width: 3, height: 1, ..Area::default() }, Disposal::Keep);
        canvas.put(0, (0, 1), (Channels::Rgba, &[RED, RED, RED].concat()), Blend::Over);
        canvas.begin(Area { left: 1, width: 2, height: 1, ..Area::default() }, disposal);
        canvas.put(0, (0, 1), (Channels::Rgb, &[0, 0, 255, 0, 0, 255]), Blend::Over);
        assert_eq!(canvas.samples, [RED, BLUE, BLUE].concat());
        canvas.begin(Area::default(), Disposal::Keep);
        canvas
    }

    #[test]
    fn a_frame_stays_goes_or_leaves_what_was_there() {
        assert_eq!(after(Disposal::Keep).samples, [RED, BLUE, BLUE].concat());
        assert_eq!(after(Disposal::Clear).samples, [RED, [0; 4], [0; 4]].concat());
        assert_eq!(after(Disposal::Restore).samples, [RED, RED, RED].concat());
    }

    #[test]
    fn what_is_beside_the_canvas_is_cut_off() {
        let mut canvas = Canvas::new(Channels::Rgba, (2, 1));
        for area in [(1, 0, 9, 9), (7, 0, 1, 1), (0, 7, 1, 1)] {
            let (left, top, width, height) = area;
            canvas.begin(Area { left, top, width, height }, Disposal::Restore);
            (0..2).for_each(|y| canvas.put(y, (0, 1), (Channels::Rgba, &BLUE.repeat(9)), Blend::Over));
            assert_eq!(canvas.samples, if left == 1 { [[0; 4], BLUE] } else { [[0; 4]; 2] }.concat());
        }
    }

    #[test]
    fn alpha_lets_through_what_is_there() {
        let mut canvas = Canvas::new(Channels::GreyAlpha, (4, 1));
        canvas.begin(Area { width: 4, height: 1, ..Area::default() }, Disposal::Keep);
        canvas.put(0, (0, 1), (Channels::GreyAlpha, &[100, 255, 100, 255, 100, 128, 100, 255]), Blend::Replace);
        canvas.put(0, (0, 1), (Channels::GreyAlpha, &[200, 128, 200, 0, 200, 128, 9, 7]), Blend::Over);
        assert_eq!(canvas.samples, [150, 255, 100, 255, 167, 192, 98, 255]);
        canvas.put(0, (1, 2), (Channels::GreyAlpha, &[1, 2, 3, 0]), Blend::Replace);
        assert_eq!(canvas.samples, [150, 255, 1, 2, 167, 192, 3, 0]);
    }
}
