"""A folder of 200 JPEGs by the commands that users have, on every core: `thumbtier make` and `vipsthumbnail`."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from . import once
from .children import HERE, RELEASE
from .files import Image

FILES = 200
ROUNDS = 3
SIDES = (128, 1024)
# Larger ones are no usual upload.
MOST_MEGAPIXELS = 30
OUT = HERE / "out/folder"


@dataclass
class Row:
    """What one command did with the folder, for one box."""

    command: str
    side: int
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    # Of the largest process.
    peak_bytes: int = 0

    @property
    def images_a_second(self) -> float:
        return FILES / median(self.wall_s)


def measure(files: list[Image]) -> list[Row]:
    """The JPEGs of `files`, again and again; nothing where no `vipsthumbnail` is installed."""
    photographs = [file for file in files if file.format == "jpeg" and file.megapixels <= MOST_MEGAPIXELS]
    if shutil.which("vipsthumbnail") is None or not photographs:
        return []
    print(f"· measuring a folder of {FILES} files", file=sys.stderr)
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "in").mkdir(parents=True)
    for number in range(FILES):
        file = photographs[number % len(photographs)]
        # A link by name would be taken for the same file.
        shutil.copyfile(file.path, OUT / "in" / f"{number:03}-{file.path.name}")
    (OUT / "list").write_text("".join(f"{path}\n" for path in sorted((OUT / "in").iterdir())))
    rows = [(row, command) for side in SIDES for row, command in _commands(side)]
    for _ in range(ROUNDS):
        for row, command in rows:
            shutil.rmtree(OUT / "made", ignore_errors=True)
            (OUT / "made").mkdir()
            began_s = time.monotonic()
            usage = once.run(command)
            row.wall_s.append(round(time.monotonic() - began_s, 2))
            made = sum(1 for path in (OUT / "made").rglob("*") if path.is_file())
            if made != FILES:
                raise RuntimeError(f"{row.command} made {made} of {FILES} thumbnails")
            row.cpu_s.append(round(usage.cpu_ms / 1e3, 2))
            row.peak_bytes = max(row.peak_bytes, usage.peak_bytes)
    shutil.rmtree(OUT)
    return [row for row, _ in rows]


def _commands(side: int) -> list[tuple[Row, list[str | Path]]]:
    cores = os.cpu_count() or 1
    box = f"{side}x{side}"
    ours = [RELEASE / "thumbtier", "make", "--size", box, "--out", OUT / "made", OUT / "in"]
    # It makes one file after the other: as many processes as cores is the fastest way to use it.
    theirs = ["xargs", "-a", OUT / "list", "-P", str(cores), "-n", str(-(-FILES // cores)), "env", "VIPS_CONCURRENCY=1"]
    theirs += ["vipsthumbnail", "--size", f"{box}>", "-o", f"{OUT / 'made'}/%s.jpg[Q=80,strip]"]
    return [
        (Row("thumbtier make", side), ours),
        (Row(f"vipsthumbnail {_version()}, {cores} processes", side), theirs),
    ]


def _version() -> str:
    # vips-8.14.1
    said = subprocess.run(["vipsthumbnail", "--version"], capture_output=True, text=True, check=True).stdout
    return said.strip().removeprefix("vips-")


def table(rows: list[Row]) -> list[str]:
    """The lines of the report."""
    if not rows:
        return []
    lines = [
        f"### A folder of {FILES} JPEGs, on every core",
        "",
        "Median of three interleaved rounds, starts of the programs included. Memory is that of the largest process.",
        "",
        "| box | command | images a second | CPU s | peak MiB |",
        "|--:|---|--:|--:|--:|",
    ]
    for row in rows:
        cells = [f"{row.side:,}", f"`{row.command}`", f"{row.images_a_second:.0f}", f"{median(row.cpu_s):.1f}"]
        lines.append(f"| {' | '.join([*cells, f'{row.peak_bytes / 2**20:.0f}'])} |")
    return [*lines, ""]
