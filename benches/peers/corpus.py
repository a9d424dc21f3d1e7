"""The files that are measured: a photograph that nobody took, in every size and format, the same every time.

Light, a thousand shapes with edges, texture of several scales and sensor noise; the noise is set so that a JPEG of
quality 85 has about 2 bit a pixel, as camera files have.
"""

import io
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy
import pillow_heif
import pyvips
from PIL import Image, ImageDraw, ImageFilter

BITS_PER_PIXEL = 2.0
SCENE_PX = (1600, 1200)
STRIP_ROWS = 512
TILE_PX = 1024
COLOUR_NOISE = 0.25

Image.MAX_IMAGE_PIXELS = None
pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Recipe:
    """One file: its name, its megapixels, and how the photograph is written to a path."""

    name: str
    megapixels: float
    write: Callable[[Image.Image, Path], None]
    quick: bool = False


def jpeg(subsampling: str = "4:2:0", quality: int = 85, progressive: bool = False, orientation: int | None = None):
    def write(photograph: Image.Image, path: Path) -> None:
        exif = Image.Exif()
        if orientation is not None:
            exif[0x0112] = orientation
        photograph.save(
            path, "JPEG", subsampling=subsampling, quality=quality, progressive=progressive, exif=exif.tobytes()
        )

    return write


def pillow(format: str, **options):
    return lambda photograph, path: photograph.save(path, format, **options)


def palette(format: str):
    return lambda photograph, path: photograph.quantize(256).save(path, format)


def vips_png(interlace: bool = False, deep: bool = False):
    """Pillow writes neither interlaced nor 16-bit RGB PNG."""

    def write(photograph: Image.Image, path: Path) -> None:
        pixels = numpy.asarray(photograph)
        image = pyvips.Image.new_from_array(pixels)
        if deep:
            # The low byte is noise too, as in a scan.
            low = numpy.random.default_rng(1).integers(0, 256, pixels.shape, dtype=numpy.uint16)
            image = pyvips.Image.new_from_array(pixels.astype(numpy.uint16) * 256 + low).copy(interpretation="rgb16")
        image.pngsave(str(path), interlace=interlace)

    return write


RECIPES = [
    Recipe("jpeg_0.3mp.jpg", 0.3, jpeg(), quick=True),
    Recipe("jpeg_1mp.jpg", 1, jpeg(), quick=True),
    Recipe("jpeg_3mp.jpg", 3, jpeg(), quick=True),
    Recipe("jpeg_12mp.jpg", 12, jpeg(), quick=True),
    Recipe("jpeg_24mp.jpg", 24, jpeg()),
    Recipe("jpeg_50mp.jpg", 50, jpeg()),
    Recipe("jpeg_100mp.jpg", 100, jpeg()),
    Recipe("jpeg_orientation6_12mp.jpg", 12, jpeg(orientation=6)),
    Recipe("jpeg_444q95_12mp.jpg", 12, jpeg("4:4:4", 95)),
    Recipe("jpeg_progressive_12mp.jpg", 12, jpeg(progressive=True), quick=True),
    Recipe("jpeg_progressive_50mp.jpg", 50, jpeg(progressive=True)),
    Recipe("png_1mp.png", 1, pillow("PNG"), quick=True),
    Recipe("png_12mp.png", 12, pillow("PNG")),
    Recipe("png_50mp.png", 50, pillow("PNG")),
    Recipe("png_palette_3mp.png", 3, palette("PNG"), quick=True),
    Recipe("png_16bit_3mp.png", 3, vips_png(deep=True)),
    Recipe("png_interlaced_3mp.png", 3, vips_png(interlace=True)),
    Recipe("webp_lossy_12mp.webp", 12, pillow("WEBP", quality=80)),
    Recipe("webp_lossless_3mp.webp", 3, pillow("WEBP", lossless=True, quality=20)),
    Recipe("gif_1mp.gif", 1, palette("GIF"), quick=True),
    Recipe("tiff_lzw_12mp.tif", 12, pillow("TIFF", compression="tiff_lzw")),
    Recipe("heic_12mp.heic", 12, pillow("HEIF", quality=60)),
    Recipe("avif_12mp.avif", 12, pillow("AVIF", quality=70, speed=8)),
]


