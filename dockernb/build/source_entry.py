"""Files that COPY and ADD can take, wherever they come from."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import BinaryIO, NamedTuple, Protocol

from dockernb.oci.diff import FileType

__all__ = ["Content", "NoContent", "OpenedBy", "SourceEntry", "SourceTree", "inline_entry"]

_CHUNK = 1024 * 1024


class Content(Protocol):
    """The bytes and attributes of a file. Reading raises `ContextError` if it changed since."""

    def open(self) -> BinaryIO:
        """The bytes, from the beginning."""

    def xattrs(self) -> Mapping[str, bytes]:
        """Extended attributes to keep, for example "security.capability"."""

    def digest(self) -> str:
        """SHA-256 (hex) of the bytes, and the attributes behind it."""


class OpenedBy(NamedTuple):
    """Content that a function opens."""

    opener: Callable[[], BinaryIO]
    attributes: Mapping[str, bytes] = {}

    def open(self) -> BinaryIO:
        return self.opener()

    def xattrs(self) -> Mapping[str, bytes]:
        return self.attributes

    def digest(self, on_bytes: Callable[[int], None] | None = None) -> str:
        hasher = hashlib.sha256()
        with self.opener() as file:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
                if on_bytes is not None:
                    on_bytes(len(chunk))
        extra = "".join(f" {key}={value.hex()}" for key, value in self.attributes.items())
        return hasher.hexdigest() + extra


NoContent = OpenedBy(io.BytesIO)


class SourceEntry(NamedTuple):
    """One file, directory, link or device. A tuple, because a context may have many thousands.

    Args:
        mode: Permission bits with setuid, setgid and sticky.
        mtime: Unix time of the last change, in seconds.
        device: Major and minor number of a "char" or "block" device.
        same_file: Equal for hard links to one file; None: the file has one name only.
    """

    type: FileType
    mode: int
    uid: int = 0
    gid: int = 0
    size: int = 0
    mtime: int = 0
    link_target: str = ""
    device: tuple[int, int] = (0, 0)
    same_file: object = None
    content: Content = NoContent


class SourceTree(Protocol):
    """A tree of files that COPY reads. Paths as in `link_paths`; their parents hold no links."""

    def entry(self, path: str) -> SourceEntry | None:
        """What is at `path`, a link not followed; None if there is nothing."""

    def children(self, path: str) -> list[tuple[str, SourceEntry]]:
        """Names and entries in the directory `path`, sorted by name."""

    def read_link(self, path: str) -> str | None:
        """The target, if there is a symbolic link at `path`."""

    def expect(self, base: str, pattern: list[str]) -> None:
        """Says what will be asked for: `base` and what is below it, or (pattern) parts of it."""


def inline_entry(data: bytes, mode: int = 0o644, mtime: int = 0) -> SourceEntry:
    """A file of root with these bytes."""
    content = OpenedBy(lambda: io.BytesIO(data))
    return SourceEntry("file", mode, size=len(data), mtime=mtime, content=content)
