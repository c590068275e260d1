"""A look into a root: one entry, or a tar of all that is below a path."""

from __future__ import annotations

import os
import stat

from dockernb.engines.base import PathStat
from dockernb.engines.embedded.files.folders import close_again, open_closed
from dockernb.engines.embedded.files.owners import Owners
from dockernb.engines.embedded.files.pack import Packer
from dockernb.engines.embedded.guest.inside import Inside
from dockernb.engines.embedded.guest.opened_up import opened_up
from dockernb.oci.diff import type_of_mode

__all__ = ["pack_path", "stat_path"]


def stat_path(root: str, path: str, owners: Owners) -> PathStat | None:
    """The entry at `path`: links on the way lead inside the root, the last one is not followed."""
    try:
        folder, name = _parent_of(root, path)
    except OSError:  # a name on the way is missing, is no folder, or leads in a circle
        return None
    try:
        return _stat(folder, name, owners)
    except PermissionError:
        with opened_up(f"/proc/self/fd/{folder}"):
            return _stat(folder, name, owners)
    finally:
        os.close(folder)


def _stat(folder: int, name: str, owners: Owners) -> PathStat | None:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        kind = type_of_mode(owners.read(folder, name, status).type)
        target = os.readlink(name, dir_fd=folder) if kind == "symlink" else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    size = status.st_size if kind in {"file", "symlink"} else 0
    return PathStat(kind, stat.S_IMODE(status.st_mode), size, target)


def pack_path(root: str, path: str, descriptor: int, owners: Owners) -> None:
    """Writes a tar of the entry at `path` and of all below it; names begin with its last name.

    Raises:
        FileNotFoundError: there is nothing.
    """
    packer = Packer(descriptor, owners)
    folder, name = _parent_of(root, path)
    way: list[tuple[int, str, list[str]]] = [(folder, "", [name])]
    modes: dict[int, int] = {}
    try:
        while way:
            folder, prefix, names = way[-1]
            if not names:
                close_again(way.pop()[0], modes)
                continue
            name = names.pop()
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                packer.add(prefix + name, folder, name, status)
                continue
            packer.add(f"{prefix}{name}/", folder, name, status)
            below = open_closed(folder, name, modes)
            listed = sorted(os.listdir(below), reverse=True)  # noqa: PTH208
            way.append((below, f"{prefix}{name}/", listed))
    finally:
        for folder, _, _ in way:
            close_again(folder, modes)
    packer.finish()


def _parent_of(root: str, path: str) -> tuple[int, str]:
    """The open folder that holds the entry, and its name there ("." for the root)."""
    parts = [part for part in path.split("/") if part not in {"", "."}]
    name = parts.pop() if parts else "."
    inside = Inside(root)
    try:
        return inside.open_folder("/" + "/".join(parts)), name
    finally:
        inside.close()
