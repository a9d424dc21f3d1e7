"""Pillow as a peer: one JSON job a line on standard input, one answer a line on standard output."""

import io
import json
import sys
import time
from pathlib import Path

import PIL
from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = None


def thumbnail(job: dict) -> bytes:
    with Image.open(job["file"]) as image:
        # In palette mode Pillow would take the nearest pixel, which nobody wants to see.
        if image.mode == "P":
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        # Reads a JPEG at a smaller scale.
        image.thumbnail((128, 128), Image.Resampling.BICUBIC, reducing_gap=2.0)
        image = ImageOps.exif_transpose(image)
        if job["format"] == "jpeg" and image.mode not in ("L", "RGB"):
            image = image.convert("RGB")
        file = io.BytesIO()
        image.save(file, job["format"], quality=80)
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
        file = thumbnail(job)
        answer = {"cpu_ms": (time.process_time_ns() - before) / 1e6, "peak_bytes": peak_bytes()}
        if job["out"]:
            Path(job["out"]).write_bytes(file)
    except Exception as error:  # Whatever a peer raises, it is the answer.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
