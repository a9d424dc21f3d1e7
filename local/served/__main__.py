"""`thumbtier serve` end to end: real stores, real queues, processes that are killed.

.venv/bin/python -m local.served                   against the S3 and the SQS of a MiniStack of its own
.venv/bin/python -m local.served --store s3s       against s3s-fs, which is compiled for it
.venv/bin/python -m local.served --store ceph      against Ceph's radosgw, where Debian's package is installed
.venv/bin/python -m local.served --store juicefs   against MinIO's S3 of 2021, which is fetched for it
.venv/bin/python -m local.served --endpoint URL    against another store; credentials from the environment
.venv/bin/python -m local.served --seeds 5 --only day

Each test has buckets of its own. At the end of most stands a ledger: of every key that was ever uploaded, what is there now
and what thumbnails there are. Redis is tested where `redis-server` is installed.
"""

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..stack import ROOT
from . import days, rules
from .ceph import ceph
from .stores import Store, juicefs, ministack, s3s

SIDE_BY_SIDE = 4
STORES = {"ministack": ministack, "s3s": s3s, "ceph": ceph, "juicefs": juicefs}

# Each is a sentence. The long ones come first.
TESTS = [
    days.two_processes_share_a_queue_of_sqs,
    days.two_processes_share_a_list_of_redis,
    days.a_bad_day,
    days.what_was_acknowledged_survives_a_kill,
    rules.without_events_the_buckets_are_compared,
    rules.an_upload_gets_a_thumbnail_and_loses_it_with_its_image,
    rules.the_store_sends_its_own_events,
    rules.a_store_without_conditions_is_named_and_needs_a_process_alone,
    rules.tls_of_ones_own,
    rules.the_image_has_all_that_it_needs,
    rules.a_job_that_takes_too_long_goes_up_a_tier,
    rules.too_little_memory_is_an_error_with_numbers,
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="local.served", description=__doc__.partition("\n")[0])
    parser.add_argument("--endpoint", help="a store that runs already")
    parser.add_argument("--store", choices=STORES, default="ministack")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--seeds", type=int, default=1, help="how many, from --seed on")
    parser.add_argument("--only", default="", help="tests whose name has this in it")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=ROOT / "target")))
        if arguments.endpoint:
            credentials = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
            store = Store(arguments.endpoint, arguments.endpoint, credentials)
        else:
            store = stack.enter_context(STORES[arguments.store](folder))
        passed = [passes(store, folder, arguments.seed + number, arguments.only) for number in range(arguments.seeds)]
        if not all(passed):
            kept = ROOT / "target" / "served-logs"
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(folder, kept, ignore=shutil.ignore_patterns("lock", "*.asok", "ceph", "cache", "objects"))
            print(f"logs and state folders: {kept.relative_to(ROOT)}", file=sys.stderr)
    return 0 if all(passed) else 1


def passes(store: Store, folder: Path, seed: int, only: str) -> bool:
    print(f"· thumbtier serve before {store.name}, seed {seed}", flush=True)
    own = folder / str(store.run)
    own.mkdir()

    def told(test) -> bool:
        started = time.monotonic()
        try:
            test(store, own, random.Random(seed))
        except Exception as error:  # Also what boto3 raises: the other tests end as they would.
            print(f"FAILED {test.__name__}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return False
        print(f"  ok {test.__name__.replace('_', ' ')} ({time.monotonic() - started:.0f} s)", flush=True)
        return True

    # Most of them wait most of the time.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        passed = list(pool.map(told, (test for test in TESTS if only in test.__name__)))
    store.run += 1
    return all(passed)


if __name__ == "__main__":
    sys.exit(main())
