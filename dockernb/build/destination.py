"""The file system that COPY writes to: the container's, under what is going to be written."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dockernb.engines.base import PathStat, WorkingContainer
from dockernb.errors import BuildError
from dockernb.oci.diff import FileType

from ..oci.byte_stream import StreamReader
from .link_paths import join, parents, resolve_links
from .tar_stream import TarEntry

__all__ = ["Destination", "Owner"]

# From so many questions about one directory on, its listing is quicker to get, if it is small.
_MANY = 24
_LISTING_LIMIT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Owner:
    """Numbers of user and group."""

    uid: int = 0
    gid: int = 0


class Destination:
    """Collects entries to write; `lookup` sees them at once.

    Args:
        container: Is only asked; it is written to afterwards, with `entries`.
    """

    def __init__(self, container: WorkingContainer) -> None:
        self.entries: list[TarEntry] = []
        self._container = container
        self._seen: dict[str, PathStat | None] = {"/": PathStat("dir", 0o755)}
        self._complete: set[str] = set()
        self._now = int(time.time())

    def lookup(self, path: str) -> PathStat | None:
        """What is at `path`, a link not followed. Its parents must hold no links."""
        if path in self._seen:
            return self._seen[path]
        parent = path.rpartition("/")[0] or "/"
        if parent in self._complete:
            return None
        above = self.lookup(parent)
        found = None
        if above is not None and above.type == "dir" and parent not in self._complete:
            found = self._container.stat(path)
        self._seen[path] = found
        return found

    def read_link(self, path: str) -> str | None:
        """The target, if there is a symbolic link at `path`."""
        found = self.lookup(path)
        return (found.link_target or "") if found is not None and found.type == "symlink" else None

    def resolve(self, path: str) -> str:
        """`path` with all links followed inside the container; it need not exist."""
        return resolve_links(path, self.read_link)

    def add(self, entry: TarEntry) -> None:
        """Writes an entry; it takes the place of what is there, unless both are directories."""
        before = self.lookup(entry.path)
        self.entries.append(entry)
        kind: FileType = "file" if entry.hard_link is not None else entry.type
        self._seen[entry.path] = PathStat(kind, entry.mode, entry.size, entry.link_target or None)
        if kind == "dir" and (before is None or before.type != "dir"):
            self._complete.add(entry.path)
        elif before is not None and before.type == "dir" and kind != "dir":
            self._forget_below(entry.path)

    def make_directories(self, path: str, owner: Owner) -> None:
        """Makes what is missing of the resolved `path`: 0755, of `owner`. What is there stays.

        Raises:
            BuildError: A file is in the way.
        """
        for place in parents(path):
            found = self.lookup(place)
            if found is None:
                self.add(TarEntry(place, "dir", 0o755, owner.uid, owner.gid, mtime=self._now))
            elif found.type != "dir":
                raise BuildError(
                    f'cannot make the directory "{path}" in the image: "{place}" is no directory'
                )

    def expect(self, directory: str, names: Iterable[str]) -> None:
        """Says that `names` in the existing `directory` are going to be looked up."""
        if directory in self._complete or directory not in self._seen:
            return
        unknown = sum(1 for name in names if join(directory, name) not in self._seen)
        if unknown >= _MANY:
            listing = self._listing(directory)
            if listing is not None:
                self._complete.add(directory)
                for path, stat in listing.items():
                    self._seen.setdefault(path, stat)
                    if stat.type == "dir":
                        self._complete.add(path)

    def _listing(self, directory: str) -> dict[str, PathStat] | None:
        """All below `directory`; None if its archive is too large to be read for that."""
        listing: dict[str, PathStat] = {}
        stream = StreamReader(self._limited(directory))
        try:
            with tarfile.open(fileobj=stream, mode="r|", errorlevel=2) as archive:
                for number, member in enumerate(archive):
                    relative = member.name.strip("/").partition("/")[2]
                    if number and relative:
                        listing[join(directory, relative)] = _stat_of(member)
        except (_TooLargeError, tarfile.TarError, FileNotFoundError):
            return None
        finally:
            stream.close()
        return listing

    def _limited(self, directory: str) -> Iterator[bytes]:
        total = 0
        for piece in self._container.read(directory):
            total += len(piece)
            if total > _LISTING_LIMIT:
                raise _TooLargeError
            yield piece

    def _forget_below(self, path: str) -> None:
        for known in [name for name in self._seen if name.startswith(path + "/")]:
            del self._seen[known]
        self._complete = {
            name for name in self._complete if not (name + "/").startswith(path + "/")
        }
        # Nothing is left of what the directory held.
        self._complete.add(path)


class _TooLargeError(Exception):
    pass


def _stat_of(member: tarfile.TarInfo) -> PathStat:
    kinds: dict[bytes, FileType] = {
        tarfile.DIRTYPE: "dir",
        tarfile.SYMTYPE: "symlink",
        tarfile.CHRTYPE: "char",
        tarfile.BLKTYPE: "block",
        tarfile.FIFOTYPE: "fifo",
    }
    kind = kinds.get(member.type, "file")
    target = member.linkname if kind == "symlink" else None
    return PathStat(kind, member.mode & 0o7777, member.size, target)
