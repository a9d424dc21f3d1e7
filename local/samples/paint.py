"""What every scene paints with: colours as arrays of 0 to 1, noise, masks, and the grain of a camera."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]


def rgb(colour: Sequence[float]) -> np.ndarray:
    """A colour of 0 to 255 as three floats of 0 to 1."""
    return np.asarray(colour, np.float32) / 255


def grid(width_px: int, height_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Places from 0 to 1: a row of them across, a column of them down, which numpy stretches to the picture."""
    across = np.linspace(0, 1, width_px, dtype=np.float32)[None, :]
    down = np.linspace(0, 1, height_px, dtype=np.float32)[:, None]
    return across, down


def ramp(stops: Sequence[tuple[float, Colour]], at: np.ndarray) -> np.ndarray:
    """The colour at each place between stops; a last dimension of three is added."""
    places = [place for place, _ in stops]
    channels = [np.interp(at, places, [colour[channel] / 255 for _, colour in stops]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def smooth(low: float, high: float, at: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, and a soft step between; `low` may be the greater."""
    part = np.clip((at - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def mix(under: np.ndarray, over: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """`share` of 0 keeps what is under, 1 covers it."""
    share = np.asarray(share, np.float32)
    if 0 < share.ndim < np.ndim(under):
        share = share[..., None]
    return under + (over - under) * share


def resize(values: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
    """One channel, smoothly."""
    image = Image.fromarray(np.ascontiguousarray(values, np.float32), "F")
    return np.asarray(image.resize((width_px, height_px), Image.Resampling.BICUBIC))


def noise(
    random: np.random.Generator, width_px: int, height_px: int, cells: tuple[float, float], octaves: int = 4
) -> np.ndarray:
    """Cloudy noise around 0, mostly between -1 and 1; `cells` across and down in the coarsest octave."""
    total = np.zeros((height_px, width_px), np.float32)
    for octave in range(octaves):
        across, down = (max(2, int(count * 2**octave) + 2) for count in cells)
        rough = random.random((min(down, height_px), min(across, width_px)), np.float32) * 2 - 1
        total += resize(rough, width_px, height_px) * np.float32(0.5**octave)
    return total


def line(random: np.random.Generator, width_px: int, cells: float, octaves: int = 6, gain: float = 0.5) -> np.ndarray:
    """A ridge: noise around 0 for each column."""
    at = np.linspace(0, 1, width_px)
    total = np.zeros(width_px)
    for octave in range(octaves):
        count = int(cells * 2**octave) + 2
        total += np.interp(at, np.linspace(0, 1, count), random.uniform(-1, 1, count)) * gain**octave
    return total.astype(np.float32)


def mask(width_px: int, height_px: int, draw: Callable[[ImageDraw.ImageDraw, int], None], scale: int = 2) -> np.ndarray:
    """Shapes drawn in white at `scale` times the size, for smooth edges."""
    image = Image.new("L", (width_px * scale, height_px * scale))
    draw(ImageDraw.Draw(image), scale)
    return np.asarray(image.reduce(scale) if scale > 1 else image, np.float32) / 255


def to_image(picture: np.ndarray) -> Image.Image:
    return Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))


def to_array(image: Image.Image) -> np.ndarray:
    return np.asarray(image, np.float32) / 255


def glow(picture: np.ndarray, x: float, y: float, radius: float, colour: Colour, power: float = 1) -> None:
    """Adds light around a place, all in pixels; in place, and only where it reaches."""
    height_px, width_px = picture.shape[:2]
    left, right = (int(np.clip(x + side * radius, 0, width_px)) for side in (-1, 1))
    top, bottom = (int(np.clip(y + side * radius, 0, height_px)) for side in (-1, 1))
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    near = np.clip(1 - np.hypot(columns - x, rows - y) / radius, 0, 1)
    picture[top:bottom, left:right] += (near**3 * power)[..., None] * rgb(colour)


def photograph(picture: Image.Image, size: tuple[int, int], seed: int, grain: float) -> Image.Image:
    """`picture` as a camera stores it: enlarged to `size`, with the noise of a sensor, `grain` in steps of 255.

    The noise is of the brightness alone: that of the colours is what a camera takes away.
    """
    large = picture.resize(size, Image.Resampling.BICUBIC)
    random = np.random.default_rng(seed)
    width_px, height_px = size
    pixels = np.asarray(large).astype(np.int16)
    pixels += (random.standard_normal((height_px, width_px, 1), np.float32) * grain).astype(np.int16)
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))
