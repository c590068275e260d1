"""Containers that grant as little as a pod of Binder does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed import docker
from tests.testbed.layout import Layout

#: Where the place and the tests hand files to each other.
EXCHANGE = "/exchange"
LIMITS = (
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--cpus=1",
    "--memory=2g",
)
#: Every call that mounts or unmounts: refused, as by the AppArmor profile of Binder's pods.
NO_MOUNTS = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {
            "names": [
                "mount", "umount2", "pivot_root", "fsopen", "fsconfig", "fspick", "fsmount",
                "move_mount", "open_tree", "mount_setattr",
            ],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 1,
        }
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Confinement:
    """What a container may do: the CLI's options for it."""

    name: str
    options: tuple[str, ...]


#: Kubernetes' default. AppArmor is named because Docker, unlike it, denies mounts by it.
UNCONFINED = Confinement(
    "unconfined", ("--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined")
)
MOUNTS_DENIED = Confinement(
    "mounts denied", ("--security-opt=seccomp={profile}", "--security-opt=apparmor=unconfined")
)
DOCKERS_DEFAULT = Confinement("Docker's default", ())


@dataclass(frozen=True)
class Cell:
    """A cell that was run, and all text that came of it.

    Args:
        after: Seconds since the kernel was asked for.
    """

    code: str
    status: str
    text: str
    after: float


class Place:
    """A running container of the image."""

    def __init__(self, layout: Layout, name: str) -> None:
        self._layout = layout
        self._name = name

    def run(self, *command: str, stdin: Path | None = None) -> str:
        """What a command in it prints; a command that fails, fails the test."""
        options = ["--interactive"] if stdin else []
        return docker.cli(
            self._layout, "exec", *options, self._name, *command, stdin=stdin, timeout=600
        )

    def bytes_of_disk(self) -> int:
        """What the place takes: its image, and what was written since it started."""
        form = "{{.SizeRootFs}}"
        size = docker.cli(self._layout, "inspect", "--size", f"--format={form}", self._name)
        return int(size)

    def bytes_of_memory(self) -> int:
        """The most that it had at any time, the kernel's page cache of its files included."""
        folder = "/sys/fs/cgroup"
        peaks = f"{folder}/memory.peak {folder}/memory/memory.max_usage_in_bytes"
        return int(self.run("sh", "-c", f"cat {peaks} 2>/dev/null || true").split()[0])

    def doctor(self) -> list[dict[str, Any]]:
        """The table of `dockernb doctor`."""
        # Its exit code says what the table says.
        printed = self.run("sh", "-c", "dockernb doctor --json || true")
        checks: list[dict[str, Any]] = json.loads(printed)["checks"]
        return checks

    def way(self) -> str:
        """How commands are run, by the doctor's line."""
        (used,) = [check for check in self.doctor() if check["detail"].startswith("in use")]
        return str(used["name"]).strip()

    def run_cells(self, notebook: str, *more: str) -> list[Cell]:
        """Runs a notebook through the Jupyter server of the place, then more cells."""
        program = Path(__file__).with_name("run_cells.py")
        printed = self.run("python", "-", notebook, *more, stdin=program)
        return [Cell(**cell) for cell in json.loads(printed)]


@dataclass(frozen=True)
class Places:
    """Starts containers of one image.

    Args:
        exchange: The folder in the testbed's root that is at `EXCHANGE` in them.
    """

    layout: Layout
    image: str
    exchange: Path

    def inside(self, name: str) -> str:
        """A file of the exchange as the Docker CLI sees it."""
        return f"/{(self.exchange / name).relative_to(self.layout.root)}"

    @contextmanager
    def start(self, confinement: Confinement, *more: str, user: str = "1000") -> Iterator[Place]:
        """A container with its Jupyter server; removed at the end.

        Args:
            more: Further options, then `--` and the words of another command than the server.
        """
        (self.exchange / "profile.json").write_text(json.dumps(NO_MOUNTS))
        profile = self.inside("profile.json")
        security = [option.format(profile=profile) for option in confinement.options]
        at = more.index("--") if "--" in more else len(more)
        options = [*LIMITS, *security, f"--user={user}", *more[:at]]
        options.append(f"--volume={self.inside('')}:{EXCHANGE}")
        name = f"binder-{secrets.token_hex(4)}"
        docker.cli(
            self.layout, "run", "--detach", f"--name={name}", *options, self.image, *more[at + 1 :]
        )
        try:
            yield Place(self.layout, name)
        finally:
            docker.cli(self.layout, "rm", "--force", "--volumes", name)
