"""`make coldstart`: from the start of a process to its first `/next`, CPU and wall; and what each zip weighs.

python3 -m benches.coldstart --folder target/lambda/x86_64 --note "what has changed"

Each function starts `--times` times without limits, and as often within its memory, with its share of a CPU from the end
of INIT, as on Lambda; there its first event counts too. TLS is not in it: S3 is asked over plain HTTP. What was measured
is added to benches/coldstart.json, and the table of the report is written from there.
"""

import argparse
import datetime
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median

from .dispatcher import event
from .services import CGROUPS, ROOT, Group, Services, cpu_ms, job, start

MOST_CPU_MS, MOST_WALL_MS = 15, 20
# The worker has as many bytes as its formats cost.
MOST_ZIP_BYTES = {"dispatcher": 4_000_000, "api": 4_000_000}
MEMORY_MB = {"dispatcher": 128, "api": 256, "worker": 256}
HISTORY = ROOT / "benches" / "coldstart.json"
REPORT = ROOT / "benches" / "report.md"
MARK, END = "<!-- coldstart: written by `make coldstart` -->", "<!-- coldstart: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make coldstart", description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "target/lambda/x86_64")
    parser.add_argument("--times", type=int, default=21)
    parser.add_argument("--note", default="", help="what has changed since the last time")
    arguments = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory(dir=ROOT / "target") as folder:
        for function in MEMORY_MB:
            path = arguments.folder / f"{function}.zip"
            if not path.is_file():
                sys.exit(f"coldstart: there is no {path}: run `make package`")
            with zipfile.ZipFile(path) as archive:
                archive.extractall(Path(folder) / function)
            binary = Path(folder) / function / "bootstrap"
            binary.chmod(0o755)
            rows[function] = measured(function, binary, arguments.times) | {
                "zip_bytes": path.stat().st_size, "binary_bytes": binary.stat().st_size}
    for function, row in rows.items():
        print(f"{function:<11}" + "  ".join(f"{name} {value:,}" for name, value in row.items()))
    keep({"date": datetime.date.today().isoformat(), "commit": commit(), "note": arguments.note,
          "architecture": arguments.folder.name, "times": arguments.times, "functions": rows})
    wrong = problems(rows)
    for problem in wrong:
        print(f"coldstart: {problem}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


def measured(function: str, binary: Path, times: int) -> dict[str, float]:
    """Medians of CPU and wall, in milliseconds."""
    free = [once(function, binary, None) for _ in range(times)]
    row = dict(zip(("cpu_ms", "wall_ms"), medians(free)))
    if CGROUPS.exists():
        limited = [once(function, binary, MEMORY_MB[function]) for _ in range(times)]
        row |= dict(zip(("limited_cpu_ms", "limited_wall_ms", "first_event_ms"), medians(limited)))
    return row


def medians(samples: list[tuple[float, ...]]) -> list[float]:
    return [round(median(column), 1) for column in zip(*samples)]


def once(function: str, binary: Path, memory_mb: int | None) -> tuple[float, ...]:
    """CPU and wall of one start, in milliseconds; in limits also how long its first event took."""
    services, group = Services(), Group(memory_mb) if memory_mb else None
    began_s = time.monotonic()
    process = start(str(binary), services.environment(function, MEMORY_MB[function]), group)
    try:
        if not services.ready.wait(30):
            sys.exit(f"coldstart: {function} did not ask for an event within 30 s")
        took = (cpu_ms(process.pid), 1000 * (time.monotonic() - began_s))
        if not group:
            return took
        group.limit_cpu(memory_mb)
        services.object = picture()
        ending = services.invoke(0, first_event(function, services), 30)
        if not ending or ending.failed:
            sys.exit(f"coldstart: {function} failed its first event: {ending.body if ending else 'no answer within 30 s'}")
        return *took, services.durations_ms[0]
    finally:
        process.kill()
        process.wait()
        services.shutdown()
        if group:
            group.remove()


def picture() -> bytes:
    """A JPEG of 640 x 480."""
    from PIL import Image

    file = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def first_event(function: str, services: Services) -> dict:
    """An ordinary event of each function."""
    if function == "dispatcher":
        return event(0, 1)
    if function == "worker":
        return job("photo.jpg", services)
    http = {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "rig"}
    return {"version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "", "headers": {"host": "rig"},
            "requestContext": {"accountId": "1", "apiId": "rig", "domainName": "rig", "domainPrefix": "rig", "http": http,
                               "requestId": "rig", "routeKey": "$default", "stage": "$default", "timeEpoch": 0,
                               "time": "01/Jan/2026:00:00:00 +0000"}, "isBase64Encoded": False}


def problems(rows: dict[str, dict[str, float]]) -> list[str]:
    """What is above its limit, by name."""
    limits = [("cpu_ms", MOST_CPU_MS, "ms of CPU"), ("wall_ms", MOST_WALL_MS, "ms"), ("limited_cpu_ms", MOST_CPU_MS, "ms of CPU in its memory"), ("limited_wall_ms", MOST_WALL_MS, "ms in its memory")]
    found = [f"{function} takes {row[name]} {what} to its first /next, the limit is {most}"
             for function, row in rows.items() for name, most, what in limits if row.get(name, 0) > most]
    return found + [f"{function}.zip has {rows[function]['zip_bytes']:,} bytes, the limit is {most:,}"
                    for function, most in MOST_ZIP_BYTES.items() if rows[function]["zip_bytes"] > most]


def commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def keep(measurement: dict) -> None:
    """Adds it to the history, and writes the report's table."""
    history = json.loads(HISTORY.read_text()) if HISTORY.exists() else []
    history.append(measurement)
    HISTORY.write_text("[\n" + ",\n".join(json.dumps(one) for one in history) + "\n]\n")
    text = REPORT.read_text()
    before, _, rest = text.partition(MARK)
    after = rest.partition(END)[2]
    REPORT.write_text(f"{before.rstrip()}\n\n{MARK}\n{table(history)}{END}\n{after.lstrip()}")


def table(history: list[dict]) -> str:
    """All that was measured, the newest first."""
    lines = ["## Cold start", "",
             "From the start of the process to its first `/next`, medians, by `make coldstart`: CPU and wall without limits, "
             "then within 128 MB (dispatcher) or 256 MB; and the first event there, in the share of a CPU of that memory. "
             f"The limits are {MOST_CPU_MS} ms of CPU, {MOST_WALL_MS} ms, and 4 MB for the zips of dispatcher and API.",
             "", "| date | processor | function | CPU ms | wall ms | in its memory, CPU ms | wall ms | first event, ms | zip, bytes | program, bytes | |",
             "|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|"]
    for one in reversed(history):
        for function, row in one["functions"].items():
            numbers = [row.get(name, "") for name in ("cpu_ms", "wall_ms", "limited_cpu_ms", "limited_wall_ms", "first_event_ms")]
            sizes = [f"{row[name]:,}" for name in ("zip_bytes", "binary_bytes")]
            cells = [one["date"], one["architecture"], function, *map(str, numbers), *sizes, one["note"]]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
