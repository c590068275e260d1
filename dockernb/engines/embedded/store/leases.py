"""Leases: what a living engine needs is not collected.

An engine in use holds a file, locked, that names its images. The lock dies with its process, so a
file that can be locked belongs to nobody.
"""

from __future__ import annotations

import fcntl
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Lease", "leased_images"]


class Lease:
    """The lease of one engine."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / secrets.token_hex(8)
        self._file = self._path.open("x")
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self._held: set[str] = set()

    def hold(self, image_id: str) -> None:
        """Keeps the image for as long as this engine is in use."""
        if image_id not in self._held:
            self._held.add(image_id)
            self._file.write(f"{image_id}\n")
            self._file.flush()

    def release(self, image_id: str) -> None:
        """Gives one image free."""
        if image_id in self._held:
            self._held.discard(image_id)
            self._file.write(f"-{image_id}\n")
            self._file.flush()

    def close(self) -> None:
        """Gives all images free."""
        with suppress(OSError):
            self._path.unlink()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def leased_images(folder: Path) -> set[str]:
    """The IDs of all images that living engines hold; leases of dead ones are removed."""
    held: set[str] = set()
    for path in folder.iterdir():
        try:
            with path.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except BlockingIOError:
            held |= _named(path.read_text())
        except OSError:
            continue
    return held


def _named(text: str) -> set[str]:
    """What a lease holds: its lines in order; one that begins with "-" takes another one back."""
    named: set[str] = set()
    for word in text.split():
        if word.startswith("-"):
            named.discard(word[1:])
        else:
            named.add(word)
    return named
