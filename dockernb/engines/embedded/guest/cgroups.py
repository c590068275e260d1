"""Limits for all processes of a guest together, by control groups (cgroups(7)), where we may.

Version 2 has one tree for all controllers, version 1 one for each. A group is made in the group
that this process is in, or, where that may have none (version 2), in the nearest one above.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from .command import Limits
from .namespaces import try_in_child

__all__ = ["MOST_PROCESSES_OF_ROOT", "Group", "groups_here", "make_group"]

#: Where nothing is said: no build needs so many, and a machine can still be worked with.
MOST_PROCESSES_OF_ROOT = 4096

_PATIENCE = 1.0
#: Controller -> its file in version 2, in version 1.
_FILES = {"pids": ("pids.max", "pids.max"), "memory": ("memory.max", "memory.limit_in_bytes")}


class Group:
    """The groups of one guest: one, or in version 1 one for each limit."""

    def __init__(self) -> None:
        self._folders: list[Path] = []
        #: What is limited: "pids", "memory".
        self.limited: set[str] = set()
        self._doors: list[int] = []

    def add(self, folder: Path, file: str, controller: str, value: int) -> None:
        """Makes the group `folder`, if it is not there, with a limit.

        Raises:
            OSError: we may not, or the controller is not to be had there; nothing is left.
        """
        is_new = folder not in self._folders
        if is_new:
            folder.mkdir()
        try:
            (folder / file).write_text(str(value))
            if is_new:
                self._doors.append(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
                self._folders.append(folder)
        except OSError:
            if is_new:
                folder.rmdir()
            raise
        self.limited.add(controller)

    def take_in(self, pid: int = 0) -> set[str]:
        """Moves a process (0: this one) into the groups; returns what is limited by that.

        Nothing is where the kernel refuses it: who may make a group may not always be moved there.
        The kernel waits for all processors in turn meanwhile, which takes it some milliseconds.
        """
        try:
            for door in self._doors:
                os.write(door, b"%d" % pid)
        except OSError:
            return set()
        return self.limited

    def kill(self) -> None:
        """Kills all processes in the groups, whatever they fork meanwhile."""
        deadline = time.monotonic() + _PATIENCE
        for folder in self._folders:
            with contextlib.suppress(OSError):
                (folder / "cgroup.kill").write_text("1")  # version 2, Linux 5.14
                continue
            # No more forks; then kill until nobody is left.
            with contextlib.suppress(OSError):
                (folder / "pids.max").write_text("0")
            while time.monotonic() < deadline and _kill_listed(folder):
                time.sleep(0.001)

    def remove(self) -> None:
        """Removes the groups, which must be empty; what was just killed may take a moment."""
        for door in self._doors:
            os.close(door)
        self._doors.clear()
        deadline = time.monotonic() + _PATIENCE
        while self._folders and time.monotonic() < deadline:
            try:
                self._folders[-1].rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                time.sleep(0.001)
                continue
            self._folders.pop()


def _kill_listed(folder: Path) -> bool:
    try:
        pids = [int(word) for word in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return False
    for pid in filter(None, pids):  # 0: of a namespace that is not ours, and of a kill, our group
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


def make_group(limits: Limits) -> Group | None:
    """A group with what can be limited of `limits`; None if nothing can."""
    group, name = Group(), f"dockernb-{secrets.token_hex(6)}"
    for controller, value in (("pids", limits.processes), ("memory", limits.memory)):
        if value is None:
            continue
        for parent, version in _parents(controller):
            with contextlib.suppress(OSError):
                group.add(parent / name, _FILES[controller][2 - version], controller, value)
                break
    if group.limited:
        return group
    group.remove()
    return None


def groups_here() -> list[str]:
    """What can be limited by groups here: "memory", "pids"."""
    group = make_group(Limits(memory=1 << 30, processes=MOST_PROCESSES_OF_ROOT))
    if group is None:
        return []
    said = try_in_child(lambda: _enter_or_fail(group))
    group.remove()
    return [] if said else sorted(group.limited)


def _enter_or_fail(group: Group) -> None:
    if not group.take_in():
        raise PermissionError(errno.EPERM, "not moved")


def _parents(controller: str) -> Iterator[tuple[Path, int]]:
    """Folders of groups in which one may be made, with the version of each.

    The nearest first: what limits this process shall limit the guest as well.
    """
    own = _own_groups()
    for line in _lines("/proc/self/mounts"):
        fields = line.split()
        kind, mount = fields[2], Path(fields[1])
        if kind == "cgroup2":
            version, name = 2, ""
        elif kind == "cgroup" and controller in fields[3].split(","):
            version, name = 1, controller
        else:
            continue
        path = Path(own.get(name, "/"))
        for above in (path, *path.parents):
            yield mount / above.relative_to("/"), version


def _own_groups() -> dict[str, str]:
    """Controller of version 1, or "" for version 2 -> this process's group."""
    found = {}
    for line in _lines("/proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        found.update(dict.fromkeys(controllers.split(","), path))
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []
