"""Entering the namespaces of a rung, and overlays in them."""

from __future__ import annotations

import errno
import functools
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ....errors import EngineNotAvailableError, UnsupportedByEngineError
from . import syscalls
from .rung import Rung

__all__ = [
    "can_mount_proc",
    "enter_namespaces",
    "mount_overlay",
    "own_mounts",
    "try_in_child",
    "unmount",
]

#: mount(2) takes one page of options, its end included.
_OPTION_BYTES = 4095


def enter_namespaces(rung: Rung) -> None:
    """Takes this single-threaded process into the namespaces that guests of `rung` are made in.

    Rung 1: a private mount namespace. Rungs 2 and 3: a user namespace in which the caller's ids are
    0:0 (and no other id exists), with a private mount namespace. Rung 4: the user namespace.

    Raises:
        EngineNotAvailableError: the kernel refused; this process may be in some of them already.
    """
    try:
        _enter(rung)
    except OSError as error:
        raise EngineNotAvailableError(
            f'rung {rung.value} of the embedded engine cannot be entered: "{error.strerror}"',
            hint="Run `dockernb doctor` to see which rungs work here.",
        ) from error
    if rung.has_mounts:
        can_mount_proc()  # asked once here: forked workers inherit the answer


def _enter(rung: Rung) -> None:
    if rung.in_user_namespace:
        uid, gid = os.geteuid(), os.getegid()
        mounts = syscalls.CLONE_NEWNS if rung.has_mounts else 0
        syscalls.unshare(syscalls.CLONE_NEWUSER | mounts)
        # user_namespaces(7): without privileges, gid_map only after setgroups(2) is denied.
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")
    elif rung is Rung.OVERLAY_ROOT:
        syscalls.unshare(syscalls.CLONE_NEWNS)
    if rung.has_mounts:
        syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)


def _write(path: str, text: str) -> None:
    # One write(2): the kernel takes a map in one piece only.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


@functools.cache
def can_mount_proc() -> bool:
    """Whether a process in a new pid namespace may mount a /proc of its own (not in most pods)."""

    def attempt() -> None:
        with tempfile.TemporaryDirectory() as folder:
            syscalls.mount("proc", folder, "proc")
            syscalls.umount(folder)

    flags = syscalls.CLONE_NEWPID | syscalls.CLONE_NEWNS
    return try_in_child(attempt, lambda: syscalls.clone(flags)) == ""


def try_in_child(attempt: Callable[[], None], fork: Callable[[], int] = os.fork) -> str:
    """Calls `attempt` in a child process; "" if it returned, else what the kernel said."""
    reader, writer = os.pipe()
    try:
        child = fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        return str(error.strerror)
    if child == 0:
        _report(attempt, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read().decode(errors="replace")
    os.waitpid(child, 0)
    return "" if text == "ok" else text or "the attempt was killed"


def _report(attempt: Callable[[], None], writer: int) -> None:
    try:
        attempt()
        os.write(writer, b"ok")
    except OSError as error:
        os.write(writer, (error.strerror or str(error)).encode())
    finally:
        os._exit(0)


def own_mounts() -> None:
    """Gives this process a mount namespace of its own; what it mounts ends with it."""
    syscalls.unshare(syscalls.CLONE_NEWNS)


def mount_overlay(lower: Sequence[str], upper: str, work: str, merged: str, *, user: bool) -> None:
    """Mounts an overlay at `merged`, in the mount namespace of the caller.

    Devices in it can be made but not opened: root's would be the machine's disks. (A container of
    Docker may not either, by its device control group. Those that a command needs are in /dev.)

    It is volatile, from Linux 5.10 on: neither fsync(2) in it nor its end waits for the disk, which
    may take as long as a whole step. What is to last is read from it and synced elsewhere.

    Args:
        lower: Absolute paths of the layers, topmost first. 127 fit everywhere if their names are
            short, 500 from Linux 6.8 on.
        user: Keep overlay's own marks in user.* attributes, as a user namespace needs.

    Raises:
        OSError: the kernel refused.
        UnsupportedByEngineError: the layers are too many for it.
    """
    merged = str(Path(merged).absolute())
    paths = [str(Path(path).absolute()) for path in (*lower, upper, work)]
    base = os.path.commonpath(paths)
    short = [os.path.relpath(path, base) for path in paths]
    before = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Paths relative to the folder that all have in common: they must fit into the options.
        os.chdir(base)
        flags = ["userxattr"] if user else []
        try:
            _mount(short, merged, [*flags, "volatile"])
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            _mount(short, merged, flags)
    finally:
        os.fchdir(before)
        os.close(before)


def _mount(paths: Sequence[str], merged: str, flags: Sequence[str]) -> None:
    *lowers, upper, work = [path.replace("\\", "\\\\").replace(",", "\\,") for path in paths]
    joined = ":".join(path.replace(":", "\\:") for path in lowers)
    options = ",".join([f"lowerdir={joined}", f"upperdir={upper}", f"workdir={work}", *flags])
    if len(os.fsencode(options)) <= _OPTION_BYTES:
        syscalls.mount("overlay", merged, "overlay", syscalls.MS_NODEV, options)
    else:
        _mount_many(paths, merged, flags)


def _mount_many(paths: Sequence[str], merged: str, flags: Sequence[str]) -> None:
    """More layers than fit into a page of options: one option each (overlayfs of Linux 6.8)."""
    *lowers, upper, work = paths
    options: list[tuple[str, str | None]] = [("lowerdir+", path) for path in lowers]
    options += [("upperdir", upper), ("workdir", work)]
    options += [(flag, None) for flag in flags]
    try:
        syscalls.mount_step_by_step("overlay", options, merged)
        if "userxattr" not in flags:  # in a user namespace no device can be opened anyway
            again = syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_NODEV
            syscalls.mount(None, merged, None, again)
    except OSError as error:
        raise UnsupportedByEngineError(
            f"an image of {len(lowers)} layers cannot be mounted: {error.strerror}",
            rule="An overlay takes some 140 layers, and from Linux 6.8 on 500.",
            hint="Use a way without mounts: export DOCKERNB_RUNG=4",
        ) from error


def unmount(path: str) -> None:
    """Takes a mount away; what still uses it keeps it until then."""
    syscalls.umount(path)
