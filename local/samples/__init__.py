"""The pictures that `make local` uploads: a camera's JPEGs, other formats, one for every tier, and one that is refused.

All are drawn by code, the same pixels every time, and kept below `target/samples` until the code or the tiers change.
"""

import hashlib
import io
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from ..package import ROOT
from . import dunes, forest, lake, meadow, paint, poster, still_life, street

KEPT = ROOT / "target" / "samples"
TIERS = ROOT / "tiers.json"
CAMERA_PX = (4000, 3000)
# EXIF 2.32, tag Orientation: to be turned by a quarter to the right.
ORIENTATION, TURN_RIGHT = 0x0112, 6
# What reaches a larger tier: AVIF, because its thresholds are the lowest, so the files are the smallest.
AVIF_SCENES = (dunes, forest)
# What a pixel of them takes at most.
AVIF_BYTES_A_PIXEL = 1.1


def make() -> list[Path]:
    """The sample files, in the order of the table; drawn unless they are there already."""
    folder = KEPT / _key()
    if not folder.is_dir():
        KEPT.mkdir(parents=True, exist_ok=True)
        # A folder that has its name is complete.
        unfinished = Path(tempfile.mkdtemp(dir=KEPT, prefix="unfinished-"))
        try:
            names = []
            for name, content in _files():
                (unfinished / name).write_bytes(content)
                names.append(name)
            (unfinished / "order.json").write_text(json.dumps(names))
            _put(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        for old in KEPT.iterdir():
            if old != folder and not old.name.startswith("unfinished-"):
                shutil.rmtree(old, ignore_errors=True)
    return [folder / name for name in json.loads((folder / "order.json").read_text())]


def one_per_tier(folder: Path) -> list[Path]:
    """Writes `small.avif`, `medium.avif` and so on: one for each row of the table, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for tier, at_least_bytes in _at_least_bytes().items():
        paths.append(folder / f"{tier}.avif")
        # Of dunes a byte takes more pixels: one of the largest tier's size is drawn in 33 s of CPU, a forest in 5.
        paths[-1].write_bytes(_avif(forest, at_least_bytes))
    return paths


def _put(unfinished: Path, folder: Path) -> None:
    try:
        os.rename(unfinished, folder)
    except OSError:
        # Somebody else was faster, and drew the same.
        if not folder.is_dir():
            raise


def _key() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256()
    for path in [*sources, ROOT / "requirements.txt", TIERS]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files() -> Iterator[tuple[str, bytes]]:
    """Names and contents; at most one large picture is in memory at a time."""
    photograph = _jpeg(paint.photograph(lake.draw(), CAMERA_PX, 1, grain=7), quality=90)
    yield "lake.jpg", photograph
    # Held upright, a camera stores the picture lying on its side, and says so.
    exif = Image.Exif()
    exif[ORIENTATION] = TURN_RIGHT
    upright = paint.photograph(street.draw().transpose(Image.Transpose.ROTATE_90), CAMERA_PX, 2, grain=6)
    yield "street-upright.jpg", _jpeg(upright, quality=90, exif=exif)
    yield (
        "meadow-progressive.jpg",
        _jpeg(paint.photograph(meadow.draw(), CAMERA_PX, 3, grain=4.5), quality=86, progressive=True),
    )
    yield "balloon-transparent.png", _encoded(poster.draw(), "PNG", compress_level=4)
    yield "still-life.tif", _encoded(still_life.draw(), "TIFF", compression="tiff_lzw")
    scenes = itertools.cycle(AVIF_SCENES)
    for tier, at_least_bytes in list(_at_least_bytes().items())[1:]:
        scene = next(scenes)
        yield f"{scene.__name__.rpartition('.')[2]}-{tier}.avif", _avif(scene, at_least_bytes)
    yield "broken-upload.jpg", photograph[: len(photograph) // 5]


def _at_least_bytes() -> dict[str, int]:
    """For each tier the size of an AVIF that is just over the threshold of the tier below."""
    at_least_bytes, sizes = 100_000, {}
    for name, tier in json.loads(TIERS.read_text()).items():
        if name == "measured_for":
            continue
        sizes[name] = at_least_bytes
        thresholds = tier["max_object_bytes"]
        at_least_bytes = thresholds.get("avif", thresholds["default"]) * 11 // 10
    return sizes


def _avif(scene, at_least_bytes: int) -> bytes:
    pixels = at_least_bytes / AVIF_BYTES_A_PIXEL
    drawn = None
    while True:
        width_px = int((pixels * 4 / 3) ** 0.5)
        size = width_px, width_px * 3 // 4
        # What was a little too small is enlarged, because it is drawn for longer than it is encoded.
        drawn = drawn or scene.draw(*size)
        picture = paint.photograph(drawn, size, 4, grain=2)
        file = _encoded(picture, "AVIF", quality=100, speed=9, subsampling="4:4:4")
        if len(file) >= at_least_bytes:
            return file
        # How many bytes a pixel takes changes little with the size.
        pixels *= 1.05 * at_least_bytes / len(file)


def _jpeg(picture: Image.Image, quality: int, **options: object) -> bytes:
    return _encoded(picture, "JPEG", quality=quality, subsampling="4:2:0", **options)


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()
