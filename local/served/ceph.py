"""Ceph's own gateway, `radosgw`, before a cluster of one monitor and one OSD that keeps its objects in memory.

`apt-get install --no-install-recommends ceph-mon ceph-osd radosgw` brings the programs (LGPL, in tests only).
"""

import contextlib
import shutil
import subprocess
import uuid
from pathlib import Path

from ..stack import free_port, listens
from .stores import CREDENTIALS, Ceph, Failed, running, until
from .tls import Tls

PROGRAMS = ["ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"]


@contextlib.contextmanager
def ceph(folder: Path):
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        raise Failed(f"{', '.join(missing)}: not installed, apt-get install --no-install-recommends ceph-mon ceph-osd radosgw")
    root = folder / "ceph"
    for name in ("mon", "osd", "run", "rgw"):
        (root / name).mkdir(parents=True)
    tls, port, tls_port, monitor = Tls(folder), free_port(), free_port(), f"v1:127.0.0.1:{free_port()}"
    fsid = str(uuid.uuid4())
    configuration = root / "ceph.conf"
    configuration.write_text(CONFIGURATION.format(root=root, fsid=fsid, monitor=monitor, port=port, tls_port=tls_port, tls=tls))

    def asked(program: str, *arguments: object) -> str:
        command = [program, "-c", configuration, *arguments]
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60).stdout

    def serving(program: str, *arguments: str):
        return running(root / f"{program}.log", [program, "-f", "-c", configuration, *arguments])

    (root / "keyring").touch()
    asked("monmaptool", "--create", "--addv", "a", f"[{monitor}]", "--fsid", fsid, root / "monmap")
    asked("ceph-mon", "--mkfs", "-i", "a", "--monmap", root / "monmap")
    with contextlib.ExitStack() as stack:
        stack.enter_context(serving("ceph-mon", "-i", "a"))
        number = asked("ceph", "--connect-timeout", "60", "osd", "create").strip()
        asked("ceph-osd", "-i", number, "--mkfs")
        stack.enter_context(serving("ceph-osd", "-i", number))
        keys = ["--access-key", CREDENTIALS["AWS_ACCESS_KEY_ID"], "--secret-key", CREDENTIALS["AWS_SECRET_ACCESS_KEY"]]
        asked("radosgw-admin", "user", "create", "--uid", "test", "--display-name", "test", *keys)
        stack.enter_context(serving("radosgw", "-n", "client.rgw"))
        until("radosgw", lambda: listens(port) and listens(tls_port))
        yield Ceph(f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls_port}", tls)


# One copy of everything and no passwords: it is a test's, and nobody else reaches it.
CONFIGURATION = """
[global]
fsid = {fsid}
mon initial members = a
mon host = {monitor}
auth cluster required = none
auth service required = none
auth client required = none
keyring = {root}/keyring
run dir = {root}/run
admin socket =
pid file =
log file =
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 0
[mon.a]
mon data = {root}/mon
[osd]
osd data = {root}/osd
osd objectstore = memstore
memstore device bytes = 2147483648
public addr = 127.0.0.1
[client.rgw]
rgw data = {root}/rgw
rgw frontends = beast endpoint=127.0.0.1:{port} ssl_endpoint=127.0.0.1:{tls_port} ssl_certificate={tls.certificate} ssl_private_key={tls.key}
"""
