"""Paths that a guest without mounts gets from the host: /dev, /proc, /sys, and files from memory.

A served path is opened by the supervisor and handed over, so everything that works on a descriptor
works. What works on names (rename, chdir into /proc/1, ...) sees the empty folders in the tree.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..owners import Owner
from .paths import guest_text, start_of
from .process import thread_group

__all__ = ["DEVICES", "MemoryFile", "Served"]

DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx")
_STREAMS = (b"/dev/stdin", b"/dev/stdout", b"/dev/stderr")
_LINKS = (b"/dev/fd", *_STREAMS)
_FOLDERS = (b"/proc", b"/sys", b"/dev/pts")
_MOST_LINKS = 40


@dataclass(frozen=True)
class MemoryFile:
    """A file that exists in memory only: its descriptor, owner, and whether it may be written."""

    descriptor: int
    owner: Owner
    read_only: bool


class Served:
    """What is served to a guest.

    Args:
        files: Absolute path in the guest -> file in memory.
        programs: Folder in the tree for links to programs that are only known by a served path,
            and the same folder's path in the guest.
    """

    def __init__(self, files: Mapping[bytes, MemoryFile], programs: Path) -> None:
        self._files = dict(files)
        self._devices = {b"/dev/" + name.encode() for name in DEVICES}
        self._programs = programs
        self._counter = itertools.count()
        self._known_programs: dict[bytes, bytes] = {}

    def open(self, pid: int, folder: int, path: bytes, flags: int) -> int | None:
        """An open descriptor if the path is served, else None."""
        host = self._host_path(pid, folder, path, follow=not flags & os.O_NOFOLLOW)
        if host is None:
            return None
        if host == b"/dev/tty":
            host = _terminal_of(pid) or host
        self._check_writable(host, flags)
        keep = os.O_ACCMODE | os.O_APPEND | os.O_TRUNC | os.O_DIRECTORY | os.O_PATH | os.O_NONBLOCK
        # Not blocking: a pipe behind /proc/PID/fd may have no other end.
        how = flags & keep | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
        opened = os.open(host, how)
        if not flags & (os.O_NONBLOCK | os.O_PATH):
            fcntl.fcntl(opened, fcntl.F_SETFL, flags & os.O_APPEND)
        return opened

    def _check_writable(self, host: bytes, flags: int) -> None:
        if not flags & (os.O_ACCMODE | os.O_TRUNC):
            return
        for file in self._files.values():
            if file.read_only and host == b"/proc/self/fd/%d" % file.descriptor:
                raise OSError(errno.EROFS, "read-only")

    def open_status(self, pid: int, folder: int, path: bytes, follow: bool) -> int | None:
        """An O_PATH descriptor if the path is served, else None."""
        if not path:
            return None
        host = self._host_path(pid, folder, path, follow=follow)
        if host is None:
            return None
        is_memory = host.startswith(b"/proc/self/fd/")
        follow = follow or is_memory
        return os.open(host, os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))

    def owner(self, pid: int, folder: int, path: bytes) -> Owner:
        """The owner of what `open_status` opened: root's, but for files in memory."""
        text = self._absolute(pid, folder, path)
        file = self._files.get(text) if text else None
        return file.owner if file else Owner()

    def read_link(self, pid: int, folder: int, path: bytes) -> bytes | None:
        """Where a served link points to, in the guest's words; None if the path is not served."""
        text = self._absolute(pid, folder, path)
        if text is None:
            return None
        if text == b"/proc/self":
            return str(thread_group(pid)).encode()
        host = None if text in _LINKS else self._map(pid, text)
        if host is None:
            return None
        target = os.readlink(host)
        root = os.readlink(os.fsencode(f"/proc/{pid}/root"))
        if root != b"/" and (target == root or target.startswith(root + b"/")):
            return target[len(root) :] or b"/"
        return target

    def is_mount_point(self, pid: int, folder: int, path: bytes) -> bool:
        """Whether the path is one that Docker would have mounted."""
        text = self._absolute(pid, folder, path)
        return text is not None and (text in self._files or text in self._devices)

    def program(self, pid: int, path: bytes) -> bytes | None:
        """A name in the tree, no longer than `path`, for a program named by /proc/PID/exe."""
        if not (path.startswith(b"/proc/") and path.endswith(b"/exe")):
            return None
        target = self.read_link(pid, 0, path)
        if target is None:
            return None
        known = self._known_programs.get(target)
        if known is None:
            name = f".{next(self._counter)}"
            known = b"/proc/" + name.encode()
            os.symlink(target, self._programs / name)
            self._known_programs[target] = known
        return known if len(known) <= len(path) else None

    def _host_path(self, pid: int, folder: int, path: bytes, *, follow: bool) -> bytes | None:
        text = self._absolute(pid, folder, path)
        if text is None:
            return None
        if not follow and text in _LINKS:
            return None  # links in the tree
        if not follow and text == b"/proc/self":
            return text
        host = self._map(pid, text)
        if host is not None or not follow:
            return host
        for other in _behind_links(pid, text):
            host = self._map(pid, other)
            if host is not None:
                return host
        return None

    def _absolute(self, pid: int, folder: int, path: bytes) -> bytes | None:
        if path[:1] != b"/":
            try:
                path = os.path.join(guest_text(pid, start_of(pid, folder)), path)
            except OSError:
                return None
        text = os.path.normpath(path)
        return text[1:] if text.startswith(b"//") else text

    def _map(self, pid: int, text: bytes) -> bytes | None:
        """The host's path for an absolute path of the guest, or None."""
        if text[:2] not in {b"/d", b"/p", b"/s"} and text not in self._files:
            return None
        file = self._files.get(text)
        if file is not None:
            return os.fsencode(f"/proc/self/fd/{file.descriptor}")
        if text in _STREAMS:
            return os.fsencode(f"/proc/{pid}/fd/{_STREAMS.index(text)}")
        if text == b"/dev/fd" or text.startswith(b"/dev/fd/"):
            return os.fsencode(f"/proc/{pid}/fd") + text[7:]
        for link in (b"/proc/self", b"/proc/thread-self"):
            if text == link or text.startswith(link + b"/"):
                return os.fsencode(f"/proc/{pid}") + text[len(link) :]
        for link in (b"/proc/net", b"/proc/mounts"):  # links into /proc/self, which is not ours
            if text == link or text.startswith(link + b"/"):
                return os.fsencode(f"/proc/{pid}/") + text[len(b"/proc/") :]
        if text.startswith(b"/proc/."):
            return None  # links to programs, in the tree
        if text in self._devices:
            return text
        if any(text == name or text.startswith(name + b"/") for name in _FOLDERS):
            return text
        return None


