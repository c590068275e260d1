"""A Docker daemon of a test's own, from the testbed's root: it can be stopped and started again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing
from tests.testbed import Layout, api, images, namespace
from tests.testbed.process import is_alive, run, start_daemon, stop, system_environment, wait_until

START_SECONDS = 60


@dataclass(frozen=True)
class OwnDaemon:
    """A daemon without a network; what it keeps is in a folder of its own.

    Args:
        name: Tells its files from those of other daemons.
        work: For its log and its process ID.
    """

    root: Path
    name: str
    work: Path

    @property
    def socket(self) -> Path:
        return self.root / f"run/{self.name}.sock"

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def _mark(self) -> str:
        return f"--pidfile=/run/{self.name}.pid"

    @property
    def _pid_file(self) -> Path:
        return self.work / "pid"

    @property
    def config(self) -> Path:
        return self.root / f"etc/{self.name}.json"

    def start(self) -> None:
        """Starts it; returns when it answers."""
        daemon = ["/usr/sbin/dockerd", self._mark, f"--config-file=/etc/{self.name}.json"]
        daemon += ["--group=0", f"--host=unix:///run/{self.name}.sock"]
        daemon += ["--bridge=none", "--iptables=false"]
        daemon += [f"--data-root=/var/lib/{self.name}", f"--exec-root=/run/{self.name}"]
        log = self.work / "log"
        pid = start_daemon(namespace.inside(self.root, daemon), log)
        self._pid_file.write_text(str(pid))
        wait_until(lambda: api.answers(self.socket) or not is_alive(pid), START_SECONDS)
        assert api.answers(self.socket), log.read_text()

    def stop(self) -> None:
        """Ends it; its images stay."""
        stop(self._pid_file, self.root, ("dockerd", self._mark))
        self.socket.unlink(missing_ok=True)

    def import_busybox(self) -> None:
        """Gives it "busybox:noconfig"."""
        client = ["chroot", str(self.root), "docker", f"--host=unix:///run/{self.name}.sock"]
        tar = images.make_tar(Layout.from_environment(), "busybox.tar")
        run([*client, "import", "-", "busybox:noconfig"], stdin=tar)


@contextlib.contextmanager
def own_daemon(root: Path, name: str, work: Path) -> Iterator[OwnDaemon]:
    """A running daemon with busybox; in the end it and all its files are removed."""
    if os.geteuid() != 0:
        missing("docker", "starting a daemon in the testbed's root needs root")
    daemon = OwnDaemon(root, name, work)
    daemon.config.write_text("{}")
    try:
        daemon.start()
        daemon.import_busybox()
        yield daemon
    finally:
        daemon.stop()
        left = [daemon.config, root / f"var/lib/{name}", root / f"run/{name}"]
        run(["rm", "-rf", "--one-file-system", *map(str, left)], environment=system_environment())
