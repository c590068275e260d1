"""The output of a step, bounded: the head and the tail are kept, the middle is counted."""

from __future__ import annotations

import codecs

from .result import StepLog

__all__ = ["LogBuffer", "joined_log", "log_parts", "shortened"]

# An error message shows lines from no further back than this.
_LAST_BYTES = 8192


class LogBuffer:
    """Collects raw output; memory stays below `head` + 2 x `tail` bytes whatever comes.

    Args:
        head: Bytes kept from the beginning.
        tail: Bytes kept from the end.
    """

    def __init__(self, head: int = 128 * 1024, tail: int = 128 * 1024) -> None:
        self._head_limit, self._tail_limit = head, tail
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0
        self._newlines = 0
        self._last = b""

    def append(self, data: bytes) -> None:
        """Adds output in the order of arrival."""
        if not data:
            return
        self._newlines += data.count(b"\n")
        self._last = data[-1:]
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
            if not data:
                return
        if len(data) > self._tail_limit:  # never hold a huge piece twice
            excess = len(data) - self._tail_limit
            self._dropped += len(self._tail) + excess
            self._tail = bytearray(memoryview(data)[excess:])
            return
        self._tail += data
        # Cutting only when the tail is twice too long keeps the cost per byte constant.
        if len(self._tail) > 2 * self._tail_limit:
            self._cut_tail()

    def _cut_tail(self) -> None:
        excess = len(self._tail) - self._tail_limit
        if excess > 0:
            del self._tail[:excess]
            self._dropped += excess

    def finish(self) -> StepLog:
        """The log so far as text; the cut, if any, is marked by a line of its own."""
        self._cut_tail()
        lines = self._newlines + (1 if self._last not in (b"", b"\n") else 0)
        if not self._dropped:
            text = (bytes(self._head) + bytes(self._tail)).decode("utf-8", "replace")
            return StepLog(text, lines, 0)
        head, tail = _whole_characters(self._head, self._tail)
        kept = len(self._head) + len(self._tail)
        omitted = self._dropped + kept - len(head) - len(tail)
        first, last = (part.decode("utf-8", "replace") for part in (head, tail))
        return joined_log(first, last, lines, omitted)

    def tail_text(self, lines: int = 10) -> str:
        """The last lines, for an error message; carriage-return overwrites are dropped."""
        data = self._tail if self._dropped else self._head + self._tail
        if self._dropped or len(data) > _LAST_BYTES:
            _, data = _whole_characters(b"", data[-_LAST_BYTES:])
        text = data.decode("utf-8", "replace").rstrip("\n")
        rows = [row.rstrip("\r").rpartition("\r")[2] for row in text.split("\n")]
        return "\n".join(rows[-lines:]).strip("\n")


def _mark(omitted: int) -> str:
    return f"\n[... {omitted} bytes left out ...]\n"


def joined_log(head: str, tail: str, lines: int, omitted: int) -> StepLog:
    """The log of which `head` and `tail` are left; what `log_parts` parts again."""
    return StepLog(head + _mark(omitted) + tail if omitted else head + tail, lines, omitted)


def log_parts(log: StepLog) -> tuple[str, str]:
    """Head and tail of a log whose middle was left out; all of it and "" where nothing was."""
    if not log.omitted:
        return log.text, ""
    head, mark, tail = log.text.partition(_mark(log.omitted))
    return (head, tail) if mark else ("", log.text)


def shortened(log: StepLog, chars: int, *, lines: int | None = None) -> tuple[str, str]:
    """Head and tail of a log, whole lines as far as possible: what a reader is shown of it.

    Args:
        chars: Characters kept at most, a quarter of them from the beginning.
        lines: Lines kept at most, a tenth of them from the beginning; None: as many as there are.

    Returns:
        The head, ending with a newline, and the tail; all of the log and "" when it is short.
        `log.lines` less the lines of both is the number of lines in the gap.
    """
    head, tail = log_parts(log)
    many = lines is not None and log.lines > lines
    if not log.omitted and len(head) <= chars and not many:
        return head, ""
    tail = tail or head
    top, bottom = (None, None) if lines is None else (lines // 10, lines - lines // 10)
    return _first_lines(head, chars // 4, top), _last_lines(tail, chars - chars // 4, bottom)


def _first_lines(text: str, chars: int, lines: int | None) -> str:
    cut = text[:chars]
    cut = cut[: cut.rfind("\n") + 1]
    if lines is None:
        return cut
    rows = cut.split("\n")[:-1]
    return "".join(f"{row}\n" for row in rows[:lines])


def _last_lines(text: str, chars: int, lines: int | None) -> str:
    # The cut is behind a newline, so that no line begins in its middle; one endless line has none.
    cut = text[-chars:] if chars else ""
    cut = cut[cut.find("\n", 0, len(cut) - 1) + 1 :]
    if lines is None:
        return cut
    rows = cut.split("\n")
    return "\n".join(rows[-lines - (cut.endswith("\n")) :])


def _whole_characters(
    head: bytes | bytearray, tail: bytearray
) -> tuple[bytes | bytearray, bytearray]:
    """Both without the parts of a character that a cut between them has left."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(bytes(head))
    unfinished = len(decoder.getstate()[0])
    start = 0
    while start < min(3, len(tail)) and tail[start] & 0xC0 == 0x80:
        start += 1
    return head[: len(head) - unfinished], tail[start:]
