"""A street after rain, in the evening: gabled houses, lit windows, lamps, and all of it once more in the wet stones."""

import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import paint
from .paint import Colour, mix, rgb, smooth

WIDTH_PX, HEIGHT_PX = 1500, 2000
HORIZON_PX, VANISH_PX = 1190, 790
# Pixels per metre at a distance of one metre, and the height of the eye.
FOCUS_PX, EYE_M = 1450, 1.7
HALF_STREET_M = 3.3
WALLS = [
    (176, 84, 66),
    (206, 160, 96),
    (92, 116, 134),
    (222, 204, 172),
    (128, 72, 82),
    (112, 132, 104),
    (196, 122, 88),
    (82, 88, 118),
]
LIT, UNLIT = (255, 206, 116), (42, 54, 84)
LAMPS_M = [(-1, 7.4), (1, 11.5), (-1, 17), (1, 25), (-1, 36)]
HAZE = (232, 150, 122)


def draw() -> Image.Image:
    picture = _sky()
    street = _houses(picture.copy(), up=1)
    mirrored = _houses(picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM), up=-1)
    picture = _ground(paint.to_array(street), mirrored)
    _lamplight(picture)
    return paint.to_image(picture)


def _at(x: float, y: float, z: float) -> tuple[float, float]:
    """Where a place is seen: metres to the right, up from the street, and ahead."""
    return VANISH_PX + FOCUS_PX * x / z, HORIZON_PX - FOCUS_PX * (y - EYE_M) / z


