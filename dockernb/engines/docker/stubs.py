"""The places on which mounts sit: what is in them, and their traces in the snapshot.

A mount needs a directory or a file to sit on; where the image has none, the runtime makes it in the
container's own layer, and a commit would keep it. BuildKit takes them away again (moby/buildkit
executor, MountStubsCleaner), so do we: on the daemon's disk, for the API cannot delete a file.
Where that is out of reach it stays in the snapshot, empty.
"""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from dockernb.engines.base import Mount
from dockernb.engines.docker.archive import Archive
from dockernb.engines.docker.request import is_file, mount_point

__all__ = ["Stub", "find_stubs", "mount_contents", "remove_stubs"]

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Stub:
    """A mount's target of which some last parts are missing in the image.

    Args:
        parts: All names of the path.
        present: How many of them, from the front, are there.
        is_file: The last of them becomes a file.
    """

    parts: tuple[str, ...]
    present: int
    is_file: bool = False


def find_stubs(archive: Archive, mounts: Iterable[Mount]) -> list[Stub]:
    """The stubs that starting the container is going to make."""
    found = (_stub(archive, mount_point(mount), file=is_file(mount)) for mount in mounts)
    return [stub for stub in found if stub is not None]


def mount_contents(mounts: Iterable[Mount]) -> bytes | None:
    """A tar with the scripts to mount; None if there is none.

    Unpacked before the start it reaches the volumes, not the container's own layer.
    """
    buffer, empty = io.BytesIO(), True
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for mount in mounts:
            if mount.kind != "file":
                continue
            info = tarfile.TarInfo(mount.target.strip("/"))
            info.mode = 0o755 if mount.mode is None else mount.mode
            info.uid, info.gid = mount.uid, mount.gid
            info.size = len(mount.content or b"")
            tar.addfile(info, io.BytesIO(mount.content or b""))
            empty = False
    return None if empty else buffer.getvalue()


def remove_stubs(upper: Path, stubs: Iterable[Stub]) -> None:
    """Removes what is still empty. The container must have ended."""
    for stub in sorted(stubs, key=lambda stub: len(stub.parts), reverse=True):
        with suppress(OSError), ExitStack() as stack:
            _remove(stack, upper, stub)


def _stub(archive: Archive, target: str, *, file: bool) -> Stub | None:
    parts = tuple(part for part in target.split("/") if part not in {"", "."})
    for present in range(len(parts)):
        found = archive.stat("/" + "/".join(parts[: present + 1]))
        if found is None:
            return Stub(parts, present, file)
        if found.type == "symlink":
            return None  # what it leads to may be anywhere; the stub stays
    return None


def _remove(stack: ExitStack, upper: Path, stub: Stub) -> None:
    """Removes the last name, then its parents as far as they were missing.

    A name is only ever looked up in an open directory and links are not followed: what lies there
    was left by a container. The first directory that is not empty ends it with an `OSError`.
    """
    opened = [os.open(upper, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    stack.callback(os.close, opened[0])
    for part in stub.parts[:-1]:
        opened.append(os.open(part, _OPEN, dir_fd=opened[-1]))
        stack.callback(os.close, opened[-1])
    for index in range(len(stub.parts) - 1, stub.present - 1, -1):
        name, folder = stub.parts[index], opened[index]
        if stub.is_file and index == len(stub.parts) - 1:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_ISREG(status.st_mode) and status.st_size == 0:
                os.unlink(name, dir_fd=folder)
        else:
            os.rmdir(name, dir_fd=folder)
