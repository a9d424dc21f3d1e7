//! `ThumbHash` and average colour of a picture that an encoder is about to get.
//!
//! Source: Evan Wallace, "ThumbHash: A very compact representation of an image placeholder". Written here, because the
//! author's crate has had one release, in 2023, and reckons every cosine anew.

use std::f64::consts::PI;

use contract::{Placeholder, Variant};

use crate::{
    colour,
    raster::{Channels, Raster},
    render::Picture,
};

/// The longer side of the cells that are hashed. Seven waves at the most are told apart on it.
const CELLS: usize = 32;

/// Which of `variants` it is of; `None` if there are none.
pub(crate) fn smallest(variants: &[Variant]) -> Option<usize> {
    variants.iter().enumerate().min_by_key(|(_, variant)| area(variant)).map(|(number, _)| number)
}

/// At the most so many pixels.
pub(crate) fn area(variant: &Variant) -> u64 {
    u64::from(variant.width_px) * u64::from(variant.height_px)
}

/// Of `picture`; cells of it are averaged first.
pub(crate) fn placeholder(picture: &Picture) -> Placeholder {
    let cells = match picture {
        Picture::Raster(image) => Cells::of(image),
        Picture::Planes(planes) => Cells::of_planes(planes),
    };
    Placeholder { thumbhash: base64(&cells.hash()), colour: cells.colour() }
}

/// Averages of parts of a picture, row by row: red, green and blue not multiplied by alpha, all from 0 to 1.
struct Cells {
    width: usize,
    height: usize,
    rgba: Vec<[f64; 4]>,
}

impl Cells {
    fn of(image: &Raster) -> Self {
        let sums = Sums::of(image);
        let rgba = |sums: &[u32; 5]| {
            let [first, second, third, alpha, count] = sums.map(f64::from);
            // Colours were added up times their alpha.
            let level = |sum: f64| if alpha > 0.0 { sum / alpha / 255.0 } else { 0.0 };
            let [red, green, blue] = match image.channels {
                Channels::YCbCr => rgb_of([level(first), level(second), level(third)]),
                _ => [level(first), level(second), level(third)],
            };
            [red, green, blue, alpha / count / 255.0]
        };
        Self { width: sums.width, height: sums.height, rgba: sums.cells.iter().map(rgba).collect() }
    }

    /// Y, Cb and Cr, of which chroma may have half as many samples on a side.
    fn of_planes(planes: &[Raster; 3]) -> Self {
        let [luma, blue, red] = planes.each_ref().map(Sums::of);
        let size = (luma.width, luma.height);
        let level = |sums: &Sums, x: usize, y: usize| {
            let (x, y) = (x * sums.width / size.0, y * sums.height / size.1);
            let [sum, .., count] = sums.cells[y * sums.width + x].map(f64::from);
            sum / count / (255.0 * 255.0)
        };
        let cells = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y)));
        let rgba = cells.map(|(x, y)| {
            let [red, green, blue] = rgb_of([&luma, &blue, &red].map(|sums| level(sums, x, y)));
            [red, green, blue, 1.0]
        });
        Self { width: size.0, height: size.1, rgba: rgba.collect() }
    }

    /// Mean of all cells, those that are transparent as far as they are not; black where all are.
    fn mean(&self) -> ([f64; 3], f64) {
        let alpha: f64 = self.rgba.iter().map(|cell| cell[3]).sum();
        let sum = |channel: usize| self.rgba.iter().map(|cell| cell[channel] * cell[3]).sum::<f64>();
        let mean = |channel| if alpha > 0.0 { sum(channel) / alpha } else { 0.0 };
        ([mean(0), mean(1), mean(2)], alpha)
    }

    fn colour(&self) -> String {
        let [red, green, blue] = self.mean().0.map(|level| (level * 255.0).round() as u8);
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    fn hash(&self) -> Vec<u8> {
        let (width, height) = (self.width, self.height);
        let (mean, alpha_sum) = self.mean();
        let has_alpha = alpha_sum < (width * height) as f64;
        let most = if has_alpha { 5.0 } else { 7.0 };
        let waves = |side: usize| ((most * side as f64 / width.max(height) as f64).round() as usize).max(1);
        let (across, down) = (waves(width), waves(height));
        // Laid on the mean: luminance, yellow to blue, red to green, alpha.
        let channels = self.rgba.iter().map(|[red, green, blue, alpha]| {
            let over = |level: f64, mean: f64| mean * (1.0 - alpha) + alpha * level;
            let (red, green, blue) = (over(*red, mean[0]), over(*green, mean[1]), over(*blue, mean[2]));
            [(red + green + blue) / 3.0, f64::midpoint(red, green) - blue, red - green, *alpha]
        });
        let channels: Vec<[f64; 4]> = channels.collect();
        let cosines = (cosines(width), cosines(height));
        let encode = |channel, waves| Waves::of(&channels, channel, (width, height), waves, &cosines);
        let luminance = encode(0, (across.max(3), down.max(3)));
        let (yellow, red) = (encode(1, (3, 3)), encode(2, (3, 3)));
        let alpha = has_alpha.then(|| encode(3, (5, 5)));

        let is_landscape = width > height;
        let number = |level: f64, most: f64| (level * most).round() as u32;
        let first = number(luminance.mean, 63.0)
            | number(yellow.mean + 1.0, 31.5) << 6
            | number(red.mean + 1.0, 31.5) << 12
            | number(luminance.scale, 31.0) << 18
            | u32::from(has_alpha) << 23;
        let second = (if is_landscape { down } else { across }) as u32
            | number(yellow.scale, 63.0) << 3
            | number(red.scale, 63.0) << 9
            | u32::from(is_landscape) << 15;
        let mut hash = first.to_le_bytes()[..3].to_vec();
        hash.extend(&second.to_le_bytes()[..2]);
        if let Some(alpha) = &alpha {
            hash.push((number(alpha.mean, 15.0) | number(alpha.scale, 15.0) << 4) as u8);
        }
        let all = [Some(&luminance), Some(&yellow), Some(&red), alpha.as_ref()];
        let parts: Vec<f64> = all.into_iter().flatten().flat_map(|waves| waves.parts.iter().copied()).collect();
        let half = |part: Option<&f64>| part.map_or(0, |part| number(*part, 15.0) as u8);
        hash.extend(parts.chunks(2).map(|pair| half(pair.first()) | half(pair.get(1)) << 4));
        hash
    }
}

