"""The measurements: CPU interleaved and warm, peak memory of fresh processes, likeness to a reference."""

import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from . import once
from .children import ENGINE, HERE, PYTHON, RELEASE, Child, ImageMagick
from .files import Image
from .targets import TARGETS, Target

Peer = Child | ImageMagick
Case = tuple[Image, Target]


@dataclass
class Cell:
    """What one peer did with one file and one target."""

    cpu_ms: list[float] = field(default_factory=list)
    peak_bytes: int | None = None
    # Of the poorest of the target's thumbnails.
    ssimulacra2: float | None = None
    ssim: float | None = None
    # Of all thumbnails together, as JPEG.
    bytes_written: int | None = None
    bytes_read: int | None = None
    planned_peak_bytes: int | None = None
    warnings: list[str] = field(default_factory=list)
    error: str | None = None


# By file, target and peer.
Results = dict[tuple[str, Target, str], Cell]


def cases(files: list[Image]) -> list[Case]:
    """Each file with the targets that are smaller than it; a file that is smaller than all, with the smallest."""
    found = []
    for file in files:
        targets = [target for target in TARGETS if target.shrinks(file.width_px, file.height_px)]
        found += [(file, target) for target in targets or TARGETS[:1]]
    return found


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


def cpu(peers: list[Peer], rounds: dict[Case, int], results: Results) -> None:
    """A warm-up of each case, then round by round: every case, every peer, in a new order each time."""
    order = random.Random(1)
    progress = Progress("measuring CPU", len(rounds) + sum(rounds.values()))
    for number in range(max(rounds.values()) + 1):
        for (file, target), wanted in rounds.items():
            if number > wanted:
                continue
            for peer in order.sample(peers, len(peers)):
                cell = results.setdefault((file.name, target, peer.name), Cell())
                if not cell.error:
                    _note(cell, file.path, peer.ask(file.path, target), keep=number > 0)
            progress.step(f"{file.name} to {target.name}")
    for peer in peers:
        peer.close()


def start_ms(peer: Child, times: int = 7) -> float:
    """CPU time of starting a peer, the median: its interpreter and its imports."""
    return median(once.run([*peer.command, "--version"]).cpu_ms for _ in range(times))


def _note(cell: Cell, path: Path, answer: dict, keep: bool) -> None:
    error = answer.get("error")
    # libvips says first how it tried, line by line; and where files lie here is nobody's business.
    cell.error = error and error.strip().splitlines()[-1].replace(f"{path.parent}/", "")
    if cell.error or not keep:
        return
    cell.cpu_ms.append(round(answer["cpu_ms"], 3))
    cell.bytes_written = answer["bytes_written"]
    cell.bytes_read = answer.get("bytes_read")
    cell.planned_peak_bytes = answer.get("planned_peak_bytes")
    cell.warnings = answer.get("warnings", [])


def memory(peers: list[Peer], all_cases: list[Case], results: Results) -> None:
    """The peak resident set of a fresh process for each case and peer; of the engine, of `thumbtier make`."""
    progress = Progress("measuring memory", len(all_cases))
    for file, target in all_cases:
        for peer in peers:
            cell = results[file.name, target, peer.name]
            if cell.error:
                continue
            if peer.name == ENGINE and len(target.sides) == 1:
                # What users run, not this harness's own binary. It makes one size.
                box = f"{target.sides[0]}x{target.sides[0]}"
                command = [RELEASE / "thumbtier", "make", "--size", box, "--out", HERE / "out/memory", file.path]
                usage = once.run(command)
                cell.peak_bytes = None if usage.exit_code else usage.peak_bytes
            else:
                cell.peak_bytes = peer.ask(file.path, target).get("peak_bytes")
            peer.close()
        progress.step(f"{file.name} to {target.name}")
    shutil.rmtree(HERE / "out/memory", ignore_errors=True)


def quality(peers: list[Peer], all_cases: list[Case], results: Results) -> dict[str, str]:
    """Likeness of each peer's PNGs to a full-size decode resized with Lanczos3, at the sizes that the peer chose.

    Returned is why a file has no reference, by name: one that is damaged.
    """
    progress = Progress("measuring quality", len(all_cases))
    score = Child("score", [str(RELEASE / "score")], "")
    out = HERE / "out/quality"
    missing = {}
    for file in dict.fromkeys(file for file, _ in all_cases):
        # A file's pictures of all peers are some hundred megabytes: they stay until the next file.
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        targets = [target for other, target in all_cases if other == file]
        pictures: dict[tuple[Target, str], list[Path]] = {}
        for index, target in enumerate(targets):
            for peer in peers:
                paths = [out / f"{index}.{side}.{peer.name}.png" for side in target.sides]
                cell = results[file.name, target, peer.name]
                if not cell.error and "error" not in peer.ask(file.path, target, "png", paths):
                    pictures[target, peer.name] = paths
        try:
            references = _references(file, {png_size(path) for paths in pictures.values() for path in paths}, out)
        except subprocess.CalledProcessError as error:
            missing[file.name] = error.stderr.strip().splitlines()[-1]
            references = {}
        for target in targets:
            for peer in peers:
                for path in pictures.get((target, peer.name), []) if references else []:
                    pair = {"picture": str(path), "reference": str(references[png_size(path)])}
                    _poorest(results[file.name, target, peer.name], score.exchange(pair))
            progress.step(f"{file.name} to {target.name}")
    for peer in [*peers, score]:
        peer.close()
    return missing


def _references(file: Image, sizes: set[tuple[int, int]], out: Path) -> dict[tuple[int, int], Path]:
    """One decode for all sizes."""
    paths = {size: out / f"reference.{size[0]}x{size[1]}.png" for size in sorted(sizes)}
    words = [str(word) for (width, height), path in paths.items() for word in (width, height, path)]
    command = [PYTHON, HERE / "reference.py", file.path, *words]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return paths


def _poorest(cell: Cell, answer: dict) -> None:
    if "error" in answer:
        return
    if cell.ssimulacra2 is None or answer["ssimulacra2"] < cell.ssimulacra2:
        cell.ssimulacra2, cell.ssim = round(answer["ssimulacra2"], 2), round(answer["ssim"], 4)


def png_size(path: Path) -> tuple[int, int]:
    head = path.read_bytes()[16:24]
    return int.from_bytes(head[:4]), int.from_bytes(head[4:])
