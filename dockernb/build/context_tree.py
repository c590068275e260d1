"""The build context as a tree: what .dockerignore leaves of a folder.

One `ContextTree` serves one COPY; it reads the disk when asked and remembers nothing but the
patterns. Source of the rules: `filter.go`, `stat.go` and `hardlinks.go` of tonistiigi/fsutil.
"""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from dockernb.dockerfile.dockerignore import DockerIgnore
from dockernb.errors import ContextError
from dockernb.oci.diff import FileType

from .content_digest import ContextFile, signature
from .link_paths import check_depth, join
from .source_entry import SourceEntry

__all__ = ["ContextTree"]

_TYPES: dict[int, FileType] = {
    modes.S_IFREG: "file",
    modes.S_IFDIR: "dir",
    modes.S_IFLNK: "symlink",
    modes.S_IFCHR: "char",
    modes.S_IFBLK: "block",
    modes.S_IFIFO: "fifo",
    modes.S_IFSOCK: "socket",
}


class ContextTree:
    """Paths begin at the context's root, "/"; see `SourceTree`."""

    def __init__(self, root: Path, ignore: DockerIgnore) -> None:
        self._root = os.fspath(root)
        self._ignore = ignore

    def entry(self, path: str) -> SourceEntry | None:
        found = self.entry_on_disk(path)
        if found is None or path == "/" or self._is_in(path.lstrip("/"), found.type == "dir"):
            return found
        return None

    def entry_on_disk(self, path: str) -> SourceEntry | None:
        """What is at `path`, ignored or not."""
        full = self._root + path
        try:
            return _entry(full, os.lstat(full))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as err:
            raise ContextError(f'"{full}" of the build context cannot be read: {err}') from err

    def children(self, path: str) -> list[tuple[str, SourceEntry]]:
        folder = path.lstrip("/")
        prefix = folder + "/" if folder else ""
        excludes = self._ignore.in_folder(folder)
        found: list[tuple[str, SourceEntry]] = []
        for item in self._scan(path):
            name = item.name
            if excludes(prefix + name) and not (
                item.is_dir(follow_symlinks=False) and self._is_in_part(prefix + name)
            ):
                continue
            try:
                found.append((name, _entry(item.path, item.stat(follow_symlinks=False))))
            except FileNotFoundError:
                continue  # removed since the folder was listed: it was never there
        found.sort(key=itemgetter(0))
        return found

    def read_link(self, path: str) -> str | None:
        found = self.entry(path)
        return found.link_target if found is not None and found.type == "symlink" else None

    def expect(self, base: str, pattern: list[str]) -> None:
        """Nothing to prepare: the disk is read when asked."""

    def files(self, path: str = "/") -> Iterator[str]:
        """The relative paths of all that is no directory, in no order."""
        for item in self._scan(path):
            name = join(path, item.name)
            is_directory = item.is_dir(follow_symlinks=False)
            if self._is_in(name.lstrip("/"), is_directory):
                if is_directory:
                    yield from self.files(name)
                else:
                    yield name.lstrip("/")

    def _scan(self, path: str) -> list[os.DirEntry[str]]:
        check_depth(path)
        try:
            with os.scandir(self._root + path) as items:
                return list(items)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as err:
            raise ContextError(
                f'"{self._root + path}" of the build context cannot be read: {err.strerror}'
            ) from err

    def _is_in(self, relative: str, is_directory: bool) -> bool:
        return not self._ignore.excludes(relative) or (is_directory and self._is_in_part(relative))

    def _is_in_part(self, relative: str) -> bool:
        """An ignored folder is there all the same when something in it is taken in again."""
        return self._ignore.may_reinclude_below(relative) and any(
            True for _ in self._below(relative)
        )

    def _below(self, relative: str) -> Iterator[str]:
        for item in self._scan("/" + relative):
            name = f"{relative}/{item.name}"
            if self._is_in(name, item.is_dir(follow_symlinks=False)):
                yield name


# Spares two calls of Python for each file.
_new = tuple.__new__


def _entry(full: str, stat: os.stat_result) -> SourceEntry:
    mode = stat.st_mode
    mtime = int(stat.st_mtime)
    if modes.S_ISREG(mode):
        linked = (stat.st_dev, stat.st_ino) if stat.st_nlink > 1 else None
        content = _new(ContextFile, (full, signature(stat)))
        return _new(
            SourceEntry,
            ("file", mode & 0o7777, 0, 0, stat.st_size, mtime, "", (0, 0), linked, content),
        )
    kind = _TYPES.get(modes.S_IFMT(mode), "unknown")
    target = os.readlink(full) if kind == "symlink" else ""  # noqa: PTH115 - quicker
    is_device = kind in {"char", "block"}
    device = (os.major(stat.st_rdev), os.minor(stat.st_rdev)) if is_device else (0, 0)
    return SourceEntry(kind, mode & 0o7777, mtime=mtime, link_target=target, device=device)
