"""Lossless WebP of a size that is known beforehand: three bytes a pixel, whatever the picture.

An encoder would have to be tried until the file is as large as it must be; this writer takes a tenth of a second.
"""

import math

import numpy as np
from PIL import Image


def size_px(at_least_bytes: int) -> tuple[int, int]:
    """Of the picture of four to three that takes `at_least_bytes`, or a few more."""
    width_px = math.isqrt(at_least_bytes * 4 // 9)
    return width_px, at_least_bytes // (width_px * 3) + 1


def encode(picture: Image.Image) -> bytes:
    """Every channel has the code of eight bits for each of its 256 values, so a code is its value.

    Source: RFC 9649, section 3.
    """
    # Codes are read from their highest bit, everything else from its lowest.
    turned = np.array([int(f"{byte:08b}"[::-1], 2) for byte in range(256)], np.uint8)
    pixels = turned[np.asarray(picture.convert("RGB"))[..., [1, 0, 2]]].ravel()
    header, length = 0, 0
    for value, bits in _header(*picture.size):
        header, length = header | value << length, length + bits
    # The pixels begin within a byte.
    whole, part = divmod(length, 8)
    stream = np.zeros(whole + 1 + len(pixels), np.uint8)
    stream[: whole + 1] = np.frombuffer(header.to_bytes(whole + 1, "little"), np.uint8)
    stream[whole:-1] |= pixels << part
    stream[whole + 1 :] |= pixels >> (8 - part)
    chunk = b"VP8L" + (len(stream) + 1).to_bytes(4, "little") + b"\x2f" + stream.tobytes()
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
