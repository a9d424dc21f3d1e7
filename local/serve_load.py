"""How much `thumbtier serve` makes: images a second, how long each is waited for, and memory.

make serve-load                                    with s3s-fs as the store, at 1, 4 and 16 at once
.venv/bin/python -m local.serve_load --program target/debug/thumbtier-serve --images 60

Each image is uploaded over HTTP and waited for (`Prefer: wait`), so that a time is from its first byte sent to its
thumbnail's last byte received; a new process serves at each concurrency. Store, clients and `thumbtier serve` share the
machine: the figures are a lower bound, and noisy where anything else runs.
"""

import argparse
import contextlib
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy
from PIL import Image

from .served import process, stores
from .stack import ROOT

TOKEN = "load"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make serve-load", description=__doc__.partition("\n")[0])
    parser.add_argument("--program", type=Path, default=ROOT / "target" / "release" / "thumbtier-serve")
    parser.add_argument("--images", type=int, default=300, help="for each concurrency")
    parser.add_argument("--megapixels", type=float, default=2.0)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 16])
    arguments = parser.parse_args()
    served.PROGRAM = arguments.program.absolute()
    cores = len(os.sched_getaffinity(0))
    body = photo(arguments.megapixels)
    print(f"{cores} cores, JPEG of {arguments.megapixels} MP and {len(body):,} bytes, {arguments.images} images each")
    print("at once  images/s  a core  p50 ms  p95 ms  p99 ms  peak MB")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=ROOT / "target")))
        store = served.Store(stack.enter_context(served.s3s(folder)), None, served.CREDENTIALS)
        for at_once in arguments.at_once:
            row = measured(store, folder, at_once, arguments.images, body)
            rate = arguments.images / row["seconds"]
            print(f"{at_once:7}  {rate:8.1f}  {rate / cores:6.1f}  {row['p50']:6.0f}  {row['p95']:6.0f}  {row['p99']:6.0f}"
                  f"  {row['peak_mb']:7.0f}", flush=True)
    return 0


def photo(megapixels: float) -> bytes:
    """Soft shapes with a little noise, which compresses about as a photograph does."""
    height = int((megapixels * 1e6 / 1.5) ** 0.5)
    noise = numpy.random.default_rng(7)
    small = Image.fromarray(noise.integers(0, 255, (24, 36, 3), dtype=numpy.uint8))
    soft = numpy.asarray(small.resize((height * 3 // 2, height), Image.Resampling.BICUBIC), dtype=numpy.int16)
    noisy = (soft + noise.normal(0, 4, soft.shape)).clip(0, 255).astype(numpy.uint8)
    file = BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=85)
    return file.getvalue()


def measured(store: served.Store, folder: Path, at_once: int, images: int, body: bytes) -> dict[str, float]:
    buckets = store.buckets(f"load-{at_once}")
    with served.Serve(buckets, folder / f"load-{at_once}", "--api-token", TOKEN, "--alone") as serve:
        def one(number: int) -> float:
            # No two have the same bytes, so that none is found done.
            sent = body[:-2] + random.randbytes(8).replace(b"\xff", b"\xfe") + body[-2:]
            started = time.monotonic()
            status, answer = serve.ask(
                f"/images/{number}.jpg", sent, "PUT", TOKEN, {"Prefer": "wait=25", "Content-Type": "image/jpeg"})
            if status != 200:
                raise served.Failed(f"image {number}: {status}, {answer[:300]!r}")
            return (time.monotonic() - started) * 1000

        one(-1)
        started = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            times = sorted(pool.map(one, range(images)))
        seconds = time.monotonic() - started
        status = Path(f"/proc/{serve.process.pid}/status").read_text()
        peak_kb = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    percentile = lambda share: times[min(len(times) - 1, int(share * len(times)))]
    return {"seconds": seconds, "p50": percentile(0.5), "p95": percentile(0.95), "p99": percentile(0.99), "peak_mb": peak_kb / 1024}


if __name__ == "__main__":
    sys.exit(main())
