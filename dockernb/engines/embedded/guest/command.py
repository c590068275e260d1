"""What a guest is told to run, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Credentials", "GuestCommand", "GuestEnd", "GuestMount", "Limits"]

_DEFAULT_MODES = {"file": 0o644, "secret": 0o400, "tmpfs": 0o1777}


@dataclass(frozen=True)
class GuestMount:
    """Something that is in the guest's tree while the command runs, and not afterwards.

    Args:
        kind: "bind" (a folder or file of the host), "tmpfs" (an empty folder), "file" (a file with
            `content`, which may touch a disk where no mount is possible), "secret" (a file with
            `content`, which never does).
        target: Absolute path in the guest; links in it are resolved inside the guest's root.
        source: For "bind": path on the host. What is written to a "bind" that is not read-only
            stays in `source`.
        mode: Permission bits of a "file" (default 0644), "secret" (0400) or "tmpfs" (1777).
        size: Bytes that a "tmpfs" may hold; 0 for no limit.
    """

    kind: Literal["bind", "tmpfs", "file", "secret"]
    target: str
    source: str = ""
    content: bytes = field(default=b"", repr=False)
    read_only: bool = False
    mode: int | None = None
    uid: int = 0
    gid: int = 0
    size: int = 0

    @property
    def permissions(self) -> int:
        """The permission bits, with the default of the kind filled in."""
        return _DEFAULT_MODES.get(self.kind, 0o755) if self.mode is None else self.mode


@dataclass(frozen=True)
class Credentials:
    """Who runs the command, in the guest's numbers.

    Args:
        groups: Supplementary groups.
        home: HOME when the environment has none.
    """

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = "/root"


@dataclass(frozen=True)
class Limits:
    """What a command may use; None for no limit.

    By control groups, where this process may make them, for the whole command; elsewhere by
    setrlimit(2), which knows bytes of data for each process, and all processes of the user.

    Args:
        memory: Bytes.
        processes: Processes and threads.
    """

    memory: int | None = None
    processes: int | None = None


@dataclass(frozen=True)
class GuestCommand:
    """A command and all that it sees.

    Args:
        env: The whole environment; only HOME is added when missing.
        working_dir: Absolute path in the guest; it must exist.
        hosts: Names that /etc/hosts gets in addition -> address.
        mounts: Made in this order.
        ulimits: Name without RLIMIT_, in small letters -> soft and hard limit; -1 for none.
        shm_size: Bytes of /dev/shm; 0 for 64 MB.
        terminal: Rows and columns of the terminal that it gets as its descriptors 0 to 2.
        beside: Another command runs in the same root, which is ready for this one too.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials = Credentials()
    working_dir: str = "/"
    network: Literal["host", "none"] = "host"
    hosts: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[GuestMount, ...] = ()
    limits: Limits = Limits()
    ulimits: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    shm_size: int = 0
    beside: bool = False
    terminal: tuple[int, int] | None = None


@dataclass(frozen=True)
class GuestEnd:
    """How a guest ended.

    Args:
        exit_code: Of its main process; 128 + n when signal n ended it, 127 when the program does
            not exist, 126 when it cannot be executed.
        cancelled: Whether it was killed because of `cancel`.
        left_stubs: Paths in the root that were made as mount points and had to stay.
        warnings: What could not be done exactly as Docker does it.
    """

    exit_code: int
    cancelled: bool = False
    left_stubs: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
