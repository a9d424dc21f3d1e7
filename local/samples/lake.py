"""Mountains over a lake after sunset: stars, a moon, haze, and all of it once more in the water."""

import numpy as np
from PIL import Image, ImageDraw

from . import paint
from .paint import mix, rgb, smooth

WIDTH_PX, HEIGHT_PX = 2000, 1500
# The far shore.
SHORE_PX = 870
SUN = (0.64, 0.57)


def draw() -> Image.Image:
    random = np.random.default_rng(11)
    above = _sky(random)
    _mountains(random, above)
    picture = np.concatenate([above, _water(random, above)])
    return paint.to_image(_front(random, picture))


def _sky(random: np.random.Generator) -> np.ndarray:
    across, down = paint.grid(WIDTH_PX, HEIGHT_PX)
    down = down[:SHORE_PX]
    sky = paint.ramp(
        [
            (0, (16, 20, 58)),
            (0.2, (45, 45, 105)),
            (0.36, (122, 78, 138)),
            (0.46, (222, 116, 122)),
            (0.53, (255, 176, 116)),
            (0.6, (255, 226, 160)),
        ],
        down[:, 0],
    )[:, None, :]
    sky = np.repeat(sky, WIDTH_PX, axis=1)
    sun = np.exp(-(((across - SUN[0]) * 1.6) ** 2 + ((down - SUN[1]) * 2.2) ** 2) * 9)
    sky = mix(sky, rgb((255, 214, 140)), sun * 0.75)
    _stars(random, sky)
    # Long clouds, red from below.
    streaks = paint.noise(random, WIDTH_PX, SHORE_PX, (2.2, 9), 5)
    cover = smooth(0.12, 0.9, streaks + 0.35 * np.sin(down * 17)) * smooth(0.08, 0.3, down) * smooth(0.57, 0.42, down)
    lit = paint.ramp(
        [(0, (70, 52, 104)), (0.3, (176, 84, 128)), (0.44, (255, 138, 112)), (0.6, (255, 206, 140))], down[:, 0]
    )
    return mix(sky, lit[:, None, :] * (0.86 + 0.3 * sun[..., None]), cover * 0.8)


def _stars(random: np.random.Generator, sky: np.ndarray) -> None:
    for _ in range(420):
        x, y = random.random() * WIDTH_PX, random.random() ** 1.7 * SHORE_PX * 0.62
        light = (0.25 + random.random() ** 3 * 1.3) * (1 - y / SHORE_PX / 0.66)
        paint.glow(sky, x, y, 2.5 + 3.5 * light, (235, 235, 255), light * 1.6)
    moon = (360, 230, 46)
    paint.glow(sky, moon[0], moon[1], 330, (120, 120, 190), 0.5)

    def crescent(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        x, y, radius = (part * scale for part in moon)
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), 255)
        x, y = x - radius * 0.42, y - radius * 0.22
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), 0)

    sky[:] = mix(sky, rgb((255, 246, 224)), paint.mask(WIDTH_PX, SHORE_PX, crescent))


