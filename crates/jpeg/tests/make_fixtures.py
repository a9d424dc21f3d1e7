#!/usr/bin/env python3
"""Makes tests/fixtures: small JPEGs of every shape, and what libjpeg-turbo's djpeg makes of them.

Needs Pillow, numpy, and cjpeg, djpeg, jpegtran of libjpeg-turbo. Run it from anywhere; the result is committed.
NAME.jpg is the file; NAME.planes holds its luma at 1/8, 1/4, 1/2 and in full, one after another, rows without padding.
Where each component was coded as a grey file of its own, the other components follow.
A file without .planes is one that djpeg cannot decode so.
"""

import io
import pathlib
import struct
import subprocess
import tempfile

import numpy
from PIL import Image, ImageCms

HERE = pathlib.Path(__file__).parent / "fixtures"


def picture(width, height, noise=4.0):
    """Slopes, a disc and a few hard edges in all channels, with some grain."""
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    random = numpy.random.default_rng(width * 1000 + height)
    red = 128 + 90 * numpy.sin(x / 17) * numpy.cos(y / 23)
    green = 255 * x / max(width, 2)
    blue = 255 * y / max(height, 2)
    disc = (x - width * 0.6) ** 2 + (y - height * 0.4) ** 2 < (min(width, height) * 0.25) ** 2
    red[disc], green[disc] = 230, 40
    blue[(x + y) % 29 < 4] *= 0.6
    image = numpy.stack([red, green, blue], axis=2) + random.normal(0, noise, (height, width, 1))
    return Image.fromarray(image.clip(0, 255).astype(numpy.uint8))


def run(*command, data):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def ppm(image):
    buffer = io.BytesIO()
    image.save(buffer, "PPM")
    return buffer.getvalue()


def luma(jpeg):
    planes = b""
    for scale in ("1/8", "1/4", "1/2", "1/1"):
        pgm = run("djpeg", "-grayscale", "-scale", scale, "-pnm", data=jpeg)
        planes += Image.open(io.BytesIO(pgm)).convert("L").tobytes()
    return planes


def save(name, jpeg, planes=None):
    (HERE / f"{name}.jpg").write_bytes(jpeg)
    if planes is None:
        planes = luma(jpeg)
    if planes:
        (HERE / f"{name}.planes").write_bytes(planes)


def cjpeg(*options, image, scans=None):
    if scans is None:
        return run("cjpeg", *options, data=ppm(image))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as script:
        script.write(scans)
        script.flush()
        return run("cjpeg", *options, "-scans", script.name, data=ppm(image))


def with_fill_bytes(jpeg):
    """Puts two fill bytes in front of every marker, those between restart intervals included."""
    out, at = bytearray(jpeg[:2]), 2
    while at < len(jpeg):
        if jpeg[at] == 0xFF and jpeg[at + 1] not in (0, 0xFF):
            out += b"\xff\xff"
            marker = jpeg[at + 1]
            length = 2
            if not 0xD0 <= marker <= 0xD9:
                length += jpeg[at + 2] << 8 | jpeg[at + 3]
            out += jpeg[at : at + length]
            at += length
        else:
            out.append(jpeg[at])
            at += 1
    return bytes(out)


