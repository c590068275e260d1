"""Where everything of a testbed lies: one state folder, and names derived from it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.errors import TestbedError

#: The longest path that Linux takes for a Unix socket (sun_path less its closing NUL).
MAX_SOCKET_PATH = 107


@dataclass(frozen=True)
class Layout:
    """The paths of one testbed. Everything lies below `state`; two testbeds share nothing."""

    state: Path

    @classmethod
    def from_environment(cls) -> Layout:
        """Take the state folder from DOCKERNB_TESTBED, else the user's cache folder."""
        named = os.environ.get("DOCKERNB_TESTBED")
        state = Path(named) if named else Path.home() / ".cache" / "dockernb-testbed"
        layout = cls(state.resolve())
        if len(os.fsencode(layout.socket)) > MAX_SOCKET_PATH:
            raise TestbedError(
                f"{layout.socket} is too long for a Unix socket ({MAX_SOCKET_PATH} bytes): "
                "set DOCKERNB_TESTBED to a shorter folder"
            )
        return layout

    @property
    def root(self) -> Path:
        """The Debian 13 root file system in which the daemon and its CLI run."""
        return self.state / "root"

    @property
    def socket(self) -> Path:
        """The daemon's socket as seen from outside its root."""
        return self.root / "run" / "dockernb.sock"

    @property
    def docker_host(self) -> str:
        """The daemon's address in the form that DOCKER_HOST takes."""
        return f"unix://{self.socket}"

    @property
    def daemon_pid(self) -> Path:
        """The pid file that the daemon itself writes."""
        return self.root / "run" / "dockernb.pid"

    @property
    def containerd_pid(self) -> Path:
        """The pid file of the containerd that the daemon starts."""
        return self.root / "run" / "docker" / "containerd" / "containerd.pid"

    @property
    def bridge(self) -> str:
        """The daemon's network bridge; at most 15 characters, one per state folder."""
        return "dnb-" + hashlib.sha256(os.fsencode(self.state)).hexdigest()[:8]

    def bridge_of(self, name: str) -> str:
        """As `bridge`, for another engine."""
        return "dnb-" + hashlib.sha256(os.fsencode(self.state / name)).hexdigest()[:8]

    @property
    def bookworm(self) -> Path:
        """The Debian 12 root file system of Docker 20.10 and Podman."""
        return self.state / "bookworm"

    @property
    def forky(self) -> Path:
        """The Debian 14 root file system of Docker 28."""
        return self.state / "forky"

    @property
    def debs(self) -> Path:
        """Downloaded Debian packages, kept between runs."""
        return self.state / "debs"

    @property
    def images(self) -> Path:
        """Tars of the base images, kept between runs."""
        return self.state / "images"

    @property
    def registry(self) -> Path:
        """Pid file, port and record of pushes of the registry."""
        return self.state / "registry"

    @property
    def logs(self) -> Path:
        """Logs of the daemon, the registry and the bootstraps."""
        return self.state / "logs"

    @property
    def transient(self) -> Path:
        """Exists while the testbed was brought up by a `run`, which stops it at the end."""
        return self.state / "transient"

    def make(self) -> None:
        """Create the folders."""
        for folder in (self.state, self.debs, self.images, self.registry, self.logs):
            folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time change the testbed; the others wait."""
        self.make()
        with (self.state / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def used(self) -> Iterator[UseLock]:
        """Count as a user of the testbed until the block ends."""
        self.make()
        with (self.state / "users").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield UseLock(handle.fileno())


@dataclass(frozen=True)
class UseLock:
    """A share in the testbed, held by every `run`."""

    descriptor: int

    def is_last(self) -> bool:
        """Whether no other process uses the testbed; from then on none can begin to."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
