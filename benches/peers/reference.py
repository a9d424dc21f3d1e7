"""The picture that thumbnails are compared with: decoded at full size, then Lanczos3 from full resolution.

Arguments: the image, width and height of the thumbnail in pixels, the PNG to write.
"""

import sys

from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None


def main(source: str, width: str, height: str, target: str) -> None:
    with Image.open(source) as image:
        # Pillow resamples RGBA with alpha premultiplied.
        has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        picture = ImageOps.exif_transpose(image.convert("RGBA" if has_alpha else "RGB"))
        picture = picture.resize((int(width), int(height)), Image.Resampling.LANCZOS)
        picture.save(target)


main(*sys.argv[1:])
