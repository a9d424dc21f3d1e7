"""Spheres on a table in the light of a window: soft shadows, and one sphere that mirrors the others."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from . import paint
from .paint import Colour, mix, rgb, smooth

WIDTH_PX, HEIGHT_PX = 1200, 900
# A pixel that differs from a neighbour by more of 0 to 1 is on an edge, and gets rays by this number squared.
EDGE, EDGE_RAYS = 0.04, 4
EYE = np.array([0, 1.75, -6.2], np.float32)
LIGHT = np.array([-4.6, 6.4, -3.2], np.float32)
# Of the window, as seen from the table: the size of the half shadows.
LIGHT_RADIUS = 1.5


@dataclass(frozen=True)
class Sphere:
    centre: tuple[float, float, float]
    radius: float
    colour: Colour
    mirror: float = 0
    gloss: float = 0


SPHERES = [
    Sphere((-1.5, 0.9, 0.5), 0.9, (226, 92, 58), gloss=0.45),
    Sphere((0.45, 1.15, 1.3), 1.15, (222, 226, 232), mirror=0.86, gloss=1),
    Sphere((1.95, 0.62, -0.15), 0.62, (28, 138, 140), mirror=0.1, gloss=0.9),
    Sphere((-0.35, 0.42, -0.85), 0.42, (244, 190, 62), gloss=0.5),
    Sphere((0.72, 0.27, -1.45), 0.27, (122, 62, 128), mirror=0.06, gloss=0.9),
    Sphere((-2.5, 0.3, -0.9), 0.3, (238, 226, 204), gloss=0.2),
]


def draw() -> Image.Image:
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    picture = _seen(columns.ravel(), rows.ravel()).reshape(HEIGHT_PX, WIDTH_PX, 3)
    edge = np.zeros((HEIGHT_PX, WIDTH_PX), bool)
    for here, there in [(np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])]:
        differs = np.abs(picture[here] - picture[there]).max(axis=-1) > EDGE
        edge[here] |= differs
        edge[there] |= differs
    y, x = np.nonzero(edge)
    within = (np.arange(EDGE_RAYS, dtype=np.float32) + 0.5) / EDGE_RAYS - 0.5
    more = [_seen(x + right, y + down) for right in within for down in within]
    picture[y, x] = np.mean(more, axis=0)
    return paint.to_image(picture)


def _seen(columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The colours at places of the picture, which are given in pixels, and may be between them."""
    x = (columns / (WIDTH_PX - 1) - 0.5).astype(np.float32)
    y = ((0.5 - rows / (HEIGHT_PX - 1)) * HEIGHT_PX / WIDTH_PX).astype(np.float32)
    rays = np.stack([x, y - np.float32(0.13), np.ones_like(x)], axis=-1)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    light = _trace(np.broadcast_to(EYE, rays.shape), rays, bounces=2)
    # The lens darkens its corners.
    light = light * (1 - 0.9 * (x * x + y * y))[:, None]
    return np.sqrt(np.clip(light, 0, 1))


def _trace(start: np.ndarray, rays: np.ndarray, bounces: int) -> np.ndarray:
    """The light that comes back along each ray, in linear steps."""
    nearest = np.full(len(rays), np.inf, np.float32)
    which = np.full(len(rays), -1)
    for number, sphere in enumerate(SPHERES):
        to_start = start - np.asarray(sphere.centre, np.float32)
        half = np.einsum("ij,ij->i", to_start, rays)
        under_root = half * half - np.einsum("ij,ij->i", to_start, to_start) + sphere.radius**2
        distance = -half - np.sqrt(np.maximum(under_root, 0))
        closer = (under_root > 0) & (distance > 1e-3) & (distance < nearest)
        nearest[closer], which[closer] = distance[closer], number
    light = _room(start, rays)
    for number, sphere in enumerate(SPHERES):
        here = np.flatnonzero(which == number)
        if len(here):
            light[here] = _shade(sphere, start[here] + rays[here] * nearest[here, None], rays[here], bounces)
    return light