def assembled(image, factors):
    """A file of any sampling factors, which cjpeg refuses to write: each component a scan, taken from a grey file."""
    planes = image.convert("YCbCr").split()
    width, height = image.size
    h_max, v_max = (max(factor[i] for factor in factors) for i in (0, 1))
    sof = struct.pack(">BHHB", 8, height, width, len(factors))
    tables, scans, reference = b"", b"", b""
    for index, (plane, (h, v)) in enumerate(zip(planes, factors)):
        size = (-(-width * h // h_max), -(-height * v // v_max))
        grey = cjpeg("-quality", "85", "-grayscale", image=plane.resize(size, Image.BOX).convert("RGB"))
        reference += luma(grey)
        segments = {}
        at = 2
        while grey[at + 1] != 0xDA:
            length = 2 + (grey[at + 2] << 8 | grey[at + 3])
            segments[grey[at + 1]] = segments.get(grey[at + 1], b"") + grey[at : at + length]
            at += length
        tables = segments[0xDB] + segments[0xC4]
        sof += bytes([index + 1, h << 4 | v, 0])
        scans += b"\xff\xda\x00\x08\x01" + bytes([index + 1]) + b"\x00\x00\x3f\x00"
        scans += grey[at + 2 + (grey[at + 2] << 8 | grey[at + 3]) : -2]
    sof = b"\xff\xc0" + struct.pack(">H", len(sof) + 2) + sof
    return b"\xff\xd8" + tables + sof + scans + b"\xff\xd9", reference


def main():
    HERE.mkdir(exist_ok=True)
    for old in HERE.iterdir():
        old.unlink()
    usual = picture(83, 61)

    for factors in ["1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4", "3x1", "1x3", "3x2", "2x3"]:
        save(f"sampling_{factors}", cjpeg("-quality", "85", "-sample", factors, image=usual))
    for factors in [
        [(3, 2), (2, 1), (1, 1)], [(2, 2), (1, 2), (2, 1)], [(3, 1), (2, 1), (1, 1)], [(1, 1), (2, 2), (2, 2)],
        [(1, 2), (2, 1), (1, 1)], [(2, 3), (1, 2), (1, 1)], [(2, 1), (3, 1), (3, 2)], [(4, 4), (3, 3), (1, 2)],
        [(1, 1), (4, 3)],
    ]:
        name = "_".join(f"{h}x{v}" for h, v in factors)
        apart, planes = assembled(usual, factors)
        save(f"apart_{name}", apart, planes)
        if sum(h * v for h, v in factors) <= 10:
            save(f"together_{name}", run("jpegtran", "-optimize", data=apart), planes)
            save(f"progressive_{name}", run("jpegtran", "-progressive", data=apart), planes)

    for width, height in [(1, 1), (1, 37), (37, 1), (8, 8), (9, 7), (16, 16), (17, 17), (15, 33), (64, 48)]:
        save(f"size_{width}x{height}", cjpeg("-quality", "80", "-sample", "2x2", image=picture(width, height)))
    save("size_1x1_progressive", cjpeg("-quality", "80", "-progressive", image=picture(1, 1)))

    for restart in ["1B", "3B", "1", "2"]:
        save(f"restart_{restart}", cjpeg("-quality", "85", "-restart", restart, "-sample", "2x2", image=usual))
    save("restart_2B_progressive", cjpeg("-quality", "85", "-restart", "2B", "-progressive", image=usual))
    save("restart_fill_bytes", with_fill_bytes(cjpeg("-quality", "85", "-restart", "3B", image=usual)))

    save("grey", cjpeg("-quality", "85", "-grayscale", image=usual))
    save("grey_progressive", cjpeg("-quality", "85", "-grayscale", "-progressive", image=usual))
    save("grey_sampling_2x2", cjpeg("-quality", "85", "-grayscale", "-sample", "2x2", image=usual))
    buffer = io.BytesIO()
    usual.convert("CMYK").save(buffer, "JPEG", quality=85)
    save("cmyk", buffer.getvalue(), planes=b"")

    save("quality_100", cjpeg("-quality", "100", "-sample", "1x1", image=picture(83, 61, noise=25)))
    save("quality_98_optimised", cjpeg("-quality", "98", "-optimize", "-sample", "1x1", image=picture(83, 61, noise=40)))
    save("quantisation_16_bit", cjpeg("-quality", "4", image=usual))
    save("optimised", cjpeg("-quality", "60", "-optimize", image=usual))

    save("scans_apart", cjpeg("-quality", "85", "-sample", "2x2", image=usual, scans="0;\n1;\n2;\n"))
    save("scans_apart_optimised", cjpeg("-quality", "85", "-optimize", image=usual, scans="0;\n1 2;\n"))
    save("scans_chroma_first", cjpeg("-quality", "85", image=usual, scans="2;\n1;\n0;\n"))

    save("progressive", cjpeg("-quality", "85", "-progressive", image=usual))
    save("progressive_444", cjpeg("-quality", "92", "-progressive", "-sample", "1x1", image=usual))
    save("progressive_3x1", cjpeg("-quality", "85", "-progressive", "-sample", "3x1", image=usual))
    save("progressive_dc_whole", cjpeg("-quality", "85", image=usual, scans=(
        "0 1 2: 0 0 0 0;\n0: 1 9 0 2;\n2: 1 63 0 1;\n1: 1 63 0 1;\n0: 10 63 0 2;\n"
        "0: 1 63 2 1;\n0: 1 63 1 0;\n2: 1 63 1 0;\n1: 1 63 1 0;\n")))
    save("progressive_dc_apart", cjpeg("-quality", "85", image=usual, scans=(
        "0: 0 0 0 2;\n0: 1 5 0 0;\n1: 0 0 0 0;\n2: 0 0 0 1;\n0: 6 63 0 0;\n1: 1 63 0 0;\n2: 1 63 0 0;\n"
        "0: 0 0 2 1;\n2: 0 0 1 0;\n0: 0 0 1 0;\n")))
    save("progressive_narrow_bands", cjpeg("-quality", "85", image=usual, scans=(
        "0 1 2: 0 0 0 0;\n" + "".join(f"0: {k} {k} 0 0;\n" for k in range(1, 20)) +
        "0: 20 63 0 0;\n1: 1 63 0 0;\n2: 1 63 0 0;\n")))
    save("progressive_quality_100", cjpeg("-quality", "100", "-progressive", image=picture(83, 61, noise=25)))

    buffer = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(33, 21).save(buffer, "JPEG", quality=80, icc_profile=profile, exif=exif)
    save("exif_and_icc", buffer.getvalue())


if __name__ == "__main__":
    main()
