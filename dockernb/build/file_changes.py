"""Remembers what changed of the files that cells copied, until it is time to look again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from .chain import CellRecord
from .context import BuildContext
from .context_read import ContextRead

__all__ = ["FileChanges"]

# So many files are looked at for every cell that runs, whatever a watcher says; more only if no
# watcher would have told of a change.
_ALWAYS = 1000
_REMEMBERED = 1000


class FileChanges:
    """The changes by what was read. May be used from any thread.

    Attributes:
        watched: Somebody calls `look_again` whenever a file in `ContextRead.folders` changes.
    """

    def __init__(self, context: Callable[[], BuildContext]) -> None:
        self._context = context
        self._known: dict[int, tuple[ContextRead, tuple[str, ...]]] = {}
        self._lock = threading.Lock()
        self.watched = False

    def look_again(self) -> None:
        """Files may have changed."""
        with self._lock:
            self._known.clear()

    def remembered(self, record: CellRecord) -> tuple[str, ...]:
        """What had changed when it was last looked at, in words."""
        return _all(self._remembered(read) for read in record.reads)

    def now(self, record: CellRecord) -> tuple[str, ...]:
        """What has changed by now."""
        return _all(
            self._remembered(read)
            if self.watched and len(read.content) > _ALWAYS
            else read.changes(self._context())
            for read in record.reads
        )

    def _remembered(self, read: ContextRead) -> tuple[str, ...]:
        with self._lock:
            known = self._known.get(id(read))
        if known is not None:
            return known[1]
        changes = read.changes(self._context())
        with self._lock:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[id(read)] = (read, changes)  # keeps it alive, so its ID stays its own
        return changes


def _all(changes: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(text for some in changes for text in some)
