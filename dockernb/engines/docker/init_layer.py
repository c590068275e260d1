"""Files that the daemon lays into every container, and how to read an image without them.

Between the image's layers and the container's own there is one of Docker's (moby
daemon/initlayer/setup_unix.go): empty files and directories on which mounts will sit. They belong
to no image, but the archive of a container shows them. BuildKit's `COPY --from` does not see them.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from dockernb.oci.byte_stream import StreamReader

from .api import DockerApi
from .diff import overlay_directories
from .local import LocalDisk

__all__ = ["IsForeign", "foreign_entries", "may_hold_stubs", "without_entries"]

_STUBS = (
    ".dockerenv", "dev", "dev/console", "dev/pts", "dev/shm", "etc", "etc/hostname", "etc/hosts",
    "etc/mtab", "etc/resolv.conf", "proc", "sys",
)  # fmt: skip

IsForeign = Callable[[str, tarfile.TarInfo], bool]


def may_hold_stubs(path: str) -> bool:
    """Whether the tree at the absolute `path` can hold any of them."""
    wanted = path.strip("/")
    return any(not wanted or f"{stub}/".startswith(f"{wanted}/") for stub in _STUBS)


def foreign_entries(api: DockerApi, disk: LocalDisk, container_id: str) -> IsForeign:
    """Tells whether an entry (path relative to "/") was laid there by the daemon.

    Where the daemon's disk is readable, that is looked up in the image's layers. Elsewhere an empty
    entry of such a name is foreign if it is no older than the container; a /dev or /etc that the
    image does not have is then taken for the image's.
    """
    directories = overlay_directories(api, disk, container_id)
    if directories is not None:
        layers = directories[1][0 if api.is_podman else 1 :]  # without Docker's own
        return lambda path, _: path in _STUBS and not _exists(layers, path)
    facts: dict[str, Any] = api.get_json(f"/containers/{container_id}/json")
    created = datetime.fromisoformat(facts["Created"]).timestamp()

    def is_foreign(path: str, entry: tarfile.TarInfo) -> bool:
        empty = not entry.size and path not in {"dev", "etc"}
        return path in _STUBS and empty and entry.mtime >= int(created)

    return is_foreign


def without_entries(chunks: Iterator[bytes], path: str, is_foreign: IsForeign) -> Iterator[bytes]:
    """The tar stream of the tree at `path` with the foreign entries taken out."""
    above = path.strip("/").rpartition("/")[0]
    reader = cast("BinaryIO", StreamReader(chunks))
    with tarfile.open(
        fileobj=reader, mode="r|", encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for entry in archive:
            name = f"{above}/{entry.name}".strip("/").removeprefix("./")
            if is_foreign(name, entry):
                continue
            yield entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
            content = archive.extractfile(entry) if entry.isreg() else None
            while content is not None and (data := content.read(256 * 1024)):
                yield data
            if entry.isreg():
                yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _exists(layers: Sequence[Path], path: str) -> bool:
    """Whether the image has `path`; links are not followed: a container may have made them."""
    with ExitStack() as stack:
        opened = [_open(stack, layer) for layer in layers]
        parts = path.split("/")
        for part in parts[:-1]:
            opened = [
                _open(stack, part, parent)
                for parent, found in _showing(opened, part)
                if stat.S_ISDIR(found.st_mode)
            ]
        return bool(_showing(opened, parts[-1]))


def _showing(parents: Sequence[int], name: str) -> list[tuple[int, os.stat_result]]:
    """The layers, topmost first, whose `name` shows through: up to a whiteout or a file."""
    found: list[tuple[int, os.stat_result]] = []
    for parent in parents:
        try:
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            break
        found.append((parent, status))
        if not stat.S_ISDIR(status.st_mode):
            break
    return found


def _open(stack: ExitStack, path: str | Path, parent: int | None = None) -> int:
    follow = os.O_NOFOLLOW if parent is not None else 0
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | follow, dir_fd=parent)
    stack.callback(os.close, descriptor)
    return descriptor