/// Waves of one channel.
struct Waves {
    mean: f64,
    /// From 0 to 1, where one half is no wave.
    parts: Vec<f64>,
    scale: f64,
}

impl Waves {
    fn of(
        channels: &[[f64; 4]],
        channel: usize,
        (width, height): (usize, usize),
        (across, down): (usize, usize),
        cosines: &(Vec<Vec<f64>>, Vec<Vec<f64>>),
    ) -> Self {
        let mut all = Vec::new();
        for wave_y in 0..down {
            // Each row's wave across, once for all that lie over each other.
            for wave_x in (0..).take_while(|wave_x| wave_x * down < across * (down - wave_y)) {
                let rows = channels.chunks_exact(width).zip(&cosines.1[wave_y]);
                let sum: f64 = rows
                    .map(|(row, down)| {
                        let across = row.iter().zip(&cosines.0[wave_x]).map(|(cell, across)| cell[channel] * across);
                        across.sum::<f64>() * down
                    })
                    .sum();
                all.push(sum / (width * height) as f64);
            }
        }
        let mean = all.remove(0);
        let scale = all.iter().fold(0.0_f64, |scale, part| scale.max(part.abs()));
        let parts = all.into_iter().map(|part| if scale > 0.0 { 0.5 + 0.5 / scale * part } else { part });
        Self { mean, parts: parts.collect(), scale }
    }
}

/// Of seven waves over so many cells.
fn cosines(cells: usize) -> Vec<Vec<f64>> {
    let wave = |wave: usize| (0..cells).map(move |cell| (PI / cells as f64 * wave as f64 * (cell as f64 + 0.5)).cos());
    (0..7).map(|number| wave(number).collect()).collect()
}

/// Samples of a picture added up by cells: three of colour times alpha, alpha, how many.
struct Sums {
    width: usize,
    height: usize,
    cells: Vec<[u32; 5]>,
}

