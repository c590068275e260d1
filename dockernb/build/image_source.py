"""The files of an image as a tree that COPY --from reads.

An engine gives a folder of an image only as one tar stream. It is gone through once; what may be
needed is kept in a temporary file, the rest is dropped.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO, Self

from dockernb.engines.base import FileView
from dockernb.errors import EngineError
from dockernb.oci.diff import FileType

from ..oci.bounded_tar import open_tar
from ..oci.byte_stream import StreamReader
from .link_paths import check_depth, join
from .source_entry import OpenedBy, SourceEntry
from .spool import Spool
from .wildcards import matches

__all__ = ["ImageTree", "entry_of_member"]

_TYPES: dict[bytes, FileType] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.GNUTYPE_SPARSE: "file",
    tarfile.LNKTYPE: "file",
    tarfile.DIRTYPE: "dir",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "char",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}
_XATTR = "SCHILY.xattr."


class ImageTree:
    """See `SourceTree`. Use it in a `with` block; entries can be read until it ends."""

    def __init__(self, container: FileView) -> None:
        self._container = container
        self._entries: dict[str, SourceEntry] = {}
        self._names: dict[str, list[str]] = {}
        self._whole: set[str] = set()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def entry(self, path: str) -> SourceEntry | None:
        known = self._entries.get(path)
        if known is not None:
            return known
        found = self._container.stat(path) if path != "/" else None
        if path == "/":
            return SourceEntry("dir", 0o755)
        if found is None:
            return None
        return SourceEntry(found.type, found.mode, link_target=found.link_target or "")

    def children(self, path: str) -> list[tuple[str, SourceEntry]]:
        check_depth(path)
        return [
            (name, self._entries[join(path, name)]) for name in sorted(self._names.get(path, []))
        ]

    def read_link(self, path: str) -> str | None:
        found = self.entry(path)
        return found.link_target if found is not None and found.type == "symlink" else None

    def expect(self, base: str, pattern: list[str]) -> None:
        """Loads `base` from the image, or only the content that `pattern` can mean."""
        if any(base == top or base.startswith(top.rstrip("/") + "/") for top in self._whole):
            return
        if base != "/" and self._container.stat(base) is None:
            return
        if not self._load(base, pattern):
            # A wanted file is another name of one that was dropped.
            self._load(base, [])
            pattern = []
        if not pattern:
            self._whole.add(base)

    def _load(self, base: str, pattern: list[str]) -> bool:
        """Reads the stream; False if a hard link leads to a file whose content was not kept."""
        spool = self._stack.enter_context(Spool())
        stream = StreamReader(self._container.read(base))
        parents: dict[str, SourceEntry] = {}
        try:
            with open_tar(stream) as archive:
                top = None
                for member in archive:
                    top = member.name if top is None else top
                    relative = _relative(member.name, top, base)
                    path = base if not relative else join(base, relative)
                    wanted = not pattern or _may_match(relative.split("/"), pattern)
                    if member.islnk():
                        linked = base_of_link(member.linkname, top, base)
                        if wanted and linked not in parents:
                            return False
                        first = parents.get(linked)
                        opener = first.content.open if first else spool.dropped
                        size = first.size if first else 0
                        entry = entry_of_member(member, opener, size, linked)
                    else:
                        content = archive.extractfile(member) if wanted and member.isreg() else None
                        opener = spool.add(content, member.size) if content else spool.dropped
                        entry = entry_of_member(member, opener, member.size, path)
                        if wanted:
                            parents[path] = entry
                    self._remember(path, entry)
        except tarfile.TarError as err:
            raise EngineError(f'the engine sent a broken archive of "{base}": {err}') from err
        finally:
            stream.close()
        return True

    def _remember(self, path: str, entry: SourceEntry) -> None:
        if path not in self._entries and path != "/":
            parent, _, name = path.rpartition("/")
            self._names.setdefault(parent or "/", []).append(name)
        self._entries[path] = entry


def entry_of_member(
    member: tarfile.TarInfo, opener: Callable[[], BinaryIO], size: int, same_file: object
) -> SourceEntry:
    """The tar member as an entry; `opener` opens the content of a file."""
    kind = _TYPES.get(member.type, "unknown")
    attributes = {
        name.removeprefix(_XATTR): value.encode("utf-8", "surrogateescape")
        for name, value in member.pax_headers.items()
        if name.startswith(_XATTR)
    }
    return SourceEntry(
        kind,
        member.mode & 0o7777,
        member.uid,
        member.gid,
        size if kind == "file" else 0,
        int(member.mtime),
        member.linkname if kind == "symlink" else "",
        (member.devmajor, member.devminor) if kind in {"char", "block"} else (0, 0),
        same_file if kind == "file" else None,
        OpenedBy(opener, attributes),
    )


def base_of_link(name: str, top: str, base: str) -> str:
    """The path in the image that a hard link of the stream means."""
    relative = _relative(name, top, base)
    return join(base, relative) if relative else base


def _relative(name: str, top: str, base: str) -> str:
    """The path below `base` of a name in its stream, whose first entry is called `top`."""
    name, top = name.strip("/"), top.strip("/")
    while name.startswith("./"):
        name = name[2:]
    if base == "/" and top in {"", "."}:
        return "" if name == "." else name
    return name.partition("/")[2] if name != top else ""


def _may_match(parts: list[str], pattern: list[str]) -> bool:
    """Whether the path matches the pattern or stands below something that does."""
    return len(parts) >= len(pattern) and all(map(matches, pattern, parts))
