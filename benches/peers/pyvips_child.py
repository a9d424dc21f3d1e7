"""libvips through pyvips as a peer: one JSON job a line on standard input, one answer a line on standard output.

At its best documented settings: `thumbnail` shrinks while it loads and reads sequentially by itself, the cache of
operations is off, and `VIPS_CONCURRENCY` is 1. Of several sizes the smaller ones are made from the larger.
"""

import json
import sys
import time
from pathlib import Path

import pyvips

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


def peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


if sys.argv[1:] == ["--version"]:
    numbers = ".".join(str(pyvips.version(part)) for part in range(3))
    print(f"pyvips {pyvips.__version__} (libvips {numbers})")
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