impl Sums {
    fn of(image: &Raster) -> Self {
        let longest = image.width.max(image.height);
        let side = |side: usize| if longest > CELLS { (side * CELLS / longest).max(1) } else { side };
        let (width, height) = (side(image.width), side(image.height));
        let mut cells = vec![[0_u32; 5]; width * height];
        let count = image.channels.count();
        // At most this many samples of a row or column are added up, so that no sum overflows.
        let step = (longest / (CELLS * 8)).max(1);
        // Divided once, and not for each row.
        let cells_of_row: Vec<usize> = (0..image.width).step_by(step).map(|x| x * width / image.width).collect();
        for y in (0..image.height).step_by(step) {
            let row = &image.samples[y * image.width * count..][..image.width * count];
            let cells = &mut cells[y * height / image.height * width..][..width];
            for (pixel, &cell) in row.chunks(count * step).zip(&cells_of_row) {
                let pixel = &pixel[..count];
                let (colour, alpha) = match (image.channels, pixel) {
                    (Channels::GreyAlpha, [grey, alpha]) => ([*grey; 3], *alpha),
                    (Channels::Rgba, [red, green, blue, alpha]) => ([*red, *green, *blue], *alpha),
                    (_, [first, second, third, ..]) => ([*first, *second, *third], 255),
                    (_, pixel) => ([pixel[0]; 3], 255),
                };
                let cell = &mut cells[cell];
                let alpha = u32::from(alpha);
                for (sum, level) in cell.iter_mut().zip(colour) {
                    *sum += u32::from(level) * alpha;
                }
                cell[3] += alpha;
                cell[4] += 1;
            }
        }
        // A cell that no sample fell into is the one before it.
        for index in 1..cells.len() {
            if cells[index][4] == 0 {
                cells[index] = cells[index - 1];
            }
        }
        Self { width, height, cells }
    }
}

fn rgb_of(ycbcr: [f64; 3]) -> [f64; 3] {
    colour::rgb_of(ycbcr.map(|level| (level * 255.0).round().clamp(0.0, 255.0) as u8))
        .map(|level| f64::from(level) / 255.0)
}

/// Source: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for letter in 0..4 {
            let index = (bits >> (18 - 6 * letter) & 63) as usize;
            text.push(if letter > three.len() { '=' } else { LETTERS[index].into() });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [usize; 4]) -> String {
        let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let samples = cells.flat_map(|(x, y)| pixel(x, y).map(|level| level as u8)).collect();
        let image = Raster { width, height, channels: Channels::Rgba, samples };
        placeholder(&Picture::Raster(image)).thumbhash
    }

    /// The vectors are those of `thumbhash-python` 1.0.1, which has it from the author's JavaScript.
    #[test]
    fn a_hash_is_that_of_an_independent_encoder() {
        let level = |x: usize, y: usize, k: usize| (x * x * 7 + y * 13 * k + x * y * 3 + k * 50) & 255;
        let wide = hash(32, 24, |x, y| [level(x, y, 1), level(x, y, 2), (x * 8 + y) & 255, 255]);
        assert_eq!(wide, "3wcKXYBgaGh4eHh3eHd4iJ+I16EK");
        let high = hash(24, 32, |x, y| [level(x, y, 3), (y * 5 + x) & 255, level(x, y, 1), 255]);
        assert_eq!(high, "XEcGJRB2d4CIiId3d3d3eHZwiPeI");
        let with_alpha = hash(32, 32, |x, y| [level(x, y, 1), level(x, y, 5), 128, level(y, x, 2)]);
        assert_eq!(with_alpha, "3weCBQAH/Vq4uXheZ/24GADXi5oWqe8FTQ==");
    }

    #[test]
    fn the_average_counts_what_is_seen() {
        let image = |channels, samples: &[u8]| Raster { width: 2, height: 1, channels, samples: samples.to_vec() };
        let colour = |channels, samples| placeholder(&Picture::Raster(image(channels, samples))).colour;
        assert_eq!(colour(Channels::Rgb, &[0, 10, 20, 100, 30, 20]), "#321414");
        assert_eq!(colour(Channels::Rgba, &[0, 0, 0, 0, 100, 30, 20, 255]), "#641e14");
        assert_eq!(colour(Channels::Grey, &[0, 100]), "#323232");
        assert_eq!(colour(Channels::Rgba, &[9; 8]), "#090909");
        assert_eq!(colour(Channels::GreyAlpha, &[9, 0, 9, 0]), "#000000");
        let plane = |level: u8, size: usize| Raster {
            width: size,
            height: size,
            channels: Channels::Grey,
            samples: vec![level; size * size],
        };
        let red = Picture::Planes([plane(76, 64), plane(85, 32), plane(255, 32)]);
        assert_eq!(placeholder(&red).colour, "#fe0000");
    }

    #[test]
    fn sides_of_any_length_have_cells() {
        for (width, height) in [(1, 1), (4096, 1), (1, 4096), (33, 31), (4096, 4096)] {
            let image = Raster { width, height, channels: Channels::Grey, samples: vec![200; width * height] };
            let made = placeholder(&Picture::Raster(image));
            assert_eq!(made.colour, "#c8c8c8", "{width}x{height}");
        }
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes), text);
        }
    }
}
