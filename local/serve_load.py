"""How much `thumbtier serve` makes: images a second, how long each is waited for, CPU and memory.

make serve-load                                    with s3s-fs as the store, at 1, 4 and 16 at once, into docs/serve.md
.venv/bin/python -m local.serve_load --program target/debug/thumbtier-serve --images 60 --print

`thumbtier serve`: each image is uploaded over HTTP and waited for (`Prefer: wait`), so that a time is from its first byte
sent to its thumbnail's last byte received, and the thumbnail is stored. `on the fly`: the image is uploaded to the store and
then asked for at benches/peers/on_the_fly.py, which keeps nothing. A new process serves at each concurrency. Store, clients
and server share the machine: images a second are a lower bound. The CPU of the server is its own.
"""

import argparse
import contextlib
import os
import random
import re
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy
from PIL import Image

from .served import process, stores
from .stack import ROOT, free_port, listens

TOKEN = "load"
PAGE = ROOT / "docs" / "serve.md"
PLACE = re.compile(r"(?s)(<!-- make serve-load -->\n).*?(<!-- /make serve-load -->\n)")
PEER = ROOT / "benches" / "peers"
TICKS = os.sysconf("SC_CLK_TCK")
HEAD = ("| | at once | images/s | of a core | p50 ms | p95 ms | p99 ms | CPU ms an image | peak MB |\n"
        "|---|---|---|---|---|---|---|---|---|\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make serve-load", description=__doc__.partition("\n")[0])
    parser.add_argument("--program", type=Path, default=ROOT / "target" / "release" / "thumbtier-serve")
    parser.add_argument("--images", type=int, default=300, help="for each row")
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--print", action="store_true", help="print the table, and leave docs/serve.md as it is")
    arguments = parser.parse_args()
    process.PROGRAM = arguments.program.absolute()
    cores = len(os.sched_getaffinity(0))
    body = photo(arguments.megapixels)
    table = HEAD
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=ROOT / "target")))
        store = stack.enter_context(stores.s3s(folder))
        for name, measured in (("`thumbtier serve`", stored), ("on the fly, libvips", on_the_fly)):
            for at_once in arguments.at_once:
                row = measured(store, folder, at_once, arguments.images, body)
                line = row_of(name, at_once, row, arguments.images, cores)
                print(line, file=sys.stderr, flush=True)
                table += f"{line}\n"
    said = (f"{arguments.images} JPEGs of {arguments.megapixels:g} MP and {len(body):,} bytes for each row, to 128 pixels, on "
            f"{cores} cores of {model()}:\n\n{table}")
    if arguments.print:
        print(said)
        return 0
    page, count = PLACE.subn(lambda found: found[1] + said + found[2], PAGE.read_text())
    if count != 1:
        raise SystemExit(f"{PAGE.relative_to(ROOT)} has {count} places for the table, expected 1")
    PAGE.write_text(page)
    return 0


def model() -> str:
    names = re.findall(r"(?m)^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text())
    return names[0] if names else os.uname().machine


def row_of(name: str, at_once: int, row: dict, images: int, cores: int) -> str:
    times = sorted(row["times_ms"])
    percentiles = [times[min(len(times) - 1, int(share * len(times)))] for share in (0.5, 0.95, 0.99)]
    rate = images / row["seconds"]
    numbers = [f"{rate:.1f}", f"{rate / cores:.1f}", *(f"{time_ms:.0f}" for time_ms in percentiles),
               f"{row['cpu_s'] * 1000 / images:.1f}", f"{row['peak_mb']:.0f}"]
    return f"| {name} | {at_once} | {' | '.join(numbers)} |"


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


def another(body: bytes) -> bytes:
    """No two have the same bytes, so that none is found done."""
    return body[:-2] + random.randbytes(8).replace(b"\xff", b"\xfe") + body[-2:]


def load(pid: int, at_once: int, images: int, one) -> dict:
    """Asks for that many, `at_once` at a time, after one that nobody counts."""
    one(-1)
    before_s, started = cpu_s(pid), time.monotonic()

    def timed(number: int) -> float:
        began = time.monotonic()
        one(number)
        return (time.monotonic() - began) * 1000

    with ThreadPoolExecutor(at_once) as pool:
        times_ms = list(pool.map(timed, range(images)))
    seconds = time.monotonic() - started
    status = Path(f"/proc/{pid}/status").read_text()
    peak_kb = int(re.search(r"(?m)^VmHWM:\s+(\d+)", status)[1])
    return {"times_ms": times_ms, "seconds": seconds, "cpu_s": cpu_s(pid) - before_s, "peak_mb": peak_kb / 1024}


def cpu_s(pid: int) -> float:
    # Behind the name, which may have spaces in it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def stored(store: stores.Store, folder: Path, at_once: int, images: int, body: bytes) -> dict:
    buckets = store.buckets(f"load-{at_once}")
    with process.Serve(buckets, folder / f"load-{at_once}", "--api-token", TOKEN) as serve:
        def one(number: int) -> None:
            headers = {"Prefer": "wait=25", "Content-Type": "image/jpeg"}
            status, answer = serve.ask(f"/images/{number}.jpg", another(body), "PUT", TOKEN, headers)
            if status != 200:
                raise stores.Failed(f"image {number}: {status}, {answer[:300]!r}")

        return load(serve.process.pid, at_once, images, one)


def on_the_fly(store: stores.Store, folder: Path, at_once: int, images: int, body: bytes) -> dict:
    buckets = store.buckets(f"fly-{at_once}")
    port = free_port()
    command = [PEER / ".venv" / "bin" / "python", PEER / "on_the_fly.py", str(port)]
    with stores.running(folder / f"fly-{at_once}.log", command) as server:
        stores.until("the server on the fly", lambda: listens(port))

        def one(number: int) -> None:
            at = {"Bucket": buckets.source, "Key": f"{number}.jpg"}
            store.s3.put_object(**at, Body=another(body))
            url = store.s3.generate_presigned_url("get_object", Params=at)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/?{urllib.parse.urlencode({'url': url})}") as answer:
                answer.read()

        return load(server.pid, at_once, images, one)


if __name__ == "__main__":
    sys.exit(main())
