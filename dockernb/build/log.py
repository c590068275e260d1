"""The output of a step, bounded: the head and the tail are kept, the middle is counted."""

from __future__ import annotations

import codecs

from .result import StepLog

__all__ = ["LogBuffer"]

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
        mark = f"\n[... {omitted} bytes left out ...]\n"
        text = head.decode("utf-8", "replace") + mark + tail.decode("utf-8", "replace")
        return StepLog(text, lines, omitted)

    def tail_text(self, lines: int = 10) -> str:
        """The last lines, for an error message; carriage-return overwrites are dropped."""
        data = self._tail if self._dropped else self._head + self._tail
        if self._dropped or len(data) > _LAST_BYTES:
            _, data = _whole_characters(b"", data[-_LAST_BYTES:])
        text = data.decode("utf-8", "replace").rstrip("\n")
        rows = [row.rstrip("\r").rpartition("\r")[2] for row in text.split("\n")]
        return "\n".join(rows[-lines:]).strip("\n")


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
