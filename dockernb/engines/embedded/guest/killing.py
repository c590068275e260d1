"""Ending all processes of a guest that has no pid namespace of its own."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from . import syscalls

__all__ = ["become_subreaper", "descendants", "kill_descendants"]


def become_subreaper() -> None:
    """Orphans among our descendants become our children, not init's (prctl(2))."""
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)


def kill_descendants() -> None:
    """Kills and reaps everything that descends from this process.

    All are stopped first, so that none forks while the next is being killed. Ends when there is no
    child left: orphans come to this process, which must be a subreaper.
    """
    while True:
        found = descendants(os.getpid())
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        if not _reap():
            return


def _reap() -> bool:
    """Waits for one child and all others that have ended; False when there is none."""
    try:
        os.waitpid(-1, 0)
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def descendants(pid: int) -> list[int]:
    """The children of a process, their children, and so on."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                children += [int(word) for word in (task / "children").read_bytes().split()]
    return children
