//! From resized pixels to those of a variant: colours, orientation, background.

use contract::{Gravity, OutputFormat, Variant};

use crate::{
    Orientation, Probe,
    colour::{self, Colours},
    geometry::{self, Layout, Window},
    gravity,
    planes::{self, Plane},
    raster::{Channels, Model, Raster},
    streams, ways,
};

/// Pixels that only an encoder still touches: upright, in sRGB.
pub(crate) enum Picture {
    /// Straight alpha; grey, RGB or YCbCr.
    Raster(Raster),
    /// Y, Cb and Cr for a JPEG. A side of chroma is half of luma's where that is even, and luma's where it is odd.
    Planes([Raster; 3]),
}

/// Brings pixels of `variant`'s size to its colours.
pub(crate) fn render(resized: Raster, probe: &Probe, colours: &Colours, variant: &Variant) -> Picture {
    let layout = geometry::layout(probe.seen_px(), variant);
    Picture::Raster(finish(resized, probe, colours, variant, &layout))
}

/// The same from the small image, of which the whole image is `extent`.
pub(crate) fn render_small(small: (&Raster, Window), probe: &Probe, colours: &Colours, variant: &Variant) -> Picture {
    render(ways::resized_one(small, probe, variant), probe, colours, variant)
}

/// The variant for all frames of an animation: a crop by content stays where its first frame has it.
pub(crate) fn hold_crop(small: (&Raster, Window), probe: &Probe, colours: &Colours, variant: &Variant) -> Variant {
    let layout = geometry::layout(probe.seen_px(), variant);
    if layout.canvas.0 >= layout.picture.0 && layout.canvas.1 >= layout.picture.1 {
        return variant.clone();
    }
    let image = seen(ways::resized_one(small, probe, variant), probe, colours);
    Variant { gravity: Gravity::Focus(gravity::focus(&image, layout.canvas, variant.gravity)), ..variant.clone() }
}

/// The same from the components of the picture, resized as they came.
pub(crate) fn render_planes(planes: Vec<Plane>, probe: &Probe, colours: &Colours, variant: &Variant) -> Picture {
    let layout = geometry::layout(probe.seen_px(), variant);
    if let Some(image) = planes::rgb(&planes) {
        return Picture::Raster(finish(image, probe, colours, variant, &layout));
    }
    let planes: Vec<_> = planes.into_iter().filter_map(Plane::into_raster).collect();
    let planes = match <[Raster; 3]>::try_from(planes) {
        // One JPEG on its way to another: its planes never become pixels.
        Ok(planes) if streams::keeps_planes(colours.keep_samples(), variant, &layout) => {
            return Picture::Planes(planes.map(|plane| turn(plane, probe.orientation)));
        }
        Ok(planes) => planes.into(),
        Err(planes) => planes,
    };
    Picture::Raster(finish(interleave(&planes, colours), probe, colours, variant, &layout))
}

/// Components of one size as pixels.
fn interleave(planes: &[Raster], colours: &Colours) -> Raster {
    let channels = match colours.model() {
        Model::Grey => Channels::Grey,
        Model::YCbCr => Channels::YCbCr,
        Model::Rgb => Channels::Rgb,
        Model::Cmyk | Model::CmykInverted | Model::YcckInverted => Channels::Cmyk,
    };
    let (width, height) = planes.first().map_or((0, 0), |plane| (plane.width, plane.height));
    let mut samples = vec![0; width * height * channels.count()];
    for (channel, plane) in planes.iter().enumerate() {
        let slots = samples.iter_mut().skip(channel).step_by(channels.count());
        slots.zip(&plane.samples).for_each(|(slot, sample)| *slot = *sample);
    }
    Raster { width, height, channels, samples }
}

/// Colours, orientation.
fn seen(mut image: Raster, probe: &Probe, colours: &Colours) -> Raster {
    image.unpremultiply();
    turn(colours.to_srgb(image), probe.orientation)
}

/// Colours, orientation, background.
fn finish(image: Raster, probe: &Probe, colours: &Colours, variant: &Variant, layout: &Layout) -> Raster {
    let mut image = seen(image, probe, colours);
    if image.is_opaque() {
        image = image.without_alpha();
    } else if variant.format == OutputFormat::Jpeg {
        image = on_background(image, variant.background.rgb);
    }
    if layout.canvas.0 < image.width as u32 || layout.canvas.1 < image.height as u32 {
        return gravity::cut(&image, layout.canvas, variant.gravity);
    }
    pad(image, layout.canvas, variant.background.rgb)
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