def _shade(sphere: Sphere, place: np.ndarray, rays: np.ndarray, bounces: int) -> np.ndarray:
    normal = (place - np.asarray(sphere.centre, np.float32)) / sphere.radius
    to_light = LIGHT - place
    to_light /= np.linalg.norm(to_light, axis=1, keepdims=True)
    facing = np.einsum("ij,ij->i", normal, to_light)
    lit = np.clip(facing * 0.92 + 0.08, 0, 1) * _shadow(place + normal * 2e-3, sphere)
    # From below comes what the table throws back, from above the room.
    up = normal[:, 1:2]
    around = mix(np.full_like(normal, 0.055), rgb((150, 96, 60)) ** 2 * 0.42, np.clip(-up[:, 0], 0, 1)[:, None])
    around = around + np.clip(up, 0, 1) * rgb((70, 84, 110)) ** 2 * 0.7
    colour = rgb(sphere.colour) ** 2
    light = colour * (lit[:, None] * 1.05 + around)
    mirrored = rays - 2 * np.einsum("ij,ij->i", rays, normal)[:, None] * normal
    if sphere.mirror and bounces:
        edge = (1 - np.clip(-np.einsum("ij,ij->i", rays, normal), 0, 1)) ** 4
        share = (sphere.mirror + (1 - sphere.mirror) * edge * 0.6)[:, None]
        light = light * (1 - share) + _trace(place, mirrored, bounces - 1) * share * (0.4 + 0.6 * colour)
    # The window, with its cross, on what is glossy.
    shine = np.einsum("ij,ij->i", mirrored, to_light)
    side = np.cross(to_light, np.array([0, 1, 0], np.float32))
    cross = np.abs(np.einsum("ij,ij->i", mirrored, side)) > 0.012
    window = smooth(0.984, 0.99, shine) * cross + 0.16 * np.clip(shine, 0, 1) ** 24
    return light + (window * sphere.gloss)[:, None] * rgb((255, 246, 228))


def _shadow(place: np.ndarray, own: Sphere | None) -> np.ndarray:
    """How much of the window is seen from each place, from 0 to 1."""
    seen = np.ones(len(place), np.float32)
    to_light = LIGHT - place
    far = np.linalg.norm(to_light, axis=1)
    to_light /= far[:, None]
    for sphere in SPHERES:
        if sphere is own:
            continue
        to_sphere = np.asarray(sphere.centre, np.float32) - place
        along = np.einsum("ij,ij->i", to_sphere, to_light)
        beside = np.sqrt(np.maximum(np.einsum("ij,ij->i", to_sphere, to_sphere) - along**2, 0))
        half_shadow = LIGHT_RADIUS * np.maximum(along, 0.02) / far
        clear = smooth(-1, 1, (beside - sphere.radius) / half_shadow)
        seen *= np.where(along > 0, clear, 1)
    return seen


def _room(start: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """The table, and behind its edge the wall."""
    light = _wall(start, rays)
    down = np.flatnonzero(rays[:, 1] < -1e-3)
    place = start[down] - rays[down] * (start[down, 1] / rays[down, 1])[:, None]
    on_table = place[:, 2] < 4.2
    down, place = down[on_table], place[on_table]
    x, z = place[:, 0], place[:, 2]
    # Boards with grain: a sine that noise bends, and a dark joint.
    board = np.floor(z / 1.15 + 0.3)
    bent = np.sin(x * 0.9 + board * 5) * 0.5 + np.sin(x * 2.3 + board * 2 + z) * 0.17
    rings = np.sin((z * 7 + bent * 3 + board * 3.1) * 3.1) * 0.5 + np.sin((z * 31 + bent * 9)) * 0.2
    rings += np.sin(x * 3 + z * 97 + bent * 5) * 0.12
    wood = mix(np.broadcast_to(rgb((150, 94, 54)), place.shape), rgb((196, 136, 84)), (0.5 + 0.4 * rings)[:, None])
    wood = wood * (0.93 + 0.09 * np.sin(board * 12.9))[:, None]
    joint = np.abs(z / 1.15 + 0.3 - np.round(z / 1.15 + 0.3)) * 1.15
    wood = wood * (0.35 + 0.65 * smooth(0.004, 0.02, joint))[:, None]
    to_light = LIGHT - place
    far = np.linalg.norm(to_light, axis=1)
    lit = to_light[:, 1] / far * (8.6 / far) ** 2 * _shadow(place, None)
    # Near a sphere, less of the room is seen.
    open_ = np.ones(len(place), np.float32)
    for sphere in SPHERES:
        away = np.hypot(x - sphere.centre[0], z - sphere.centre[2]) / sphere.radius
        open_ *= 1 - 0.85 / (1 + (away * 1.25) ** 4)
    light[down] = wood**2 * (lit * 1.15 + 0.13 * open_)[:, None]
    return light


def _wall(start: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """A plastered wall: bright where the window lights it."""
    ahead = np.maximum(rays[:, 2], 0.08)
    x = start[:, 0] + rays[:, 0] * (6 - start[:, 2]) / ahead
    y = start[:, 1] + rays[:, 1] * (6 - start[:, 2]) / ahead
    bright = np.exp(-(((x + 2.0) / 4.2) ** 2) - ((y - 2.6) / 3.4) ** 2)
    wall = mix(np.broadcast_to(rgb((52, 62, 76)), rays.shape), rgb((160, 158, 150)), bright[:, None])
    # Behind whoever looks there is a dim room; mirrors show it.
    return mix(np.broadcast_to(rgb((92, 88, 88)), rays.shape), wall, smooth(-0.1, 0.7, rays[:, 2])) ** 2
