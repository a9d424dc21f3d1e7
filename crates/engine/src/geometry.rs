//! Which part of the image becomes which rectangle of the thumbnail.

use contract::{Fit, Focus, Gravity, Variant};
use resample::Crop;

use crate::Orientation;

/// A rectangle of the seen image, in its pixels; the fraction matters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// How one variant is laid out, all in the seen (upright) orientation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    /// What is shown of the image.
    pub(crate) crop: Window,
    /// Size of the resized picture, in pixels.
    pub(crate) picture: (u32, u32),
    /// Size of the thumbnail: the picture's, but for `Fit::Contain`, and where the picture is looked at before it is cut.
    pub(crate) canvas: (u32, u32),
}

impl Layout {
    /// Source over target, in pixels per pixel, on the side that shrinks least; at least 1.
    pub(crate) fn least_shrink(&self) -> f64 {
        let (width, height) = self.picture;
        (self.crop.width / f64::from(width)).min(self.crop.height / f64::from(height)).max(1.0)
    }
}

/// Lays `variant` out for an image of `(width, height)` seen pixels, both at least 1.
pub(crate) fn layout((width, height): (u32, u32), variant: &Variant) -> Layout {
    let boxed = (variant.width_px, variant.height_px);
    let whole = Window { left: 0.0, top: 0.0, width: f64::from(width), height: f64::from(height) };
    match variant.fit {
        Fit::Inside => {
            let picture = fit_inside((width, height), boxed);
            Layout { crop: whole, picture, canvas: picture }
        }
        Fit::Contain => Layout { crop: whole, picture: fit_inside((width, height), boxed), canvas: boxed },
        Fit::Fill => {
            let picture = (width.min(boxed.0), height.min(boxed.1));
            Layout { crop: whole, picture, canvas: picture }
        }
        Fit::Cover => cover((width, height), boxed, variant.gravity),
    }
}

/// `seen`, a window of the seen image, on a raster that the stored image covers from `extent`'s corner on, in that
/// raster's pixels. `stored_px` and `raster_px` are width and height.
pub(crate) fn on_raster(
    seen: Window,
    (stored_px, orientation): ((u32, u32), Orientation),
    extent: Window,
    raster_px: (usize, usize),
) -> Crop {
    let stored = stored_window(seen, stored_px, orientation);
    let (scale_x, scale_y) = (extent.width / f64::from(stored_px.0), extent.height / f64::from(stored_px.1));
    let left = extent.left + stored.left * scale_x;
    let top = extent.top + stored.top * scale_y;
    Crop {
        left,
        top,
        // The last bits of a product must not push the window past the raster.
        width: (stored.width * scale_x).min(raster_px.0 as f64 - left),
        height: (stored.height * scale_y).min(raster_px.1 as f64 - top),
    }
}

/// A window of the seen image as it lies on the stored one.
fn stored_window(seen: Window, (width, height): (u32, u32), orientation: Orientation) -> Window {
    let (width, height) = (f64::from(width), f64::from(height));
    let window = if orientation.swaps_sides() {
        Window { left: seen.top, top: seen.left, width: seen.height, height: seen.width }
    } else {
        seen
    };
    let from_right = Window { left: width - window.left - window.width, ..window };
    let from_bottom = |window: Window| Window { top: height - window.top - window.height, ..window };
    match orientation {
        Orientation::Upright | Orientation::Transpose => window,
        Orientation::FlipH | Orientation::Rotate270 => from_right,
        Orientation::FlipV | Orientation::Rotate90 => from_bottom(window),
        Orientation::Rotate180 | Orientation::Transverse => from_bottom(from_right),
    }
}

/// The largest size of the image's aspect ratio that the box holds, never above the image's own.
///
/// Source: libvips `thumbnail.c`, `vips_thumbnail_calculate_shrink`: the side that shrinks most decides.
pub(crate) fn fit_inside((width, height): (u32, u32), (box_width, box_height): (u32, u32)) -> (u32, u32) {
    let scale = (f64::from(box_width) / f64::from(width)).min(f64::from(box_height) / f64::from(height)).min(1.0);
    let side = |side: u32, limit: u32| round_px(f64::from(side) * scale).min(limit);
    (side(width, box_width), side(height, box_height))
}

