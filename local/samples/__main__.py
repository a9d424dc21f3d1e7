"""python -m local.samples      draws the sample pictures, unless they are there"""

from . import make

if __name__ == "__main__":
    for path in make():
        print(f"{path} ({path.stat().st_size:,} bytes)")
