"""What became of an upload, from the log lines of the functions."""

import json
import sys
import textwrap
import time
from collections.abc import Iterable
from dataclasses import dataclass

from .stack import STAGE, LocalError, Stack

FUNCTIONS = ["dispatcher", "worker-small", "worker-medium", "worker-large"]


@dataclass
class Fate:
    """One row of the table."""

    key: str
    bytes: int
    format: str = ""
    tier: str = ""
    total_ms: float | None = None
    answer: str = ""

    def cells(self) -> list[str]:
        total = "" if self.total_ms is None else f"{self.total_ms:,.0f}"
        return [self.key, f"{self.bytes:,}", self.format, self.tier, total, self.answer]


HEADINGS = ["object", "bytes", "format", "tier", "ms", "thumbnail"]
RIGHT = {"bytes", "ms"}
TABLE_CHARACTERS = 100
KEY_CHARACTERS = 26


def await_fates(stack: Stack, uploads: dict[str, int], timeout_s: float) -> list[Fate]:
    """Waits until every uploaded key (with its size in bytes) has thumbnails, a skip or a refusal."""
    fates: dict[str, Fate] = {}
    deadline = time.monotonic() + timeout_s
    while len(fates) < len(uploads):
        for line in _lines(stack):
            fate = _fate(stack, line, uploads)
            if fate:
                fates[fate.key] = fate
        if sys.stderr.isatty():
            print(f"\rwaiting for thumbnails: {len(fates)} of {len(uploads)}", end="", file=sys.stderr, flush=True)
        if len(fates) < len(uploads) and time.monotonic() > deadline:
            missing = ", ".join(sorted(uploads.keys() - fates.keys()))
            raise LocalError(f"no answer after {timeout_s:.0f} s for {missing}: see the logs of the functions")
        time.sleep(0.2)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return [fates[key] for key in uploads]


def await_rest(stack: Stack, quiet_s: float = 5, timeout_s: float = 90) -> None:
    """Waits until no function has logged for `quiet_s`: one that ends after its removal makes its log group again."""
    logs = stack.client("logs")
    stored_bytes, since = -1, time.monotonic()
    deadline = since + timeout_s
    while time.monotonic() - since < quiet_s:
        groups = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/thumbtier-")
        now_bytes = sum(group["storedBytes"] for page in groups for group in page["logGroups"])
        if now_bytes != stored_bytes:
            stored_bytes, since = now_bytes, time.monotonic()
        if time.monotonic() > deadline:
            raise LocalError(f"the functions still log after {timeout_s:.0f} s without anything to do")
        time.sleep(0.5)


def _lines(stack: Stack) -> Iterable[dict]:
    logs = stack.client("logs")
    for function in FUNCTIONS:
        group = f"/aws/lambda/thumbtier-{STAGE}-{function}"
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                if event["message"].startswith("{"):
                    yield json.loads(event["message"])


def _fate(stack: Stack, line: dict, uploads: dict[str, int]) -> Fate | None:
    key = line.get("key")
    if key not in uploads:
        return None
    fate = Fate(key, uploads[key])
    if "objects" in line:  # The dispatcher's: only a skip ends an upload there.
        if line["outcome"] in ("dispatched", "failed", "escalated", "put_off", "retried"):
            return None
        fate.answer = f"{line['outcome']}: {line['message']}"
        return fate
    if line.get("failures") or line.get("escalations"):
        return None
    fate.format = line.get("format", "")
    fate.tier = line["tier"]
    fate.total_ms = line["total_ms"]
    made = line.get("thumbnails") and (line.get("thumbnail_keys") or _thumbnails(stack, key, line["thumbnails"]))
    fate.answer = ", ".join(made or []) or f"{line['outcome']}: {line.get('message', '')}"
    return fate


def _thumbnails(stack: Stack, key: str, count: int) -> list[str]:
    """An ordinary line says how many there are, not which: those below the object's key, by the usual template."""
    s3 = stack.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"] if "-thumbnails-" in bucket["Name"]]
    found = [item["Key"] for bucket in buckets
             for item in s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}/").get("Contents", [])]
    return found or [f"{count} made"]


def table(fates: list[Fate]) -> str:
    """Aligned columns, numbers to the right; the last column goes on in further lines, so that every line fits."""
    rows = [HEADINGS, *([_shortened(fate.key), *fate.cells()[1:]] for fate in fates)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    before = sum(widths[:-1]) + 2 * len(widths[:-1])
    widths[-1] = min(widths[-1], TABLE_CHARACTERS - before)
    lines = []
    for row in rows:
        first, *others = textwrap.wrap(row[-1], widths[-1], break_on_hyphens=False) or [""]
        columns = zip([*row[:-1], first], widths, HEADINGS, strict=True)
        cells = [cell.rjust(width) if name in RIGHT else cell.ljust(width) for cell, width, name in columns]
        lines.append("  ".join(cells))
        lines += [" " * before + other for other in others]
    return "\n".join(line.rstrip() for line in lines)


def _shortened(key: str) -> str:
    """A long key without its middle: its start and its extension say more."""
    if len(key) <= KEY_CHARACTERS:
        return key
    return f"{key[: KEY_CHARACTERS - 13]}…{key[-12:]}"
