"""The measurements: CPU interleaved and warm, peak memory of fresh processes, likeness to a reference."""

import json
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import once
from .children import ENGINE, HERE, PYTHON, RELEASE, Child, ImageMagick

Peer = Child | ImageMagick


@dataclass(frozen=True)
class Image:
    """One file of the corpus, as its header tells it."""

    path: Path
    format: str
    width_px: int
    height_px: int
    interlaced: bool
    bytes: int

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def megapixels(self) -> float:
        return self.width_px * self.height_px / 1e6


@dataclass
class Cell:
    """What one peer did with one file."""

    cpu_ms: list[float] = field(default_factory=list)
    peak_bytes: int | None = None
    ssimulacra2: float | None = None
    ssim: float | None = None
    bytes_read: int | None = None
    planned_peak_bytes: int | None = None
    error: str | None = None


Results = dict[tuple[str, str], Cell]


def images(folder: Path) -> list[Image]:
    """The images in `folder`, smallest first within each format."""
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not files:
        return []
    command = [str(RELEASE / "thumbtier"), "explain", "--json", *files]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    found = []
    for line in map(json.loads, lines):
        if line.get("width_px") is None:
            print(f"· left out {line['file']}: {line.get('message')}", file=sys.stderr)
            continue
        size = (line["width_px"], line["height_px"])
        found.append(Image(Path(line["file"]), line["format"], *size, line["interlaced"], line["source_bytes"]))
    order = ["jpeg", "png", "webp", "gif", "tiff", "bmp"]
    return sorted(found, key=lambda image: (order.index(image.format), image.interlaced, image.megapixels))


class Progress:
    """A line on a terminal, with what is left; a line for each tenth elsewhere."""

    def __init__(self, what: str, steps: int) -> None:
        self.what, self.steps, self.done = what, max(steps, 1), 0
        self.started_s = time.monotonic()

    def step(self, detail: str) -> None:
        self.done += 1
        left_s = (time.monotonic() - self.started_s) / self.done * (self.steps - self.done)
        line = f"{self.what} {self.done}/{self.steps}, about {left_s:.0f} s left  {detail}"
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            end = "\n" if self.done == self.steps else ""
            print(f"\r{line[:width]:<{width}}", end=end, file=sys.stderr, flush=True)
        elif self.done * 10 // self.steps > (self.done - 1) * 10 // self.steps:
            print(f"· {line}", file=sys.stderr, flush=True)


def cpu(peers: list[Peer], files: list[Image], rounds: dict[str, int], results: Results) -> None:
    """A warm-up of each file, then round by round: every file, every peer, in a new order each time."""
    order = random.Random(1)
    steps = len(files) + sum(rounds[file.name] for file in files)
    progress = Progress("measuring CPU", steps)
    for number in range(max(rounds.values()) + 1):
        for file in files:
            if number > rounds[file.name]:
                continue
            for peer in order.sample(peers, len(peers)):
                cell = results.setdefault((file.name, peer.name), Cell())
                if cell.error:
                    continue
                answer = peer.ask(file.path)
                cell.error = answer.get("error")
                if number > 0 and not cell.error:
                    cell.cpu_ms.append(answer["cpu_ms"])
                    cell.bytes_read = answer.get("bytes_read")
                    cell.planned_peak_bytes = answer.get("planned_peak_bytes")
            progress.step(file.name)
    for peer in peers:
        peer.close()


def memory(peers: list[Peer], files: list[Image], results: Results) -> None:
    """The peak resident set of a fresh process for each file and peer; of the engine, of `thumbtier make`."""
    progress = Progress("measuring memory", len(files))
    out = HERE / "out/memory"
    for file in files:
        for peer in peers:
            cell = results[file.name, peer.name]
            if peer.name == ENGINE:
                # What users run, not this harness's own binary.
                usage = once.run([RELEASE / "thumbtier", "make", "--out", out, file.path])
                cell.peak_bytes = None if usage.exit_code else usage.peak_bytes
            elif not cell.error:
                cell.peak_bytes = peer.ask(file.path).get("peak_bytes")
            peer.close()
        progress.step(file.name)


def quality(peers: list[Peer], files: list[Image], results: Results) -> None:
    """Likeness of each peer's PNG to a full-size decode resized with Lanczos3, at the size that the peer chose."""
    progress = Progress("measuring quality", len(files))
    out = HERE / "out/quality"
    out.mkdir(parents=True, exist_ok=True)
    score = Child("score", [str(RELEASE / "score")], "")
    for file in files:
        references: dict[tuple[int, int], Path] = {}
        for peer in peers:
            cell = results[file.name, peer.name]
            picture = out / f"{file.name}.{peer.name}.png"
            if cell.error or "error" in peer.ask(file.path, "png", picture):
                continue
            size = png_size(picture)
            if size not in references:
                references[size] = out / f"{file.name}.{size[0]}x{size[1]}.reference.png"
                command = [PYTHON, HERE / "reference.py", file.path, str(size[0]), str(size[1]), references[size]]
                subprocess.run(command, check=True)
            answer = score.exchange({"picture": str(picture), "reference": str(references[size])})
            cell.ssimulacra2, cell.ssim = answer.get("ssimulacra2"), answer.get("ssim")
        progress.step(file.name)
    for peer in [*peers, score]:
        peer.close()


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[16:24]
    return int.from_bytes(head[:4]), int.from_bytes(head[4:])
