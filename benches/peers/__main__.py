"""`make peers`: the corpus, the measurements, benches/report.md, and the aims on standard output."""

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from . import aims, folder, measure, report
from .children import ENGINE, HERE, PYTHON, ROOT, SHARP, all_peers
from .files import Image, images
from .targets import SMALLEST


def main() -> int:
    parser = argparse.ArgumentParser(prog="make peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few files, few rounds: about 5 minutes")
    parser.add_argument("--rounds", type=int, default=15, choices=range(1, 16), metavar="N",
                        help="no more of any file; 3 take a third of the time")
    parser.add_argument("--corpus", type=Path, default=None, help="a folder of images beside the made ones")
    parser.add_argument("--only", default="", help="only files whose name contains this")
    parser.add_argument("--report", type=Path, default=ROOT / "benches/report.md", help="the file to write into")
    arguments = parser.parse_args()
    if arguments.corpus is not None and not arguments.corpus.is_dir():
        why = f"corpus `{arguments.corpus}` is not a directory: set PEERS_CORPUS to a folder of images"
        print(f"peers: {why}", file=sys.stderr)
        return 2

    files, refused = _files(arguments)
    if not files:
        print("peers: no image is left to measure: name another with --only", file=sys.stderr)
        return 2
    rows = folder.measure(files)
    _take_one_core()
    peers = all_peers()
    rounds = {case: min(_rounds(case, arguments.quick), arguments.rounds) for case in measure.cases(files)}
    results: measure.Results = {}
    measure.cpu(peers, rounds, results)
    measure.memory(peers, list(rounds), results)
    missing = measure.quality(peers, list(rounds), results)

    verdicts = aims.verdicts(list(rounds), results)
    notes = _notes(refused, results, missing)
    start_ms = measure.start_ms(next(peer for peer in peers if peer.name == SHARP))
    run = report.Run(_command(arguments), peers, rounds, results, verdicts, notes, start_ms, rows)
    report.write(arguments.report, run)
    _print(run, arguments.report)
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


def _files(arguments: argparse.Namespace) -> tuple[list[Image], dict[str, str]]:
    """The made ones, then those of the user's folder; and by name what is no image there, and why."""
    made = HERE / "corpus"
    # NumPy stays out of this process: its memory would be in the numbers of its children.
    quick = ["--quick"] if arguments.quick else []
    subprocess.run([PYTHON, "-m", "benches.peers.corpus", made, *quick], cwd=ROOT, check=True)
    files, refused = images(made, own=False)
    if arguments.quick:
        files = [image for image in files if image.name in QUICK]
    if arguments.corpus is not None:
        theirs, refused_theirs = images(arguments.corpus.resolve(), own=True)
        files, refused = files + theirs, refused | refused_theirs
    wanted = lambda name: arguments.only in name
    return [image for image in files if wanted(image.name)], {name: why for name, why in refused.items() if wanted(name)}


def _rounds(case: measure.Case, quick: bool) -> int:
    image, target = case
    if quick:
        return 3
    if target != SMALLEST:
        return 5
    return 5 if image.megapixels > 30 else 9 if image.megapixels > 4 else 15


def _take_one_core() -> None:
    """The last one, for this process and all that it starts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _command(arguments: argparse.Namespace) -> str:
    words = ["--quick"] if arguments.quick else []
    words += ["--rounds", str(arguments.rounds)] if arguments.rounds < 15 else []
    words += ["--only", arguments.only] if arguments.only else []
    command = "make peers" + (f" PEERS={shlex.quote(shlex.join(words))}" if words else "")
    # The folder's name alone: where it lies is nobody's business.
    return command + (f" PEERS_CORPUS={shlex.quote(arguments.corpus.resolve().name)}" if arguments.corpus else "")


def _notes(refused: dict[str, str], results: measure.Results, missing: dict[str, str]) -> list[tuple[str, str, str]]:
    """What somebody said of a file, each once."""
    notes = [(name, ENGINE, why) for name, why in refused.items()]
    for (name, _, peer), cell in results.items():
        notes += [(name, peer, f"warning: {warning}") for warning in cell.warnings]
        notes += [(name, peer, cell.error)] if cell.error else []
    notes += [(name, "the reference, by Pillow", why) for name, why in missing.items()]
    return list(dict.fromkeys(notes))


def _print(run: report.Run, path: Path) -> None:
    width = max((len(verdict.file) for verdict in run.verdicts), default=0)
    for verdict in run.verdicts:
        ratio = "" if verdict.ratio is None else f"{verdict.ratio:.3f}"
        met = "met" if verdict.met else "MISSED"
        numbers = f"{verdict.ours:>10} {verdict.best:>20} {ratio:>7} {verdict.aim:>8}"
        print(f"{verdict.file:<{width}} {verdict.target.name:>17} {verdict.what:<11} {numbers}  {met}")
    for name, who, words in run.notes:
        print(f"{name}: {who}: {words}")
    try:
        path = path.relative_to(ROOT)
    except ValueError:
        pass
    print(f"{run.facts['aims']}; tables in {path}, every round in {path.with_name('peers.json')}")


if __name__ == "__main__":
    sys.exit(main())
