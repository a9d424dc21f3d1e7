"""The section "Peers" of benches/report.md."""

import os
import platform
from datetime import date
from pathlib import Path
from statistics import median

from .aims import Verdict
from .children import ENGINE
from .measure import Cell, Image, Peer, Results

BEGIN, END = "<!-- peers: written by `make peers` -->", "<!-- peers: end -->"


def write(path: Path, section: str) -> None:
    """Replaces the section between its markers, or appends it; the rest of the file belongs to others."""
    text = path.read_text() if path.exists() else "# What thumbtier costs\n"
    block = f"{BEGIN}\n{section.strip()}\n{END}"
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        text = before + block + rest.split(END, 1)[1]
    else:
        text = f"{text.rstrip()}\n\n{block}\n"
    path.write_text(text)


def section(
    peers: list[Peer], files: list[Image], results: Results, verdicts: list[Verdict], rounds: dict[str, int], command: str
) -> str:
    names = [peer.name for peer in peers]
    met = sum(verdict.met for verdict in verdicts)
    least, most = min(rounds.values()), max(rounds.values())
    versions = "; ".join(peer.version for peer in peers)
    lines = [
        "## Peers",
        "",
        "Each file becomes a thumbnail inside 128x128, upright, JPEG of quality 80. Every peer is a process that stays,",
        "warm, on the same one core; rounds are interleaved, and each has a new order. ImageMagick is a process for each",
        "image, so its CPU time holds its start.",
        "",
        f"- command: `{command}`",
        f"- date: {date.today().isoformat()}",
        f"- versions: {versions}; Python {platform.python_version()}",
        f"- machine: {_processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()}",
        f"- rounds: {least} to {most} after a warm-up, more for smaller files",
        f"- aims: {met} of {len(verdicts)} met",
        "",
        "### CPU, ms per image: median (minimum)",
        "",
        *_table(names, files, results, _cpu),
        "",
        "### Memory: peak RSS of a fresh process, MiB",
        "",
        "Of the engine it is that of `thumbtier make`; planned is what the engine's own plan said beforehand, without the",
        "process around it.",
        "",
        *_table(names, files, results, _peak, ("planned", _planned)),
        "",
        "### Likeness: SSIMULACRA2 (SSIM of luma)",
        "",
        "PNG thumbnails against a full-size decode resized by plain Lanczos3; 100 is identical, above 90 no eye sees it.",
        "",
        *_table(names, files, results, _likeness),
        "",
        "### Aims",
        "",
        "CPU ratios are minimum over minimum, which other work on the machine touches least. A peer whose picture scores",
        "below 50 is not compared with.",
        "",
        "| file | what | thumbtier | best peer | ratio | aim | |",
        "|---|---|--:|--:|--:|--:|---|",
        *(_row(verdict) for verdict in verdicts),
    ]
    return "\n".join(lines)


def _row(verdict: Verdict) -> str:
    ratio = "" if verdict.ratio is None else f"{verdict.ratio:.3f}"
    cells = [verdict.file, verdict.what, verdict.ours, verdict.best, ratio, verdict.aim, verdict.word]
    return f"| {' | '.join(cells)} |"


def _table(names: list[str], files: list[Image], results: Results, show, *extra) -> list[str]:
    headings = ["file", "MP", "MB", *names, *(heading for heading, _ in extra)]
    lines = [f"| {' | '.join(headings)} |", f"|---|{'--:|' * (len(headings) - 1)}"]
    for file in files:
        row = [_cell(results[file.name, name], show) for name in names]
        row += [_cell(results[file.name, ENGINE], show_extra) for _, show_extra in extra]
        lines.append(f"| {file.name} | {file.megapixels:.1f} | {file.bytes / 1e6:.2f} | {' | '.join(row)} |")
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


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
