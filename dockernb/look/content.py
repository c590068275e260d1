"""The content of one file of a snapshot, links followed, never more of it than was asked for."""

from __future__ import annotations

import posixpath
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO

from ..engines.base import FileView
from ..errors import LookError
from ..oci.bounded_tar import open_tar
from ..oci.byte_stream import StreamReader
from .entries import FileEntry, entry_of
from .links import LinkCircleError, behind_links

__all__ = ["FileContent", "absolute", "copy_content", "read_content", "resolve"]

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
    """The path behind all symbolic links, those of the folders on the way too.

    Raises:
        LookError: there is nothing, or links lead in a circle.
    """

    def target_of(current: str, is_behind_link: bool) -> str | None:
        found = view.stat(current)
        if found is None:
            behind = f': it leads to "{current}"' if is_behind_link and current != path else ""
            raise LookError(f'there is no "{path}" in the snapshot{behind}')
        if found.type != "symlink" or found.link_target is None:
            return None
        if len(found.link_target) > MAX_PATH:
            raise LinkCircleError
        return found.link_target

    try:
        return behind_links(path, target_of)
    except LinkCircleError:
        raise LookError(f'"{path}" is a link that leads in a circle') from None


def read_content(view: FileView, path: str, limit: int) -> FileContent:
    """At most `limit` bytes of the file at `path`.

    Raises:
        LookError: there is nothing, or it is no file.
    """
    with _opened(view, path) as (entry, file):
        return FileContent(entry, path, file.read(limit))


def copy_content(view: FileView, path: str, out: BinaryIO) -> FileEntry:
    """Writes the whole file at `path` to `out`.

    Raises:
        LookError: there is nothing, or it is no file.
    """
    with _opened(view, path) as (entry, file):
        shutil.copyfileobj(file, out, 1 << 18)
        return entry


@contextmanager
def _opened(view: FileView, path: str) -> Iterator[tuple[FileEntry, IO[bytes]]]:
    real = resolve(view, path)
    found = view.stat(real)
    if found is None or found.type != "file":
        raise _no_file(path, None if found is None else found.type)
    try:
        with closing(StreamReader(view.read(real))) as stream, open_tar(stream) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None else None
            if member is None or file is None:
                raise _no_file(path, None)
            yield entry_of(member, real, {}), file
    except FileNotFoundError as err:
        raise LookError(f'there is no "{path}" in the snapshot') from err
    except tarfile.TarError as err:
        raise LookError(f'"{path}" cannot be read: {err}') from err


def _no_file(path: str, kind: str | None) -> LookError:
    if kind is None:
        return LookError(f'there is no "{path}" in the snapshot')
    if kind == "dir":
        return LookError(f'"{path}" is a folder, not a file', hint=f"%ls {path} lists it.")
    return LookError(f'"{path}" is no file: its type is {kind}')
