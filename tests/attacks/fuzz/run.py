"""Feeds a target until the time is over or it fails."""

from __future__ import annotations

import hashlib
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from .mutate import inputs
from .targets import TARGETS

__all__ = ["DATA", "Failure", "attempt", "fuzz"]

DATA = Path(__file__).parents[2] / "data" / "fuzz"
# For one input. All of them take milliseconds; what hangs would take for ever.
_PATIENCE = 20


@dataclass(frozen=True)
class Failure:
    """An input, and what came of it."""

    data: bytes
    error: BaseException

    def save(self, target: str) -> Path:
        """Keeps the input for all later runs."""
        file = DATA / target / hashlib.sha256(self.data).hexdigest()[:12]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.data)
        return file


def attempt(target: str, data: bytes) -> None:
    """Runs the target once; raises what it raises, and TimeoutError when it does not end."""
    with _time_limit():
        TARGETS[target].run(data)


def fuzz(target: str, seconds: float, seed: int) -> tuple[int, Failure | None]:
    """How many inputs were tried, and the first that failed."""
    end = time.monotonic() + seconds
    tried = 0
    for data in inputs(TARGETS[target].seeds, TARGETS[target].words, seed):
        if time.monotonic() > end:
            break
        tried += 1
        try:
            attempt(target, data)
        except Exception as error:  # noqa: BLE001 - whatever it is, it should not have come here
            return tried, Failure(data, error)
    return tried, None


@contextmanager
def _time_limit() -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"no end after {_PATIENCE} s")