fn cover((width, height): (u32, u32), (box_width, box_height): (u32, u32), gravity: Gravity) -> Layout {
    let (full_width, full_height) = (f64::from(width), f64::from(height));
    let scale = (f64::from(box_width) / full_width).max(f64::from(box_height) / full_height).min(1.0);
    let picture = (round_px(full_width * scale).min(box_width), round_px(full_height * scale).min(box_height));
    if matches!(gravity, Gravity::Attention | Gravity::Entropy) {
        // All of it in the thumbnail's scale, of which `gravity.rs` chooses a part.
        let side = |full: f64, least: u32| round_px(full * scale).max(least);
        let whole = Window { left: 0.0, top: 0.0, width: full_width, height: full_height };
        let all = (side(full_width, picture.0), side(full_height, picture.1));
        return Layout { crop: whole, picture: all, canvas: picture };
    }
    // What stands out is cut off, on the one side that stands out: evenly, or so that the focus is in the middle.
    let crop_width = (f64::from(picture.0) / scale).min(full_width);
    let crop_height = (f64::from(picture.1) / scale).min(full_height);
    let (over_x, over_y) = (full_width - crop_width, full_height - crop_height);
    let (left, top) = match gravity {
        Gravity::Focus(Focus { x, y }) => {
            let start = |part: u16, full: f64, kept: f64| full * f64::from(part) / 10_000.0 - kept / 2.0;
            (start(x, full_width, crop_width).clamp(0.0, over_x), start(y, full_height, crop_height).clamp(0.0, over_y))
        }
        _ => (over_x / 2.0, over_y / 2.0),
    };
    let crop = Window { left, top, width: crop_width, height: crop_height };
    Layout { crop, picture, canvas: picture }
}

/// A side never rounds to 0.
fn round_px(side: f64) -> u32 {
    // In range: callers scale a u32 down.
    (side.round() as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::OutputFormat;

    fn variant(fit: Fit, (width_px, height_px): (u32, u32)) -> Variant {
        Variant { width_px, height_px, fit, ..Variant::inside(1, OutputFormat::Auto) }
    }

    #[test]
    fn inside_keeps_the_aspect_ratio_and_never_enlarges() {
        let check = |image, boxed, want| assert_eq!(fit_inside(image, boxed), want, "{image:?} in {boxed:?}");
        check((4000, 3000), (200, 200), (200, 150));
        check((50, 40), (200, 200), (50, 40));
        check((10_000, 3), (200, 200), (200, 1)); // A side never rounds to 0.
        check((1, 1), (1, 1), (1, 1));
        check((3000, 4000), (128, 128), (96, 128));
        check((4001, 4000), (128, 64), (64, 64));
        check((65_535, 65_535), (4096, 4095), (4095, 4095));
    }

    #[test]
    fn cover_fills_the_box_and_cuts_evenly() {
        let check = |image, boxed, picture, left, top, width, height| {
            let layout = layout(image, &variant(Fit::Cover, boxed));
            assert_eq!(layout.crop, Window { left, top, width, height }, "{image:?} over {boxed:?}");
            assert_eq!((layout.picture, layout.canvas), (picture, picture));
        };
        check((400, 300), (100, 100), (100, 100), 50.0, 0.0, 300.0, 300.0);
        check((300, 400), (100, 100), (100, 100), 0.0, 50.0, 300.0, 300.0);
        // Too small for the box on one side: cut, not enlarged.
        check((50, 400), (128, 128), (50, 128), 0.0, 136.0, 50.0, 128.0);
        check((20, 10), (128, 128), (20, 10), 0.0, 0.0, 20.0, 10.0);
    }

    #[test]
    fn a_focus_is_in_the_middle_as_far_as_the_picture_goes() {
        let check = |image, (x, y), left, top| {
            let gravity = Gravity::Focus(Focus { x, y });
            let layout = layout(image, &Variant { gravity, ..variant(Fit::Cover, (100, 100)) });
            assert_eq!((layout.crop.left, layout.crop.top), (left, top), "{image:?} {x} {y}");
            assert_eq!((layout.picture, layout.canvas), ((100, 100), (100, 100)));
        };
        check((400, 200), (5000, 5000), 100.0, 0.0);
        check((400, 200), (3000, 9999), 20.0, 0.0);
        check((400, 200), (0, 0), 0.0, 0.0);
        check((400, 200), (10_000, 0), 200.0, 0.0);
        check((200, 400), (0, 7000), 0.0, 180.0);
    }

    #[test]
    fn what_is_looked_at_first_keeps_its_whole_picture() {
        let smart =
            |image, boxed| layout(image, &Variant { gravity: Gravity::Attention, ..variant(Fit::Cover, boxed) });
        let layout = smart((4000, 3000), (128, 128));
        assert_eq!((layout.picture, layout.canvas), ((171, 128), (128, 128)));
        assert_eq!((layout.crop.width, layout.crop.height), (4000.0, 3000.0));
        assert_eq!(smart((50, 400), (128, 128)).picture, (50, 400));
        assert_eq!(smart((20, 10), (128, 128)).picture, (20, 10));
    }

    #[test]
    fn contain_pads_to_the_box_and_fill_gives_up_the_ratio() {
        let contain = layout((400, 100), &variant(Fit::Contain, (100, 100)));
        assert_eq!((contain.picture, contain.canvas), ((100, 25), (100, 100)));
        let fill = layout((400, 60), &variant(Fit::Fill, (100, 100)));
        assert_eq!((fill.picture, fill.canvas), ((100, 60), (100, 60)));
        assert!((fill.least_shrink() - 1.0).abs() < 1e-9);
    }
}
