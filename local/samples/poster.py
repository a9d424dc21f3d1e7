"""A travel badge without a background: a balloon before the sun, over hills; its shadow is half transparent."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import paint
from .paint import mix, rgb, smooth

SIDE_PX = 1400
CENTRE_PX, RADIUS_PX = (700, 735), 560
BALLOON_PX, BALLOON_RADIUS_PX = (725, 420), 335
STRIPES = [(214, 60, 52), (250, 236, 208), (240, 168, 54), (250, 236, 208)]


def draw() -> Image.Image:
    random = np.random.default_rng(5)
    badge = Image.new("RGBA", (SIDE_PX, SIDE_PX))
    disc = _disc(RADIUS_PX)
    badge.paste((250, 240, 216, 255), (0, 0), disc)
    badge.paste((24, 62, 82, 255), (0, 0), _disc(RADIUS_PX - 22))
    badge.paste((250, 240, 216, 255), (0, 0), _disc(RADIUS_PX - 34))
    badge.paste(paint.to_image(_landscape(random)), (0, 0), _disc(RADIUS_PX - 46))
    _cloud(badge, 420, 560, 0.8, 150)
    _balloon(badge)
    for x, y, size in [(1120, 690, 1.15), (250, 840, 1.3), (1010, 905, 0.7)]:
        _cloud(badge, x, y, size, 255)
    shadow = Image.new("RGBA", badge.size, (20, 24, 40, 0))
    shadow.putalpha(badge.getchannel("A").point(lambda alpha: alpha * 110 // 255))
    poster = Image.new("RGBA", badge.size)
    poster.paste(shadow, (14, 30))
    poster = poster.filter(ImageFilter.GaussianBlur(22))
    poster.alpha_composite(badge)
    return poster


def _disc(radius: int) -> Image.Image:
    x, y = CENTRE_PX
    return _shape(
        lambda canvas: canvas.ellipse([2 * part for part in (x - radius, y - radius, x + radius, y + radius)], 255)
    )


def _shape(draw_on) -> Image.Image:
    """A mask; places are given at twice the size."""
    image = Image.new("L", (SIDE_PX * 2, SIDE_PX * 2))
    draw_on(ImageDraw.Draw(image))
    return image.reduce(2)


def _landscape(random: np.random.Generator) -> np.ndarray:
    across, down = paint.grid(SIDE_PX, SIDE_PX)
    x, y = (across - 0.52) * SIDE_PX, (down - 0.56) * SIDE_PX
    angle = np.arctan2(y, x)
    distance = np.hypot(x, y)
    rays = smooth(-0.03, 0.03, np.sin(angle * 18) * distance / 600)
    sky = paint.ramp(
        [(0, (255, 224, 140)), (300, (250, 190, 110)), (650, (240, 140, 98)), (900, (216, 100, 90))], distance
    )
    sky = mix(sky, sky * rgb((255, 226, 196)), rays * 0.65)
    sky = mix(sky, rgb((255, 246, 204)), smooth(172, 169, distance))
    rows = np.arange(SIDE_PX, dtype=np.float32)[:, None]
    places = np.linspace(0, 1, SIDE_PX)
    hills = [
        (860, 60, 6, (206, 110, 98), (240, 160, 116)),
        (930, 75, 5, (150, 78, 92), (206, 110, 98)),
        (1020, 60, 4, (84, 62, 88), (140, 84, 96)),
        (1120, 46, 3, (28, 66, 84), (64, 92, 96)),
    ]
    for base, high, cells, colour, foot in hills:
        top = base - paint.line(random, SIDE_PX, cells, 5, 0.42) * high - 26 * np.sin(places * 7 + base)
        depth = rows - top[None, :].astype(np.float32)
        shade = mix(np.broadcast_to(rgb(colour), sky.shape), rgb(foot), smooth(0, 240, depth) * 0.8)
        sky = mix(sky, shade, np.clip(depth + 0.5, 0, 1))

    def trees(canvas: ImageDraw.ImageDraw) -> None:
        for x in random.uniform(160, 1240, 90):
            height, foot = random.uniform(40, 120), 1210 + random.uniform(-30, 70)
            for tier in range(4):
                wide, low = height * (0.09 + 0.055 * tier), foot - height * (0.66 - 0.22 * tier)
                canvas.polygon(
                    [2 * x - 2 * wide, 2 * low, 2 * x, 2 * (low - height * 0.36), 2 * x + 2 * wide, 2 * low], 255
                )

    return mix(sky, rgb((14, 42, 58)), np.asarray(_shape(trees), np.float32) / 255)


def _balloon(badge: Image.Image) -> None:
    (x, y), radius = BALLOON_PX, BALLOON_RADIUS_PX
    rows, columns = np.mgrid[0:SIDE_PX, 0:SIDE_PX].astype(np.float32)
    dx, dy = (columns - x) / radius, (rows - y) / radius
    # Half a ball above, below it a bag that narrows to the burner.
    low = np.clip(dy, 0, 1.34)
    half = np.where(
        dy < 0, np.sqrt(np.clip(1 - dy * dy, 0, 1)), 0.15 + 0.85 * np.clip(np.cos(low / 1.34 * np.pi / 2), 0, 1) ** 0.8
    )
    inside = np.clip((half - np.abs(dx)) * radius + 0.5, 0, 1) * (dy > -1) * np.clip((1.34 - dy) * radius, 0, 1)
    turn = np.arcsin(np.clip(dx / np.maximum(half, 1e-3), -1, 1))
    gore = (turn / np.pi + 0.5) * 12 + 0.5
    # One pixel at the edge of a stripe has a part of each colour.
    seam_at = np.round(gore)
    beyond = np.clip((gore - seam_at) * np.cos(turn) * half * (radius * np.pi / 12) + 0.5, 0, 1)
    left, right = (np.clip(seam_at - side, 1, 11).astype(int) % len(STRIPES) for side in (1, 0))
    colours = mix(rgb(STRIPES)[left], rgb(STRIPES)[right], beyond)
    band = np.clip((0.15 - np.abs(dy + 0.02 - 0.1 * np.cos(turn))) * radius + 0.5, 0, 1)
    colours = mix(colours, rgb((24, 92, 112)), band)
    seam = smooth(0, 0.05, np.abs(gore - seam_at) * np.cos(turn))
    light = 0.56 + 0.5 * np.clip(np.cos(turn + 0.55), 0, 1) - 0.13 * np.clip(dy, 0, 2)
    colours = colours * (light * (0.86 + 0.14 * seam))[..., None]
    shine = np.exp(-(((dx + 0.42) / 0.16) ** 2) - ((dy + 0.45) / 0.3) ** 2)
    colours = mix(colours, rgb((255, 255, 255)), shine * 0.5)
    badge.paste(paint.to_image(colours), (0, 0), paint.to_image(inside))

    def ropes(canvas: ImageDraw.ImageDraw) -> None:
        for top, foot in [(-48, -40), (-16, -14), (16, 14), (48, 40)]:
            canvas.line([(2 * (x + top), 2 * (y + radius * 1.33)), (2 * (x + foot), 2 * (y + 535))], 255, 6)

    def basket(canvas: ImageDraw.ImageDraw) -> None:
        canvas.polygon([2 * part for part in (x - 46, y + 532, x + 46, y + 532, x + 36, y + 606, x - 36, y + 606)], 255)

    def rim(canvas: ImageDraw.ImageDraw) -> None:
        canvas.rounded_rectangle([2 * part for part in (x - 52, y + 522, x + 52, y + 540)], 16, 255)

    badge.paste((60, 40, 36, 255), (0, 0), _shape(ropes))
    weave = 0.82 + 0.18 * np.sign(np.sin(columns * 0.45) * np.sin(rows * 0.45))
    wicker = rgb((170, 104, 52)) * (weave * np.clip(1.1 - (columns - x) / 120, 0.5, 1.2))[..., None]
    badge.paste(paint.to_image(wicker), (0, 0), _shape(basket))
    badge.paste((104, 60, 34, 255), (0, 0), _shape(rim))


def _cloud(badge: Image.Image, x: float, y: float, size: float, alpha: int) -> None:
    def puffs(canvas: ImageDraw.ImageDraw, lift: float) -> None:
        for dx, dy, radius in [(-130, 0, 52), (-66, -34, 70), (20, -58, 88), (96, -20, 64), (150, 4, 44)]:
            box = [dx - radius, dy - radius - lift, dx + radius, dy + radius - lift]
            canvas.ellipse([2 * (part * size + (x, y)[side % 2]) for side, part in enumerate(box)], 255)
        # Flat below.
        canvas.rectangle([0, 2 * (y + 26 * size), 2 * SIDE_PX, 2 * SIDE_PX], 0)

    whole = _shape(lambda canvas: puffs(canvas, 0))
    lit = _shape(lambda canvas: puffs(canvas, 22))
    for colour, part in [
        ((226, 190, 176), whole),
        ((255, 248, 236), Image.composite(lit, Image.new("L", lit.size), whole)),
    ]:
        badge.paste((*colour, 255), (0, 0), part.point(lambda value: value * alpha // 255))
