"""What a named context fetches: a git repository, or one file of a URL.

Source of the rules: BuildKit's `frontend/dockerui/namedcontext.go`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ..engines.base import OnProgress
from .add_git import GitSource
from .add_url import UrlSource
from .byte_count import Watch
from .downloads import Downloads
from .git_program import GitAccess
from .source_entry import SourceEntry, SourceTree

__all__ = ["Fetching", "RemoteContext"]


@dataclass(frozen=True)
class Fetching:
    """How what a step takes is fetched and read.

    Args:
        downloads: What is known of URLs from earlier.
        access: How git proves who asks.
        cancel: Ends it.
        watch: Is told how far the reading of the build context is.
    """

    downloads: Downloads | None = None
    access: GitAccess = field(default_factory=GitAccess)
    cancel: threading.Event = field(default_factory=threading.Event)
    watch: Watch | None = None


@dataclass(frozen=True)
class RemoteContext:
    """A repository or a file.

    Args:
        source: Before `resolved` it is not known what it holds.
    """

    source: GitSource | UrlSource

    @property
    def shown(self) -> str:
        """Its address without a password."""
        return self.source.shown

    @property
    def digest(self) -> str:
        """What stands for its content in a cache key; `resolved` makes it known."""
        if isinstance(self.source, GitSource):
            return f"commit {self.source.commit}"
        return f"file 600 {self.source.digest}"

    def resolved(self, fetching: Fetching, on_progress: OnProgress | None) -> RemoteContext:
        """With its digest; no more is fetched than that takes.

        Raises:
            BuildError: It cannot be fetched.
        """
        if isinstance(self.source, GitSource):
            known: GitSource | UrlSource = replace(self.source, access=fetching.access)
            return RemoteContext(known.resolved(cancel=fetching.cancel))
        found = self.source.resolved(fetching.downloads, on_progress, fetching.cancel)
        return RemoteContext(found)

    @contextmanager
    def tree(self, fetching: Fetching, on_progress: OnProgress | None) -> Iterator[SourceTree]:
        """Its files, for the length of the block.

        Raises:
            BuildError: It cannot be fetched.
        """
        if isinstance(self.source, GitSource):
            with self.source.tree(fetching.cancel) as tree:
                yield tree
            return
        item = self.source.item(on_progress, fetching.cancel)
        yield _OneFile(item.name, item.entry)


@dataclass(frozen=True)
class _OneFile:
    """A folder with one file in it; see `SourceTree`."""

    name: str
    file: SourceEntry

    def entry(self, path: str) -> SourceEntry | None:
        if path == "/":
            return SourceEntry("dir", 0o755)
        return self.file if path == f"/{self.name}" else None

    def children(self, path: str) -> list[tuple[str, SourceEntry]]:
        return [(self.name, self.file)] if path == "/" else []

    def read_link(self, path: str) -> str | None:
        """There is no link."""

    def expect(self, base: str, pattern: list[str]) -> None:
        """All is there."""
