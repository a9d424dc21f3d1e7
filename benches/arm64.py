"""`make test-arm64`: the worker's zip for arm64 makes every golden thumbnail of the engine's tests.

python3 -m benches.arm64 "qemu-aarch64-static -L /usr/aarch64-linux-gnu" target/arm64-golden

The program of the zip runs behind Lambda's runtime API and an S3; the thumbnails that it stores are decoded by Pillow,
and their size, colours and checksum are those of crates/engine/tests/golden.txt. Where a colour profile is followed,
moxcms rounds otherwise with NEON than with AVX: there each sample may be one level off. HEIC, and films of H.264, are
refused by name in a zip without them. SVG and PDF are left out: a process of its own draws them, and qemu starts none for
another processor. Lastly: NEON is in the program, as instructions.
"""

import argparse
import io
import json
import shutil
import sys
import time
import zipfile
import zlib
from pathlib import Path

import numpy
from PIL import Image

from .services import ROOT, Services, job, start

ZIP = ROOT / "target/lambda/arm64/worker.zip"
GOLDEN = ROOT / "crates/engine/tests/golden.txt"
MEMORY_MB = 3008
# As golden.rs makes them.
THUMBNAILS = {"key": "{key}/{variant}.{ext}", "cache_control": "no-store", "variants": [
    {"name": "a", "width_px": 30, "height_px": 30, "fit": "inside", "format": "png", "quality": 90}]}
# What the crate `image` calls the colours that Pillow calls so.
COLOURS = {"RGB": "Rgb8", "RGBA": "Rgba8", "L": "L8", "LA": "La8"}
# Instructions of the class "Advanced SIMD three same", the commonest of NEON: fixed bits, and how they stand.
# Source: Arm Architecture Reference Manual for A-profile, C4.1, "Data Processing -- Scalar Floating-Point and Advanced SIMD".
NEON_MASK, NEON_BITS = 0x9F200400, 0x0E200400
# An image library without it has some hundred, from the standard library.
LEAST_NEON = 5_000
# Of 255, in a thumbnail of a picture with a profile.
MOST_OFF = 1
# How the lines of drawings begin, and what is off in zips unless somebody turns it on.
DRAWN, PATENTED = ("svg", "pdf"), ("hevc", "h.264")
# Under emulation.
START_S, TIMEOUT_S = 60, 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="make test-arm64", description=__doc__.partition("\n")[0])
    parser.add_argument("runner", help="the command that runs a program for arm64 here")
    parser.add_argument("files", type=Path, help="what GOLDEN_FILES kept")
    arguments = parser.parse_args()
    if not ZIP.is_file():
        sys.exit(f"arm64: there is no {ZIP.relative_to(ROOT)}: run `make package ARCHITECTURE=arm64`")
    folder = ROOT / "target" / "arm64"
    shutil.rmtree(folder, ignore_errors=True)
    with zipfile.ZipFile(ZIP) as archive:
        archive.extractall(folder)
    (folder / "thumbnails.json").write_text(json.dumps(THUMBNAILS))
    (folder / "bootstrap").chmod(0o755)
    services = Services()
    environment = services.environment("worker", MEMORY_MB) | {"TIER": "large", "LAMBDA_TASK_ROOT": str(folder)}
    began_s = time.monotonic()
    process = start(f"{arguments.runner} {folder / 'bootstrap'}", environment, None)
    try:
        if not services.ready.wait(START_S):
            sys.exit(f"arm64: the worker did not ask for an event within {START_S} s")
        same, near, refused, drawn, wrong = compare(services, arguments.files)
    finally:
        process.kill()
        process.wait()
    words = numpy.frombuffer((folder / "bootstrap").read_bytes(), "<u4", offset=0, count=(folder / "bootstrap").stat().st_size // 4)
    neon = int(numpy.count_nonzero((words & NEON_MASK) == NEON_BITS))
    if neon < LEAST_NEON:
        wrong.append(f"the program has {neon:,} instructions of NEON, expected {LEAST_NEON:,} or more")
    for line in wrong:
        print(f"arm64: {line}", file=sys.stderr)
    print(f"{neon:,} instructions of NEON; {same} thumbnails are those of golden.txt to the bit, {near} to {MOST_OFF} level, "
          f"{refused} were refused for want of HEVC and H.264, {drawn} drawings were left out, "
          f"{len(wrong)} things are wrong, in {time.monotonic() - began_s:.0f} s")
    print(f"{same + near} passed, {len(wrong)} failed")
    sys.exit(1 if wrong or not same else 0)


def compare(services: Services, files: Path) -> tuple[int, int, int, int, list[str]]:
    """How many are the same, nearly so, refused for want of HEVC and H.264, and left out; and what is wrong."""
    same, near, refused, drawn, wrong = 0, 0, 0, 0, []
    for number, line in enumerate(GOLDEN.read_text().splitlines()):
        if line.startswith(DRAWN):
            drawn += 1
            continue
        services.object = (files / str(number)).read_bytes()
        ending = services.invoke(number, job(f"golden-{number}", services), TIMEOUT_S)
        if ending is None or ending.failed:
            sys.exit(f"arm64: `{line}`: {ending.body.decode() if ending else f'no answer within {TIMEOUT_S} s'}")
        name, _, _ = line.rpartition(": ")
        thumbnails = [file for key, file in ending.stored.items() if key.endswith("/a.png")]
        if not thumbnails and any(codec in ending.body.decode().lower() for codec in PATENTED):
            refused += 1
        elif not thumbnails:
            wrong.append(f"`{line}`: {ending.body.decode()}")
        elif (found := f"{name}: {described(thumbnails[0])}") == line:
            same += 1
        elif "profile" in name and (off := distance(thumbnails[0], (files / f"{number}.png").read_bytes())) <= MOST_OFF:
            near += 1
        else:
            wrong.append(f"`{line}` is `{found}`" + (f", {off} levels off" if "profile" in name else ""))
    return same, near, refused, drawn, wrong


def distance(one: bytes, other: bytes) -> int:
    """By how many levels two thumbnails differ at most; 256 if they are not of one kind."""
    first, second = (numpy.asarray(Image.open(io.BytesIO(file))).astype(int) for file in (one, other))
    return int(abs(first - second).max()) if first.shape == second.shape else 256


def described(file: bytes) -> str:
    """Size, colours and checksum, as golden.txt has them."""
    image = Image.open(io.BytesIO(file))
    return f"{image.width}x{image.height} {COLOURS.get(image.mode, image.mode)} {zlib.crc32(image.tobytes()):08x}"


if __name__ == "__main__":
    main()
