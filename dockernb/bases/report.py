"""What is told while a base is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from dockernb.engines.base import OnOutput

__all__ = ["Moment", "Phase", "Reporter"]

Phase = Literal["lists", "download", "unpack", "configure", "commit"]


@dataclass(frozen=True)
class Moment:
    """How far one phase is.

    Args:
        text: What is being done, in words.
        fraction: How much of it is done, 0 to 1; None where that is not known.
        size: Bytes of the whole phase, where bytes are moved.
    """

    phase: Phase
    text: str
    fraction: float | None = None
    size: int = 0


def _ignore(_: object) -> None:
    pass


@dataclass(frozen=True)
class Reporter:
    """Who wants to know; all are called from the thread that makes the base.

    Args:
        moment: Gets each moment, several a second.
        note: Gets a line that the reader should see.
        output: Gets what dpkg prints.
    """

    moment: Callable[[Moment], None] = field(default=_ignore)
    note: Callable[[str], None] = field(default=_ignore)
    output: OnOutput = field(default=_ignore)
