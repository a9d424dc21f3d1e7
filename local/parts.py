"""What the bucket situations are made of: a picture and packages."""

import json
import zipfile
from io import BytesIO

from PIL import Image

from .stack import ROOT


def thirds() -> bytes:
    """Red on the left, green in the middle, blue on the right."""
    image = Image.new("RGB", (90, 30), (0, 200, 0))
    image.paste((200, 0, 0), (0, 0, 30, 30))
    image.paste((0, 0, 200), (60, 0, 90, 30))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def moving() -> bytes:
    """Red, green and blue, one after another."""
    frames = [Image.new("RGB", (90, 30), colour) for colour in ((200, 0, 0), (0, 200, 0), (0, 0, 200))]
    file = BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=2)
    return file.getvalue()


def pack_by_prefix(prefix: str, name: str, side_px: int) -> str:
    """The zips, not compressed, with a thumbnails.json that has other variants for a prefix, and animated ones under its
    `moving/`; returns their folder."""
    table = json.loads((ROOT / "thumbnails.json").read_text())
    variant = table["variants"][0] | {
        "name": name, "width_px": side_px, "height_px": side_px, "fit": "cover", "gravity": "attention"}
    animated = variant | {"format": "webp", "animated": {"max_frames": 2}}
    prefixes = [{"prefix": prefix, "variants": [variant]}, {"prefix": f"{prefix}moving/", "variants": [animated]}]
    text = json.dumps(table | {"manifest": True, "prefixes": prefixes})
    folder = ROOT / "target" / "local-by-prefix"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "target" / "local").glob("*.zip"):
        packed = zipfile.ZipFile(folder / path.name, "w")
        with zipfile.ZipFile(path) as there, packed as made:
            for entry in there.infolist():
                file = text if entry.filename == "thumbnails.json" else there.read(entry)
                made.writestr(entry, file, zipfile.ZIP_STORED)
    return str(folder.relative_to(ROOT))
