"""`make threads`: what the second thread of the large tier saves, in its memory and share of the CPUs.

Arguments: pictures. Each is made by one thread and by two, turn by turn; the times are medians of the wall clock. Files are
in memory by then: what S3 takes is not in it.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median

from .services import JOIN, MB_PER_VCPU, ROOT, Group

SETS = {"128": [128], "1,024": [1024], "2,048": [2048], "128 + 512 + 1,600": [1600, 512, 128]}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make threads", description=__doc__.partition("\n")[0])
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    memory_mb = json.loads((ROOT / "tiers.json").read_text())["large"]["memory_mb"]
    try:
        group = Group(memory_mb)
    except OSError as error:
        print(f"threads: control groups cannot be written here, so that there is no share of a CPU: {error}", file=sys.stderr)
        return 1
    group.limit_cpu(memory_mb)
    joins = [str(folder / "cgroup.procs") for folder in group.folders]
    engine = subprocess.Popen(["sh", "-c", JOIN, "join", str(ROOT / "target/release/engine-peer"), *joins],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print(f"{memory_mb} MB, {memory_mb / MB_PER_VCPU:.2f} CPUs, medians of {arguments.rounds}")
    print(f"{'picture':36} {'boxes':>18} {'1 thread':>9} {'2 threads':>9} {'ratio':>6}")
    try:
        for picture in arguments.pictures:
            for name, sides in SETS.items():
                print(_row(engine, picture, name, sides, arguments.rounds), flush=True)
    finally:
        engine.kill()
        engine.wait()
        group.remove()
    return 0


def _row(engine: subprocess.Popen, picture: Path, name: str, sides: list[int], rounds: int) -> str:
    walls_ms = {1: [], 2: []}
    for _ in range(rounds):
        for threads, times in walls_ms.items():
            job = {"file": str(picture), "sides": sides, "format": "jpeg", "outs": None, "threads": threads}
            engine.stdin.write(json.dumps(job) + "\n")
            engine.stdin.flush()
            answer = json.loads(engine.stdout.readline())
            if "error" in answer:
                return f"{picture.name[-36:]:36} {name:>18} {answer['error']}"
            times.append(answer["wall_ms"])
    one, two = median(walls_ms[1]), median(walls_ms[2])
    return f"{picture.name[-36:]:36} {name:>18} {one:>9.1f} {two:>9.1f} {two / one:>6.2f}"


if __name__ == "__main__":
    sys.exit(main())
