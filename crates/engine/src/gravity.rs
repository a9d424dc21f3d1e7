//! Which part of a picture stays where a box is filled: by what is to be seen, in the size that the thumbnail gets.
//!
//! Only one side stands out of the box, so a window has one free number. Lines across that side are scored once, and a
//! window is the sum of its lines.

use contract::{Focus, Gravity};

use crate::{
    colour,
    raster::{Channels, Raster},
};

/// More places are not compared: a picture that stands out further is gone through in larger steps.
const MOST_PLACES: usize = 256;

/// `image` cut to `size`, width and height, neither of which is above its own.
pub(crate) fn cut(image: &Raster, size: (u32, u32), gravity: Gravity) -> Raster {
    let (width, height) = (size.0 as usize, size.1 as usize);
    let (left, top) = corner(image, (width, height), gravity);
    let count = image.channels.count();
    let rows = image.samples.chunks_exact(image.width * count).skip(top).take(height);
    let samples = rows.flat_map(|row| &row[left * count..(left + width) * count]).copied().collect();
    Raster { width, height, channels: image.channels, samples }
}

/// The middle of what [`cut`] would keep.
pub(crate) fn focus(image: &Raster, size: (u32, u32), gravity: Gravity) -> Focus {
    let (width, height) = (size.0 as usize, size.1 as usize);
    let (left, top) = corner(image, (width, height), gravity);
    let part = |first: usize, kept: usize, all: usize| ((first * 2 + kept) * 5_000 / all) as u16;
    Focus { x: part(left, width, image.width), y: part(top, height, image.height) }
}

/// The upper left corner of the window that is kept.
fn corner(image: &Raster, (width, height): (usize, usize), gravity: Gravity) -> (usize, usize) {
    let (over_x, over_y) = (image.width - width, image.height - height);
    let is_across = over_x >= over_y;
    let (over, kept) = if is_across { (over_x, width) } else { (over_y, height) };
    let place = match gravity {
        Gravity::Attention => by_attention(image, is_across, over, kept),
        Gravity::Entropy => by_entropy(image, is_across, over, kept),
        Gravity::Centre | Gravity::Focus(_) => over / 2,
    };
    // The other side is off by a rounding at the most.
    if is_across { (place, over_y / 2) } else { (over_x / 2, place) }
}

/// Places to compare, the middle first, so that it stays where nothing is better.
fn places(over: usize) -> impl Iterator<Item = usize> {
    let middle = over / 2;
    let step = over.div_ceil(MOST_PLACES).max(1);
    let others = (0..=over).step_by(step).filter(move |place| *place != middle);
    std::iter::once(middle).chain(others)
}

/// The first of the best.
fn best(places: impl Iterator<Item = (usize, f64)>) -> usize {
    let better = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 * 1.000_001 { next } else { best };
    places.reduce(better).map_or(0, |(place, _)| place)
}

/// Edges, skin and saturated colours, which count more in the middle of the window than at its ends.
///
/// Source: Jonas Wagner, smartcrop.js, its weights and its colour of skin.
fn by_attention(image: &Raster, is_across: bool, over: usize, kept: usize) -> usize {
    const DETAIL: f64 = 0.2;
    const SKIN: f64 = 1.8;
    const SATURATION: f64 = 0.1;
    let seen = Seen::of(image);
    let mut lines = vec![0.0; kept + over];
    for y in 0..image.height {
        for x in 0..image.width {
            let [red, green, blue] = seen.rgb(x, y);
            let detail = seen.edge(x, y) / 255.0;
            let skin = skin(red, green, blue) * (detail + 0.01) * SKIN;
            let saturation = saturation(red, green, blue) * (detail + 0.2) * SATURATION;
            lines[if is_across { x } else { y }] += detail * DETAIL + skin + saturation;
        }
    }
    let middle = (kept - 1) as f64 / 2.0;
    let weight = |line: usize| 1.0 - 0.5 * ((line as f64 - middle) / (middle + 0.5)).powi(2);
    let weights: Vec<f64> = (0..kept).map(weight).collect();
    let score = |place: usize| lines[place..].iter().zip(&weights).map(|(line, weight)| line * weight).sum();
    best(places(over).map(|place| (place, score(place))))
}

