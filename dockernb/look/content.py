"""The content of one file of a snapshot, links followed, never more of it than was asked for."""

from __future__ import annotations

import posixpath
import tarfile
from contextlib import closing
from dataclasses import dataclass

from ..engines.base import FileView
from ..errors import LookError
from ..oci.byte_stream import StreamReader
from .entries import FileEntry, entry_of

__all__ = ["FileContent", "absolute", "read_content", "resolve"]

MAX_LINKS = 40  # as the kernel's limit
MAX_PATH = 4096


@dataclass(frozen=True)
class FileContent:
    """The first bytes of a file.

    Args:
        entry: The file itself, behind all links.
        asked: The path that was asked for.
    """

    entry: FileEntry
    asked: str
    data: bytes

    @property
    def is_cut(self) -> bool:
        return len(self.data) < self.entry.size


def absolute(path: str, folder: str = "/") -> str:
    """A path as the reader writes it; a relative one is below `folder`.

    Raises:
        LookError: it is no path.
    """
    if "\0" in path or len(path) > MAX_PATH:
        raise LookError("this is no path", rule=f"at most {MAX_PATH} characters, without NUL")
    joined = posixpath.normpath(posixpath.join("/", folder, path))
    return "/" + joined.lstrip("/")


def resolve(view: FileView, path: str) -> str:
    """The path behind symbolic links.

    Raises:
        LookError: there is nothing, or links lead in a circle.
    """
    current = path
    for _ in range(MAX_LINKS):
        found = view.stat(current)
        if found is None:
            behind = "" if current == path else f': it leads to "{current}"'
            raise LookError(f'there is no "{path}" in the snapshot{behind}')
        if found.type != "symlink" or found.link_target is None:
            return current
        current = absolute(found.link_target, posixpath.dirname(current))
    raise LookError(f'"{path}" is a link that leads in a circle')


def read_content(view: FileView, path: str, limit: int) -> FileContent:
    """At most `limit` bytes of the file at `path`.

    Raises:
        LookError: there is nothing, or it is no file.
    """
    real = resolve(view, path)
    found = view.stat(real)
    if found is None or found.type != "file":
        kind = "nothing" if found is None else found.type
        names = {"dir": "a folder"}
        hint = f"%ls {path}   (or dockernb ls)" if kind == "dir" else None
        raise LookError(f'"{path}" is {names.get(kind, f"a {kind}")}, not a file', hint=hint)
    try:
        with closing(StreamReader(view.read(real))) as stream:
            return _first(stream, real, path, limit)
    except FileNotFoundError as err:
        raise LookError(f'there is no "{path}" in the snapshot') from err
    except tarfile.TarError as err:
        raise LookError(f'"{path}" cannot be read: {err}') from err


def _first(stream: StreamReader, real: str, asked: str, limit: int) -> FileContent:
    with tarfile.open(
        fileobj=stream,
        mode="r|",
        encoding="utf-8",
        errors="surrogateescape",
    ) as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None else None
        if member is None or file is None:
            raise LookError(f'"{asked}" is not a file')
        return FileContent(entry_of(member, real, {}), asked, file.read(limit))
