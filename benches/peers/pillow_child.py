"""Pillow as a peer: see `serve.py`.

At its best documented settings: `thumbnail` lets libjpeg decode at a smaller scale (`draft`), and `reducing_gap` 2.0
shrinks by a box before the bicubic filter. Of several sizes the smaller ones are made from the larger. HEIC is decoded by
pillow-heif, with libheif and libde265, and AVIF by dav1d.
"""

import io
from importlib import metadata

import PIL
from PIL import Image, ImageOps

from serve import serve

Image.MAX_IMAGE_PIXELS = None


def thumbnails(job: dict) -> list[bytes]:
    """One file for each of `sides`, which fall."""
    files = []
    if job["file"].endswith((".heic", ".heif")):
        read_heif()
    with Image.open(job["file"]) as image:
        # In palette mode Pillow would take the nearest pixel, which nobody wants to see.
        if image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        for side in job["sides"]:
            image.thumbnail((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0)
            if not files:
                image = ImageOps.exif_transpose(image)
            files.append(encoded(image, job["format"]))
    return files


def read_heif() -> None:
    """Only where it is asked for: the library would be in the memory of all other files."""
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener()


def encoded(image: Image.Image, format: str) -> bytes:
    if format == "jpeg" and image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, format, quality=80)
    return file.getvalue()


serve(lambda: f"Pillow {PIL.__version__} (pillow-heif {metadata.version('pillow-heif')})", thumbnails)
