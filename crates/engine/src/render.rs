//! From the small image to one variant's pixels: crop, Lanczos3, colours, orientation, background.

use contract::{OutputFormat, Variant};
use resample::{Crop, Kernel, Source, resample};

use crate::{
    Orientation, Probe,
    colour::{self, Colours},
    decoded::{Decoded, Model, Pixels, Plane},
    geometry::{self, Layout, Window},
    raster::{Channels, Raster},
};

/// Pixels that only an encoder still touches: upright, in sRGB.
pub(crate) enum Picture {
    /// Straight alpha; grey, RGB or YCbCr.
    Raster(Raster),
    /// Y, Cb and Cr for a JPEG. A side of chroma is half of luma's where that is even, and luma's where it is odd.
    Planes([Raster; 3]),
}

/// Brings the small image to `variant`'s size and colours.
pub(crate) fn render(decoded: &Decoded, probe: &Probe, colours: &Colours, variant: &Variant) -> Picture {
    let layout = geometry::layout(probe.seen_px(), variant);
    let is_jpeg = matches!(variant.format, OutputFormat::Jpeg | OutputFormat::Auto);
    match &decoded.pixels {
        Pixels::Planes(planes, Model::YCbCr)
            if is_jpeg && colours.keep_samples() && layout.canvas == layout.picture && planes.len() == 3 =>
        {
            Picture::Planes([0, 1, 2].map(|index| plane(&planes[index], probe, &layout, index > 0)))
        }
        _ => Picture::Raster(render_raster(decoded, probe, colours, variant, &layout)),
    }
}

/// One plane of a JPEG on its way to another one: it never becomes a pixel with the others, and chroma is brought to
/// the size that is stored, in one step.
fn plane(plane: &Plane, probe: &Probe, layout: &Layout, is_chroma: bool) -> Raster {
    let side = |side: u32| if is_chroma && side.is_multiple_of(2) { side / 2 } else { side };
    let (width, height) = probe.orientation.seen(layout.picture);
    let stored = stored_window(layout.crop, probe);
    let resized = resize_raster(&plane.raster, &plane.extent, probe, stored, (side(width), side(height)), plane.kernel);
    turn(resized, probe.orientation)
}

fn render_raster(decoded: &Decoded, probe: &Probe, colours: &Colours, variant: &Variant, layout: &Layout) -> Raster {
    let mut image = resize(&decoded.pixels, probe, layout);
    image.unpremultiply();
    let mut image = turn(colours.to_srgb(image), probe.orientation);
    if image.is_opaque() {
        image = image.without_alpha();
    } else if variant.format == OutputFormat::Jpeg {
        image = on_background(image, variant.background.rgb);
    }
    pad(image, layout.canvas, variant.background.rgb)
}

/// The layout's crop at the layout's size, both turned back to the stored orientation.
fn resize(pixels: &Pixels, probe: &Probe, layout: &Layout) -> Raster {
    let (width, height) = probe.orientation.seen(layout.picture);
    let stored = stored_window(layout.crop, probe);
    match pixels {
        Pixels::Raster(raster, extent, _) => {
            resize_raster(raster, extent, probe, stored, (width, height), Kernel::Lanczos3)
        }
        Pixels::Planes(planes, model) => {
            let channels = match model {
                Model::Grey => Channels::Grey,
                Model::YCbCr => Channels::YCbCr,
                Model::Rgb => Channels::Rgb,
                Model::Cmyk | Model::CmykInverted | Model::YcckInverted => Channels::Cmyk,
            };
            let mut samples = vec![0; width as usize * height as usize * channels.count()];
            for (channel, Plane { raster, extent, kernel }) in planes.iter().enumerate() {
                let plane = resize_raster(raster, extent, probe, stored, (width, height), *kernel);
                let slots = samples.iter_mut().skip(channel).step_by(channels.count());
                slots.zip(plane.samples).for_each(|(slot, sample)| *slot = sample);
            }
            Raster { width: width as usize, height: height as usize, channels, samples }
        }
    }
}

