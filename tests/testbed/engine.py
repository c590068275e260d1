"""An engine beside the testbed's Docker 26: another program, everything else of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.testbed import api, images, namespace
from tests.testbed.errors import TestbedError
from tests.testbed.layout import Layout
from tests.testbed.process import (
    is_alive,
    need_root,
    run,
    running_pid,
    say,
    start_daemon,
    stop,
    system_environment,
    wait_until,
)


@dataclass(frozen=True)
class Engine:
    """An engine that listens on a Unix socket in a root file system of its own.

    Args:
        root: The root; Docker's command line is in there, too.
        name: What its files are called, for example `docker20`.
        marks: What the command line of its process holds.
    """

    layout: Layout
    root: Path
    name: str
    marks: tuple[str, ...]

    @property
    def socket(self) -> Path:
        """The socket as seen from outside the root."""
        return self.root / f"run/{self.name}.sock"

    @property
    def host(self) -> str:
        """The address in the form that DOCKER_HOST takes."""
        return f"unix://{self.socket}"

    @property
    def pid_file(self) -> Path:
        """The pid file, outside the root."""
        return self.layout.state / f"{self.name}.pid"

    def is_up(self) -> bool:
        """Whether it runs and answers."""
        running = running_pid(self.pid_file, self.root, self.marks) is not None
        return running and api.answers(self.socket)

    def start(self, command: Sequence[str]) -> None:
        """Start it, wait until it answers, and give it the base images that it does not have."""
        need_root(f"the testbed's {self.name}")
        self.stop()
        self.socket.unlink(missing_ok=True)
        log = self.layout.logs / f"{self.name}.log"
        say(f"starting {self.name} (log: {log})")
        pid = start_daemon(namespace.inside(self.root, command), log)
        self.pid_file.write_text(f"{pid}\n")
        wait_until(lambda: self.is_up() or not is_alive(pid), seconds=60)
        if not self.is_up():
            self.stop()
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
            raise TestbedError(f"{self.name} does not answer; the end of {log}:\n{tail}")
        self._import_images()

    def stop(self) -> bool:
        """Stop it; whether it ran. Its images stay."""
        stopped = stop(self.pid_file, self.root, self.marks)
        if stopped:
            say(f"{self.name} stopped")
        return stopped

    def status(self) -> dict[str, Any]:
        """What runs, for `status`."""
        version = api.get(self.socket, "/version") if self.is_up() else None
        return {
            "running": version is not None,
            "host": self.host,
            "version": version["Version"] if version else None,
        }

    def _import_images(self) -> None:
        """The small base images; `docker import` of Debian's own client speaks to both engines."""
        for image in images.BASE_IMAGES:
            if image.tar != "busybox.tar" or api.get(self.socket, f"/images/{image.name}/json"):
                continue
            options = [word for change in image.changes for word in ("--change", change)]
            client = ["chroot", str(self.root), "docker"]
            client.append(f"--host=unix:///run/{self.name}.sock")
            run(
                [*client, "import", *options, "-", image.name],
                stdin=images.make_tar(self.layout, image.tar),
                environment=system_environment(),
            )