/// The entropy of the levels in the window, in 64 steps.
fn by_entropy(image: &Raster, is_across: bool, over: usize, kept: usize) -> usize {
    const STEPS: usize = 64;
    let seen = Seen::of(image);
    let (along, length) = if is_across { (image.width, image.height) } else { (1, image.width) };
    let mut counts = [0_u32; STEPS];
    let mut count = |line: usize, change: u32| {
        let first = if is_across { line } else { line * image.width };
        for level in seen.luma[first..].iter().step_by(along).take(length) {
            let slot = &mut counts[usize::from(*level) * STEPS / 256];
            *slot = slot.wrapping_add(change);
        }
        counts
    };
    // The window goes on by a line that comes and one that goes.
    for line in 0..kept - 1 {
        count(line, 1);
    }
    let all = (kept * length) as f64;
    let mut entropies = Vec::with_capacity(over + 1);
    for place in 0..=over {
        let counts = count(place + kept - 1, 1);
        let parts = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all);
        entropies.push(parts.map(|part| -part * part.log2()).sum::<f64>());
        count(place, u32::MAX);
    }
    best(places(over).map(|place| (place, entropies[place])))
}

/// How near a colour is to that of skin; 0 for what is far from it, too dark or too light.
fn skin(red: f64, green: f64, blue: f64) -> f64 {
    const TONE: [f64; 3] = [0.78, 0.57, 0.44];
    const LEAST: f64 = 0.8;
    let length = red.hypot(green).hypot(blue);
    let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    if length == 0.0 || !(0.2 * 255.0..=255.0).contains(&luma) {
        return 0.0;
    }
    let away = [red, green, blue].iter().zip(TONE).map(|(level, tone)| (level / length - tone).powi(2)).sum::<f64>();
    ((1.0 - away.sqrt() - LEAST) / (1.0 - LEAST)).max(0.0)
}

/// Above 0.4, of colours that are neither dark nor light.
fn saturation(red: f64, green: f64, blue: f64) -> f64 {
    const LEAST: f64 = 0.4;
    let (most, least) = (red.max(green).max(blue) / 255.0, red.min(green).min(blue) / 255.0);
    let lightness = f64::midpoint(most, least);
    if most <= least || !(0.05..=0.9).contains(&lightness) {
        return 0.0;
    }
    let sum = if lightness > 0.5 { 2.0 - most - least } else { most + least };
    (((most - least) / sum - LEAST) / (1.0 - LEAST)).max(0.0)
}

/// A picture as it is looked at: black where it is transparent.
struct Seen<'picture> {
    image: &'picture Raster,
    luma: Vec<u8>,
}

impl<'picture> Seen<'picture> {
    fn of(image: &'picture Raster) -> Self {
        let mut seen = Self { image, luma: Vec::new() };
        let luma = |[red, green, blue]: [f64; 3]| (0.299 * red + 0.587 * green + 0.114 * blue).round() as u8;
        seen.luma = match image.channels {
            Channels::Grey => image.samples.clone(),
            Channels::YCbCr => image.samples.as_chunks::<3>().0.iter().map(|pixel| pixel[0]).collect(),
            _ => image.samples.chunks_exact(image.channels.count()).map(|pixel| luma(seen.colour(pixel))).collect(),
        };
        seen
    }

    fn rgb(&self, x: usize, y: usize) -> [f64; 3] {
        let count = self.image.channels.count();
        self.colour(&self.image.samples[(y * self.image.width + x) * count..][..count])
    }

