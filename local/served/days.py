"""Days on which the store fails, processes are killed and queues start again. At the end stands a ledger."""

import contextlib
import json
import random
import shutil
import socket
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from PIL import Image

from .. import faults
from ..stack import Stack, free_port
from .process import Serve, restarted, run
from .stores import TOKEN, Buckets, Failed, Store, until


def picture(dice: random.Random, kind: str = "", side_px: int = 160) -> bytes:
    mode = dice.choice(["RGB", "RGBA"])
    image = Image.new(mode, (side_px, side_px), tuple(dice.randrange(256) for _ in mode))
    # No two have the same bytes.
    image.putpixel((0, 0), tuple(dice.randrange(256) for _ in mode))
    image.putpixel((1, 0), tuple(dice.randrange(256) for _ in mode))
    file = BytesIO()
    kind = kind or ("PNG" if mode == "RGBA" else dice.choice(["PNG", "JPEG"]))
    image.convert("RGB" if kind == "JPEG" else mode).save(file, kind)
    return file.getvalue()


def story(buckets: Buckets, dice: random.Random, keys: int, steps: int, send) -> None:
    """Uploads, versions and deletions; events twice now and then, and in any order."""
    late: list[dict] = []
    names = [f"album {number % 5}/{number}.png" for number in range(keys)]
    with ThreadPoolExecutor(8) as pool:
        sent = []
        for step in range(steps):
            key = names[step] if step < keys else dice.choice(names)
            event = buckets.delete(key) if step >= keys and dice.random() < 0.3 else buckets.put(key, picture(dice))
            late += [event] * dice.choice([1, 1, 1, 2])
            while late and dice.random() < 0.6:
                sent.append(pool.submit(send, late.pop(dice.randrange(len(late)))))
        dice.shuffle(late)
        sent += [pool.submit(send, event) for event in late]
        for one in sent:
            one.result()


def what_was_acknowledged_survives_a_kill(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("kill")
    state = folder / "kill"
    for round_ in range(2):
        serve = Serve(buckets, state)
        with ThreadPoolExecutor(8) as pool:
            events = [buckets.put(f"{round_}/{number}.png", picture(dice)) for number in range(15)]
            list(pool.map(serve.post, events))
        serve.kill()
    with Serve(buckets, state) as serve:
        buckets.settled("a process that was killed twice")


def a_bad_day(store: Store, folder: Path, dice: random.Random) -> None:
    """The store is slow, says 503 and resets connections; events come twice and in any order; two kills."""
    buckets = store.buckets("day")
    proxy = faults.Proxy(store.port)
    state = folder / "day"
    serving = [restarted(buckets, state, proxy.endpoint)]

    def post(event: dict) -> None:
        for _ in range(100):
            with contextlib.suppress(OSError):
                if serving[-1].ask("/events", json.dumps(event).encode(), token=TOKEN)[0] == 200:
                    return
            time.sleep(0.2)
        raise Failed(f"an event is not taken: {serving[-1].log()[-2000:]}")

    # The store looks at most images and then does not give them: their jobs are put off.
    fail(proxy, slow_down=0.7)
    for number in range(16):
        post(buckets.put(f"slow/{number}.png", picture(dice)))
    until("a job that was put off and came again", lambda: '"outcome":"retried"' in serving[-1].log())
    fail(proxy, slow_down=0.05, reset=0.05, delay=0.1)
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(story, buckets, dice, 40, 120, post)
        for _ in range(2):
            time.sleep(2)
            serving[-1].kill()
            serving.append(restarted(buckets, state, proxy.endpoint))
        told.result()
    try:
        settled(buckets, "a bad day and two kills", proxy, {state})
    finally:
        serving[-1].kill()


def fail(proxy: faults.Proxy, **rates: float) -> dict:
    request = urllib.request.Request(f"{proxy.endpoint}/_faults", data=json.dumps(rates).encode(), method="PUT")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def two_processes_share_a_queue_of_sqs(store: Store, folder: Path, dice: random.Random) -> None:
    buckets = store.buckets("sqs")
    with Stack(0, state=folder / "sqs-state") as server:
        sqs = server.client("sqs")
        queue = sqs.create_queue(QueueName="serve")["QueueUrl"]
        options = ("--sqs", queue, "--sqs-endpoint", server.endpoint)

        def send(event: dict) -> None:
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))

        def restart() -> None:
            server.stop()
            server.start()

        share(buckets, folder / "sqs", options, dice, send, restart)


