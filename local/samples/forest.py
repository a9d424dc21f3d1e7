"""A wood in the morning mist, with the sun behind it: rays between the trunks, and a path."""

import numpy as np
from PIL import Image, ImageDraw

from . import paint
from .paint import mix, rgb, smooth

SUN = (0.57, 0.34)


def draw(width_px: int, height_px: int) -> Image.Image:
    # What is soft enough is drawn at this size and enlarged.
    wide, high = min(width_px, 1400), min(height_px, 1050)
    random = np.random.default_rng(51)
    across, down = paint.grid(wide, high)
    away = np.hypot((across - SUN[0]) * 1.33, down - SUN[1])
    picture = paint.ramp(
        [
            (0, (255, 250, 214)),
            (0.12, (255, 232, 160)),
            (0.35, (222, 190, 112)),
            (0.7, (112, 128, 84)),
            (1.2, (44, 72, 60)),
        ],
        away,
    )
    for layer in range(6):
        near = layer / 5
        ground = 0.6 + 0.36 * near**1.6

        def trees(canvas: ImageDraw.ImageDraw, scale: int, near: float = near, ground: float = ground) -> None:
            _trees(canvas, random, wide * scale, high * scale, near, ground)

        shapes = paint.mask(wide, high, trees)
        colour = paint.ramp([(0, (196, 176, 110)), (0.5, (86, 96, 58)), (1, (18, 28, 26))], np.array([near]))[0]
        # The sun shines through the mist, and eats into what stands before it.
        bright = np.exp(-away * (3.2 + 3 * near))[..., None] * rgb((255, 226, 150)) * (0.9 - 0.6 * near)
        bark = 0.9 + 0.16 * paint.noise(random, wide, high, (120 - 70 * near, 8), 2)[..., None] * near
        picture = mix(picture, colour * bark + bright, shapes)
        # Mist over the ground between this layer and the next.
        if layer < 5:
            drift = paint.noise(random, wide, high, (3, 5), 3)
            mist = np.exp(-(((down - ground - 0.02) / 0.12) ** 2)) * (0.62 + 0.3 * drift) * (1 - near * 0.75)
            picture = mix(
                picture,
                paint.ramp([(0, (255, 240, 190)), (0.4, (216, 200, 140)), (1, (110, 132, 104))], away),
                np.clip(mist, 0, 1),
            )
    _floor(random, picture, across, down)
    # Rays spread from the sun: noise that depends on the angle alone.
    angle = np.arctan2(down - SUN[1], (across - SUN[0]) * 1.33)
    fan = paint.line(random, 720, 24, 4, 0.6)
    # All round it ends as it begins: to the left of the sun there is no seam.
    fan -= np.linspace(fan[0], fan[-1], 720, dtype=np.float32)
    fan = fan[((angle / np.pi + 1) * 359.5).astype(int)]
    fan = paint.resize(paint.resize(fan, wide // 3, high // 3), wide, high)
    rays = smooth(-0.3, 0.9, fan) * np.exp(-away * 2.1) * smooth(0.02, 0.2, away)
    picture = picture + (rays * 0.55)[..., None] * rgb((255, 222, 140))
    picture = picture + (np.exp(-((away / 0.13) ** 2)) * 0.5)[..., None] * rgb((255, 240, 200))
    return paint.to_image(picture * (1.04 - 0.3 * away[..., None] ** 2)).resize(
        (width_px, height_px), Image.Resampling.BICUBIC
    )


def _trees(
    canvas: ImageDraw.ImageDraw, random: np.random.Generator, wide: int, high: int, near: float, ground: float
) -> None:
    """Ground, and on it trunks with boughs; nearer ones are wider, and fewer."""
    rise = paint.line(random, 200, 3, 4) * 0.02
    canvas.polygon(
        [(0, high), *((wide * place / 199, high * (ground + rise[place])) for place in range(200)), (wide, high)], 255
    )
    count = int(34 - 27 * near)
    for tree in range(count):
        place = (tree + random.uniform(0.05, 0.95)) / count
        # The path stays open.
        if abs(place - SUN[0]) < 0.05 + 0.13 * near:
            continue
        trunk = wide * (0.005 + 0.026 * near**1.5) * random.uniform(0.7, 1.25)
        lean, x, foot = random.normal(0, 0.012) * wide, place * wide, high * (ground + 0.03)
        left, right = [], []
        for step in range(13):
            part = step / 12
            half = trunk * (1 - 0.45 * part + 0.75 * np.exp(-part * 16)) / 2
            middle = x + lean * part + trunk * 0.12 * np.sin(part * 9 + tree)
            left.append((middle - half, foot - part * foot * 1.02))
            right.append((middle + half, foot - part * foot * 1.02))
        canvas.polygon(left + right[::-1], 255)
        for _ in range(int(7 + 5 * near)):
            start = random.uniform(0.3, 0.98)
            _bough(
                canvas,
                random,
                x + lean * start,
                foot * (1 - start),
                trunk * 0.26,
                random.choice((-1, 1)),
                random.uniform(2, 6) * trunk + wide * 0.03,
            )
    for _ in range(int(60 + 160 * near)):
        x, foot = random.uniform(0, wide), high * (ground + 0.02)
        if abs(x / wide - SUN[0]) < 0.02 + 0.16 * near:
            continue
        height, lean = high * random.uniform(0.01, 0.035) * (0.7 + 2.2 * near), random.normal(0, 0.5)
        half = 1.5 + 2.5 * near
        canvas.polygon([(x - half, foot), (x + lean * height, foot - height), (x + half, foot)], 255)


def _bough(
    canvas: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, width: float, side: int, length: float
) -> None:
    """A branch that bends up, twigs, and leaves in clumps."""
    for step in range(6):
        part = step / 6
        end_x, end_y = x + side * length / 6, y - length / 6 * (0.12 + 0.5 * part) + random.normal(0, length * 0.03)
        canvas.line((x, y, end_x, end_y), 255, max(1, int(width * (1 - part))))
        x, y = end_x, end_y
        for _ in range(15 if step > 1 else 0):
            leaf, turn = length * random.uniform(0.012, 0.034), random.uniform(0.2, 1.4) * side
            at_x, at_y = x + random.normal(0, length * 0.11), y + random.normal(0, length * 0.055)
            long_x, long_y = leaf * np.cos(turn), leaf * np.sin(turn) * side
            tips = [(long_x, long_y), (-long_y * 0.4, long_x * 0.4), (-long_x, -long_y), (long_y * 0.4, -long_x * 0.4)]
            canvas.polygon([(at_x + dx, at_y + dy) for dx, dy in tips], 255)


def _floor(random: np.random.Generator, picture: np.ndarray, across: np.ndarray, down: np.ndarray) -> None:
    """A path that winds towards the sun, lit between the trunks' shadows."""
    high, wide = picture.shape[:2]
    depth = np.clip((down - 0.6) / 0.4, 0, 1)
    middle = SUN[0] + 0.05 * np.sin(depth * 6) * depth + 0.03 * depth**2
    half = 0.006 + 0.115 * depth**1.5
    rough = paint.noise(random, wide, high, (60, 90), 3)
    path = smooth(1.1, 0.8, np.abs(across - middle) / half + rough * (0.1 + 0.1 * depth)) * smooth(0, 0.06, depth)
    earth = paint.ramp([(0, (255, 236, 168)), (0.35, (206, 176, 112)), (1, (74, 66, 44))], depth)
    # Pebbles are flatter the farther away they are.
    pebbles = paint.noise(random, wide, high, (130, 220), 2) * depth
    # The sun comes through the middle; the trunks shade both sides.
    sunny = 0.62 + 0.42 * np.exp(-(((across - middle) / (half * 0.7)) ** 2))
    picture[:] = mix(picture, earth * (sunny * (1 + 0.1 * pebbles))[..., None], path * 0.9)
