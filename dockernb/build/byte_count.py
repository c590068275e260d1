"""Bytes that a step reads or sends itself: told if that takes long, and interruptible."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..engines.base import OnProgress, Progress
from ..errors import BuildInterruptedError

__all__ = ["OWN_WORK", "ByteCount", "Watch"]

OWN_WORK = frozenset({"context", "files", "snapshot"})
"""Names of what a step reads, sends and commits; all others are layers and files from elsewhere."""

_PATIENCE = 0.3  # seconds before anything is told: most steps are over by then
_EVERY = 0.1


@dataclass(frozen=True)
class Watch:
    """Who is told of a step's progress, and what ends the step.

    Args:
        on_progress: Called now and then, from the thread that does the work.
        cancel: Set when the reader interrupts.
    """

    on_progress: OnProgress
    cancel: threading.Event

    def count(self, name: str, doing: str, total: int) -> ByteCount:
        """Counts the bytes of one piece of work.

        Args:
            name: What is shown beside the bar.
            doing: "reading", "sending".
        """
        return ByteCount(name, doing, total, self)

    def say(self, name: str, doing: str) -> None:
        """Something takes its time, and nobody knows how much."""
        self.on_progress(Progress(name, doing))


class ByteCount:
    """Counts bytes on their way. See `Watch.count`."""

    def __init__(
        self,
        name: str,
        doing: str,
        total: int,
        watch: Watch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._doing = doing
        self._total = total
        self._watch = watch
        self._clock = clock
        self._current = 0
        self._next = clock() + _PATIENCE
        self._told = False

    def add(self, count: int) -> None:
        """So many bytes more.

        Raises:
            BuildInterruptedError: the reader interrupted the step.
        """
        if self._watch.cancel.is_set():
            raise BuildInterruptedError(
                f"the step was interrupted while {self._doing} files",
                state="No snapshot is committed.",
            )
        self._current += count
        now = self._clock()
        if now >= self._next:
            self._next = now + _EVERY
            self._tell()

    def end(self) -> None:
        """All is done."""
        if self._told:
            self._current = self._total
            self._tell()

    def through(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces, counted as they are taken."""
        for piece in pieces:
            self.add(len(piece))
            yield piece
        self.end()

    def _tell(self) -> None:
        self._told = True
        current = min(self._current, self._total)
        self._watch.on_progress(Progress(self._name, self._doing, current, self._total))