def two_processes_share_a_list_of_redis(store: Store, folder: Path, dice: random.Random) -> None:
    program = shutil.which("redis-server")
    if not program:
        print("    left out: there is no redis-server", flush=True)
        return
    buckets = store.buckets("redis")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--appendfsync",
               "always", "--requirepass", "p@ss"]

    def start() -> subprocess.Popen:
        started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until("Redis", lambda: redis(port, "PING") == b"+PONG")
        return started

    server = [start()]

    def restart() -> None:
        server[0].terminate()
        server[0].wait()
        server[0] = start()

    def send(event: dict) -> None:
        entry = [{"Event": event["Records"], "EventTime": "2026-11-20T09:27:28.000Z"}]
        until("a place in the list", lambda: redis(port, "RPUSH", "events", json.dumps(entry)).startswith(b":"))

    try:
        options = ("--redis", f"redis://:p%40ss@127.0.0.1:{port}", "--redis-key", "events")
        share(buckets, folder / "redis", options, dice, send, restart)
        until("an end of what was taken", lambda: redis(port, "KEYS", "events:taken:*") == b"*0")
    finally:
        server[0].kill()
        server[0].wait()


def share(buckets: Buckets, state: Path, options: tuple[str, ...], dice: random.Random, send, restart) -> None:
    """Two processes on one queue, before a store that fails now and then. One process is killed, and started again; the
    queue is restarted, with events in it and others under way. Where the store lacks conditional writes there is one
    process, which is killed and started again."""
    proxy = faults.Proxy(buckets.store.port)
    started: list[Serve] = []

    def start(name: str) -> Serve:
        started.append(restarted(buckets, state.with_name(f"{state.name}-{name}"), proxy.endpoint, *options))
        return started[-1]

    try:
        first = start("a")
        if buckets.store.guards:
            start("b")
        fail(proxy, slow_down=0.03, reset=0.03, delay=0.05)
        story(buckets, dice, 25, 60, send)
        first.kill()
        if not buckets.store.guards:
            start("a")
        for number in range(10):
            send(buckets.put(f"restart/{number}.png", picture(dice)))
        restart()
        send(buckets.put("restart/last.png", picture(dice)))
        if buckets.store.guards:
            start("a")
        states = {serve.state for serve in started}
        settled(buckets, f"two processes, kills and a restart of the queue ({state.name})", proxy, states)
        counts = [sum(serve.log().count('"outcome":"made"') for serve in started if serve.state == state_)
                  for state_ in sorted(states)]
        print(f"    made by each: {counts}", flush=True)
        if not all(counts):
            raise Failed(f"one process did all of it: {counts}")
    finally:
        for serve in started:
            if serve.process.poll() is None:
                serve.stop()


def settled(buckets: Buckets, what: str, proxy: faults.Proxy, states: set[Path]) -> None:
    """The ledger, once the store is well again and letters have been sent again.

    A job that the store failed three times is a letter, as on Lambda: nothing is lost, and somebody sends it again.
    """
    faulty = {name: count for name, count in fail(proxy).items() if count}
    letters = 0

    def redrive() -> None:
        nonlocal letters
        for state in states:
            if found := list((state / "dead-letters").glob("*.json")):
                letters += len(found)
                run("redrive", "--state", state)

    buckets.settled(what, 120, redrive)
    print(f"    {what}: {len(buckets.keys)} keys, {buckets.sequence} changes, {faulty}, {letters} letters sent again: "
          "lost 0, stale 0, orphaned 0", flush=True)


def redis(port: int, *words: str) -> bytes:
    """One command; the first line of its answer."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
        file = connection.makefile("rwb")
        answer = b""
        for command in (("AUTH", "p@ss"), words):
            encoded = [word.encode() for word in command]
            file.write(b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded))
            file.flush()
            answer = file.readline().strip()
        return answer
    return b""
