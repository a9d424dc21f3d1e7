"""The aims, case by case: which ratio to the best peer is allowed, and whether it was reached."""

from dataclasses import dataclass, replace
from statistics import median

from . import reasons
from .children import ENGINE, SHARP
from .files import Image
from .measure import Case, Cell, Results
from .targets import SET, SMALLEST, Target

# A peer whose picture is poorer than this is no measure of speed.
LEAST_COMPARABLE = 50.0
LEAST_QUALITY = 85.0
MOST_BELOW_SHARP = 1.0

# CPU time over that of the best peer, at most, by target.
BASELINE = {"512": 0.6, "1,024": 0.7, "2,048": 0.85, SET.name: 0.6}
PROGRESSIVE = {"128": 0.04, "512": 0.35, "1,024": 0.6, "2,048": 0.9}
# Of files that cameras made, more of the time is in the codes, which every decoder has to read.
BASELINE_128, BASELINE_128_OWN = 0.3, 0.36
# A small file is mostly what is the same for every file.
SMALL_JPEG_128 = 0.7

# Peak memory over that of the best peer.
PROGRESSIVE_MEMORY, STILL_MEMORY = 0.15, {"heic": 0.3, "avif": 0.3}

# Peak memory, in MiB.
MOST_MIB = {"2,048": 64, SET.name: 48}
MOST_MIB_ELSE = 40


@dataclass(frozen=True)
class Verdict:
    """One aim for one file and target."""

    file: str
    target: Target
    what: str
    ours: str
    best: str
    ratio: float | None
    aim: str
    met: bool
    # Of one that is missed.
    why: str = ""

    @property
    def word(self) -> str:
        return "met" if self.met else "**missed**"


def cpu_aim(image: Image, target: Target) -> float | None:
    """The engine's CPU time over the best peer's, at most; `None` where nothing is aimed at."""
    if image.format == "jpeg" and image.interlaced:
        small = SMALL_JPEG_128 if target == SMALLEST else None
        return PROGRESSIVE.get(target.name) if image.megapixels >= 8 else small
    if image.format == "jpeg":
        if target != SMALLEST:
            return BASELINE[target.name] if image.megapixels >= 7 else None
        return (BASELINE_128_OWN if image.own else BASELINE_128) if image.megapixels >= 7 else SMALL_JPEG_128
    if image.format == "webp":
        return 0.9 if image.lossless_webp else 0.8
    return {"png": 0.7, "tiff": 0.9, "gif": 0.9}.get(image.format, 1.0)


def verdicts(cases: list[Case], results: Results) -> list[Verdict]:
    """Of each case; none of a user's file that is damaged, which is compared with nothing."""
    found = []
    for file, target in cases:
        cells = {peer: cell for (name, made, peer), cell in results.items() if (name, made) == (file.name, target)}
        ours = cells.pop(ENGINE)
        if file.own and (ours.error or ours.warnings):
            continue
        if ours.error:
            found.append(Verdict(file.name, target, "made", ours.error, "", None, "no error", False))
            continue
        of_file = [*_against_peers(file, target, ours, cells), *_alone(file, target, ours, cells.get(SHARP))]
        found += [one if one.met else replace(one, why=reasons.why(file, target, one.what)) for one in of_file]
    return found


def _against_peers(file: Image, target: Target, ours: Cell, others: dict[str, Cell]) -> list[Verdict]:
    fair = {peer: cell for peer, cell in others.items() if cell.cpu_ms and (cell.ssimulacra2 or 0) >= LEAST_COMPARABLE}
    if not fair:
        return []
    found = []
    aim = cpu_aim(file, target)
    if aim is not None:
        best = min(fair, key=lambda peer: median(fair[peer].cpu_ms))
        best_ms, ours_ms = median(fair[best].cpu_ms), median(ours.cpu_ms)
        words = (f"{ours_ms:.1f}", f"{best_ms:.1f} {best}", ours_ms / best_ms)
        found.append(Verdict(file.name, target, "CPU ms", *words, f"≤ {aim}", ours_ms / best_ms <= aim))
    progressive = file.format == "jpeg" and file.interlaced and file.megapixels >= 8 and target == SMALLEST
    aim = PROGRESSIVE_MEMORY if progressive else STILL_MEMORY.get(file.format)
    if aim is not None:
        least = min(fair, key=lambda peer: fair[peer].peak_bytes or 1 << 60)
        ours_mib, least_mib = (ours.peak_bytes or 0) / 2**20, (fair[least].peak_bytes or 0) / 2**20
        ratio = ours_mib / least_mib
        words = (f"{ours_mib:.1f}", f"{least_mib:.1f} {least}", ratio)
        found.append(Verdict(file.name, target, "peak MiB", *words, f"≤ {aim}", ratio <= aim))
    if progressive:
        ratio = (ours.bytes_read or 0) / file.bytes
        words = (f"{ours.bytes_read:,}", f"{file.bytes:,} file", ratio)
        found.append(Verdict(file.name, target, "bytes read", *words, "≤ 0.2", ratio <= 0.2))
    return found


def _alone(file: Image, target: Target, ours: Cell, sharp: Cell | None) -> list[Verdict]:
    found = []
    score = ours.ssimulacra2
    if score is not None:
        sharps = sharp.ssimulacra2 if sharp else None
        least = LEAST_QUALITY if sharps is None else max(LEAST_QUALITY, sharps - MOST_BELOW_SHARP)
        best = "" if sharps is None else f"{sharps:.1f} sharp"
        words = (f"{score:.1f}", best, None, f"≥ {least:.1f}")
        found.append(Verdict(file.name, target, "SSIMULACRA2", *words, score >= least))
    # Progressive JPEG beyond the smallest box needs its coefficients, interlaced PNG its pixels.
    streamed = file.format in ("jpeg", "png") and (not file.interlaced or (file.format, target) == ("jpeg", SMALLEST))
    if streamed and file.megapixels <= 101 and ours.peak_bytes is not None:
        most_mib = MOST_MIB_ELSE if file.format == "png" else MOST_MIB.get(target.name, MOST_MIB_ELSE)
        mib = ours.peak_bytes / 2**20
        found.append(Verdict(file.name, target, "peak MiB", f"{mib:.1f}", "", None, f"≤ {most_mib}", mib <= most_mib))
    return found