def make(folder: Path, quick: bool) -> None:
    """Writes the files that `folder` lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    recipes = [recipe for recipe in RECIPES if (recipe.quick or not quick) and not (folder / recipe.name).exists()]
    for megapixels in sorted({recipe.megapixels for recipe in recipes}):
        image = photograph(megapixels)
        for recipe in recipes:
            if recipe.megapixels == megapixels:
                print(f"· making {recipe.name}", file=sys.stderr)
                # Half a file must not be taken for a whole one by the next run.
                part = folder / f".part-{recipe.name}"
                recipe.write(image, part)
                part.rename(folder / recipe.name)


def photograph(megapixels: float) -> Image.Image:
    """RGB, four wide to three high."""
    height = math.sqrt(megapixels * 1e6 * 3 / 4)
    size = (round(height * 4 / 3), round(height))
    scene, tile = _scene(), _tile()
    middle = (size[0] // 2, size[1] // 2)
    low, high = 0.0, 60.0
    for _ in range(7):
        gain = (low + high) / 2
        crop_px = min(768, *size)
        left, top = middle[0] - crop_px // 2, middle[1] - crop_px // 2
        sample = _render(scene, tile, gain, size, (left, top, left + crop_px, top + crop_px))
        file = io.BytesIO()
        Image.fromarray(sample).save(file, "JPEG", quality=85)
        if len(file.getvalue()) * 8 / crop_px**2 > BITS_PER_PIXEL:
            high = gain
        else:
            low = gain
    pixels = numpy.empty((size[1], size[0], 3), numpy.uint8)
    for top in range(0, size[1], STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, size[1])
        pixels[top:bottom] = _render(scene, tile, low, size, (0, top, size[0], bottom))
    return Image.fromarray(pixels)


def _render(scene, tile, gain: float, size: tuple[int, int], box: tuple[int, int, int, int]) -> numpy.ndarray:
    """The part `box` of the photograph of `size` pixels."""
    left, top, right, bottom = box
    scale_x, scale_y = SCENE_PX[0] / size[0], SCENE_PX[1] / size[1]
    source = (left * scale_x, top * scale_y, right * scale_x, bottom * scale_y)
    light = numpy.asarray(scene.resize((right - left, bottom - top), Image.Resampling.BICUBIC, box=source))
    rows, columns = numpy.arange(top, bottom) % TILE_PX, numpy.arange(left, right) % TILE_PX
    shape = (bottom - top, right - left)
    # Sensor noise is new everywhere: deflate would find a tile's. Mostly of light, some of each colour.
    random = numpy.random.default_rng([22, top])
    noise = random.standard_normal(shape, numpy.float32)[..., None]
    noise = noise + COLOUR_NOISE * random.standard_normal((*shape, 3), numpy.float32)
    grain = (tile[rows][:, columns, None] + noise) * gain
    return numpy.clip(light + grain, 0, 255).astype(numpy.uint8)


def _scene() -> Image.Image:
    """Shapes of all sizes and colours before a sky."""
    random = numpy.random.default_rng(20)
    width, height = SCENE_PX
    slope = numpy.linspace(0, 1, height)[:, None, None]
    sky = numpy.array([90, 140, 220]) * (1 - slope) + numpy.array([225, 205, 170]) * slope
    image = Image.fromarray(numpy.broadcast_to(sky, (height, width, 3)).astype(numpy.uint8))
    draw = ImageDraw.Draw(image)
    for index in range(1200):
        # Far things first, small and pale; near things later, fewer, larger and lower.
        reach = 8 + 260 * random.random() ** 4
        x, y = random.random() * width, height * (0.25 + 0.75 * random.random() ** 0.7)
        colour = tuple(int(part) for part in random.integers(15, 240, 3) * 0.75 + sky[int(y) % height, 0] * 0.25)
        box = (x - reach, y - reach * random.uniform(0.2, 1), x + reach * random.uniform(0.2, 1), y)
        kind = index % 4
        if kind == 0:
            draw.ellipse(box, fill=colour)
        elif kind == 1:
            draw.rectangle(box, fill=colour)
        elif kind == 2:
            draw.polygon([(box[0], box[3]), (x, box[1]), (box[2], box[3])], fill=colour)
        else:
            draw.line([(box[0], box[1]), (box[2], box[3])], fill=colour, width=1 + int(reach / 12))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def _tile() -> numpy.ndarray:
    """Texture of two, four and eight pixels, mean 0; laid side by side over the photograph."""
    random = numpy.random.default_rng(21)
    tile = numpy.zeros((TILE_PX, TILE_PX), numpy.float32)
    for scale in (2, 4, 8):
        coarse = random.standard_normal((TILE_PX // scale, TILE_PX // scale), numpy.float32)
        tile += numpy.asarray(Image.fromarray(coarse).resize((TILE_PX, TILE_PX), Image.Resampling.BICUBIC))
    return tile / tile.std()


if __name__ == "__main__":
    make(Path(sys.argv[1]), quick="--quick" in sys.argv)
