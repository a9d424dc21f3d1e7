"""The pictures that thumbnails are compared with: decoded at full size, then Lanczos3 from full resolution.

Arguments: the image, then for each thumbnail its width and height in pixels and the PNG to write.
"""

import sys

import pillow_heif
from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None
pillow_heif.register_heif_opener()


def main(source: str, *thumbnails: str) -> None:
    with Image.open(source) as image:
        # Pillow resamples RGBA with alpha premultiplied.
        has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        picture = ImageOps.exif_transpose(image.convert("RGBA" if has_alpha else "RGB"))
    for width, height, target in zip(*[iter(thumbnails)] * 3, strict=True):
        picture.resize((int(width), int(height)), Image.Resampling.LANCZOS).save(target)


try:
    main(*sys.argv[1:])
except (OSError, SyntaxError, ValueError) as error:  # What Pillow raises of a file that it does not read.
    sys.exit(f"{type(error).__name__}: {error}")
