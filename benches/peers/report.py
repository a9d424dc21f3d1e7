"""The section "Peers" of benches/report.md, and the same figures as peers.json beside it."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median

from . import folder
from .aims import Verdict
from .children import ENGINE
from .measure import Case, Cell, Peer, Results

BEGIN, END = "<!-- peers: written by `make peers` -->", "<!-- peers: end -->"

INTRODUCTION = """\
Each file becomes a thumbnail in a box of 128, 512, 1,024 and 2,048 pixels, and the set 128 + 512 + 1,600, of those that
are smaller than the file: upright, JPEG of quality 80. Every peer is a process that stays, warm, on the same one core;
rounds are interleaved, and each has a new order. Peers have their best documented settings: they shrink while they
load, read sequentially, remember nothing, and use one thread; for the set they decode once, to the largest size, and
make each smaller one from the one before. ImageMagick is a process for each image, so its CPU time holds its start."""


@dataclass(frozen=True)
class Run:
    """What is reported."""

    command: str
    peers: list[Peer]
    rounds: dict[Case, int]
    results: Results
    verdicts: list[Verdict]
    # Of files that are no images, are damaged or made a peer fail: the file, who says so, and the words.
    notes: list[tuple[str, str, str]]
    # CPU time of starting sharp: node and its import, as in a cold start.
    sharp_start_ms: float
    folder: list[folder.Row]

    @property
    def facts(self) -> dict[str, str]:
        least, most = min(self.rounds.values()), max(self.rounds.values())
        met = sum(verdict.met for verdict in self.verdicts)
        versions = "; ".join(peer.version for peer in self.peers)
        return {
            "command": f"`{self.command}`",
            "date": date.today().isoformat(),
            "versions": f"{versions}; Python {platform.python_version()}",
            "machine": f"{_processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}",
            "rounds": f"{least} to {most} after a warm-up, more for smaller files",
            "aims": f"{met} of {len(self.verdicts)} met",
        }


def write(path: Path, run: Run) -> None:
    """Replaces the section between its markers, or appends it; the rest of the file belongs to others."""
    text = path.read_text() if path.exists() else "# What thumbtier costs\n"
    block = f"{BEGIN}\n{section(run).strip()}\n{END}"
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        text = before + block + rest.split(END, 1)[1]
    else:
        text = f"{text.rstrip()}\n\n{block}\n"
    path.write_text(text)
    path.with_name("peers.json").write_text(figures(run))


def figures(run: Run) -> str:
    """Every round of every cell, one cell a line."""
    cells = [
        {"file": file, "sides": sorted(target.sides), "peer": peer, **asdict(cell)}
        for (file, target, peer), cell in run.results.items()
    ]
    lines = ",\n".join(json.dumps(cell) for cell in cells)
    head = f'"facts":{json.dumps(run.facts)},"notes":{json.dumps(run.notes)},"sharp_start_ms":{run.sharp_start_ms:.1f}'
    head += f',"folder":{json.dumps([asdict(row) for row in run.folder])}'
    return f'{{{head},"cells":[\n{lines}\n]}}\n'


def section(run: Run) -> str:
    lines = [
        "## Peers",
        "",
        INTRODUCTION,
        "",
        *(f"- {name}: {words}" for name, words in run.facts.items()),
        "",
        "### CPU, ms per image: median (minimum)",
        "",
        *_table(run, _cpu),
        "",
        "### Memory: peak RSS of a fresh process, MiB",
        "",
        "Of the engine it is that of `thumbtier make`, for the set that of its process here; planned is what the engine's",
        "own plan said beforehand, without the process around it.",
        "",
        *_table(run, _peak, ("planned", _planned)),
        "",
        "### Likeness: SSIMULACRA2 (SSIM of luma)",
        "",
        "PNG thumbnails against a full-size decode resized by plain Lanczos3; 100 is identical, above 90 no eye sees it.",
        "Of the set it is the poorest thumbnail's.",
        "",
        *_table(run, _likeness),
        "",
        "### Size: kB of the JPEG thumbnails",
        "",
        *_table(run, _size),
        "",
        *folder.table(run.folder),
        *_notes(run),
        "### Aims",
        "",
        "CPU ratios are median over median. A peer whose picture scores below 50 is not compared with.",
        "",
        "| file | box | what | thumbtier | best peer | ratio | aim | |",
        "|---|--:|---|--:|--:|--:|--:|---|",
        *(_row(verdict) for verdict in run.verdicts),
        *_missed(run.verdicts),
    ]
    return "\n".join(lines)


def _missed(verdicts: list[Verdict]) -> list[str]:
    """How far the missed aims are from what they ask, by reason."""
    lines = []
    for why in dict.fromkeys(verdict.why for verdict in verdicts if verdict.why):
        missed = [verdict for verdict in verdicts if verdict.why == why]
        ratios = [verdict.ratio for verdict in missed if verdict.ratio is not None]
        span = f", {min(ratios):.2f} to {max(ratios):.2f} of the best peer" if ratios else ""
        lines.append(f"| {missed[0].what} | {len(missed)}{span} | {why} |")
    return ["", "### Why aims are missed", "", "| what | missed | why |", "|---|---|---|", *lines] if lines else []


def _notes(run: Run) -> list[str]:
    if not run.notes:
        return []
    rows = [f"| {' | '.join(_cell_text(words) for words in note)} |" for note in run.notes]
    heading = "### Damaged, refused, or not made by a peer"
    return [heading, "", "| file | who | says |", "|---|---|---|", *rows, ""]


def _cell_text(words: str) -> str:
    """A decoder's message may have lines and bars."""
    return " ".join(words.split()).replace("|", "\\|")


def _row(verdict: Verdict) -> str:
    ratio = "" if verdict.ratio is None else f"{verdict.ratio:.3f}"
    cells = [verdict.file, verdict.target.name, verdict.what, verdict.ours, verdict.best, ratio, verdict.aim]
    return f"| {' | '.join([*cells, verdict.word])} |"


def _table(run: Run, show, *extra) -> list[str]:
    names = [peer.name for peer in run.peers]
    headings = ["file", "MP", "MB", "box", *names, *(heading for heading, _ in extra)]
    lines = [f"| {' | '.join(headings)} |", f"|---|{'--:|' * (len(headings) - 1)}"]
    for file, target in run.rounds:
        row = [_cell(run.results[file.name, target, name], show) for name in names]
        row += [_cell(run.results[file.name, target, ENGINE], show_extra) for _, show_extra in extra]
        head = [file.name, f"{file.megapixels:.1f}", f"{file.bytes / 1e6:.2f}", target.name]
        lines.append(f"| {' | '.join([*head, *row])} |")
    return lines


def _cell(cell: Cell, show) -> str:
    return "fails" if cell.error else show(cell)


def _cpu(cell: Cell) -> str:
    return f"{median(cell.cpu_ms):.1f} ({min(cell.cpu_ms):.1f})" if cell.cpu_ms else "·"


def _peak(cell: Cell) -> str:
    return f"{cell.peak_bytes / 2**20:.1f}" if cell.peak_bytes else "·"


def _planned(cell: Cell) -> str:
    return f"{cell.planned_peak_bytes / 2**20:.1f}" if cell.planned_peak_bytes else "·"


def _likeness(cell: Cell) -> str:
    return "·" if cell.ssimulacra2 is None else f"{cell.ssimulacra2:.1f} ({cell.ssim:.3f})"


def _size(cell: Cell) -> str:
    return f"{cell.bytes_written / 1e3:.1f}" if cell.bytes_written else "·"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
