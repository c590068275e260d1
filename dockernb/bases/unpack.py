"""Packages as one tar stream that is unpacked at "/" of an empty root.

Only what dpkg and the maintainer scripts need to run there: dpkg then installs the same packages
again, by its own rules, over these files.
"""

from __future__ import annotations

import copy
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from dockernb.errors import BaseImageError
from dockernb.oci.bounded_tar import open_tar

from .links import Links, clean_name
from .programs import Programs, interrupted

__all__ = ["entry", "stream", "unpacked"]

_PIECE = 1 << 18
_MAX_BYTES = 8 << 30
_MAX_ENTRIES = 1_000_000
_TYPES = {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE}

#: Not needed before dpkg has run, which brings what is wanted of it.
_LATER = tuple(
    f"usr/share/{name}/" for name in ("doc", "info", "lintian", "locale", "man", "zoneinfo")
)
# What is mounted in a container has no files in a base.
_MOUNTED = ("dev/", "proc/", "sys/")


def unpacked(packages: Iterable[Path], programs: Programs) -> Iterator[bytes]:
    """The files of all packages as tar, without the end of an archive.

    Paths go through merged /usr: `./bin/sh` becomes `usr/bin/sh`, and `bin` is made a link.

    Raises:
        BaseImageError: A package is spoiled or holds what no package may.
    """
    unpacker = _Unpacker(programs)
    for package in packages:
        yield from unpacker.package(package)


def entry(
    path: str,
    *,
    kind: bytes = tarfile.REGTYPE,
    mode: int = 0o644,
    size: int = 0,
    target: str = "",
) -> bytes:
    """The header of an entry of root's."""
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size, info.linkname = kind, mode, size, target
    return _header(info)


def stream(path: str, source: Path) -> Iterator[bytes]:
    """The header and content of a host file as an entry at `path`."""
    with source.open("rb") as file:
        left = source.stat().st_size
        yield entry(path, size=left)
        padding = bytes(-left % tarfile.BLOCKSIZE)
        while left and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece
        if left:
            raise BaseImageError(f'"{source}" became shorter while it was being read')
        yield padding


class _Unpacker:
    """Remembers the links, and how much came out of the packages so far."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._links = Links()
        self._linked: set[str] = set()
        self._bytes = self._entries = 0

    def package(self, path: Path) -> Iterator[bytes]:
        command = ["dpkg-deb", "--fsys-tarfile", str(path)]
        with self._programs.output(command) as output:
            try:
                with open_tar(output) as archive:
                    for member in archive:
                        self._count(member, path)
                        yield from self._member(member, archive)
            except (tarfile.TarError, EOFError) as err:
                raise BaseImageError(f'the package "{path.name}" cannot be read: {err}') from err

    def _count(self, member: tarfile.TarInfo, path: Path) -> None:
        if self._programs.cancel.is_set():
            raise interrupted()
        self._entries += 1
        self._bytes += member.size
        if self._entries > _MAX_ENTRIES or self._bytes > _MAX_BYTES:
            raise BaseImageError(f'the package "{path.name}" unpacks to more than a base can be')
        if member.type not in _TYPES:
            raise BaseImageError(
                f'the package "{path.name}" holds "{member.name}", '
                "which is neither file, folder nor link"
            )

    def _member(self, member: tarfile.TarInfo, archive: tarfile.TarFile) -> Iterator[bytes]:
        name = clean_name(member.name)
        if not name or name.startswith((*_LATER, *_MOUNTED)):
            return
        yield from self._merged_usr(name)
        known = self._links.target(name)
        if member.isdir() and known is not None:
            name = self._links.real(name)
        elif member.issym() and known == member.linkname:
            return  # a package that brings the links of merged /usr itself
        elif known is not None:
            raise BaseImageError(f'a package holds "{name}", which is a link to "{known}"')
        name = self._links.real_parent(name)
        info = copy.copy(member)
        info.name = name
        info.pax_headers = {}
        if member.issym():
            self._links.add(name, member.linkname)
        elif member.islnk():
            info.linkname = self._links.real_parent(clean_name(member.linkname))
        yield _header(info)
        if member.isreg():
            yield from self._content(member, archive)

    def _merged_usr(self, name: str) -> Iterator[bytes]:
        """The link of a folder of merged /usr, when the first file in it comes by."""
        top = name.partition("/")[0]
        target = self._links.target(top)
        if target == f"usr/{top}" and top not in self._linked:
            self._linked.add(top)
            yield entry("usr", kind=tarfile.DIRTYPE, mode=0o755)
            yield entry(target, kind=tarfile.DIRTYPE, mode=0o755)
            yield entry(top, kind=tarfile.SYMTYPE, mode=0o777, target=target)

    def _content(self, member: tarfile.TarInfo, archive: tarfile.TarFile) -> Iterator[bytes]:
        file = archive.extractfile(member)
        assert file is not None  # noqa: S101 - it is a regular file
        left = member.size
        while left:
            piece = file.read(min(_PIECE, left))
            if not piece:
                raise EOFError("it ends early")
            left -= len(piece)
            yield piece
        yield bytes(-member.size % tarfile.BLOCKSIZE)


def _header(info: tarfile.TarInfo) -> bytes:
    # The GNU format holds names as they are, whatever their encoding.
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
