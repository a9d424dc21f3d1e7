"""MiniStack's server process, with the two things that this deployment needs of it.

- Its buckets refuse requests without TLS, as on AWS. On loopback there is none, so every request is marked as one
  that a TLS proxy has passed on; without this mark MiniStack refuses it, as it should.
- It ends with the process that started it, however that one ended.
"""

import os
import threading
import time

from ministack import app as server

plain_app = server.app


async def behind_tls(scope, receive, send):
    if scope["type"] == "http":
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
    await plain_app(scope, receive, send)


def end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, 15)


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    server.app = behind_tls
    server.main()