def _sky() -> Image.Image:
    random = np.random.default_rng(41)
    across, down = paint.grid(WIDTH_PX // 2, HEIGHT_PX // 2)
    sky = paint.ramp(
        [
            (0, (22, 34, 78)),
            (0.22, (62, 70, 124)),
            (0.4, (168, 112, 142)),
            (0.52, (248, 164, 120)),
            (0.6, (255, 214, 150)),
        ],
        np.broadcast_to(down, (HEIGHT_PX // 2, WIDTH_PX // 2)),
    )
    clouds = smooth(0.05, 1.1, paint.noise(random, WIDTH_PX // 2, HEIGHT_PX // 2, (2.4, 8), 5))
    lit = paint.ramp(
        [(0, (54, 56, 104)), (0.25, (150, 96, 136)), (0.45, (255, 170, 130)), (0.6, (255, 220, 170))], down
    )
    return paint.to_image(mix(sky, lit, clouds * 0.85)).resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BILINEAR)


def _houses(picture: Image.Image, up: int) -> Image.Image:
    """Both rows from far to near; with `up` of -1 as the wet street mirrors them."""
    picture = picture.resize((WIDTH_PX * 2, HEIGHT_PX * 2))
    canvas = ImageDraw.Draw(picture)

    def polygon(places: list[tuple[float, float, float]], colour: Colour, haze: float = 0) -> None:
        outline = [_at(x, y * up, z) for x, y, z in places]
        tint = tuple(int(part + (part_far - part) * haze) for part, part_far in zip(colour, HAZE, strict=True))
        canvas.polygon([(2 * x, 2 * y) for x, y in outline], tint)

    _tower(polygon)
    random = np.random.default_rng(43)
    for side in (-1, 1):
        z, houses = 2.2, []
        while z < 62:
            depth = random.uniform(3.4, 5.2)
            houses.append(
                (
                    z,
                    z + depth,
                    random.uniform(7.2, 10.4),
                    int(random.integers(len(WALLS))),
                    int(random.integers(1 << 30)),
                )
            )
            z += depth
        for number, house in reversed(list(enumerate(houses))):
            _house(polygon, side, number, *house)
    for side, z in reversed(LAMPS_M):
        _lamp(polygon, side, z)
    _walker(polygon)
    return picture.reduce(2)


Polygon = Callable[..., None]


def _tower(polygon: Polygon) -> None:
    z, haze = 80, 0.55
    for left, right, low, high in [(-5, 1.5, 0, 22), (-14, 12, 0, 8)]:
        polygon([(left, low, z), (left, high, z), (right, high, z), (right, low, z)], (70, 62, 96), haze)
    polygon([(-5.4, 22, z), (-1.75, 37, z), (1.9, 22, z)], (52, 52, 88), haze)
    for middle in (-3.2, -0.3):
        polygon(
            [(middle - 0.5, 16, z), (middle - 0.5, 19, z), (middle + 0.5, 19, z), (middle + 0.5, 16, z)],
            (40, 40, 70),
            haze,
        )


def _house(
    polygon: Polygon, side: int, number: int, near: float, far: float, height: float, wall: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    x = side * HALF_STREET_M
    haze = min(0.62, near / 90)
    base = WALLS[(wall + number) % len(WALLS)]

    def shade(colour: Colour, light: float) -> Colour:
        return tuple(min(255, int(part * light)) for part in colour)

    wide, middle = far - near, (near + far) / 2
    # The wall towards whoever looks, as far as it stands out over its neighbour.
    polygon([(x, 0, near), (x, height, near), (x * 1.9, height, near), (x * 1.9, 0, near)], shade(base, 0.36), haze)
    # The roof behind the gable.
    ridge = height + wide * 0.55
    polygon([(x, height, near), (x, ridge, middle), (x * 2, ridge, middle), (x * 2, height, near)], (56, 44, 58), haze)
    steps = 5 if number % 3 else 1
    gable = [(x, 0, near)]
    if steps > 1:
        for step in range(steps):
            part = step / steps / 2
            gable += [
                (x, height + (ridge - height) * step / steps, near + wide * part),
                (x, height + (ridge - height) * (step + 1) / steps, near + wide * part),
            ]
        gable += [(place[0], place[1], far - (place[2] - near)) for place in gable[:0:-1]]
    else:
        gable += [(x, height, near), (x, ridge, middle), (x, height, far)]
    gable.append((x, 0, far))
    # Lamplight below, dusk above: bands from the whole wall down.
    polygon(gable, shade(base, 0.5), haze)
    for band in range(24):
        top = height * (1 - band / 24)
        polygon(
            [(x, 0, near), (x, top, near), (x, top, far), (x, 0, far)],
            shade(base, 0.5 + 0.42 * (band / 24) ** 1.6),
            haze,
        )
    for y in (0.0, 3.1):
        polygon([(x, y, near), (x, y + 0.28, near), (x, y + 0.28, far), (x, y, far)], shade(base, 0.55), haze)
    columns = 3 if wide > 4.1 else 2
    for floor, low in enumerate([0.95, 3.85, 6.0]):
        high = low + (1.75 if floor else 1.6)
        if high > height + 0.3:
            continue
        for column in range(columns):
            left = near + wide * (column + 0.22) / columns
            right = near + wide * (column + 0.78) / columns
            if floor == 0 and column == (number + 1) % columns:
                _door(polygon, x, left, right, random, haze)
            else:
                _window(
                    polygon, x, left, right, low, high, random.random() < (0.75 if floor == 0 else 0.5), random, haze
                )
    if steps > 1:
        _window(
            polygon, x, middle - 0.4, middle + 0.4, height + 0.25, height + 1.3, random.random() < 0.5, random, haze
        )
    if random.random() < 0.45:
        # An awning over the shop.
        out, stripes = x - side * 0.75, 7
        for stripe in range(stripes):
            start, end = (near + wide * (0.08 + 0.84 * (stripe + more) / stripes) for more in (0, 1))
            colour = (226, 214, 196) if stripe % 2 else (168, 44, 44)
            polygon([(x, 3.05, start), (x, 3.05, end), (out, 2.45, end), (out, 2.45, start)], colour, haze)


def _door(polygon: Polygon, x: float, left: float, right: float, random: np.random.Generator, haze: float) -> None:
    colour = [(46, 84, 74), (122, 38, 40), (48, 58, 92)][int(random.integers(3))]
    polygon(
        [(x, 0, left - 0.08), (x, 2.75, left - 0.08), (x, 2.75, right + 0.08), (x, 0, right + 0.08)],
        (216, 196, 166),
        haze,
    )
    polygon([(x, 0, left), (x, 2.1, left), (x, 2.1, right), (x, 0, right)], colour, haze)
    polygon([(x, 2.18, left), (x, 2.66, left), (x, 2.66, right), (x, 2.18, right)], LIT, haze * 0.4)


def _window(
    polygon: Polygon,
    x: float,
    left: float,
    right: float,
    low: float,
    high: float,
    lit: bool,
    random: np.random.Generator,
    haze: float,
) -> None:
    frame, wide = 0.09, right - left
    polygon(
        [
            (x, low - frame, left - frame),
            (x, high + frame, left - frame),
            (x, high + frame, right + frame),
            (x, low - frame, right + frame),
        ],
        (232, 218, 196) if lit else (150, 142, 146),
        haze,
    )
    bands = 6
    for band in range(bands):
        bottom, top = (low + (high - low) * (band + more) / bands for more in (0, 1))
        light = 0.8 + 0.2 * band / bands
        colour = LIT if lit else UNLIT
        polygon(
            [(x, bottom, left), (x, top, left), (x, top, right), (x, bottom, right)],
            tuple(int(part * light) for part in colour),
            haze * 0.5,
        )
    if lit:
        for start, end in [(left, left + wide * 0.2), (right - wide * 0.2, right)]:
            polygon([(x, low, start), (x, high, start), (x, high, end), (x, low, end)], (226, 134, 76), haze * 0.5)
        if random.random() < 0.4:
            middle = left + wide * random.uniform(0.35, 0.6)
            polygon(
                [
                    (x, low, middle - 0.1),
                    (x, low + 0.5, middle - 0.14),
                    (x, low + 0.5, middle + 0.14),
                    (x, low, middle + 0.1),
                ],
                (96, 62, 40),
                haze,
            )
    bar = 0.035
    middle, across = (left + right) / 2, low + (high - low) * 0.62
    bars = (232, 218, 196) if lit else (150, 142, 146)
    polygon(
        [(x, low, middle - bar), (x, high, middle - bar), (x, high, middle + bar), (x, low, middle + bar)], bars, haze
    )
    polygon(
        [(x, across - bar, left), (x, across + bar, left), (x, across + bar, right), (x, across - bar, right)],
        bars,
        haze,
    )


def _lamp(polygon: Polygon, side: int, z: float) -> None:
    x, haze = side * (HALF_STREET_M - 1.0), min(0.4, z / 90)
    dark = (24, 24, 34)
    for half, low, high in [(0.11, 0, 0.5), (0.045, 0, 3.4), (0.16, 3.36, 3.44)]:
        polygon([(x - half, low, z), (x - half, high, z), (x + half, high, z), (x + half, low, z)], dark, haze)
    polygon([(x - 0.13, 3.44, z), (x - 0.2, 3.95, z), (x + 0.2, 3.95, z), (x + 0.13, 3.44, z)], (255, 236, 186))
    polygon([(x - 0.25, 3.95, z), (x, 4.22, z), (x + 0.25, 3.95, z)], dark, haze)


def _walker(polygon: Polygon) -> None:
    """Somebody with a red umbrella."""
    x, z, coat = 0.55, 9.5, (26, 26, 40)
    for foot in (-0.13, 0.09):
        polygon(
            [(x + foot - 0.07, 0, z), (x + foot - 0.06, 0.85, z), (x + foot + 0.09, 0.85, z), (x + foot + 0.07, 0, z)],
            (18, 18, 28),
        )
    polygon(
        [
            (x - 0.3, 0.55, z),
            (x - 0.2, 1.4, z),
            (x - 0.1, 1.5, z),
            (x + 0.1, 1.5, z),
            (x + 0.22, 1.38, z),
            (x + 0.32, 0.55, z),
        ],
        coat,
    )
    polygon(
        [(x + 0.11 * math.cos(turn), 1.62 + 0.14 * math.sin(turn), z) for turn in np.linspace(0, math.tau, 20)], coat
    )
    polygon([(x + 0.2, 1.1, z), (x + 0.17, 2.2, z), (x + 0.2, 2.2, z), (x + 0.23, 1.1, z)], (20, 20, 26))
    for part, (colour, reach) in enumerate([((150, 22, 34), 1.0), ((206, 38, 44), 0.62), ((232, 70, 62), 0.22)]):
        arch = [
            (x + 0.1 + 0.82 * reach * math.cos(turn) - 0.05 * part, 1.9 + 0.55 * math.sin(turn), z)
            for turn in np.linspace(0, math.pi, 24)
        ]
        polygon(arch, colour)


def _ground(picture: np.ndarray, mirrored: Image.Image) -> np.ndarray:
    """Stones in rows; the wetter they are, the more they mirror."""
    random = np.random.default_rng(47)
    top = HORIZON_PX + 14
    rows = np.arange(top, HEIGHT_PX, dtype=np.float32)[:, None]
    columns = np.arange(WIDTH_PX, dtype=np.float32)[None, :]
    z = FOCUS_PX * EYE_M / (rows - HORIZON_PX)
    x = (columns - VANISH_PX) * z / FOCUS_PX
    row = np.floor(z / 0.17)
    shift = x / 0.2 + 0.5 * (row % 2)
    stone = np.floor(shift)
    dice = np.modf(np.abs(np.sin(row * 12.9898 + stone * 78.233)) * 43758.547)[0]
    joint = np.maximum(np.abs(shift - stone - 0.5), np.abs(z / 0.17 - row - 0.5)) * 2
    # Far away the joints are finer than a pixel.
    clear = smooth(16, 4, z)
    dome = smooth(1, 0.55, joint) * clear + 0.75 * (1 - clear)
    puddles = smooth(
        0.1,
        0.55,
        paint.noise(random, WIDTH_PX, 1200, (3, 5), 4)[
            np.clip((z * 60).astype(int), 0, 1199), np.arange(WIDTH_PX)[None, :]
        ],
    )
    # Each stone tilts what it mirrors; puddles hardly do.
    tilt = (dice - 0.5) * clear * (1 - 0.93 * puddles) * 90 / np.sqrt(z)
    blurred = np.asarray(mirrored.filter(ImageFilter.BoxBlur((2, 9))))
    from_row = np.clip(rows + tilt + (joint - 0.5) * 16 * clear * (1 - puddles), top, HEIGHT_PX - 1).astype(int)
    from_column = np.clip(columns + tilt * 0.3, 0, WIDTH_PX - 1).astype(int)
    shine = blurred[from_row, from_column].astype(np.float32) / 255
    stones = rgb((62, 58, 74)) * (0.45 + 0.3 * dice + 0.4 * dome * (1 - 0.5 * puddles))[..., None]
    wet = 0.4 + 0.2 * dome * (dice > 0.3) + 0.3 * puddles
    wet = np.clip(wet + 0.3 * smooth(10, 40, z), 0, 0.92)
    ground = stones * (1 - wet[..., None]) * 0.9 + shine * wet[..., None] * 1.02
    # Pavements on both sides, with a kerb.
    kerb = smooth(0.05, 0.03, np.abs(np.abs(x) - (HALF_STREET_M - 0.7)))
    ground = mix(ground, rgb((30, 28, 40)), kerb * 0.7)
    seen = (np.abs(x) < HALF_STREET_M) * (1 - _standing()[top:])
    picture[top:] = mix(picture[top:], ground, seen)
    return picture


def _standing() -> np.ndarray:
    """Where lamps and the walker stand before the ground."""

    def shapes(canvas: ImageDraw.ImageDraw, scale: int) -> None:
        def polygon(places: list[tuple[float, float, float]], colour: Colour, haze: float = 0) -> None:
            canvas.polygon([(scale * x, scale * y) for x, y in (_at(*place) for place in places)], 255)

        for side, z in LAMPS_M:
            _lamp(polygon, side, z)
        _walker(polygon)

    return paint.mask(WIDTH_PX, HEIGHT_PX, shapes)


def _lamplight(picture: np.ndarray) -> None:
    for side, z in LAMPS_M:
        x, y = _at(side * (HALF_STREET_M - 1.0), 3.7, z)
        paint.glow(picture, x, y, FOCUS_PX * 2.6 / z, (255, 178, 92), 0.75)
        paint.glow(picture, x, y, FOCUS_PX * 0.6 / z, (255, 226, 170), 0.7)
        x, y = _at(side * (HALF_STREET_M - 1.0), -3.7, z)
        paint.glow(picture, x, y, FOCUS_PX * 1.8 / z, (255, 170, 90), 0.35)
    paint.glow(picture, VANISH_PX, HORIZON_PX - 60, 620, (255, 150, 96), 0.5)
