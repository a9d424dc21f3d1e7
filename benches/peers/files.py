"""What is in a folder of images, by the engine's own reading of their headers."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .children import RELEASE

EVERYDAY = ["jpeg", "png", "webp", "gif", "tiff", "bmp"]


@dataclass(frozen=True)
class Image:
    """One file, as its header tells it."""

    # What tables call it: `jpeg_1mp.jpg`; of a user's folder `photos/2024/cat.jpg`.
    name: str
    path: Path
    format: str
    width_px: int
    height_px: int
    interlaced: bool
    bytes: int
    # From a user's folder, not made by `corpus.py`.
    own: bool

    @property
    def megapixels(self) -> float:
        return self.width_px * self.height_px / 1e6

    @property
    def lossless_webp(self) -> bool:
        # Source: RFC 9649, 2.5 to 2.7: the chunk of the pixels follows at most a header and a profile.
        return self.format == "webp" and b"VP8L" in self.path.read_bytes()[:64]


def images(folder: Path, own: bool) -> tuple[list[Image], dict[str, str]]:
    """The images in `folder`, smallest first within each format, and by name why the other files are none."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    files = [path for path in files if path.suffix not in (".md", ".txt", ".json")]
    if not files:
        return [], {}
    names = {str(path): str(path.relative_to(folder.parent if own else folder)) for path in files}
    command = [str(RELEASE / "thumbtier"), "explain", "--json", *names]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    found, refused = [], {}
    for line in map(json.loads, lines):
        path, name = line["file"], names[line["file"]]
        if line.get("width_px") is None:
            refused[name] = f"{line['outcome']}: {line.get('message')}"
            continue
        size = (line["width_px"], line["height_px"])
        found.append(Image(name, Path(path), line["format"], *size, line["interlaced"], line["source_bytes"], own))
    order = {format: index for index, format in enumerate(EVERYDAY)}
    key = lambda image: (order.get(image.format, len(order)), image.format, image.interlaced, image.megapixels)
    return sorted(found, key=key), refused
