"""A meadow in the sun: only the flowers in the middle are in focus."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import paint
from .paint import Colour, mix, rgb

WIDTH_PX, HEIGHT_PX = 2000, 1500
RED, WHITE, BLUE, YELLOW = (218, 48, 36), (250, 248, 240), (72, 96, 206), (250, 204, 60)


def draw() -> Image.Image:
    random = np.random.default_rng(21)
    picture = paint.to_image(_background(random)).convert("RGBA")
    # From far to near: blur in pixels, where the stems stand and how they scatter, size of flowers, how many, grass.
    for blur_px, foot, scatter, size, flowers, blades in [
        (34, 0.62, 0.04, 34, 60, 300),
        (17, 0.75, 0.05, 54, 34, 300),
        (7, 0.94, 0.06, 88, 14, 340),
        (0, 1.16, 0.08, 168, 8, 460),
        (40, 1.36, 0.04, 220, 4, 40),
    ]:
        # What will be blurred is drawn small.
        shrink = 4 if blur_px > 12 else 2 if blur_px else 0.5
        layer = _layer(random, shrink, foot, scatter, size, flowers, blades, blur_px)
        if blur_px:
            layer = layer.filter(ImageFilter.GaussianBlur(blur_px / shrink))
        layer = layer.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BILINEAR).convert("RGBA")
        picture.alpha_composite(layer)
    light = paint.to_array(picture.convert("RGB"))
    across, down = paint.grid(WIDTH_PX, HEIGHT_PX)
    flare = np.exp(-((across - 0.82) ** 2 + (down - 0.02) ** 2) * 3.4)
    light = mix(light, rgb((255, 244, 196)), flare * 0.55)
    return paint.to_image(light * (1.05 - 0.32 * ((across - 0.5) ** 2 + (down - 0.5) ** 2))[..., None])


def _background(random: np.random.Generator) -> np.ndarray:
    """Sky, a wood and fields, far out of focus; lights between the leaves are discs, as a lens makes them."""
    width_px, height_px = WIDTH_PX // 4, HEIGHT_PX // 4
    _, down = paint.grid(width_px, height_px)
    field = paint.ramp(
        [
            (0, (196, 224, 232)),
            (0.2, (238, 238, 196)),
            (0.3, (128, 156, 84)),
            (0.46, (84, 128, 52)),
            (0.62, (146, 176, 66)),
            (1, (60, 104, 36)),
        ],
        np.clip(down + 0.05 * paint.noise(random, width_px, height_px, (7, 2), 3), 0, 1),
    )
    canvas = paint.to_image(field)
    canvas = canvas.filter(ImageFilter.GaussianBlur(7)).convert("RGBA")
    for _ in range(110):
        x, y = random.random() * width_px, height_px * random.normal(0.33, 0.075)
        radius = random.uniform(6, 19)
        disc = Image.new("RGBA", canvas.size)
        colour = (255, 250, 190) if random.random() < 0.6 else (210, 236, 150)
        ImageDraw.Draw(disc).ellipse(
            (x - radius, y - radius, x + radius, y + radius), (*colour, int(random.uniform(16, 72)))
        )
        canvas.alpha_composite(disc)
    canvas = canvas.convert("RGB").filter(ImageFilter.GaussianBlur(1))
    return paint.to_array(canvas.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.BICUBIC))


def _layer(
    random: np.random.Generator,
    shrink: float,
    foot: float,
    scatter: float,
    size: float,
    flowers: int,
    blades: int,
    blur_px: int,
) -> Image.Image:
    """Grass and flowers at one distance."""
    width_px, height_px = int(WIDTH_PX / shrink), int(HEIGHT_PX / shrink)
    # What is clear has the green of grass, so that a blur takes no dark edges along.
    layer = Image.new("RGBA", (width_px, height_px), (70, 110, 40, 0))
    canvas = ImageDraw.Draw(layer)
    unit = size / shrink
    near = blur_px > 36
    for x in np.sort(random.uniform(-0.02, 1.02, blades)):
        low = (foot + random.normal(0, scatter)) * height_px
        shade = random.uniform(0.5, 1.15) * (0.8 if blur_px == 0 else 1)
        colour = tuple(int(part * shade) for part in (108, 156, 54))
        _blade(canvas, random, x * width_px, low, unit * random.uniform(1.4, 3.8), unit * 0.09, colour)
    kinds = [_poppy, _poppy, _daisy, _daisy, _cornflower]
    for number in range(flowers):
        x = (number + 0.5 + random.uniform(-0.36, 0.36)) / flowers * width_px
        if near:
            x = (0.02, 0.14, 0.93, 1.0)[number] * width_px
        head = (foot + random.normal(0, scatter)) * height_px - unit * random.uniform(2.6, 4.6)
        bend = unit * random.uniform(-0.7, 0.7)
        _blade(canvas, random, x + bend, head + unit * 6.5, unit * 6.5, unit * 0.09, (88, 132, 50), lean=-bend)
        kinds[(number * 3 + int(size)) % 5](canvas, random, x, head, unit * random.uniform(0.75, 1.1))
    return layer


def _blade(
    canvas: ImageDraw.ImageDraw,
    random: np.random.Generator,
    x: float,
    foot: float,
    height: float,
    width: float,
    colour: Colour,
    lean: float | None = None,
) -> None:
    lean = height * random.normal(0, 0.24) if lean is None else lean
    left, right = [], []
    for step in range(9):
        part = step / 8
        middle, half = x + lean * part * part, width * (1 - part * (0.4 if lean is None else 0.9)) / 2
        left.append((middle - half, foot - height * part))
        right.append((middle + half, foot - height * part))
    canvas.polygon(left + right[::-1], colour)
    lit = tuple(min(255, int(part * 1.25)) for part in colour)
    canvas.polygon(left + [((a + b) / 2, y) for (a, y), (b, _) in zip(left, right, strict=True)][::-1], lit)


def _petal(
    x: float, y: float, angle: float, start: float, length: float, width: float, tilt: float
) -> list[tuple[float, float]]:
    """An outline that is round at its end, seen at a slant: `tilt` of 1 is from above."""
    outline = []
    for step in range(21):
        turn = step / 20 * 2 - 1
        along = start + (length - start) * math.cos(turn * math.pi / 2) ** 0.55
        side = width * math.sin(turn * math.pi) * 0.62
        dx = along * math.cos(angle) - side * math.sin(angle)
        dy = along * math.sin(angle) + side * math.cos(angle)
        outline.append((x + dx, y + dy * tilt))
    return outline


def _shaded(colour: Colour, light: float) -> Colour:
    return tuple(max(0, min(255, int(part * light))) for part in colour)


def _daisy(canvas: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, size: float) -> None:
    tilt = random.uniform(0.5, 0.8)
    for ring, reach in [(0, 1.0), (1, 0.93)]:
        for petal in range(17):
            angle = (petal + ring / 2) / 17 * math.tau + random.normal(0, 0.05)
            light = 0.86 + 0.1 * ring + 0.07 * math.cos(angle + 0.9) + random.uniform(-0.03, 0.03)
            length = size * reach * random.uniform(0.92, 1.05)
            canvas.polygon(_petal(x, y, angle, size * 0.1, length, size * 0.17, tilt), _shaded(WHITE, light))
    heart = size * 0.31
    canvas.ellipse((x - heart, y - heart * tilt * 0.9, x + heart, y + heart * tilt * 1.15), (206, 138, 28))
    for _ in range(70):
        angle, away = random.uniform(0, math.tau), heart * 0.94 * math.sqrt(random.random())
        px, py, dot = x + away * math.cos(angle), y + away * math.sin(angle) * tilt, size * 0.035
        canvas.ellipse((px - dot, py - dot, px + dot, py + dot), _shaded(YELLOW, random.uniform(0.8, 1.04)))


def _poppy(canvas: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, size: float) -> None:
    tilt = random.uniform(0.62, 0.85)
    start = random.uniform(0, math.tau)
    for petal, reach in enumerate([1.05, 1.05, 0.96, 0.92]):
        angle = start + (0, 2, 1, 3)[petal] * math.pi / 2 + random.normal(0, 0.12)
        # Darker towards the heart, in steps too fine to see.
        for step in range(12):
            part = 1 - step / 12
            light = 0.52 + 0.5 * part + 0.16 * math.cos(angle + 1.2) * part
            outline = _petal(x, y, angle, -size * 0.12, size * reach * part, size * 1.12 * part, tilt)
            canvas.polygon(outline, _shaded(RED, light))
    heart = size * 0.2
    for spoke in range(34):
        angle = spoke / 34 * math.tau
        away = size * random.uniform(0.24, 0.36)
        px, py, dot = x + away * math.cos(angle), y + away * math.sin(angle) * tilt, size * 0.03
        canvas.line((x, y, px, py), (40, 16, 30), max(1, int(size * 0.014)))
        canvas.ellipse((px - dot, py - dot, px + dot, py + dot), (34, 14, 30))
    canvas.ellipse((x - heart, y - heart * tilt, x + heart, y + heart * tilt), (74, 92, 52))
    canvas.ellipse((x - heart * 0.6, y - heart * tilt * 0.75, x + heart * 0.5, y + heart * tilt * 0.4), (120, 138, 84))


def _cornflower(canvas: ImageDraw.ImageDraw, random: np.random.Generator, x: float, y: float, size: float) -> None:
    tilt = random.uniform(0.5, 0.8)
    for ring, (count, reach) in enumerate([(11, 0.95), (9, 0.68), (7, 0.42)]):
        for petal in range(count):
            angle = (petal + ring * 0.4) / count * math.tau + random.normal(0, 0.08)
            light = (0.86, 1.02, 0.72)[ring] + 0.16 * math.cos(angle + 0.9)
            fan = [(x, y)]
            for tooth in range(7):
                away = size * reach * (1 if tooth % 2 else 0.8)
                turn = angle + (tooth - 3) * 0.085
                fan.append((x + away * math.cos(turn), y + away * math.sin(turn) * tilt))
            canvas.polygon(fan, _shaded(BLUE, light))
