"""Memory and CPU limits for each function's processes, by control groups, where this machine lets us write them."""

import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class Limits:
    """A group of our own under which each environment makes its own; the paths go to local/bootstrap.sh."""

    def __init__(self, name: str):
        self.groups: list[Path] = []
        self.kind = "none"
        if (ROOT / "cgroup.controllers").exists():
            self._make("v2", [ROOT / name])
        elif (ROOT / "memory").exists() and (ROOT / "cpu").exists():
            self._make("v1", [ROOT / "memory" / name, ROOT / "cpu" / name])

    def _make(self, kind: str, groups: list[Path]) -> None:
        try:
            for group in groups:
                group.mkdir(exist_ok=True)
                self.groups.append(group)
                if kind == "v2":
                    (group / "cgroup.subtree_control").write_text("+memory +cpu")
            self.kind = kind
        except OSError:
            self.remove()

    def environment(self) -> dict[str, str]:
        groups = [str(group) for group in self.groups]
        if self.kind == "none":
            return {}
        return {"LOCAL_CGROUP": self.kind, "LOCAL_CGROUP_MEMORY": groups[0], "LOCAL_CGROUP_CPU": groups[-1]}

    def describe(self) -> str:
        if self.kind == "none":
            return "tiers run without memory and CPU limits: no control group can be written here"
        return f"each tier runs under its memory and CPU share (cgroup {self.kind})"

    def remove(self) -> None:
        """Removes the groups; processes that are just ending get a moment."""
        for group in self.groups:
            for _ in range(50):
                children = [child for child in group.glob("*") if child.is_dir()]
                if all([_removed(child) for child in children]) and _removed(group):
                    break
                time.sleep(0.1)
        self.groups = []
        self.kind = "none"


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
