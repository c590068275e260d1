"""Layers on their way to a registry or into a file: how much of each, and how fast."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..engines.base import Progress
from ..oci.durable import sync_file, sync_folder

__all__ = ["Transfer", "TransferState", "written_aside"]

_MOST_LAYERS = 500  # more than an image can have


@dataclass(frozen=True)
class TransferState:
    """A moment.

    Args:
        rows: The newest of each layer, in the order in which they came up.
        seconds: Since the beginning.
    """

    rows: tuple[Progress, ...]
    seconds: float

    @property
    def current(self) -> int:
        """Bytes so far, of all layers."""
        return sum(row.current for row in self.rows)

    @property
    def total(self) -> int:
        """Bytes of the layers whose size is known."""
        return sum(row.total for row in self.rows)

    @property
    def rate(self) -> float:
        """Bytes a second since the beginning."""
        return self.current / self.seconds if self.seconds > 0 else 0.0


class Transfer:
    """Takes progress from any thread; what it adds up is asked for when it is to be shown."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun = clock()
        self._rows: dict[str, Progress] = {}
        self._lock = threading.Lock()

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            before = self._rows.get(progress.id)
            if before is None and len(self._rows) >= _MOST_LAYERS:
                return
            if before is not None and not progress.total:
                # The last word on a layer says that it is done, and no longer how large it is.
                size = before.total or before.current
                progress = Progress(progress.id, progress.status, size, size)
            self._rows[progress.id] = progress

    @property
    def state(self) -> TransferState:
        with self._lock:
            return TransferState(tuple(self._rows.values()), self._clock() - self._begun)


@contextmanager
def written_aside(target: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole, on the disk and closed."""
    aside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with aside.open("xb") as file:
            yield file
            sync_file(file)
        aside.replace(target)
    finally:
        with suppress(OSError):
            aside.unlink()
    sync_folder(target.absolute().parent)
