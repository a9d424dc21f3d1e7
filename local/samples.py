"""One sample image per tier: a WebP just over the tier below's threshold, so that it goes where the table says.

WebP, because its thresholds are the lowest: the files are the smallest that reach every tier.
"""

import json
import math
import random
from pathlib import Path

from .package import ROOT


def make(folder: Path) -> list[Path]:
    """Writes `small.webp`, `medium.webp` and `large.webp`; the same pixels every time."""
    folder.mkdir(parents=True, exist_ok=True)
    tiers = json.loads((ROOT / "tiers.json").read_text())
    paths = []
    at_least_bytes = 100_000
    for name, tier in tiers.items():
        path = folder / f"{name}.webp"
        path.write_bytes(_webp(at_least_bytes))
        paths.append(path)
        thresholds = tier["max_object_bytes"]
        at_least_bytes = thresholds.get("webp", thresholds["default"]) * 11 // 10
    return paths


def _webp(at_least_bytes: int) -> bytes:
    """A sky over a field with film grain, lossless.

    Every channel has the code of eight bits for each of its 256 values, so a pixel takes three bytes whatever it is,
    and no encoder is needed. Source: RFC 9649, section 3.
    """
    noise = random.Random(1)
    # Four wide to three high.
    width_px = math.isqrt(at_least_bytes * 4 // 9)
    height_px = at_least_bytes // (width_px * 3) + 1
    # Five of eight bits.
    grain_mask = int.from_bytes(bytes([0x1F]) * (width_px * 3), "big")
    rows = bytearray()
    for row in range(height_px):
        light = row / height_px
        red, green, blue = (60 + 90 * light, 110 + 60 * light, 200 - 40 * light) if light < 0.55 else (
            70 - 30 * light, 150 - 60 * light, 60 - 30 * light)
        flat = int.from_bytes(bytes(int(part) & 0xE0 for part in (green, red, blue)) * width_px, "big")
        grain = noise.getrandbits(width_px * 3 * 8) & grain_mask
        rows += (flat | grain).to_bytes(width_px * 3, "big")
    # Codes are read from their highest bit, everything else from its lowest.
    pixels = rows.translate(bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256)))
    header, length = 0, 0
    for value, bits in _header(width_px, height_px):
        header, length = header | value << length, length + bits
    stream = (int.from_bytes(pixels, "little") << length | header).to_bytes((length + 7) // 8 + len(pixels), "little")
    chunk = b"VP8L" + (len(stream) + 1).to_bytes(4, "little") + b"\x2f" + stream
    chunk += b"\0" * (len(chunk) % 2)
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


def _header(width_px: int, height_px: int) -> list[tuple[int, int]]:
    """Values and how many bits each takes: size, no alpha, version 0; no transform, cache or meta codes; five codes."""
    # Lengths of codes by a code of their own, which has one symbol, 8, and so takes no bits: twelve lengths are given,
    # in the order 17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8; then how many symbols there are, in 8 bits and less 2.
    all_of_eight = [(0, 1), (12 - 4, 4), *[(0, 3)] * 11, (1, 3), (1, 1), (3, 3), (256 - 2, 8)]
    one_symbol = [(1, 1), (0, 1), (0, 1), (0, 1)]
    opaque = [(1, 1), (0, 1), (1, 1), (255, 8)]
    size = [(width_px - 1, 14), (height_px - 1, 14), (0, 1), (0, 3)]
    return [*size, (0, 1), (0, 1), (0, 1), *all_of_eight, *all_of_eight, *all_of_eight, *opaque, *one_symbol]
