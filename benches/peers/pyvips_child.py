"""libvips through pyvips as a peer: see `serve.py`.

At its best documented settings: `thumbnail` shrinks while it loads and reads sequentially by itself, the cache of
operations is off, and `VIPS_CONCURRENCY` is 1. Of several sizes the smaller ones are made from the larger.
"""

import pyvips

from serve import serve

# Each job is done, not remembered.
pyvips.cache_set_max(0)


def thumbnails(job: dict) -> list[bytes]:
    """One file for each of `sides`, which fall."""
    files = []
    image = None
    for side in job["sides"]:
        if image is None:
            # Turns the image upright by itself.
            image = pyvips.Image.thumbnail(job["file"], side, height=side, size="down")
        else:
            image = image.thumbnail_image(side, height=side, size="down")
        if side != job["sides"][-1]:
            # Read twice: by its encoder and by the next size.
            image = image.copy_memory()
        files.append(encoded(image, job["format"]))
    return files


def encoded(image: pyvips.Image, format: str) -> bytes:
    if format == "jpeg":
        return image.jpegsave_buffer(Q=80, keep="none")
    return image.pngsave_buffer(keep="none")


def version() -> str:
    numbers = ".".join(str(pyvips.version(part)) for part in range(3))
    return f"pyvips {pyvips.__version__} (libvips {numbers})"


serve(version, thumbnails)