def _terminal_of(pid: int) -> bytes | None:
    """The name of a terminal for `pid`: /dev/tty would be that of the supervisor, which has none.

    A program that asks has the terminal as one of its first descriptors, as good as always.
    """
    for number in (2, 1, 0):
        name = os.fsencode(f"/proc/{pid}/fd/{number}")
        with contextlib.suppress(OSError):
            if os.readlink(name).startswith(b"/dev/pts/"):
                return name
    return None


def _behind_links(pid: int, text: bytes) -> Iterator[bytes]:
    """The absolute paths that `text` becomes, one after the other, when its links are followed."""
    parts, done = text.split(b"/")[1:], b""
    root = os.fsencode(f"/proc/{pid}/root")
    for _ in range(_MOST_LINKS * 64):
        if not parts:
            return
        name = parts.pop(0)
        if name == b"..":
            done = os.path.dirname(done) if done not in {b"", b"/"} else b""
            continue
        if name in {b"", b"."}:
            continue
        target = b""
        with contextlib.suppress(OSError):
            target = os.readlink(root + done + b"/" + name)
        if not target:
            done += b"/" + name
            continue
        if target[:1] == b"/":
            done = b""
        parts = target.split(b"/") + parts
        yield os.path.normpath(b"/".join([done or b"/", *parts])).replace(b"//", b"/")
