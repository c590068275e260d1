"""What is shown of a log: its beginning, its end, and how much lies between."""

from __future__ import annotations

from dataclasses import dataclass

from ..build.log import log_parts, shortened
from ..build.result import StepLog
from .ansi import Line, terminal_lines
from .figures import format_bytes, format_count

__all__ = ["LogExcerpt", "excerpt_of"]


@dataclass(frozen=True)
class LogExcerpt:
    """A log with a gap, or a whole one.

    Args:
        head: Text from the beginning; all of the log where there is no gap.
        tail: Text up to the end; "" where there is no gap.
        hidden_lines: Number of lines in the gap.
        hidden_bytes: Bytes in the gap, as UTF-8.
    """

    head: str
    tail: str = ""
    hidden_lines: int = 0
    hidden_bytes: int = 0

    @property
    def gap(self) -> str:
        """The line that stands for the gap: `28,123 lines (1.2 MB) are not shown`; "" for none."""
        if not self.hidden_bytes:
            return ""
        size = format_bytes(self.hidden_bytes)
        if self.hidden_lines < 1:  # in the middle of one endless line
            return f"{size} are not shown"
        verb = "is" if self.hidden_lines == 1 else "are"
        return f"{format_count(self.hidden_lines, 'line')} ({size}) {verb} not shown"

    @property
    def head_lines(self) -> list[Line]:
        return terminal_lines(self.head, max_chars=max(1, len(self.head)))

    @property
    def tail_lines(self) -> list[Line]:
        return terminal_lines(self.tail, max_chars=max(1, len(self.tail)))


def excerpt_of(log: StepLog, chars: int, *, lines: int | None = None) -> LogExcerpt:
    """The excerpt of a log that holds at most so many characters and lines."""
    head, tail = shortened(log, chars, lines=lines)
    kept = _bytes(head) + _bytes(tail)
    hidden = sum(_bytes(part) for part in log_parts(log)) + log.omitted - kept
    shown = _count(head) + _count(tail)
    return LogExcerpt(head, tail, max(0, log.lines - shown) if hidden else 0, max(0, hidden))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _count(text: str) -> int:
    return text.count("\n") + (1 if text and not text.endswith("\n") else 0)