    fn colour(&self, pixel: &[u8]) -> [f64; 3] {
        match (self.image.channels, pixel) {
            (Channels::YCbCr, [luma, blue, red]) => colour::rgb_of([*luma, *blue, *red]).map(f64::from),
            (Channels::Rgba, [red, green, blue, alpha]) => {
                [red, green, blue].map(|level| f64::from(*level) * f64::from(*alpha) / 255.0)
            }
            (Channels::GreyAlpha, [grey, alpha]) => [f64::from(*grey) * f64::from(*alpha) / 255.0; 3],
            (_, [red, green, blue, ..]) => [red, green, blue].map(|level| f64::from(*level)),
            (_, pixel) => [f64::from(pixel[0]); 3],
        }
    }

    /// How far a pixel is from the mean of its four neighbours, times four; none at the border.
    fn edge(&self, x: usize, y: usize) -> f64 {
        let (width, height) = (self.image.width, self.image.height);
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            return 0.0;
        }
        let at = y * width + x;
        let level = |at: usize| i32::from(self.luma[at]);
        let around = level(at - 1) + level(at + 1) + level(at - width) + level(at + width);
        f64::from((4 * level(at) - around).abs().min(255))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey with a square of a chequered `ink`, whose upper left corner is at `at`.
    fn picture(size: (usize, usize), at: (usize, usize), ink: [u8; 3]) -> Raster {
        let (width, height) = size;
        let pixel = |x: usize, y: usize| {
            let is_inside = (at.0..at.0 + 20).contains(&x) && (at.1..at.1 + 20).contains(&y);
            if is_inside && (x / 2 + y / 2).is_multiple_of(2) { ink } else { [120; 3] }
        };
        let samples = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        Raster { width, height, channels: Channels::Rgb, samples }
    }

    fn holds(image: &Raster, ink: [u8; 3]) -> usize {
        image.samples.as_chunks::<3>().0.iter().filter(|pixel| **pixel == ink).count()
    }

    #[test]
    fn what_is_to_be_seen_stays_wherever_it_is() {
        for gravity in [Gravity::Attention, Gravity::Entropy] {
            for ink in [[255, 255, 255], [220, 160, 125]] {
                for place in [0, 40, 90, 130] {
                    let wide = cut(&picture((150, 50), (place, 15), ink), (50, 50), gravity);
                    assert_eq!(holds(&wide, ink), 200, "{gravity:?} {ink:?} at {place}");
                    let high = cut(&picture((50, 150), (15, place), ink), (50, 50), gravity);
                    assert_eq!(holds(&high, ink), 200, "{gravity:?} {ink:?} at {place}");
                }
            }
        }
    }

    #[test]
    fn a_picture_of_one_colour_is_cut_in_the_middle() {
        let level = |x: usize| if x == 40 { 255 } else { 0 };
        let samples = (0..3).flat_map(|_| (0..81).map(level)).collect();
        let line = Raster { width: 81, height: 3, channels: Channels::Grey, samples };
        assert_eq!(cut(&line, (1, 3), Gravity::Centre).samples, [255; 3]);
        let flat = Raster { samples: vec![9; 81 * 3], ..line };
        for gravity in [Gravity::Attention, Gravity::Entropy] {
            let places: Vec<usize> = places(80).collect();
            assert_eq!((places[0], places.len()), (40, 81));
            assert_eq!(cut(&flat, (1, 3), gravity).samples, [9; 3]);
        }
    }

    #[test]
    fn few_places_are_compared_in_a_long_picture() {
        assert!(places(60_000).count() <= MOST_PLACES + 2);
        assert_eq!(places(0).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn skin_is_told_from_other_colours() {
        assert!(skin(220.0, 160.0, 125.0) > 0.5);
        assert_eq!([skin(60.0, 120.0, 220.0), skin(0.0, 0.0, 0.0)], [0.0, 0.0]);
        assert!(saturation(220.0, 20.0, 20.0) > 0.5);
        assert_eq!(saturation(120.0, 120.0, 120.0), 0.0);
    }
}
