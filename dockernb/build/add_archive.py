"""ADD of a local archive: unpacked as in a root of its own, so that nothing gets out of it.

Source of the rules: `Unpack` in moby's `pkg/archive`, which BuildKit runs in a chroot at the
destination. An entry replaces what is in its way, a directory with all in it too; names with ".."
stop at the destination; symbolic links are followed, but only inside it.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dockernb.errors import BuildError
from dockernb.oci.bounded_tar import TarLimitError, open_tar

from .archive_format import DECOMPRESSION_ERRORS, open_archive
from .destination import Destination, Owner
from .image_source import entry_of_member
from .link_paths import clean, join, parents, resolve_links
from .source_entry import SourceEntry
from .spool import Spool
from .tar_stream import TarEntry

__all__ = ["Limits", "unpack"]


@dataclass(frozen=True)
class Limits:
    """How much an archive may unpack to: a few kilobytes can stand for terabytes.

    Args:
        entries: Files, folders and links.
        size: Bytes of the files together.
    """

    entries: int = 1_000_000
    size: int = 32 << 30


_LIMITS = Limits()


def unpack(
    source: SourceEntry,
    shown: str,
    destination: Destination,
    directory: str,
    spool: Spool,
    limits: Limits = _LIMITS,
) -> None:
    """Adds the entries of an archive below the resolved `directory`, which exists.

    Args:
        shown: The archive's name for the reader.
        spool: Keeps the content until the entries are written.

    Raises:
        BuildError: The archive is broken, or an entry cannot be made, as in docker build.
    """
    unpacker = _Unpacker(shown, destination, directory)
    with (
        _reading(shown),
        open_archive(source.content.open) as stream,
        open_tar(
            stream, most_entries=limits.entries, most_bytes=limits.size, allows_sparse=True
        ) as archive,
    ):
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            opener = spool.add(content, member.size) if content else spool.dropped
            unpacker.add(member, entry_of_member(member, opener, member.size, None))


@contextmanager
def _reading(shown: str) -> Iterator[None]:
    try:
        yield
    except BuildError:
        raise
    except TarLimitError as err:
        raise BuildError(
            f'the archive "{shown}" is refused: {err}',
            rule="What a few bytes unpack to without end fills the disk.",
            state="Nothing of this step was kept.",
            hint="If it is meant so: unpack it yourself, and COPY the folder.",
        ) from err
    except Exception as err:
        if isinstance(err, DECOMPRESSION_ERRORS) or type(err).__name__ == "ZstdError":
            raise BuildError(f'the archive "{shown}" is broken: {err}') from err
        raise


class _Unpacker:
    def __init__(self, shown: str, destination: Destination, directory: str) -> None:
        self._shown = shown
        self._destination = destination
        self._top = directory.rstrip("/")

    def add(self, member: tarfile.TarInfo, entry: SourceEntry) -> None:
        name = posixpath.normpath(member.name)
        path = clean(member.name)
        if name == "." and entry.type == "dir":
            return
        real = self._place(path, member.name)
        target = self._linked(member) if member.islnk() else None
        self._destination.add(
            TarEntry(
                real,
                entry.type,
                entry.mode,
                entry.uid,
                entry.gid,
                entry.size,
                entry.mtime,
                entry.link_target,
                target,
                entry.device,
                entry.content if entry.type == "file" else None,
            )
        )

    def _place(self, path: str, name: str) -> str:
        """Where the entry goes in the container; makes its missing parents."""
        if path == "/":
            return self._top or "/"
        parent, _, base = path.rpartition("/")
        parent = parent or "/"
        if self._lookup(self._resolve(parent, follow_last=False)) is None:
            self._make_parents(parent, name)
        real = self._resolve(parent)
        found = self._lookup(real)
        if found != "dir":
            what = "does not exist" if found is None else "is no directory"
            raise self._error(name, f'"{parent}" in it {what}')
        return self._top + join(real, base)

    def _make_parents(self, parent: str, name: str) -> None:
        for place in parents(parent):
            real = self._resolve(place)
            found = self._lookup(real)
            if found == "dir":
                continue
            if found is not None or self._lookup(self._resolve(place, follow_last=False)):
                raise self._error(name, f'"{place}" in it is no directory')
            self._destination.make_directories(self._top + real, Owner())

    def _linked(self, member: tarfile.TarInfo) -> str:
        path = clean(member.linkname)
        real = self._resolve(path, follow_last=False)
        found = self._lookup(real)
        if found is None or found == "dir":
            why = "does not exist" if found is None else "is a directory"
            raise self._error(member.name, f'it is a hard link to "{path}", which {why}')
        return self._top + real

    def _resolve(self, path: str, *, follow_last: bool = True) -> str:
        return resolve_links(path, self._read_link, follow_last=follow_last)

    def _read_link(self, path: str) -> str | None:
        return self._destination.read_link(self._top + path)

    def _lookup(self, path: str) -> str | None:
        found = self._destination.lookup(self._top + path if path != "/" else self._top or "/")
        return found.type if found is not None else None

    def _error(self, name: str, why: str) -> BuildError:
        return BuildError(
            f'"{name}" of the archive "{self._shown}" cannot be unpacked',
            rule=f"Below the destination {self._top or '/'}, {why}.",
        )
