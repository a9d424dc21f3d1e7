"""Draws the sample pictures, unless they are there; puts copies into FOLDER, to look at them."""

import argparse
import shutil
from pathlib import Path

from . import make

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="local.samples", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="made if it is not there")
    folder = parser.parse_args().folder
    paths = make()
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        paths = [Path(shutil.copyfile(path, folder / path.name)) for path in paths]
    for path in paths:
        print(f"{path} ({path.stat().st_size:,} bytes)")
