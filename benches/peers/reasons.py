"""Why an aim is missed, as far as it was found out, by kind of file, thumbnails and aim.

The shares of CPU time are those of `perf record` on one file of the kind, 2026-11-30.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .files import Image
from .targets import SET, SMALLEST, Target

UNKNOWN = "not looked into"


@dataclass(frozen=True)
class Reason:
    """For which files, targets and aims it is one, and the words."""

    holds: Callable[[Image, Target, str], bool]
    words: str


def why(file: Image, target: Target, what: str) -> str:
    """The first reason that holds."""
    return next((reason.words for reason in REASONS if reason.holds(file, target, what)), UNKNOWN)


def _baseline(file: Image) -> bool:
    return file.format == "jpeg" and not file.interlaced


REASONS = [
    Reason(
        lambda file, target, what: _baseline(file) and what == "CPU ms" and target == SMALLEST,
        "Baseline JPEG to 128 px: 78 to 83 % of the time goes into reading the scan's codes, three positions at once, and "
        "into finding where to begin; averages and thumbnail are the rest. Each code has to be read, whoever decodes.",
    ),
    Reason(
        lambda file, target, what: _baseline(file) and what == "CPU ms" and target == SET,
        "The set of a JPEG: about 60 % of the time are the codes and the inverse transform, at full size where half of it "
        "leaves less than 1.25 pixels to one of 1,600. There up to two coefficients are read at once; several positions at "
        "once are only built for 1/8.",
    ),
    Reason(
        lambda file, target, what: _baseline(file) and what == "CPU ms",
        "JPEG to 512 to 2,048 px: 58 to 67 % of the time are the codes and the inverse transform; the best peer reads the "
        "same codes in assembly. Several positions of a scan at once are only built for 1/8.",
    ),
    Reason(
        lambda file, target, what: _baseline(file) and what == "SSIMULACRA2" and target == SET,
        "The set of a JPEG of 12 MP is made of half the size, which leaves 1.25 pixels to one of 1,600: it costs up to 1.1 "
        "of the score and saves 24 to 33 % of the CPU time.",
    ),
    Reason(
        lambda file, _, what: file.format == "jpeg" and what == "CPU ms",
        "Progressive JPEG: 75 % of the time are the codes of all scans, each of which waits for the one before.",
    ),
    Reason(
        lambda file, target, what: file.format == "jpeg" and what == "SSIMULACRA2" and target == SMALLEST,
        "Progressive JPEG to 128 px: the first scans lack the last bit of chroma, which stands behind 40 to 79 % of the file. "
        "With all of the file, at 1/4, the score is 95, and the time 74 ms instead of 3.",
    ),
    Reason(
        lambda file, _, what: file.format == "jpeg" and what == "peak MiB",
        "Progressive JPEG to 128 px: the process alone is 5 of the 8 MiB; the coefficients of 1/8 are 0.4.",
    ),
    Reason(
        lambda file, _, what: file.format == "png" and what == "CPU ms",
        "PNG: inflating is 61 % of the time with 16 bits, and 35 % of 12 MP to 2,048 px. Of a palette's 3 MP the resizer "
        "takes 25 % and the JPEG encoder 32 %, and the best peer's resizer has AVX2. Interlaced pixels come in seven passes, "
        "so that a picture is held.",
    ),
    Reason(
        lambda file, _, what: file.format == "webp" and what == "CPU ms",
        "Lossy WebP: 41 % of the time are the codes, in libwebp, which is the peers' decoder too. They scale to one to two "
        "pixels for one of the thumbnail, for an SSIMULACRA2 of 84 to 91; two to three pixels are taken here.",
    ),
    Reason(
        lambda file, _, what: file.format == "tiff" and what == "CPU ms",
        "LZW: 59 to 63 % of the time, on noise whose codes stand for 1.4 bytes; libtiff's takes as long.",
    ),
    Reason(
        lambda file, _, what: file.format == "heic" and what == "peak MiB",
        "HEIC: measured with a decoder that held a picture of one tile three times; the one that came behind this run holds "
        "four rows of its blocks.",
    ),
    Reason(
        lambda file, _, what: file.format == "heic" and what == "CPU ms",
        "HEIC: 40 % of the time are the codes of residuals, in Rust without assembly; libde265 has SSE.",
    ),
]
