"""Leases: what a living engine needs is not collected.

An engine in use holds a file, locked, that names its images. The lock dies with its process, so a
file that can be locked belongs to nobody.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from dockernb.oci.temporary import TemporaryFiles

__all__ = ["Lease", "leased_images"]


class Lease:
    """The lease of one engine."""

    def __init__(self, folder: Path) -> None:
        with ExitStack() as stack:
            _, self._file = stack.enter_context(TemporaryFiles(folder).file())
            self._parts = stack.pop_all()
        self._held: set[str] = set()

    def hold(self, image_id: str) -> None:
        """Keeps the image for as long as this engine is in use.

        Raises:
            OSError: it cannot be noted, for example because the disk is full.
        """
        if image_id not in self._held:
            # Not through a buffer, and on a line of its own: what did not fit is no part of it.
            os.write(self._file.fileno(), f"\n{image_id}\n".encode())
            self._held.add(image_id)

    def release(self, image_id: str) -> None:
        """Gives one image free."""
        if image_id in self._held:
            os.write(self._file.fileno(), f"\n-{image_id}\n".encode())
            self._held.discard(image_id)

    def close(self) -> None:
        """Gives all images free."""
        self._parts.close()

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
    TemporaryFiles(folder).clean()
    held: set[str] = set()
    for path in folder.iterdir():
        with suppress(OSError):
            held |= _named(path.read_text())
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
