"""The aims, file by file: which ratio to the best peer is allowed, and whether it was reached."""

from dataclasses import dataclass

from .children import ENGINE, SHARP
from .measure import Cell, Image, Results

# A peer whose picture is poorer than this is no measure of speed.
LEAST_COMPARABLE = 50.0
LEAST_QUALITY = 85.0
MOST_BELOW_SHARP = 1.0
MOST_PEAK_BYTES = 40 << 20


@dataclass(frozen=True)
class Verdict:
    """One aim for one file."""

    file: str
    what: str
    ours: str
    best: str
    ratio: float | None
    aim: str
    met: bool

    @property
    def word(self) -> str:
        return "met" if self.met else "**missed**"


def cpu_aim(image: Image) -> float:
    """The engine's CPU time over the best peer's, at most."""
    if image.format == "jpeg" and image.interlaced:
        return 0.04 if image.megapixels >= 8 else 0.7
    if image.format == "jpeg":
        return 0.5 if image.megapixels >= 7.5 else 0.7
    return 0.7 if image.format == "png" else 1.0


def verdicts(files: list[Image], results: Results) -> list[Verdict]:
    found = []
    for file in files:
        ours = results[file.name, ENGINE]
        others = {peer: cell for (name, peer), cell in results.items() if name == file.name and peer != ENGINE}
        if ours.error:
            found.append(Verdict(file.name, "made", ours.error, "", None, "no error", False))
            continue
        found += _against_peers(file, ours, others)
        found += _alone(file, ours, others)
    return found


def _against_peers(file: Image, ours: Cell, others: dict[str, Cell]) -> list[Verdict]:
    fair = {peer: cell for peer, cell in others.items() if cell.cpu_ms and (cell.ssimulacra2 or 0) >= LEAST_COMPARABLE}
    if not fair:
        return []
    best = min(fair, key=lambda peer: min(fair[peer].cpu_ms))
    best_ms, ours_ms, aim = min(fair[best].cpu_ms), min(ours.cpu_ms), cpu_aim(file)
    ratio = ours_ms / best_ms
    found = [Verdict(file.name, "CPU ms", f"{ours_ms:.1f}", f"{best_ms:.1f} {best}", ratio, f"≤ {aim}", ratio <= aim)]
    if file.format == "jpeg" and file.interlaced and file.megapixels >= 8:
        least = min(fair, key=lambda peer: fair[peer].peak_bytes or 1 << 60)
        ours_mib, least_mib = (ours.peak_bytes or 0) / 2**20, (fair[least].peak_bytes or 0) / 2**20
        ratio = ours_mib / least_mib
        peers = f"{least_mib:.1f} {least}"
        found.append(Verdict(file.name, "peak MiB", f"{ours_mib:.1f}", peers, ratio, "≤ 0.15", ratio <= 0.15))
        ratio = (ours.bytes_read or 0) / file.bytes
        read = f"{ours.bytes_read:,}"
        found.append(Verdict(file.name, "bytes read", read, f"{file.bytes:,} file", ratio, "≤ 0.2", ratio <= 0.2))
    return found


def _alone(file: Image, ours: Cell, others: dict[str, Cell]) -> list[Verdict]:
    found = []
    sharp = others.get(SHARP)
    score = ours.ssimulacra2
    if score is not None:
        least = LEAST_QUALITY
        if sharp and sharp.ssimulacra2 is not None:
            least = max(least, sharp.ssimulacra2 - MOST_BELOW_SHARP)
        best = f"{sharp.ssimulacra2:.1f} sharp" if sharp and sharp.ssimulacra2 is not None else ""
        found.append(Verdict(file.name, "SSIMULACRA2", f"{score:.1f}", best, None, f"≥ {least:.1f}", score >= least))
    streamed = file.format == "jpeg" or (file.format == "png" and not file.interlaced)
    if streamed and file.megapixels <= 101 and ours.peak_bytes is not None:
        mib, met = f"{ours.peak_bytes / 2**20:.1f}", ours.peak_bytes <= MOST_PEAK_BYTES
        found.append(Verdict(file.name, "peak MiB", mib, "", None, "≤ 40", met))
    return found
