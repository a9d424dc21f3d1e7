"""One sample image per tier: a PNG just over the tier below's threshold, so that it goes where the table says."""

import json
import random
import struct
import zlib
from pathlib import Path

from .package import ROOT

WIDTH_PX = 1024


def make(folder: Path) -> list[Path]:
    """Writes `small.png`, `medium.png` and `large.png`; the same pixels every time."""
    folder.mkdir(parents=True, exist_ok=True)
    tiers = json.loads((ROOT / "tiers.json").read_text())
    paths = []
    at_least_bytes = 100_000
    for name, tier in tiers.items():
        path = folder / f"{name}.png"
        path.write_bytes(_png(at_least_bytes))
        paths.append(path)
        thresholds = tier["max_object_bytes"]
        at_least_bytes = thresholds.get("png", thresholds["default"]) * 11 // 10
    return paths


def _png(at_least_bytes: int) -> bytes:
    """A sky over a field with film grain; the grain does not compress, so rows decide the size."""
    noise = random.Random(1)
    # Five of eight bits are grain, and only they remain after deflate.
    height_px = at_least_bytes * 8 // (WIDTH_PX * 3 * 5) + 64
    grain_mask = int.from_bytes(bytes([0x1F]) * (WIDTH_PX * 3), "big")
    rows = bytearray()
    for row in range(height_px):
        light = row / height_px
        colour = (60 + 90 * light, 110 + 60 * light, 200 - 40 * light) if light < 0.55 else (
            70 - 30 * light, 150 - 60 * light, 60 - 30 * light)
        flat = int.from_bytes(bytes(int(part) & 0xE0 for part in colour) * WIDTH_PX, "big")
        grain = noise.getrandbits(WIDTH_PX * 3 * 8) & grain_mask
        rows += b"\0" + (flat | grain).to_bytes(WIDTH_PX * 3, "big")
    header = struct.pack(">IIBBBBB", WIDTH_PX, height_px, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 1)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
