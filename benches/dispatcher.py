"""`make dispatcher`: what the dispatcher takes for an event in each memory, in its share of a CPU, and what that costs.

S3's HEAD and Lambda's Invoke keep it waiting as on AWS. INIT has all CPUs, as on Lambda; then the quota is given out
every 20 ms. TLS is not in it: these services speak plain HTTP. `own ms` is the mean by the function's own clock, which
cannot see the event being read and the answer being sent.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median

from .services import PERIOD_US, ROOT, Group, Services, cpu_ms, start

# What CloudWatch Logs adds to each line.
EVENT_BYTES = 26


def event(number: int, records: int) -> dict:
    """As S3 writes it."""
    def record(position: int) -> dict:
        item = {"key": f"photos/2026/{number}-{position}.jpg", "size": 1_000_000, "eTag": "e", "sequencer": "0055AED6DC"}
        return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "uploads"}, "object": item}}
    return {"Records": [record(position) for position in range(records)]}


def measure(binary: Path, memory_mb: int, records: int, events: int, waits: tuple[float, float]) -> str:
    """A row of the table."""
    services, group = Services(*waits), Group(memory_mb)
    began_s = time.monotonic()
    lines = tempfile.TemporaryFile("w+", dir=ROOT / "target")
    process = start(str(binary), services.environment("dispatcher", memory_mb), group, lines)
    try:
        if not services.ready.wait(10):
            sys.exit(f"dispatcher: `{binary}` did not ask for an event within 10 s")
        init_ms = 1000 * (time.monotonic() - began_s)
        before_ms = cpu_ms(process.pid)
        group.limit_cpu(memory_mb)
        for number in range(events):
            services.ready.clear()
            if not services.invoke(number, event(number, records), 30) or not services.ready.wait(5):
                sys.exit(f"dispatcher: event {number} was not answered within 30 s")
            # What is left of a quota is not saved up.
            time.sleep(3 * PERIOD_US / 1e6)
        each_ms = (cpu_ms(process.pid) - before_ms) / events
    finally:
        process.kill()
        process.wait()
        group.remove()
    warm_ms = services.durations_ms[1:]
    written = logged(lines)
    own_ms = [line["total_ms"] for line in map(json.loads, written) if "total_ms" in line][1:]
    log_bytes = sum(len(line.encode()) + EVENT_BYTES for line in written) / events
    gb_second = json.loads((ROOT / "prices.json").read_text())["us-east-1"]["lambda_gb_second"]["x86_64"]
    dollars = memory_mb / 1024 * gb_second * mean(warm_ms) / 1000 * 1e6 / records
    return (f"{memory_mb:>6} {records:>8} {init_ms:>8.0f} {services.durations_ms[0]:>9.1f} {median(warm_ms):>9.1f} "
            f"{mean(warm_ms):>9.1f} {mean(own_ms):>9.1f} {each_ms:>8.2f} {log_bytes:>9.0f} {dollars:>14.3f}")


def logged(file) -> list[str]:
    """The function's own lines."""
    file.seek(0)
    with file:
        return [line.rstrip("\n") for line in file if line.startswith("{")]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make dispatcher", description=__doc__)
    parser.add_argument("--binary", type=Path, default=ROOT / "target/release/dispatcher")
    parser.add_argument("--events", type=int, default=40)
    parser.add_argument("--head-ms", type=float, default=15, help="how long S3 takes for a HEAD")
    parser.add_argument("--invoke-ms", type=float, default=15, help="how long Lambda takes for an Invoke")
    arguments = parser.parse_args()
    print("memory  records  INIT ms  first ms  median ms   mean ms    own ms   CPU ms  log bytes  $ per million objects, compute")
    for memory_mb, records in [(128, 1), (192, 1), (256, 1), (512, 1), (128, 10), (256, 10)]:
        waits = (arguments.head_ms, arguments.invoke_ms)
        print(measure(arguments.binary, memory_mb, records, arguments.events, waits), flush=True)


if __name__ == "__main__":
    main()