/// `stored`, a window of the stored image, at `(width, height)`.
fn resize_raster(
    source: &Raster,
    extent: &Window,
    probe: &Probe,
    stored: Window,
    (width, height): (u32, u32),
    kernel: Kernel,
) -> Raster {
    let (scale_x, scale_y) = (extent.width / f64::from(probe.width_px), extent.height / f64::from(probe.height_px));
    let left = extent.left + stored.left * scale_x;
    let top = extent.top + stored.top * scale_y;
    let crop = Crop {
        left,
        top,
        // The last bits of a product must not push the window past the raster.
        width: (stored.width * scale_x).min(source.width as f64 - left),
        height: (stored.height * scale_y).min(source.height as f64 - top),
    };
    let view = Source {
        width: source.width as u32,
        height: source.height as u32,
        channels: source.channels.count(),
        samples: &source.samples,
    };
    let samples = resample(&view, crop, (width, height), kernel);
    Raster { width: width as usize, height: height as usize, channels: source.channels, samples }
}

/// A window of the seen image as it lies on the stored one.
fn stored_window(seen: Window, probe: &Probe) -> Window {
    let (width, height) = (f64::from(probe.width_px), f64::from(probe.height_px));
    let window = if probe.orientation.swaps_sides() {
        Window { left: seen.top, top: seen.left, width: seen.height, height: seen.width }
    } else {
        seen
    };
    let from_right = Window { left: width - window.left - window.width, ..window };
    let from_bottom = |window: Window| Window { top: height - window.top - window.height, ..window };
    match probe.orientation {
        Orientation::Upright | Orientation::Transpose => window,
        Orientation::FlipH | Orientation::Rotate270 => from_right,
        Orientation::FlipV | Orientation::Rotate90 => from_bottom(window),
        Orientation::Rotate180 | Orientation::Transverse => from_bottom(from_right),
    }
}

fn turn(image: Raster, orientation: Orientation) -> Raster {
    let (width, height) = orientation.seen((image.width, image.height));
    let samples = orientation.apply(image.samples, image.width, image.height, image.channels.count());
    Raster { width, height, channels: image.channels, samples }
}

/// Lays straight alpha on an opaque colour.
fn on_background(image: Raster, background: [u8; 3]) -> Raster {
    let image = to_rgb(image);
    if image.channels != Channels::Rgba {
        return image;
    }
    let over = |below: u8, above: u8, alpha: u8| {
        let (below, above, alpha) = (u32::from(below), u32::from(above), u32::from(alpha));
        ((above * alpha + below * (255 - alpha) + 127) / 255) as u8
    };
    let samples = image
        .samples
        .chunks_exact(4)
        .flat_map(|pixel| [0, 1, 2].map(|channel| over(background[channel], pixel[channel], pixel[3])));
    Raster { channels: Channels::Rgb, samples: samples.collect(), ..image }
}

/// Grey spread over three channels, alpha kept.
pub(crate) fn to_rgb(image: Raster) -> Raster {
    let (channels, samples) = match image.channels {
        Channels::Grey => (Channels::Rgb, image.samples.iter().flat_map(|grey| [*grey; 3]).collect()),
        Channels::GreyAlpha => {
            let pixels = image.samples.chunks_exact(2);
            (Channels::Rgba, pixels.flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect())
        }
        _ => return image,
    };
    Raster { channels, samples, ..image }
}

/// Centres the picture on a canvas of the background's colour.
fn pad(image: Raster, (width, height): (u32, u32), [red, green, blue]: [u8; 3]) -> Raster {
    let (width, height) = (width as usize, height as usize);
    if (image.width, image.height) == (width, height) {
        return image;
    }
    let grey = red == green && green == blue;
    let image = if grey { image } else { to_rgb(image) };
    let ink = [red, green, blue, 255];
    let colour = match image.channels {
        Channels::Grey => vec![red],
        Channels::GreyAlpha => vec![red, 255],
        Channels::YCbCr => colour::ycbcr_of([red, green, blue]).to_vec(),
        channels => ink[..channels.count()].to_vec(),
    };
    let mut samples = colour.repeat(width * height);
    let row_bytes = image.width * colour.len();
    let (left, top) = ((width - image.width) / 2, (height - image.height) / 2);
    for (index, row) in image.samples.chunks_exact(row_bytes).enumerate() {
        let at = ((top + index) * width + left) * colour.len();
        samples[at..at + row_bytes].copy_from_slice(row);
    }
    Raster { width, height, channels: image.channels, samples }
}
