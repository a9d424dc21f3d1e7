"""libvips through pyvips as a peer: one JSON job a line on standard input, one answer a line on standard output."""

import json
import sys
import time
from pathlib import Path

import pyvips

# Each job is done, not remembered.
pyvips.cache_set_max(0)


def thumbnail(job: dict) -> bytes:
    # Turns the image upright by itself.
    image = pyvips.Image.thumbnail(job["file"], 128, height=128, size="down")
    if job["format"] == "jpeg":
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
        file = thumbnail(job)
        answer = {"cpu_ms": (time.process_time_ns() - before) / 1e6, "peak_bytes": peak_bytes()}
        if job["out"]:
            Path(job["out"]).write_bytes(file)
    except Exception as error:  # Whatever a peer raises, it is the answer.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
