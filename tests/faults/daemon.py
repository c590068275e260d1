"""A Docker daemon of the tests' own, which may be killed, stopped, and run out of disk.

It runs in the testbed's root, with a small disk in memory for images and containers.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import docker

from tests.faults.filling import fill, free
from tests.testbed import Layout, api, namespace
from tests.testbed.process import is_alive, system_environment, wait_until

#: Run in the root, in a mount namespace of its own that ends with the last process in it.
START = """
set -e
mkdir -p "$1"
mount -t tmpfs tmpfs "$1"
mkdir "$1/data"
mount -t tmpfs -o "size=$2" tmpfs "$1/data"
# As a service of its own, which stays: one of its own dockerd waits for at a new start.
containerd --address "$1/containerd.sock" --root "$1/root" --state "$1/state" &
until [ -S "$1/containerd.sock" ]; do sleep 0.05; done
while :; do
  dockerd --host="unix://$1.sock" --pidfile="$1/pid" --data-root="$1/data" --exec-root="$1/exec" \\
    --containerd="$1/containerd.sock" --bridge=none --iptables=false --group=0 \\
    --shutdown-timeout=2 &
  wait $! || true
  read -r word
  [ "$word" = again ] || exit 0
  rm -f "$1/pid" "$1.sock"
done
"""
SECONDS = 60.0


@dataclass
class OwnDaemon:
    """See the module.

    Args:
        name: Path of its folder in the root.
        keeper: The shell that starts it, and again.
    """

    layout: Layout
    name: str
    keeper: subprocess.Popen[bytes]
    base: str = "busybox:faults"
    _ballast: list[Path] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"unix://{self._socket}"

    @property
    def _socket(self) -> Path:
        return Path(f"{self.layout.root}{self.name}.sock")

    @property
    def _folder(self) -> Path:
        """As it sees it itself."""
        return Path(f"/proc/{self.keeper.pid}/root{self.name}")

    @property
    def pid(self) -> int:
        return int((self._folder / "pid").read_text())

    def await_start(self) -> None:
        def is_up() -> bool:
            return api.answers(self._socket) or self.keeper.poll() is not None

        assert wait_until(is_up, SECONDS), "the daemon does not answer"
        assert self.keeper.poll() is None

    def kill(self) -> None:
        """As the kernel does where memory runs out."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As `systemctl stop docker` does."""
        self._end(signal.SIGTERM)

    def start(self) -> None:
        assert self.keeper.stdin is not None
        self.keeper.stdin.write(b"again\n")
        self.keeper.stdin.flush()
        self.await_start()

    def _end(self, number: int) -> None:
        pid = self.pid
        os.kill(pid, number)
        assert wait_until(lambda: not is_alive(pid), SECONDS)

    # --- its disk --------------------------------------------------------------------------------
    def fill(self, left: int) -> None:
        """Leaves so many bytes on its disk."""
        self._ballast.append(fill(self._folder / "data", left))

    def free(self) -> None:
        while self._ballast:
            free(self._ballast.pop())


@contextmanager
def own_daemon(layout: Layout, size: str = "128m") -> Iterator[OwnDaemon]:
    """A daemon that runs, with an image of busybox."""
    name = f"/run/faults-{secrets.token_hex(4)}"
    shell = ["sh", "-c", START, "sh", name, size]
    log = layout.logs / "faults-dockerd.log"
    with log.open("wb") as sink:
        keeper = subprocess.Popen(
            namespace.inside(layout.root, shell),
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=sink,
            env=system_environment(),
        )
    daemon = OwnDaemon(layout, name, keeper)
    try:
        daemon.await_start()
        client = docker.APIClient(base_url=daemon.host)
        tar = (layout.images / "busybox.tar").read_bytes()
        client.import_image_from_data(tar, *daemon.base.split(":"))
        client.close()
        yield daemon
    finally:
        _end_all(daemon)


def _end_all(daemon: OwnDaemon) -> None:
    """The daemon, its containerd and what they started; the disk goes with the last of them."""
    pids = _in_namespace(daemon.keeper.pid)
    with suppress(OSError, ValueError):
        daemon.stop()
    daemon.keeper.kill()
    daemon.keeper.wait()
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if daemon.keeper.stdin is not None:
        daemon.keeper.stdin.close()
    daemon._socket.unlink(missing_ok=True)
    with suppress(OSError):
        Path(f"{daemon.layout.root}{daemon.name}").rmdir()


def _in_namespace(pid: int) -> list[int]:
    """All processes in the mount namespace of `pid`, but not itself."""
    found = []
    with suppress(OSError):
        own = Path(f"/proc/{pid}/ns/mnt").readlink()
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and (folder / "ns/mnt").readlink() == own:
                    found.append(int(folder.name))
    return [each for each in found if each != pid]
