"""The output of a step, bounded: while it runs, a gigabyte costs no more than its last 64 kB; once
it is finished, its beginning is shown as well.
"""

from __future__ import annotations

import codecs
from collections import deque
from dataclasses import dataclass

from ..build.result import StepLog
from .ansi import Line, Terminal
from .log_excerpt import excerpt_of

__all__ = ["LiveLog", "LogUpdate"]

# Lines of a finished log that a page gets; log.js keeps as many.
_LINES = 2000


@dataclass(frozen=True)
class LogUpdate:
    """New or changed lines.

    Args:
        first: Number of the first line in `lines`; a reader replaces what it has from there on.
        lines: Up to the last line, which may be unfinished.
        total: Number of lines so far.
        omitted: Bytes that were not looked at so far.
        head: Lines from the beginning, when the step is finished and `lines` are only its end.
        gap: What is said of the lines between both.
    """

    first: int
    lines: list[Line]
    total: int
    omitted: int
    head: tuple[Line, ...] = ()
    gap: str = ""


class LiveLog:
    """Takes raw output at any speed, hands out what changed since the last time.

    Args:
        limit: Bytes kept between two updates, and characters kept for late readers.

    Not thread-safe: the card holds its lock around every call.
    """

    def __init__(self, limit: int = 64_000) -> None:
        self._limit = limit
        self._waiting: deque[bytes] = deque()
        self._waiting_size = 0
        self._skipped_lines = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._terminal = Terminal(limit)
        self._sent = 0
        self._finished: LogUpdate | None = None
        self.omitted = 0

    def append(self, data: bytes) -> None:
        """Adds output; costs next to nothing but the count of its newlines."""
        self._waiting.append(data)
        self._waiting_size += len(data)
        while self._waiting_size > self._limit:
            over = self._waiting_size - self._limit
            piece = self._waiting.popleft()
            dropped = piece[: max(over, 0)]
            if len(dropped) < len(piece):
                # Cut behind a newline, so that no half line, character or sequence is shown.
                cut = piece.find(b"\n", len(dropped)) + 1 or len(dropped)
                dropped = piece[:cut]
                self._waiting.appendleft(piece[cut:])
            self._waiting_size -= len(dropped)
            self._skipped_lines += dropped.count(b"\n")
            self.omitted += len(dropped)

    def update(self) -> LogUpdate | None:
        """What changed since the last call; None: nothing."""
        if not self._waiting:
            return None
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_size = 0
        if self._skipped_lines:
            self._decoder.reset()
            self._terminal.skip(self._skipped_lines)
            self._skipped_lines = 0
        self._terminal.feed(self._decoder.decode(data))
        first = max(self._sent, self._terminal.first)
        self._sent = self._terminal.end
        return self._lines_from(first)

    def finish(self, log: StepLog) -> LogUpdate:
        """The step ended with `log`: what is shown of it from now on, to everyone alike."""
        excerpt = excerpt_of(log, self._limit, lines=_LINES)
        if not excerpt.gap:
            lines = excerpt.head_lines
            self._finished = LogUpdate(0, lines, len(lines), 0)
        else:
            lines, total = excerpt.tail_lines, max(log.lines, 0)
            head = tuple(excerpt.head_lines)
            first = max(len(head), total - len(lines))
            self._finished = LogUpdate(first, lines, total, 0, head, excerpt.gap)
        return self._finished

    def tail(self) -> LogUpdate:
        """All lines that are kept, for a reader who comes late."""
        if self._finished is not None:
            return self._finished
        return self._lines_from(self._terminal.first)

    def _lines_from(self, first: int) -> LogUpdate:
        lines = self._terminal.since(first)
        return LogUpdate(first, lines, first + len(lines), self.omitted)
