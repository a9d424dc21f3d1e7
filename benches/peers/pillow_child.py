"""Pillow as a peer: one JSON job a line on standard input, one answer a line on standard output.

At its best documented settings: `thumbnail` lets libjpeg decode at a smaller scale (`draft`), and `reducing_gap` 2.0
shrinks by a box before the bicubic filter. Of several sizes the smaller ones are made from the larger.
"""

import io
import json
import sys
import time
from pathlib import Path

import PIL
from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None


def thumbnails(job: dict) -> list[bytes]:
    """One file for each of `sides`, which fall."""
    files = []
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


def encoded(image: Image.Image, format: str) -> bytes:
    if format == "jpeg" and image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, format, quality=80)
    return file.getvalue()


def peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if sys.argv[1:] == ["--version"]:
    print(f"Pillow {PIL.__version__}")
    sys.exit()
for line in sys.stdin:
    job = json.loads(line)
    try:
        before = time.process_time_ns()
        files = thumbnails(job)
        cpu_ms = (time.process_time_ns() - before) / 1e6
        answer = {"cpu_ms": cpu_ms, "peak_bytes": peak_bytes(), "bytes_written": sum(map(len, files))}
        for out, file in zip(job["outs"] or [], files):
            Path(out).write_bytes(file)
    except Exception as error:  # Whatever a peer raises, it is the answer.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
