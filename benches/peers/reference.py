"""The pictures that thumbnails are compared with: decoded at full size, in sRGB, then Lanczos3 from full resolution.

Arguments: the image, then for each thumbnail its width and height in pixels and the PNG to write.

Samples are rounded once, at the end. A reference that is rounded to eight bits of RGB before it is resized has noise that
only thumbnails of the same decode share: four camera files to 2,048 pixels lost 1.1 of SSIMULACRA2 by it, whoever resized
their planes without that step, in floating point too (4:4:4 of 12 MP: 93.0, with it 94.2).
"""

import io
import sys
from collections.abc import Iterator

import numpy
import pillow_heif
from PIL import Image, ImageCms, ImageOps

Image.MAX_IMAGE_PIXELS = None
pillow_heif.register_heif_opener()
# Source: JFIF 1.02, page 3: what Cb and Cr, less 128, add to red, green and blue.
OF_CHROMA = [(0.0, 1.402), (-0.344136, -0.714136), (1.772, 0.0)]


def main(source: str, *thumbnails: str) -> None:
    sizes = [(int(width), int(height)) for width, height in zip(thumbnails[::3], thumbnails[1::3], strict=True)]
    with Image.open(source) as image:
        # Pillow resamples RGBA with alpha premultiplied, and rounds between two steps.
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            picture = ImageOps.exif_transpose(_in_srgb(image.convert("RGBA"), image))
            for size, target in zip(sizes, thumbnails[2::3], strict=True):
                picture.resize(size, Image.Resampling.LANCZOS).save(target)
            return
        # As the image is stored, the sizes of thumbnails are turned with it.
        is_turned = image.getexif().get(0x0112, 1) >= 5
        stored = [size[::-1] if is_turned else size for size in sizes]
        channels = [[_resized(channel, size) for size in stored] for channel in _channels(source, image)]
        exif = image.getexif()
    for number, target in enumerate(thumbnails[2::3]):
        picture = Image.merge("RGB", [channel[number] for channel in channels])
        picture.getexif().update(exif)
        ImageOps.exif_transpose(picture).save(target)


def _channels(source: str, image: Image.Image) -> Iterator[Image.Image]:
    """Red, green and blue at full size, of a JPEG without a profile in floating point."""
    if image.format == "JPEG" and image.mode == "RGB" and "icc_profile" not in image.info:
        with Image.open(source) as planes:
            planes.draft("YCbCr", planes.size)
            if planes.mode == "YCbCr":
                luma, *chroma = (numpy.asarray(plane, numpy.float32) for plane in planes.split())
                for of_blue, of_red in OF_CHROMA:
                    channel = luma + of_blue * (chroma[0] - 128) + of_red * (chroma[1] - 128)
                    yield Image.fromarray(channel.clip(0, 255))
                return
    yield from (channel.convert("F") for channel in _in_srgb(image.convert("RGB"), image).split())


def _in_srgb(picture: Image.Image, image: Image.Image) -> Image.Image:
    """Colours by the profile of `image`, whose pixels `picture` has."""
    if not (profile := image.info.get("icc_profile")):
        return picture
    profile, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    try:
        picture = ImageCms.profileToProfile(picture.convert("RGB"), profile, srgb, renderingIntent=intent)
    except ImageCms.PyCMSError:
        # Of grey, or of inks, which Pillow has turned into RGB.
        return picture
    if alpha is not None:
        picture.putalpha(alpha)
    return picture


def _resized(channel: Image.Image, size: tuple[int, int]) -> Image.Image:
    resized = numpy.asarray(channel.resize(size, Image.Resampling.LANCZOS))
    return Image.fromarray(resized.round().clip(0, 255).astype(numpy.uint8))


try:
    main(*sys.argv[1:])
except (OSError, SyntaxError, ValueError) as error:  # What Pillow raises of a file that it does not read.
    sys.exit(f"{type(error).__name__}: {error}")