def _mountains(random: np.random.Generator, above: np.ndarray) -> None:
    rows = np.arange(SHORE_PX, dtype=np.float32)[:, None]
    across = np.linspace(0, 1, WIDTH_PX, dtype=np.float32)

    def peak(at: float, width: float, height_px: float) -> np.ndarray:
        return height_px * np.clip(1 - np.abs(across - at) / width, 0, None) ** 1.15

    # Height over the shore, roughness, colour, haze at the foot, and how much the evening light shows on the slopes.
    ridges = [
        (110 + peak(0.2, 0.3, 130) + peak(0.86, 0.3, 150), 42, (150, 104, 140), (255, 190, 140), 0.16),
        (
            40 + peak(0.4, 0.34, 400) + peak(0.14, 0.2, 210) + peak(0.97, 0.3, 330),
            52,
            (66, 54, 100),
            (226, 140, 132),
            0.5,
        ),
        (46 + peak(0.02, 0.36, 210) + peak(0.74, 0.2, 96) + peak(1, 0.16, 150), 34, (42, 38, 76), (150, 92, 116), 0.22),
    ]
    for height, rough, colour, haze, light in ridges:
        top = SHORE_PX - height - paint.line(random, WIDTH_PX, 7, 8, 0.52) * rough
        depth = rows - top[None, :]
        inside = np.clip(depth + 0.5, 0, 1)
        # Light comes from the low sun: slopes that turn to it are warm, with snow near the tops.
        rock = paint.noise(random, WIDTH_PX, SHORE_PX, (16, 12), 6) + 0.5 * np.abs(
            paint.noise(random, WIDTH_PX, SHORE_PX, (9, 5), 3)
        )
        slope = (np.roll(rock, -5, axis=1) - np.roll(rock, 5, axis=1)) * 2.4
        # Ribs run down from the ridge, slanting, and one of their sides is lit.
        rib = np.gradient(paint.resize(top[None, ::12], WIDTH_PX, 1)[0]) * 0.8
        place = np.arange(WIDTH_PX)[None, :] + depth * np.sin(across * 9) * 0.9 + rock * 26
        slope += rib[np.clip(place, 0, WIDTH_PX - 1).astype(int)] * np.clip((SUN[0] - across) * 8, -1, 1)
        snow = smooth(190, 60, depth + rock * 70) * smooth(150, 330, SHORE_PX - top)[None, :]
        base = mix(np.broadcast_to(rgb(colour), above.shape), rgb((206, 176, 206)), snow * 0.75)
        base = mix(base, rgb((255, 150, 120)), np.clip(slope, 0, 1) * light)
        base = base * (1 - np.clip(-slope, 0, 1)[..., None] * light * 0.75)
        foot = smooth(0.2, 1, depth / np.maximum(height, 60)[None, :]) * 0.75
        above[:] = mix(above, mix(base, rgb(haze), foot), inside)
    _wood(random, above)


