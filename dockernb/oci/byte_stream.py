"""An iterator of bytes as a file that can be read forwards."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

__all__ = ["StreamReader"]


class StreamReader(io.RawIOBase):
    """Reads pieces as they come; closing it closes the iterator."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def read(self, size: int | None = -1, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end: what `tarfile` needs."""
        parts: list[bytes] = []
        left = -1 if size is None else size
        while left:
            if not self._rest:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._rest = memoryview(piece)
            taken = self._rest if left < 0 else self._rest[:left]
            parts.append(bytes(taken))
            self._rest = self._rest[len(taken) :]
            left -= len(taken) if left > 0 else 0
        return b"".join(parts)

    def close(self) -> None:
        closer = getattr(self._pieces, "close", None)
        if closer is not None:
            closer()
        super().close()
