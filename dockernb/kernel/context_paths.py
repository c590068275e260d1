"""Paths of the build context, for completion in COPY and ADD."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

__all__ = ["complete_path"]

MAX_PATHS = 200


def complete_path(root: Path, typed: str) -> list[str]:
    """What `typed` can become: paths in the context, folders with "/" at the end.

    What was typed stays as it is ("./" and "/" at the start too). Nothing outside of the context
    is looked at, also not through a symbolic link. Names with blanks are left out: they need the
    JSON form.
    """
    folder, _, prefix = typed.rpartition("/")
    stem = typed[: len(typed) - len(prefix)]
    relative = PurePosixPath(folder.lstrip("/"))
    if ".." in relative.parts:
        return []
    try:
        top = root.resolve()
        there = (top / relative).resolve()
        if not there.is_relative_to(top):
            return []
        return sorted(stem + name for name in _names(there, prefix))[:MAX_PATHS]
    except (OSError, ValueError, RuntimeError):  # a loop of links, a NUL byte
        return []


def _names(folder: Path, prefix: str) -> list[str]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if not name.startswith(prefix) or any(char.isspace() for char in name):
                continue
            if name.startswith(".") and not prefix:
                continue
            found.append(name + "/" if entry.is_dir(follow_symlinks=False) else name)
    return found