def _wood(random: np.random.Generator, above: np.ndarray) -> None:
    """The conifers of the far shore."""
    ground = 10 + 20 * (1 + paint.line(random, WIDTH_PX, 5, 4))

    def trees(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        outline = [(x * scale, (SHORE_PX - ground[x]) * scale) for x in range(0, WIDTH_PX, 8)]
        canvas.polygon([(0, SHORE_PX * scale), *outline, (WIDTH_PX * scale, SHORE_PX * scale)], 255)
        for x in random.uniform(0, WIDTH_PX, 560):
            foot = SHORE_PX - ground[int(x)] + 8
            conifer(canvas, random, x * scale, foot * scale, random.uniform(16, 52) * scale, 255)

    above[:] = mix(above, rgb((24, 22, 44)), paint.mask(WIDTH_PX, SHORE_PX, trees))


def conifer(
    canvas: ImageDraw.ImageDraw, random: np.random.Generator, x: float, foot: float, height: float, fill: object
) -> None:
    """Boughs in tiers, ragged, from a tip to `foot`."""
    tiers = max(4, min(14, int(height / 14)))
    left, right = [(x, foot - height)], []
    for tier in range(1, tiers + 1):
        y = foot - height * (1 - tier / tiers * 0.94)
        reach = height * 0.2 * (tier / tiers) ** 0.85
        left += [(x - reach * random.uniform(0.8, 1.15), y), (x - reach * 0.45, y - height * 0.025)]
        right += [(x + reach * random.uniform(0.8, 1.15), y), (x + reach * 0.45, y - height * 0.025)]
    canvas.polygon([*left, (x - height * 0.012, foot), (x + height * 0.012, foot), *right[::-1]], fill)


def _water(random: np.random.Generator, above: np.ndarray) -> np.ndarray:
    """What is above, upside down: the nearer, the longer the waves that bend it."""
    height_px = HEIGHT_PX - SHORE_PX
    near = np.linspace(0, 1, height_px, dtype=np.float32)[:, None]
    waves = np.empty((height_px, WIDTH_PX), np.float32)
    # Perspective: waves are drawn flat, and their rows taken ever closer together towards the far shore.
    flat = paint.noise(random, WIDTH_PX, 2400, (9, 150), 3)
    depth = 1 / (0.045 + near[:, 0])
    waves = flat[((depth - depth.min()) / (depth.max() - depth.min()) * 2399).astype(int)]
    columns = np.arange(WIDTH_PX)[None, :] + waves * (2 + 34 * near)
    rows = SHORE_PX - 1 - (np.arange(height_px)[:, None] * 1.34 + waves * (1 + 40 * near))
    mirrored = above[np.clip(rows, 0, SHORE_PX - 1).astype(int), np.clip(columns, 0, WIDTH_PX - 1).astype(int)]
    water = mirrored * rgb((200, 196, 222)) * (0.97 - 0.36 * near[..., None])
    water = mix(water, rgb((24, 30, 70)), 0.16 + 0.34 * near)
    # The wind lies on a strip of the water near the far shore.
    strip = np.exp(-(((near - 0.035) / 0.02) ** 2))
    water = mix(water, rgb((255, 196, 150)), strip * 0.4)
    glint = smooth(0.75, 1.3, waves) * np.exp(
        -(((np.linspace(0, 1, WIDTH_PX)[None, :] - SUN[0]) / (0.08 + 0.16 * near)) ** 2)
    )
    return water + (glint * (1 - near * 0.6) * 0.5)[..., None] * rgb((255, 190, 130))


def _front(random: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Dark pines and a bank frame the view; a boat lies on the water."""
    bank = 70 + 60 * paint.line(random, WIDTH_PX, 3, 6) + 230 * np.linspace(1, 0, WIDTH_PX) ** 3

    def shapes(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        outline = [(x * scale, (HEIGHT_PX - bank[x]) * scale) for x in range(0, WIDTH_PX, 4)]
        canvas.polygon([(0, HEIGHT_PX * scale), *outline, (WIDTH_PX * scale, HEIGHT_PX * scale)], 255)
        for x, height in [(60, 1010), (210, 760), (330, 500), (-30, 700), (1960, 400), (1880, 250), (430, 270)]:
            conifer(canvas, random, x * scale, (HEIGHT_PX - 30) * scale, height * scale, 255)
        for x in random.uniform(300, 1900, 260):
            foot, height = HEIGHT_PX - bank[int(x)] + 6, random.uniform(20, 90)
            tip = x + random.uniform(-22, 26)
            canvas.polygon(
                [
                    ((x - 2) * scale, foot * scale),
                    (tip * scale, (foot - height) * scale),
                    ((x + 2) * scale, foot * scale),
                ],
                255,
            )
        # The boat, somebody in it, and both in the water.
        x, y = 1290, 1128
        hull = [(-104, -22), (-84, 8), (76, 8), (112, -26), (80, -14), (-78, -13)]
        canvas.polygon([((x + dx) * scale, (y + dy) * scale) for dx, dy in hull], 255)
        canvas.polygon(
            [
                ((x + dx) * scale, (y + dy) * scale)
                for dx, dy in [(-26, -12), (-20, -58), (4, -62), (20, -30), (22, -12)]
            ],
            255,
        )
        canvas.ellipse(((x - 18) * scale, (y - 88) * scale, (x + 8) * scale, (y - 60) * scale), 255)
        canvas.line([((x + 12) * scale, (y - 40) * scale), ((x + 128) * scale, (y + 12) * scale)], 255, 3 * scale)

    def reflection(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        for step in range(20):
            width = 92 - step * 3.4 + random.uniform(-8, 8)
            y = 1138 + step * 5
            canvas.ellipse(((1290 - width) * scale, y * scale, (1290 + width) * scale, (y + 4) * scale), 255)

    picture = mix(picture, rgb((26, 20, 44)), paint.mask(WIDTH_PX, HEIGHT_PX, reflection, 1) * 0.75)
    return mix(picture, rgb((15, 13, 28)), paint.mask(WIDTH_PX, HEIGHT_PX, shapes))
