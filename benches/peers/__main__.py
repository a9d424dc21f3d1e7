"""`make peers`: the corpus, the measurements, benches/report.md, and the aims on standard output."""

import argparse
import json
import os
import shlex
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from . import aims, measure, report
from .children import HERE, PYTHON, ROOT, all_peers


def main() -> int:
    parser = argparse.ArgumentParser(prog="make peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few files, few rounds: under 3 minutes")
    parser.add_argument("--corpus", type=Path, default=None, help="a folder of images instead of the made ones")
    parser.add_argument("--only", default="", help="only files whose name contains this")
    parser.add_argument("--report", type=Path, default=ROOT / "benches/report.md", help="the file to write into")
    arguments = parser.parse_args()

    corpus = arguments.corpus or HERE / "corpus"
    if arguments.corpus is None:
        # NumPy stays out of this process: its memory would be in the numbers of its children.
        quick = ["--quick"] if arguments.quick else []
        subprocess.run([PYTHON, "-m", "benches.peers.corpus", corpus, *quick], cwd=ROOT, check=True)
    elif not corpus.is_dir():
        print(f"peers: corpus `{corpus}` is not a directory: set PEERS_CORPUS to a folder of images", file=sys.stderr)
        return 2
    files = [image for image in measure.images(corpus) if arguments.only in image.name]
    if arguments.quick and arguments.corpus is None:
        files = [image for image in files if image.name in QUICK]
    if not files:
        print(f"peers: no image in `{corpus}`: put some there", file=sys.stderr)
        return 2

    _take_one_core()
    peers = all_peers()
    rounds = {image.name: _rounds(image, arguments.quick) for image in files}
    results: measure.Results = {}
    measure.cpu(peers, files, rounds, results)
    measure.memory(peers, files, results)
    measure.quality(peers, files, results)

    verdicts = aims.verdicts(files, results)
    command = "make peers" + (" PEERS=--quick" if arguments.quick else "")
    if arguments.corpus is not None:
        command += f" PEERS_CORPUS={shlex.quote(arguments.corpus.name)}"
    report.write(arguments.report, report.section(peers, files, results, verdicts, rounds, command))
    raw = [{"file": file, "peer": peer, **asdict(cell)} for (file, peer), cell in results.items()]
    (HERE / "out/results.json").write_text(json.dumps(raw, indent=1))
    _print(verdicts, arguments.report)
    return 0


# The names that the quick mode takes where a full corpus is there already.
QUICK = {
    "jpeg_0.3mp.jpg",
    "jpeg_1mp.jpg",
    "jpeg_3mp.jpg",
    "jpeg_12mp.jpg",
    "jpeg_progressive_12mp.jpg",
    "png_1mp.png",
    "png_palette_3mp.png",
    "gif_1mp.gif",
}


def _rounds(image: measure.Image, quick: bool) -> int:
    if quick:
        return 3 if image.megapixels > 4 else 5
    return 5 if image.megapixels > 30 else 9 if image.megapixels > 4 else 15


def _take_one_core() -> None:
    """The last one, for this process and all that it starts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _print(verdicts: list[aims.Verdict], path: Path) -> None:
    width = max(len(verdict.file) for verdict in verdicts)
    for verdict in verdicts:
        ratio = "" if verdict.ratio is None else f"{verdict.ratio:.3f}"
        met = "met" if verdict.met else "MISSED"
        numbers = f"{verdict.ours:>10} {verdict.best:>20} {ratio:>7} {verdict.aim:>8}"
        print(f"{verdict.file:<{width}} {verdict.what:<11} {numbers}  {met}")
    met = sum(verdict.met for verdict in verdicts)
    try:
        path = path.relative_to(ROOT)
    except ValueError:
        pass
    print(f"{met} of {len(verdicts)} aims met; tables in {path}")


if __name__ == "__main__":
    sys.exit(main())
