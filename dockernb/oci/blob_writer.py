"""A blob while it is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import IO

from ..errors import InternalError, OciError
from .durable import sync_file

__all__ = ["BlobWriter"]


class BlobWriter:
    """Takes the bytes of a blob and their digest; `commit` makes a blob of them.

    Args:
        place: Called once with digest and size, when all bytes are on the disk.
    """

    def __init__(self, file: IO[bytes], place: Callable[[str, int], None]) -> None:
        self._file = file
        self._place = place
        self._hash = hashlib.sha256()
        self._committed = False
        self.size = 0

    @property
    def digest(self) -> str:
        """Of the bytes written so far."""
        return "sha256:" + self._hash.hexdigest()

    def write(self, data: bytes | memoryview) -> int:
        """Adds bytes; returns how many, as a file does."""
        if self._committed:
            raise InternalError("a blob is written after its commit")
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def fileno(self) -> int:
        """The open file, for another process that writes; `commit_written` ends that."""
        return self._file.fileno()

    def commit_written(self, digest: str, size: int) -> None:
        """As `commit` for what was written through `fileno`; the writer vouches for the digest.

        Raises:
            OciError: the file has not `size` bytes. No blob is made.
        """
        sync_file(self._file)
        found = os.fstat(self._file.fileno()).st_size
        if found != size:
            raise OciError(
                f'the blob "{digest}" has {found:,} bytes',
                rule=f"expected {size:,}",
                state="No blob was stored.",
            )
        self._place(digest, size)
        self._committed = True

    def commit(self, expected: str | None = None) -> tuple[str, int]:
        """Makes the blob appear, whole, under its digest; returns digest and size in bytes.

        A blob that is there already is kept.

        Raises:
            OciError: The digest is not the `expected` one. No blob is made.
        """
        if self._committed:
            raise InternalError("a blob is committed twice")
        if expected is not None and expected != self.digest:
            raise OciError(
                f'the data of "{expected}" is wrong: its digest is {self.digest}',
                rule="A blob is what its digest says, to the last bit.",
                state="No blob was stored.",
                hint="Fetch it again; if that does not help, the source is damaged.",
            )
        sync_file(self._file)
        self._place(self.digest, self.size)
        self._committed = True
        return self.digest, self.size
