"""Dunes in a low sun: each has a lit side, a side in shadow, and ripples."""

import numpy as np
from PIL import Image

from . import paint
from .paint import mix, rgb, smooth


def draw(width_px: int, height_px: int) -> Image.Image:
    random = np.random.default_rng(31)
    across, down = paint.grid(width_px, height_px)
    sky = paint.ramp(
        [(0, (44, 92, 150)), (0.25, (120, 168, 196)), (0.42, (246, 214, 170)), (0.5, (255, 190, 130))], down
    )
    picture = np.repeat(sky, width_px, axis=1)
    picture = mix(
        picture, rgb((255, 240, 200)), np.exp(-((across - 0.2) ** 2 + ((down - 0.33) * 1.1) ** 2) * 26) * 0.85
    )
    sun = np.hypot((across - 0.2) * width_px, (down - 0.33) * height_px) / height_px
    picture = mix(picture, rgb((255, 252, 232)), smooth(0.05, 0.045, sun))
    x = across[0]
    # Where the crest runs, how much haze lies before it, and how large its ripples are.
    crests = [
        (0.47 + 0.025 * np.sin(x * 9 + 1) + 0.012 * np.sin(x * 23), 0.62, 0.3),
        (0.52 - 0.1 * np.exp(-(((x - 0.72) / 0.2) ** 2)) + 0.02 * np.sin(x * 7), 0.4, 0.5),
        (0.64 - 0.13 * np.exp(-(((x - 0.34) / 0.22) ** 2)) + 0.04 * np.sin(x * 5 + 2), 0.22, 0.8),
        (0.77 - 0.12 * np.exp(-(((x - 0.86) / 0.26) ** 2)) + 0.05 * np.sin(x * 4 + 0.4), 0.1, 1.2),
        (0.98 - 0.24 * np.exp(-(((x - 0.12) / 0.34) ** 2)) + 0.03 * np.sin(x * 6), 0.0, 2.0),
    ]
    for number, (crest, haze, size) in enumerate(crests):
        crest = crest.astype(np.float32) + paint.line(random, width_px, 6, 4, 0.4) * np.float32(0.004 * size)
        depth = down - crest[None, :]
        # The edge between light and shadow leaves the top of the dune and winds down towards the viewer.
        top = int(np.argmin(crest))
        wind = np.sin(depth * 16 / size + number) * 0.05 * size**0.5 * smooth(0, 0.12 * size, depth)
        edge = x[top] + wind + depth * (0.55 + 0.12 * number) + 0.35 * np.maximum(depth, 0) ** 1.5
        soft = 0.004 + 0.22 * np.clip(depth, 0, 1)
        shade = smooth(-0.2, 1, (across - edge) / soft)
        bend = paint.noise(random, width_px, height_px, (4, 3), 4)
        ripples = np.sin((depth / (0.012 + depth * 0.03).clip(0.004) * 9 / size**0.4 + across * 46 + bend * 7))
        ripples = ripples * smooth(0, 0.05 * size, depth) * (1 - haze) * 0.9
        lit = mix(
            np.broadcast_to(rgb((240, 168, 92)), picture.shape), rgb((206, 116, 58)), smooth(0, 0.34 * size, depth)
        )
        lit = lit * (1 + 0.075 * ripples)[..., None] + (0.05 * np.exp(-np.maximum(depth, 0) / 0.02))[..., None]
        dark = mix(np.broadcast_to(rgb((122, 62, 62)), picture.shape), rgb((74, 40, 62)), smooth(0, 0.3 * size, depth))
        sand = mix(lit, dark * (1 + 0.03 * ripples)[..., None], shade)
        sand = mix(sand, rgb((255, 206, 158)), haze * (0.75 + 0.25 * smooth(0, 0.1, depth)))
        picture = mix(picture, sand, np.clip(depth * height_px + 0.5, 0, 1))
    return paint.to_image(picture)
